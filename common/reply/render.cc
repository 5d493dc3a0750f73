#include "reply/render.h"

#include "reply/limits.h"
#include "reply/registry.h"
#include "reply/shorten.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

struct ContextRow {
  PolicyContext context;
  std::string_view name;
  std::string_view words;  // Postfix: "<name>: WORDS rejected: "
};
constexpr std::array contexts = {
    ContextRow{PolicyContext::client, "client", "Client host"},
    ContextRow{PolicyContext::helo, "helo", "Helo command"},
    ContextRow{PolicyContext::sender, "sender", "Sender address"},
    ContextRow{PolicyContext::recipient, "recipient", "Recipient address"},
    ContextRow{PolicyContext::data, "data", "Data command"},
    ContextRow{PolicyContext::end, "end", "End-of-data"},
};

const ContextRow& row_of(PolicyContext context) {
  return contexts[static_cast<std::size_t>(context)];
}

std::string doubled_percent(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 4);
  for (const char c : text) {
    result += c;
    if (c == '%') result += c;
  }
  return result;
}

// Postfix fits codes of subject 1 to what the restriction list speaks of; these it leaves alone.
bool survives(const ReplyForm& form, PolicyContext context) {
  if (!form.enhanced || form.enhanced->subject() != 1) return true;
  const int detail = form.enhanced->detail();
  switch (context) {
    case PolicyContext::sender:
      return detail == 0 || detail == 7 || detail == 8;
    case PolicyContext::recipient:
      return detail <= 6;
    case PolicyContext::client:
    case PolicyContext::helo:
    case PolicyContext::data:
    case PolicyContext::end:
      return false;
  }
  return false;
}

/// X.7.1 is "useful only as a permanent error" (RFC 3463 3.8).
std::optional<EnhancedCode> security_code(int digit) {
  return EnhancedCode::from(digit, 7, digit == 5 ? 1 : 0);
}

ReplyForm surviving_form(const Reply& reply, const Reason& reason, PolicyContext context) {
  const auto& form = reply.form();
  const int digit = form.code.first_digit();
  // Without an enhanced code Postfix puts X.7.1 itself.
  if (!form.enhanced) return {form.code, security_code(digit)};
  if (survives(form, context)) return form;
  for (const auto& other : allowed_forms(reason)) {
    if (other.enhanced && other.code.first_digit() == digit && survives(other, context) &&
        code_allowed_at(reply.stage(), other.code.value())) {
      return other;
    }
  }
  const bool about_address =
      context == PolicyContext::sender || context == PolicyContext::recipient;
  if (about_address) return {form.code, EnhancedCode::from(digit, 1, 0)};
  return {form.code, security_code(digit)};
}

/// Host, sentence and reference in `room` octets: the sentence alone gives way.
std::string fitted_start(ReplyText text, std::size_t room) {
  if (start_length(text) > room) {
    const std::size_t rest = start_length(text) - text.sentence.size();
    text.sentence = shortened_sentence(text.sentence, room - std::min(room, rest));
  }
  return start_of(text);
}

}  // namespace

std::string_view to_text(PolicyContext context) noexcept { return row_of(context).name; }

PolicyContext policy_context(std::string_view attribute, ReplyStage state) noexcept {
  for (const auto& row : contexts) {
    if (row.name == attribute) return row.context;
  }
  if (state == ReplyStage::data) return PolicyContext::data;
  if (state == ReplyStage::end_of_message) return PolicyContext::end;
  return PolicyContext::recipient;
}

std::size_t policy_prefix(PolicyContext context, std::string_view named_value) noexcept {
  constexpr std::string_view frame = "<>:  rejected: ";
  // A client is named as name[address], with smtpd_client_port_logging as name[address]:port, and
  // the request does not tell which.
  constexpr std::string_view port = ":65535";
  return frame.size() + named_value.size() + row_of(context).words.size() +
         (context == PolicyContext::client ? port.size() : 0);
}

MilterReply render_for_milter(const Reply& reply, std::size_t first_line_prefix) {
  MilterReply result;
  result.code = reply.code().text();
  if (reply.enhanced()) result.enhanced = reply.enhanced()->text();

  const auto& text = reply.text();
  // What the MTA puts before the first line may be an address of any length it accepted.
  const std::size_t used = result.code.size() + 1 +
                           (result.enhanced.empty() ? 0 : result.enhanced.size() + 1) +
                           first_line_prefix;
  std::vector<std::string> lines = {
      fitted_start(text, longest_line - std::min(longest_line, used))};
  for (const auto* part : {&text.advice, &text.quote, &text.contact, &text.help}) {
    if (!part->empty()) lines.push_back(*part);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string whole = result.code + (i + 1 < lines.size() ? '-' : ' ');
    if (!result.enhanced.empty()) whole += result.enhanced + ' ';
    result.expected.push_back(whole + lines[i]);
    result.lines.push_back(doubled_percent(lines[i]));
  }
  return result;
}

std::vector<std::string> wire_lines(const MilterReply& reply) {
  std::vector<std::string> lines;
  lines.reserve(reply.lines.size());
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    auto line = reply.code + (i + 1 < reply.lines.size() ? '-' : ' ');
    if (!reply.enhanced.empty()) line += reply.enhanced + ' ';
    lines.push_back(line + reply.lines[i]);
  }
  return lines;
}

PolicyAnswer render_for_policy(const Reply& reply, const Reason& reason, PolicyContext context,
                               std::size_t prefix, std::optional<bool> defer_if_permit) {
  PolicyAnswer answer{{}, surviving_form(reply, reason, context), {}, {}};
  const auto codes = answer.sent.text();
  auto text = reply.text();

  // One line only, so no place for other people's words, which must stand on a line of their own.
  const std::size_t used = codes.size() + 1 + prefix;
  const std::size_t room = longest_line - std::min(longest_line, used);
  // Behind Postfix's prefix our name stands first in no case, so it goes before a word does.
  if (start_length(text) > room) text.host.clear();
  std::string line = fitted_start(text, room);
  const std::string advice = text.advice.empty() ? "" : ' ' + text.advice;
  const std::string contact = text.contact.empty() ? "" : ' ' + text.contact;
  const std::string help = text.help.empty() ? "" : ' ' + text.help;
  // When short, help goes first, then contact, then advice (semantics 24), and the sentence gives
  // way last.
  if (line.size() + advice.size() + contact.size() + help.size() <= room) {
    line += advice + contact + help;
  } else if (line.size() + advice.size() + contact.size() <= room) {
    line += advice + contact;
  } else if (line.size() + advice.size() <= room) {
    line += advice;
  }
  answer.expected = codes + ' ' + line;
  if (defer_if_permit.value_or(reason.defer_if_permit) && answer.sent.code.value() == 450) {
    answer.action = "DEFER_IF_PERMIT " + answer.sent.enhanced->text() + ' ' + line;
    answer.condition = "unless a later restriction rejects";
  } else {
    answer.action = answer.expected;
  }
  return answer;
}

}  // namespace postern

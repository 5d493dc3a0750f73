#include "postern/reply.h"

#include "reply/limits.h"
#include "reply/registry.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace postern {
namespace {

constexpr std::array<std::string_view, reply_stage_count> stage_names = {
    "CONNECT", "HELO", "AUTH", "STARTTLS", "MAIL", "RCPT", "DATA",
    "EOM",     "RSET", "VRFY", "EXPN",     "HELP", "NOOP", "QUIT"};

std::optional<int> number(std::string_view digits, std::size_t longest) {
  if (digits.empty() || digits.size() > longest) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// The greeting and the answer to HELO need no enhanced code (RFC 2034 4).
bool needs_enhanced(ReplyStage stage) {
  return stage != ReplyStage::connect && stage != ReplyStage::helo;
}

enum class Colons { allowed, refused };

void check_part(std::string_view name, std::string_view part, std::size_t longest, Colons colons,
                Problems& faults) {
  const auto fault = [&](std::string what) {
    faults.push_back(plain_problem("the " + std::string(name) + ' ' + std::move(what)));
  };
  if (!is_printable(part)) fault("holds octets outside printable ASCII (RFC 5321 4.2)");
  if (part.find(';') != std::string_view::npos)
    fault("holds a ';', which ends a reply in MTA logs");
  if (colons == Colons::refused && part.find(':') != std::string_view::npos) {
    fault("holds a ':', at which log summaries cut the reason");
  }
  if (part.size() > longest) {
    fault("has " + std::to_string(part.size()) + " octets, at most " + std::to_string(longest) +
          " fit a reply line");
  }
}

}  // namespace

std::string_view to_text(ReplyStage stage) noexcept {
  return stage_names[static_cast<std::size_t>(stage)];
}

std::optional<ReplyStage> reply_stage_from_text(std::string_view text) noexcept {
  const auto found = std::find(stage_names.begin(), stage_names.end(), text);
  if (found == stage_names.end()) return std::nullopt;
  return static_cast<ReplyStage>(found - stage_names.begin());
}

ReplyStage reply_stage(Stage stage) noexcept {
  switch (stage) {
    case Stage::connect:
      return ReplyStage::connect;
    case Stage::helo:
      return ReplyStage::helo;
    case Stage::mail:
      return ReplyStage::mail;
    case Stage::rcpt:
      return ReplyStage::rcpt;
    case Stage::data:
      return ReplyStage::data;
    case Stage::end_of_headers:
    case Stage::end_of_message:
      return ReplyStage::end_of_message;
  }
  return ReplyStage::end_of_message;
}

std::optional<ReplyCode> ReplyCode::from(int value) noexcept {
  if (find_basic(value) == nullptr) return std::nullopt;
  return ReplyCode(value);
}

std::optional<ReplyCode> ReplyCode::parse(std::string_view text) noexcept {
  const auto value = number(text, 3);
  return value ? from(*value) : std::nullopt;
}

EnhancedCode::EnhancedCode(int klass, int subject, int detail)
    : class_(static_cast<std::uint8_t>(klass)),
      subject_(static_cast<std::uint16_t>(subject)),
      detail_(static_cast<std::uint16_t>(detail)) {}

std::optional<EnhancedCode> EnhancedCode::from(int klass, int subject, int detail) noexcept {
  if (klass != 2 && klass != 4 && klass != 5) return std::nullopt;
  if (find_enhanced(subject, detail) == nullptr) return std::nullopt;
  return EnhancedCode(klass, subject, detail);
}

std::optional<EnhancedCode> EnhancedCode::parse(std::string_view text) noexcept {
  const auto first = text.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto klass = number(text.substr(0, first), 1);
  const auto subject = number(text.substr(first + 1, second - first - 1), 3);
  const auto detail = number(text.substr(second + 1), 3);
  if (!klass || !subject || !detail) return std::nullopt;
  return from(*klass, *subject, *detail);
}

std::string EnhancedCode::text() const {
  return std::to_string(class_) + '.' + std::to_string(subject_) + '.' + std::to_string(detail_);
}

std::optional<ReplyForm> ReplyForm::parse(std::string_view text) {
  const auto space = text.find(' ');
  const auto code = ReplyCode::parse(text.substr(0, space));
  if (!code) return std::nullopt;
  if (space == std::string_view::npos) return ReplyForm{*code, std::nullopt};
  const auto enhanced = EnhancedCode::parse(text.substr(space + 1));
  if (!enhanced || enhanced->klass() != code->first_digit()) return std::nullopt;
  return ReplyForm{*code, *enhanced};
}

std::string ReplyForm::text() const {
  return enhanced ? code.text() + ' ' + enhanced->text() : code.text();
}

Reply::Reply(ReplyStage stage, ReplyForm form, ReplyText text)
    : stage_(stage), form_(form), text_(std::move(text)) {}

Result<Reply> Reply::make(ReplyStage stage, ReplyForm form, ReplyText text) {
  Problems faults;
  const auto fault = [&](std::string what) { faults.push_back(plain_problem(std::move(what))); };

  const int first_digit = form.code.first_digit();
  if (first_digit != 4 && first_digit != 5) {
    fault(form.code.text() + " is no refusal: its first digit is neither 4 nor 5");
  } else if (!code_allowed_at(stage, form.code.value())) {
    fault(form.code.text() + " may not answer " + std::string(to_text(stage)) +
          " (RFC 5321 4.3.2)");
  }
  if (!form.enhanced) {
    if (needs_enhanced(stage)) {
      fault("an enhanced code is required at " + std::string(to_text(stage)) + " (RFC 2034 4)");
    }
  } else if (form.enhanced->klass() != first_digit) {
    fault(form.enhanced->text() + " is of another class than " + form.code.text() +
          " (RFC 2034 4)");
  }

  if (text.sentence.empty()) fault("there is no text, and a bare code must not be sent");
  // Behind a bare code Postfix takes a digit other than the code's for a malformed reply.
  const bool bare = !form.enhanced && text.host.empty() && !text.sentence.empty();
  if (bare && text.sentence.front() >= '0' && text.sentence.front() <= '9') {
    fault("the text begins with a digit, which MTAs read as an enhanced code");
  }
  // Clients look for the server's name at this place (RFC 5321 4.2.3, 4.3.1).
  if ((form.code.value() == 421 || stage == ReplyStage::connect) && text.host.empty()) {
    fault("our host name must stand first with 421 and in the greeting (RFC 5321 4.2.3)");
  }
  check_part("host name", text.host, longest_host, Colons::refused, faults);
  check_part("sentence", text.sentence, longest_start, Colons::refused, faults);
  check_part("reference", text.reference, longest_start, Colons::refused, faults);
  check_part("advice", text.advice, longest_part, Colons::refused, faults);
  check_part("quotation", text.quote, longest_part, Colons::refused, faults);
  check_part("contact", text.contact, longest_part, Colons::refused, faults);
  check_part("help address", text.help, longest_part, Colons::allowed, faults);

  const auto first_end = text.sentence.find(". ");
  const auto first_length = first_end == std::string::npos ? text.sentence.size() : first_end + 1;
  if (first_length > longest_first_sentence) {
    fault("the first sentence has " + std::to_string(first_length) +
          " octets, mail programs show " + std::to_string(longest_first_sentence));
  }
  if (start_length(text) > longest_start) {
    fault("sentence and reference end after " + std::to_string(start_length(text)) +
          " octets, Postfix may cut after " + std::to_string(longest_start));
  }
  if (!faults.empty()) return faults;
  return Reply(stage, form, std::move(text));
}

}  // namespace postern

#include "cli/record_line.h"

#include "journal/sent_reply.h"
#include "journal/timestamp.h"
#include "model/text.h"

#include <algorithm>
#include <cstddef>

namespace postern::cli {
namespace {

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::reject:
      return "refused";
    case Verdict::defer:
      return "put off";
    case Verdict::accept:
      return "accepted";
    case Verdict::pass:
      return "passed";
    case Verdict::discard:
      return "discarded";
    case Verdict::quarantine:
      return "held";
  }
  return "";
}

/// As terminals have them (ECMA-48 8.3.117).
std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::reject:
    case Verdict::discard:
      return "31";
    case Verdict::defer:
    case Verdict::quarantine:
      return "33";
    case Verdict::accept:
    case Verdict::pass:
      break;
  }
  return "32";
}

/// Why: the reason, and the rule in brackets.
std::string cause_text(const Decision& decision) {
  std::string text;
  if (decision.reason != nullptr) text = decision.reason->id;
  if (decision.rule) text += (text.empty() ? "(" : " (") + decision.rule->name + ')';
  return text;
}

}  // namespace

std::string verdict_text(const Record& record) {
  std::string text(verdict_word(record.decision.verdict));
  if (const auto code = code_as_sent(record); !code.empty()) text += ' ' + code;
  return text;
}

std::string recipients_text(const Transaction& transaction) {
  if (transaction.recipient.is_told()) return '<' + transaction.recipient.value().text() + '>';
  const auto& recipients = transaction.recipients.value();
  if (recipients.empty()) return "-";
  auto text = '<' + recipients.front().address.text() + '>';
  if (recipients.size() > 1) text += " and " + std::to_string(recipients.size() - 1) + " more";
  return text;
}

std::string moment_text(const Transaction& transaction) {
  auto text = timestamp(transaction.time);
  text[text.find('T')] = ' ';
  text.resize(std::min(text.find_first_of(".Z"), text.size()));
  return text;
}

std::string record_line(const Record& record, Paint paint) {
  const auto& transaction = record.transaction;
  const auto& decision = record.decision;
  auto line = moment_text(transaction) + 'Z';
  const auto column = [&line](std::size_t begins) {
    line.resize(std::max(line.size() + 2, begins), ' ');
  };
  const auto add = [&](const std::string& text) {
    if (text.empty()) return;
    column(0);
    line += text;
  };
  column(22);
  const auto begin = line.size();
  line += verdict_text(record);
  const auto end = line.size();
  column(41);
  line += transaction.client.address         ? transaction.client.address->text()
          : is_local_submission(transaction) ? std::string("local")
                                             : std::string("-");
  column(58);
  line += (transaction.sender.is_told() ? '<' + transaction.sender.value().text() + '>'
                                        : std::string("-")) +
          " to " + recipients_text(transaction);
  add(cause_text(decision));
  if (!decision.softened_by.empty()) add("softened for want of (" + decision.softened_by + ')');
  for (const auto& entry : decision.trail) {
    if (entry.note == TrailNote::shadow) add("shadow (" + entry.rule.name + ')');
  }
  for (std::size_t i = 0; i < decision.effects.size(); ++i) {
    const auto text = '+' + describe(decision.effects[i]);
    const bool told = record.sent && i < record.sent->effects.size();
    switch (told ? record.sent->effects[i].state : EffectState::done) {
      case EffectState::earlier:
        break;  // it stands in the line of that answer
      case EffectState::failed:
        add(text + " (NOT done)");
        break;
      case EffectState::waiting:
      case EffectState::done:
        add(text);
        break;
    }
  }
  if (!transaction.reference.empty()) add(transaction.reference.text());
  line = clean_for_terminal(line);
  if (paint == Paint::none) return line;
  // Cleaning changes octets, and leaves their number.
  const auto verdict = line.substr(begin, end - begin);
  return line.substr(0, begin) + "\033[" + std::string(colour_of(decision.verdict)) + 'm' +
         verdict + "\033[0m" + line.substr(end);
}

}  // namespace postern::cli

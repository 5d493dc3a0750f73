#include "journal/explain_simulation.h"

#include "journal/explain_parts.h"
#include "journal/page.h"

namespace postern {
namespace {

std::string without_reference(Record record) {
  record.transaction.reference = {};
  return headline(record);
}

std::string without_reply(const Decision& decision) {
  switch (decision.verdict) {
    case Verdict::quarantine:
      return "No reply: the MTA would take the message and hold it (" + decision.note + ").";
    case Verdict::discard:
      return "No reply: the MTA would take the message and drop it (" + decision.note + ").";
    default:
      return "Nothing in our name: the MTA would be told to go on.";
  }
}

}  // namespace

std::string simulation_line(const Record& record) {
  const auto& transaction = record.transaction;
  std::string text = "at " + std::string(to_text(transaction.stage));
  if (transaction.stage == Stage::rcpt && transaction.recipient.is_told()) {
    text += " <" + transaction.recipient.value().text() + '>';
  }
  text += ": " + without_reference(record);
  const auto& rule = record.decision.rule;
  if (rule) {
    text += " by \"" + rule->name + "\", " + rule->file + ':' + std::to_string(rule->line);
  }
  return text;
}

std::string explain_simulation(const Record& record, const std::vector<SimulatedReply>& replies) {
  Page page;
  page.paragraph(without_reference(record), 0, 2);
  page.blank();
  tell_circumstances(page, record);
  tell_decision(page, record);
  tell_trail(page, record);
  tell_dns(page, record);
  page.section("What would be sent");
  if (replies.empty()) page.paragraph(without_reply(record.decision), 2);
  for (const auto& reply : replies) {
    page.paragraph("By " + reply.door + ", byte for byte ('|' begins a line, '+' continues it):",
                   2);
    for (const auto& line : reply.answer) page.verbatim(line);
    page.paragraph("The client would see, with what the MTA puts before our text:", 2);
    for (const auto& line : reply.lines) page.verbatim(line);
  }
  tell_effects(page, record, "What would be done besides");
  tell_advice(page, record);
  tell_origin(page, record);
  return page.take();
}

}  // namespace postern

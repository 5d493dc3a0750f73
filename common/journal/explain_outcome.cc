#include "journal/explain_parts.h"
#include "journal/hidden_values.h"

#include <algorithm>

namespace postern {
namespace {

// As much of a digest as tells two policies apart at a glance.
constexpr std::size_t shown_digest = 16;

bool is_refusal(const Decision& decision) {
  return decision.verdict == Verdict::reject || decision.verdict == Verdict::defer;
}

// Postfix rewrites address codes by restriction list, so another code may have been sent on
// purpose.
void tell_other_code(Page& page, const Record& record) {
  if (!record.decision.reply || record.sent->expected.empty()) return;
  const std::string meant = record.decision.reply->form().text();
  if (record.sent->expected.front().substr(0, meant.size() + 1) == meant + ' ') return;
  // A reply of several lines has a hyphen behind the code.
  std::string first = record.sent->expected.front();
  if (first.size() > 3) first[3] = ' ';
  if (first.substr(0, meant.size() + 1) == meant + ' ') return;
  page.paragraph("The catalogue's code is " + meant +
                     "; Postfix would have changed it in this place, so another one was sent.",
                 2);
}

// The reason's own advice is for a rule that somebody wrote to put mail off.
void tell_unknown_recipients(Page& page) {
  page.section("What the administrator can do");
  page.paragraph(
      "Nothing, if it happens now and then: the next attempt comes without the recipients that "
      "were "
      "refused, and is decided on. If it happens often, let Postfix refuse before it asks us: put "
      "check_policy_service last in smtpd_recipient_restrictions.",
      2);
  page.section("Likely causes");
  for (const auto* cause :
       {"a recipient that Postfix refused after it had asked us, so that its count is not ours",
        "mail to <postmaster> without a domain, of which Postfix does not ask",
        "a server that was restarted between RCPT and the end of the message"}) {
    page.paragraph("- " + std::string(cause), 2, 4);
  }
}

}  // namespace

void tell_sent(Page& page, const Record& record) {
  if (record.kind == RecordKind::join) return;
  page.section("What was sent");
  if (!record.sent) {
    page.paragraph("Nothing in our name: the MTA was told to go on.", 2);
    return;
  }
  const SentReply& sent = *record.sent;
  if (sent.spoken != record.transaction.stage) {
    page.paragraph("Spoken at stage " + std::string(to_text(sent.spoken)) + '.', 2);
  }
  const std::string mta = record.transaction.door == Door::policy ? "Postfix" : "the MTA";
  page.paragraph("To " + mta + ", byte for byte" +
                     (without_hidden(sent.answer) == sent.answer
                          ? std::string()
                          : ", but for addresses, which are hidden here and were not then") +
                     " ('|' begins a line, '+' continues it):",
                 2);
  // An answer of several lines is shown line by line.
  std::string_view rest = sent.answer;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    // libmilter joins lines by CR LF; the CR is a line end here and no text.
    if (line.ends_with('\r')) line.remove_suffix(1);
    page.verbatim(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!sent.expected.empty()) {
    page.paragraph(record.transaction.door == Door::policy
                       ? "The client then saw, with a prefix that Postfix puts before our text:"
                       : "The client then saw (sendmail may put the address before our text):",
                   2);
    for (const auto& line : sent.expected) page.verbatim(line);
  }
  tell_other_code(page, record);
  if (!sent.condition.empty()) page.paragraph("Condition: " + sent.condition + '.', 2);
}

void tell_effects(Page& page, const Record& record, std::string_view heading) {
  const auto& effects = record.decision.effects;
  const auto forged = record.sent ? record.sent->forged_results : 0;
  if ((effects.empty() && forged == 0) || record.kind != RecordKind::decision) return;
  page.section(heading);
  if (forged > 0) {
    page.paragraph("- " + std::to_string(forged) +
                       (forged == 1 ? " Authentication-Results field that only claimed to be ours "
                                      "was taken out"
                                    : " Authentication-Results fields that only claimed to be ours "
                                      "were taken out"),
                   2, 4);
  }
  for (std::size_t i = 0; i < effects.size(); ++i) {
    std::string text = describe(effects[i]) + ", by rule \"" + effects[i].rule + '"';
    if (record.sent && i < record.sent->effects.size()) {
      const auto& [state, why] = record.sent->effects[i];
      switch (state) {
        case EffectState::done:
          text += ": done";
          break;
        case EffectState::earlier:
          text += ": done with an earlier answer";
          break;
        case EffectState::waiting:
          text += ": not with this answer";
          break;
        case EffectState::failed:
          text += ": NOT done";
          break;
      }
      if (!why.empty()) text += ", " + why;
    }
    page.paragraph("- " + text, 2, 4);
  }
}

void tell_advice(Page& page, const Record& record) {
  const Reason* reason = record.decision.reason;
  if (reason == nullptr || !is_refusal(record.decision)) return;
  std::string sender(reason->sender_help);
  if (sender.empty() && record.decision.reply) sender = record.decision.reply->text().advice;
  if (!sender.empty()) {
    page.section("What the sender should do");
    page.paragraph(sender, 2);
  }
  if (record.decision.missing == QuestionKind::recipients) {
    tell_unknown_recipients(page);
    return;
  }
  if (!reason->admin_help.empty()) {
    page.section("What the administrator can do");
    page.paragraph(reason->admin_help, 2);
  }
  if (!reason->causes.front().empty()) {
    page.section("Likely causes");
    for (const auto cause : reason->causes) {
      if (!cause.empty()) page.paragraph("- " + std::string(cause), 2, 4);
    }
  }
}

void tell_origin(Page& page, const Record& record) {
  if (record.policy_digest.empty() && record.engine.empty()) return;
  page.section("Decided by");
  if (!record.policy_digest.empty()) {
    page.field("Policy", record.policy_digest.substr(0, shown_digest));
  }
  page.field("Program", record.engine);
}

}  // namespace postern

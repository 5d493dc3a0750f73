#include "journal/explain_parts.h"
#include "journal/timestamp.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

// What a person can keep in mind on the telephone; --admin has it all.
constexpr std::size_t most_evidence = 4;
constexpr std::size_t most_recipients = 3;

std::string when_and_where(const Record& record) {
  std::string text = timestamp(record.transaction.time);
  text[text.find('T')] = ' ';
  text.resize(std::min(text.find_first_of(".Z"), text.size()));
  text += " UTC";
  if (!record.host.empty()) text += ", at " + record.host;
  return text;
}

std::string bracketed(const MailAddress& address) { return '<' + address.text() + '>'; }

std::string sender_text(const Transaction& transaction) {
  if (!transaction.sender.is_told()) return {};
  const auto& sender = transaction.sender.value();
  return sender.empty() ? "<> (a notification, such as a bounce)" : bracketed(sender);
}

std::string recipients_text(const Transaction& transaction) {
  if (transaction.recipient.is_told()) return bracketed(transaction.recipient.value());
  if (!transaction.recipients.is_told()) return {};
  std::string text;
  const auto& recipients = transaction.recipients.value();
  for (std::size_t i = 0; i < std::min(recipients.size(), most_recipients); ++i) {
    text += (i == 0 ? "" : ", ") + bracketed(recipients[i].address);
  }
  if (recipients.size() > most_recipients) {
    text += " and " + std::to_string(recipients.size() - most_recipients) + " more";
  }
  return text;
}

std::string client_text(const Transaction& transaction) {
  const Client& client = transaction.client;
  if (!client.address) {
    return is_local_submission(transaction) ? "this mail server itself (local mail)"
                                            : "a host that the mail server did not name";
  }
  std::string text = client.name.is_told()     ? client.name.value()
                     : client.name.is_absent() ? std::string("a host without a confirmed name")
                                               : std::string("a host");
  text += " [" + client.address->text() + ']';
  if (transaction.authentication.user.is_told()) {
    text += ", logged in as " + transaction.authentication.user.value();
  }
  return text;
}

std::string upper_first(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z') {
    result[0] = static_cast<char>(result[0] - 'a' + 'A');
  }
  return result;
}

/// What the headline does not say.
std::string outcome(const Record& record) {
  const Decision& decision = record.decision;
  if (record.kind == RecordKind::repeat) {
    return "The MTA asked the same again and got the same answer. The decision itself is no "
           "longer in the journal.";
  }
  std::string text;
  switch (decision.verdict) {
    case Verdict::reject:
      break;
    case Verdict::defer:
      text = "The sending server tries again by itself";
      break;
    case Verdict::accept:
      text = "Let in by a rule";
      break;
    case Verdict::pass:
      text = "Let pass, no rule objected";
      break;
    case Verdict::discard:
      text = "It is gone, and the sender is not told";
      break;
    case Verdict::quarantine:
      text =
          "It waits in the mail server's queue until somebody releases it. The sender is not told";
      break;
  }
  if (decision.reason != nullptr) {
    text = upper_first(decision.reason->what) + (text.empty() ? "" : ". ") + text;
  }
  return text.empty() ? "Refused for good." : text + '.';
}

/// Whether it says no more than what stands above.
bool is_shown_above(const Evidence& evidence, const Transaction& transaction) {
  const auto& value = evidence.value;
  return (evidence.name == "client.ip" && transaction.client.address &&
          value == transaction.client.address->text()) ||
         (evidence.name == "sender" && value == transaction.sender.value().text()) ||
         (evidence.name == "recipient" && value == transaction.recipient.value().text());
}

std::string why(const Record& record) {
  const Decision& decision = record.decision;
  if (record.kind != RecordKind::decision) return {};
  if (!decision.rule) {
    return decision.verdict == Verdict::pass
               ? std::string()
               : std::string("Postern itself could not decide; no rule is to blame.");
  }
  std::string text = "The rule \"" + decision.rule->name + '"';
  const TrailEntry* entry = find_entry(decision, decision.rule->name);
  std::size_t shown = 0;
  for (std::size_t i = 0; entry != nullptr && i < entry->evidence.size(); ++i) {
    // By itself it may be all there is to tell.
    if (entry->evidence.size() > 1 && is_shown_above(entry->evidence[i], record.transaction)) {
      continue;
    }
    if (shown == most_evidence) {
      text += " and more";
      break;
    }
    text += (shown++ == 0 ? ": " : ", ") + short_evidence(entry->evidence[i]);
  }
  if (entry != nullptr && entry->truth == Truth::unavailable) {
    // What was found is not why: a look at it would blame the wrong thing.
    text = "The rule \"" + decision.rule->name + "\" could not be answered" +
           (entry->cause.empty() ? std::string() : ": " + entry->cause);
  }
  text += '.';
  if (!decision.note.empty()) text += ' ' + upper_first(decision.note) + '.';
  return text;
}

/// What happened, in the answer's own words; the rest of it repeats what stands below.
std::string told(const Record& record) {
  if (!record.sent) return {};
  // Whole, however long: quoted() would leave out the middle.
  if (record.decision.reply) return '"' + record.decision.reply->text().sentence + '"';
  if (record.kind != RecordKind::repeat) return {};
  std::string text;
  for (const auto& line : record.sent->expected) text += (text.empty() ? "" : " ") + line;
  return text;
}

std::string besides(const Record& record) {
  std::string text;
  const auto& effects = record.decision.effects;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    text += (i == 0 ? "" : ", ") + describe(effects[i]);
    if (!record.sent || i >= record.sent->effects.size()) continue;
    if (record.sent->effects[i].state == EffectState::failed) text += " (NOT done)";
  }
  return text;
}

/// Which rules have added to the score that the deciding one looks at.
std::string points(const Decision& decision) {
  const TrailEntry* decider =
      decision.rule ? find_entry(decision, decision.rule->name) : static_cast<TrailEntry*>(nullptr);
  if (decider == nullptr) return {};
  std::string text;
  for (const auto& looked_at : decider->evidence) {
    if (!looked_at.name.starts_with("score.")) continue;
    for (const auto& entry : decision.trail) {
      if (entry.truth != Truth::yes || entry.note != TrailNote::none) continue;
      for (const auto& effect : entry.effects) {
        // "add 2.5 to score.junk", "take 5 from score.junk".
        if (!effect.ends_with(' ' + looked_at.name)) continue;
        const auto verb = effect.substr(0, effect.find(' '));
        const auto rest = effect.substr(std::min(verb.size() + 1, effect.size()));
        text += (text.empty() ? "" : ", ") + quoted(entry.rule.name) + ' ' + verb + "s " +
                rest.substr(0, rest.find(' '));
      }
    }
  }
  return text;
}

void tell_shadows(Page& page, const Decision& decision) {
  for (const auto& entry : decision.trail) {
    if (entry.note != TrailNote::shadow) continue;
    page.field("Watched", "The rule \"" + entry.rule.name +
                              "\" only watches here; acting, it would " + action(entry) + '.');
  }
}

}  // namespace

Tone tone_of(const Record& record) noexcept {
  if (record.kind != RecordKind::decision) return Tone::plain;
  switch (record.decision.verdict) {
    case Verdict::reject:
    case Verdict::discard:
      return Tone::bad;
    case Verdict::defer:
    case Verdict::quarantine:
      return Tone::waiting;
    case Verdict::accept:
    case Verdict::pass:
      break;
  }
  return Tone::good;
}

void tell_help_desk(Page& page, const Record& record, std::uint64_t repeats) {
  const Transaction& transaction = record.transaction;
  const Decision& decision = record.decision;
  page.headline(headline(record), tone_of(record));
  page.blank();
  page.field("When", when_and_where(record));
  page.field("From", sender_text(transaction));
  page.field("To", recipients_text(transaction));
  page.field("Sent by", client_text(transaction));
  page.field("Queue id", transaction.queue_id);
  page.field("What", outcome(record));
  page.field("Why", why(record));
  page.field("Points", points(decision));
  if (!decision.softened_by.empty()) {
    const auto instead =
        decision.softened_from.empty() ? "" : "instead of " + decision.softened_from + ", ";
    page.field("For now only", instead + "because " + why_softened(decision) + '.');
  }
  tell_shadows(page, decision);
  page.field("Besides", besides(record));
  page.field("Was told", told(record));
  if (repeats != 0) {
    page.field("Asked again", std::to_string(repeats) + (repeats == 1 ? " time" : " times"));
  }
  const bool refused = decision.verdict == Verdict::reject || decision.verdict == Verdict::defer;
  if (decision.reason != nullptr && refused) {
    page.field("Sender", decision.reason->sender_help);
  }
  if (!transaction.reference.empty()) {
    page.field("All of it", "postern explain --admin " + transaction.reference.text());
  }
}

}  // namespace postern

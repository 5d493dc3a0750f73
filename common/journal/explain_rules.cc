#include "journal/explain_parts.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

std::string place(const RulePlace& rule) {
  std::string text = rule.file.empty() ? std::string("the policy") : rule.file;
  if (rule.line != 0) text += ':' + std::to_string(rule.line);
  return text;
}

}  // namespace

std::string action(const TrailEntry& entry) {
  std::string text;
  switch (entry.verdict) {
    case Verdict::reject:
      text = "refuse for good";
      break;
    case Verdict::defer:
      text = "refuse for now";
      break;
    case Verdict::accept:
      text = "accept";
      break;
    case Verdict::pass:
      text = "pass";
      break;
    case Verdict::discard:
      text = "discard";
      break;
    case Verdict::quarantine:
      text = "put into quarantine";
      break;
  }
  if (!entry.reason.empty()) text += " (" + entry.reason + ')';
  for (std::size_t i = 0; i < entry.effects.size(); ++i) {
    if (entry.verdict == Verdict::pass && i == 0) {
      text = entry.effects[i];
    } else {
      text += ", " + entry.effects[i];
    }
  }
  return text;
}

const TrailEntry* find_entry(const Decision& decision, std::string_view rule) {
  const auto found =
      std::find_if(decision.trail.begin(), decision.trail.end(),
                   [rule](const TrailEntry& entry) { return entry.rule.name == rule; });
  return found == decision.trail.end() ? nullptr : &*found;
}

std::string why_softened(const Decision& decision) {
  const std::string rule = "the rule " + quoted(decision.softened_by);
  if (decision.missing == QuestionKind::recipients) {
    return "it is not known which recipients were accepted, and " + rule +
           " may have acted on one of them at RCPT";
  }
  const TrailEntry* entry = find_entry(decision, decision.softened_by);
  if (entry != nullptr && entry->note != TrailNote::recipients_unknown &&
      entry->truth != Truth::unavailable) {
    return rule +
           " could not be answered when the recipients were decided on one by one; with an answer, "
           "one of them might have been let in, put off or refused, and the message as a whole "
           "decided on otherwise";
  }
  std::string text = rule + ", which might have let the mail pass, could not be answered";
  if (entry != nullptr && !entry->cause.empty()) text += ": " + entry->cause;
  return text;
}

std::string short_evidence(const Evidence& evidence) {
  const AnswerSource& source = evidence.source;
  if (source.name != "table") {
    return evidence.name + " = " + (evidence.value.empty() ? "(empty)" : evidence.value);
  }
  std::string text = "table " + evidence.name +
                     (evidence.value.empty() ? " has no entry for it" : " has " + evidence.value);
  if (!source.mapped.empty()) text += " -> \"" + source.mapped + '"';
  if (!source.note.empty()) text += " (" + source.note + ')';
  return text;
}

namespace {

/// "10 % of messages".
std::string share_text(const TrailEntry& entry) {
  return std::to_string(entry.share) + " % of messages";
}

bool decided(const Decision& decision, const TrailEntry& entry) {
  return decision.rule && *decision.rule == entry.rule;
}

/// What a rule came to that had no answer: not what it would have done with one.
std::string decided_text(const Decision& decision) {
  TrailEntry entry;
  entry.verdict = decision.verdict;
  if (decision.reason != nullptr) entry.reason = decision.reason->id;
  return action(entry) + ", as its key \"unavailable\" has it";
}

std::string saying(const Decision& decision, const TrailEntry& entry) {
  switch (entry.note) {
    case TrailNote::not_reached:
      return "not asked: an earlier rule had decided";
    case TrailNote::settled:
      return "not asked: an earlier accept had settled it";
    case TrailNote::not_at_this_door:
      return "not asked: this door does not see headers and body";
    case TrailNote::no_recipient:
      return "not asked: it needs one recipient, and there is not exactly one here";
    case TrailNote::recipients_unknown:
      return "not asked: it needs one recipient, and which ones were accepted is not known; it may "
             "have acted on one of them" +
             std::string(entry.rule.name == decision.softened_by
                             ? ", so the refusal was made temporary (see above)"
                             : "");
    case TrailNote::expired:
      return "not asked: it has expired and is off";
    case TrailNote::local_submission:
      return "yes, but mail handed in on the mail server itself is not refused here";
    case TrailNote::shadow:
    case TrailNote::none:
      break;
  }
  std::string text;
  switch (entry.truth) {
    case Truth::no:
      return "no, it does not apply";
    case Truth::yes:
      if (entry.mode == RuleMode::shadow && entry.share != 0) {
        return "yes, but this message is not in the " + share_text(entry) +
               " that it acts on; enforced, it would " + action(entry);
      }
      if (entry.note == TrailNote::shadow || entry.mode == RuleMode::shadow) {
        return "yes, but it only watches (shadow); enforced, it would " + action(entry);
      }
      if (!decided(decision, entry)) return "yes: " + action(entry);
      return "yes, and this decided: " + action(entry) +
             (entry.share == 0
                  ? std::string()
                  : " (it acts on " + share_text(entry) + ", and this message is in them)") +
             (decision.softened_by.empty() ? "" : ", made temporary (see above)");
    case Truth::unknown:
      return "still waiting for an answer when the decision was made";
    case Truth::unavailable:
      text = "could not be answered";
      if (!entry.cause.empty()) text += ": " + entry.cause;
      return text + (decided(decision, entry) ? "; this decided: " + decided_text(decision)
                                              : "; passed over");
  }
  return text;
}

std::string evidence_text(const Evidence& evidence) {
  const AnswerSource& source = evidence.source;
  std::string text;
  if (source.name == "table") {
    text = "table " + evidence.name + ": ";
    text += evidence.value.empty() ? "no entry fits" : "entry " + evidence.value;
    if (!source.mapped.empty()) text += " -> \"" + source.mapped + '"';
  } else {
    text = evidence.name + " = " + (evidence.value.empty() ? "(empty)" : evidence.value);
    if (!source.name.empty()) text += ", from " + source.name;
  }
  if (!source.file.empty()) {
    text += ", " + source.file;
    if (source.line != 0) text += ':' + std::to_string(source.line);
  }
  if (!source.note.empty()) text += ", note \"" + source.note + '"';
  if (source.elapsed.count() != 0) {
    text += ", after " + std::to_string(source.elapsed.count()) + " microseconds";
  }
  return text;
}

void tell_softening(Page& page, const Decision& decision) {
  if (decision.softened_by.empty()) return;
  const auto* decider =
      decision.rule ? find_entry(decision, decision.rule->name) : static_cast<TrailEntry*>(nullptr);
  const auto verdict = decider != nullptr ? decider->verdict : Verdict::reject;
  std::string text = verdict == Verdict::discard      ? "It would have been discarded"
                     : verdict == Verdict::quarantine ? "It would have been held"
                     : verdict == Verdict::reject     ? "It would have been a refusal for good"
                                                      : "It would have been sent elsewhere";
  if (!decision.softened_from.empty()) text += " (" + decision.softened_from + ')';
  page.paragraph(text + ". It was made temporary because " + why_softened(decision) +
                     ". A missing answer never costs a message.",
                 2);
}

void tell_shadows(Page& page, const Decision& decision) {
  for (const auto& entry : decision.trail) {
    if (entry.note != TrailNote::shadow) continue;
    page.paragraph((entry.share != 0 ? "The rule " : "The shadow rule ") + quoted(entry.rule.name) +
                       " (" + place(entry.rule) +
                       ") would have decided otherwise: " + action(entry) +
                       (entry.share != 0 ? ". This message is not in the " + share_text(entry) +
                                               " that it acts on, so its verdict was only "
                                               "recorded."
                                         : ". Its verdict was only recorded."),
                   2);
  }
}

}  // namespace

void tell_decision(Page& page, const Record& record) {
  const Decision& decision = record.decision;
  page.section("What decided");
  if (decision.rule) {
    std::string text = "The rule " + quoted(decision.rule->name) + ", " + place(*decision.rule) +
                       ", asked at stage " + std::string(to_text(decision.rule->stage));
    if (decision.scope) {
      text += ". It settles this " + std::string(to_text(*decision.scope));
    }
    page.paragraph(text + '.', 2);
  } else if (decision.verdict == Verdict::pass) {
    page.paragraph(
        decision.effects.empty()
            ? "No rule applied, so the MTA goes on as if Postern were not there."
            : "No rule decided, so the MTA goes on. What rules did besides stands below.",
        2);
  } else {
    page.paragraph("No rule: Postern itself could not decide, and refuses for now.", 2);
  }
  if (const Reason* reason = decision.reason) {
    std::string text = "Reason " + std::string(reason->id) + ": " + std::string(reason->what);
    if (!reason->reference.empty()) text += " (" + std::string(reason->reference) + ')';
    page.paragraph(text + '.', 2);
  }
  if (!decision.note.empty()) page.paragraph("Why: " + decision.note + '.', 2);
  tell_softening(page, decision);
  tell_shadows(page, decision);
}

void tell_trail(Page& page, const Record& record, const TrailGaps& gaps) {
  const Decision& decision = record.decision;
  const bool compact = record.detail == RecordDetail::compact;
  if (decision.trail.empty() && !compact) return;
  page.section("Rules, in the order in which they are asked");
  if (compact && gaps.changed_tables.empty()) {
    page.paragraph(
        "The rules that said no were not recorded, as journal.accepts wants it, and the policy of "
        "that time is not at hand, so they cannot be asked again" +
            (gaps.why_compact.empty() ? "." : ": " + gaps.why_compact + '.'),
        2);
  } else if (compact) {
    const bool one = gaps.changed_tables.size() == 1;
    std::string names;
    for (const auto& table : gaps.changed_tables) names += (names.empty() ? "" : ", ") + table;
    page.paragraph(
        "Not all of them: the rules that said no were not recorded, as journal.accepts wants it. "
        "They were asked again under the policy of that time; but what tables held then is not "
        "kept, and " +
            names + (one ? " has" : " have") + " changed since. Rules that looked into " +
            (one ? "it" : "them") + " and said no are left out" +
            (gaps.why_compact.empty()
                 ? "."
                 : ", and so are all others, because " + gaps.why_compact + '.'),
        2);
  }
  std::size_t number = 0;
  for (const auto& entry : decision.trail) {
    // Numbers would say that nothing is missing in between.
    const auto mark = compact ? std::string("-") : std::to_string(++number) + '.';
    page.paragraph(mark + ' ' + quoted(entry.rule.name) + ", " + place(entry.rule) + ", stage " +
                       std::string(to_text(entry.rule.stage)),
                   2, 5);
    page.paragraph(saying(decision, entry), 5);
    for (const auto& evidence : entry.evidence) page.paragraph(evidence_text(evidence), 7, 9);
  }
}

}  // namespace postern

#include "journal/replay_report.h"

#include <algorithm>
#include <set>

namespace postern {
namespace {

// Different changes told apart. Rules and outcomes are few; more than this many pairs of them is
// more than anybody reads.
constexpr std::size_t most_groups = 10'000;
constexpr std::size_t most_contradictions = 10;
constexpr std::size_t most_lacking = 1'000;

bool refuses_for_good(const Decision& decision) {
  return decision.verdict == Verdict::reject || decision.verdict == Verdict::discard;
}
bool lets_in(const Decision& decision) {
  return decision.verdict == Verdict::pass || decision.verdict == Verdict::accept ||
         decision.verdict == Verdict::quarantine;
}

std::string rule_of(const Decision& decision) { return decision.rule ? decision.rule->name : ""; }

/// The outcome in every detail that the mail server acts on.
bool same_outcome(const Decision& a, const Decision& b) {
  const auto form = [](const Decision& decision) {
    return decision.reply ? decision.reply->form().text() : std::string();
  };
  return a.verdict == b.verdict && a.reason == b.reason && form(a) == form(b) &&
         std::equal(a.effects.begin(), a.effects.end(), b.effects.begin(), b.effects.end(),
                    [](const Effect& one, const Effect& other) {
                      return one.kind == other.kind && one.name == other.name &&
                             one.value == other.value && one.delay == other.delay;
                    });
}

ReplayExample example_of(const Record& record) {
  const auto& transaction = record.transaction;
  ReplayExample example;
  example.reference = transaction.reference.text();
  example.time = transaction.time;
  if (transaction.client.address) example.client = transaction.client.address->text();
  const auto text = [](const Told<MailAddress>& address) {
    if (!address.is_told()) return std::string();
    return address.value().empty() ? std::string("<>") : address.value().text();
  };
  example.sender = text(transaction.sender);
  example.recipient = text(transaction.recipient);
  return example;
}

std::string lacking_text(const Question& question) {
  std::string text(to_text(question.kind));
  if (!question.subject.empty()) text += " " + question.subject;
  return text;
}

}  // namespace

std::string outcome_text(const Decision& decision) {
  std::string text(to_text(decision.verdict));
  if (decision.reply) text += " " + decision.reply->form().text();
  if (decision.reason != nullptr) text += " " + std::string(decision.reason->id);
  // Without their values, which may be of this message alone.
  std::set<std::string> effects;
  for (const auto& effect : decision.effects) {
    std::string words(to_text(effect.kind));
    if (!effect.name.empty()) words += " " + effect.name;
    effects.insert(std::move(words));
  }
  for (const auto& effect : effects) text += " + " + effect;
  return text;
}

void ReplayReport::add(const Policy& policy, const Record& record) {
  ++counts_.decisions;
  if (record.policy_digest != policy.digest()) return compare(policy, record);
  auto found = differences(record.decision, replay(policy, record));
  if (found.empty()) {
    ++counts_.equal;
    return;
  }
  ++counts_.contradictions;
  if (contradictions_.size() < most_contradictions) {
    contradictions_.push_back({example_of(record), std::move(found)});
  }
}

void ReplayReport::compare(const Policy& policy, const Record& record) {
  std::vector<Question> missing;
  const auto after = replay(policy, record, &missing, Detail::verdict);
  if (!missing.empty()) {
    ++counts_.undecided;
    std::set<std::string> texts;
    for (const auto& question : missing) texts.insert(lacking_text(question));
    for (const auto& text : texts) {
      if (lacking_.size() < most_lacking || lacking_.count(text) > 0) ++lacking_[text];
    }
    if (undecided_.size() < examples_) undecided_.push_back(example_of(record));
    return;
  }
  if (!same_outcome(record.decision, after)) {
    ++counts_.changed;
    if (refuses_for_good(after) && !refuses_for_good(record.decision)) ++counts_.new_rejects;
    if (after.verdict == Verdict::defer && lets_in(record.decision)) ++counts_.new_defers;
    if (lets_in(after) && !lets_in(record.decision)) ++counts_.let_in;
    return note_change(record, after);
  }
  if (rule_of(record.decision) == rule_of(after)) {
    ++counts_.equal;
    return;
  }
  ++counts_.other_rule;
  note_change(record, after);
}

void ReplayReport::note_change(const Record& record, const Decision& after) {
  Key key{rule_of(record.decision), outcome_text(record.decision), rule_of(after),
          outcome_text(after)};
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= most_groups) return;
    const auto& [rule_before, before, rule_after, outcome] = key;
    ReplayGroup group{rule_before, before, rule_after, outcome, 0, {}};
    found = groups_.emplace(std::move(key), std::move(group)).first;
  }
  auto& group = found->second;
  ++group.count;
  if (group.examples.size() < examples_) group.examples.push_back(example_of(record));
}

std::vector<ReplayGroup> ReplayReport::groups() const {
  std::vector<ReplayGroup> all;
  all.reserve(groups_.size());
  for (const auto& [key, group] : groups_) all.push_back(group);
  std::stable_sort(all.begin(), all.end(), [](const ReplayGroup& a, const ReplayGroup& b) {
    const bool a_changes = a.outcome_before != a.outcome_after;
    const bool b_changes = b.outcome_before != b.outcome_after;
    if (a_changes != b_changes) return a_changes;
    return a.count > b.count;
  });
  return all;
}

}  // namespace postern

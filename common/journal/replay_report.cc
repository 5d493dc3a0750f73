#include "journal/replay_report.h"

#include "model/text.h"
#include "postern/version.h"
#include "rules/rule.h"

#include <algorithm>
#include <set>

namespace postern {
namespace {

// Different changes told apart. Rules and outcomes are few; more than this many pairs of them is
// more than anybody reads.
constexpr std::size_t most_groups = 10'000;
constexpr std::size_t most_contradictions = 10;
constexpr std::size_t most_lacking = 1'000;
/// Hexadecimal digits of a digest that people are shown.
constexpr std::size_t shown_digits = 12;

/// A discard in place of a refusal is one too: nobody hears of it any more.
bool is_new_reject(const Decision& before, const Decision& after) {
  if (after.verdict == Verdict::discard) return before.verdict != Verdict::discard;
  return after.verdict == Verdict::reject && before.verdict != Verdict::reject &&
         before.verdict != Verdict::discard;
}

bool refuses(const Rule& rule) {
  return rule.mode == RuleMode::enforce &&
         (rule.verdict == Verdict::reject || rule.verdict == Verdict::discard ||
          rule.verdict == Verdict::defer);
}

/// Whether rules of later stages may still keep the message out. What those stages tell is not in
/// the record of a command that was refused.
bool may_be_refused_later(const Policy& policy, const Record& record, const Decision& after) {
  if (after.scope && *after.scope != AcceptScope::stage) return false;
  const auto& rules = policy.rules();
  return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
    return rule.place.stage > record.transaction.stage && refuses(rule) &&
           rule.condition.truth(record.transaction, record.facts) != Truth::no;
  });
}

/// Texts and rounding may differ between versions, and nobody has altered anything.
bool is_of_another_version(const Record& record) {
  return !record.engine.empty() && record.engine != version();
}

/// What was sent follows from the decision alone, in one version of the program.
void add_sent_differences(std::vector<Difference>& found, const Record& record) {
  if (is_of_another_version(record)) return;
  for (auto& each : sent_differences(record)) found.push_back(std::move(each));
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

/// Of "7.2.0.192.zen.example", the name that an address is looked up under in a list, the zone;
/// empty: it is no such name.
std::string_view zone_of_list(std::string_view key) {
  const auto behind = [key](std::size_t labels, auto is_part) {
    auto rest = key;
    for (; labels > 0; --labels) {
      const auto dot = rest.find('.');
      if (dot == std::string_view::npos || !is_part(rest.substr(0, dot))) return std::string_view();
      rest.remove_prefix(dot + 1);
    }
    return rest;
  };
  // RFC 5782 2.1 and 2.4.
  const auto of_v6 = behind(32, [](std::string_view label) { return label.size() == 1; });
  return of_v6.empty() ? behind(4, [](std::string_view label) { return all_digits(label); })
                       : of_v6;
}

}  // namespace

std::string lacking_text(const Question& question) {
  std::string text(to_text(question.kind));
  if (!question.subject.empty()) text += " " + question.subject;
  const auto zone = zone_of_list(question.key);
  if (!zone.empty()) text += " in " + std::string(zone);
  return text;
}

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

/// True: there is something to decide again.
bool ReplayReport::count(const Record& record) {
  const auto time = record.transaction.time;
  if (counts_.decisions == 0) first_ = last_ = time;
  first_ = std::min(first_, time);
  last_ = std::max(last_, time);
  ++counts_.decisions;
  if (!is_own_trouble(record.decision)) return true;
  ++counts_.in_trouble;
  return false;
}

void ReplayReport::add(const Policy& policy, const Record& record) {
  if (!count(record)) return;
  if (has_hidden(record)) return add_hidden(policy, record);
  if (record.policy_digest != policy.digest()) return compare(policy, record);
  auto found = differences(record.decision, replay(policy, record));
  add_sent_differences(found, record);
  if (!found.empty() && holds_erased(record)) return note_undecided(record, {"what was erased"});
  if (!found.empty() && is_of_another_version(record)) return compare(policy, record);
  if (!found.empty()) return note_contradiction(record, std::move(found));
  ++counts_.equal;
}

void ReplayReport::verify(const Record& record) {
  if (!count(record)) return;
  const auto* then =
      options_.policy_of_then ? options_.policy_of_then(record.policy_digest) : nullptr;
  if (then == nullptr) {
    return note_undecided(
        record, {"policy " + record.policy_digest.substr(0, shown_digits) + ", which is not kept"});
  }
  if (has_hidden(record) && then->changed.empty()) return add_hidden(*then->policy, record);
  // Where tables have changed, those of then answer as far as the record tells.
  auto found = differences(
      record.decision, replay(*then->policy, record, nullptr, Detail::full, RecordedTables::used));
  const bool same_decision = found.empty();
  add_sent_differences(found, record);
  if (found.empty()) {
    ++counts_.equal;
  } else if (holds_erased(record)) {
    note_undecided(record, {"what was erased"});
  } else if (then->changed.empty() && is_of_another_version(record)) {
    compare(*then->policy, record);
  } else if (then->changed.empty() || same_decision) {
    note_contradiction(record, std::move(found));
  } else {
    std::vector<std::string> lacks;
    for (const auto& table : then->changed) lacks.push_back("table " + table + " as it was then");
    note_undecided(record, lacks);
  }
}

/// Texts may be of other lengths than they were with the addresses, so that of the policy of the
/// day too only the outcome is compared.
void ReplayReport::add_hidden(const Policy& policy, const Record& record) {
  const auto known = hidden_.revealed(policy, record);
  std::vector<Question> missing;
  const auto after = replay(policy, known, &missing, Detail::verdict);
  auto lacks = hidden_.lacking(policy, known, after);
  if (record.policy_digest == policy.digest()) {
    // Then a question had another key, with the local part in it.
    for (const auto& question : missing) lacks.push_back(lacking_text(question));
  }
  if (!lacks.empty()) return note_undecided(record, lacks);
  if (record.policy_digest != policy.digest()) return compare(policy, known);
  if (same_outcome(record.decision, after) && rule_of(record.decision) == rule_of(after)) {
    ++counts_.equal;
    return;
  }
  note_contradiction(record, differences(record.decision, replay(policy, known)));
}

void ReplayReport::compare(const Policy& policy, const Record& record) {
  Lacking lacking;
  const auto after = replay(policy, record, lacking, options_.ask_now, options_.recorded_tables);
  if (!lacking.missing.empty()) {
    std::vector<std::string> texts;
    for (const auto& question : lacking.missing) texts.push_back(lacking_text(question));
    return note_undecided(record, texts);
  }
  const auto basis = lacking.asked_now.empty() ? ReplayBasis::recorded : ReplayBasis::today;
  ReplayChanges& changes = basis == ReplayBasis::recorded ? counts_ : counts_.today;
  const auto& before = record.decision;
  if (same_outcome(before, after)) {
    const bool same_rule = rule_of(before) == rule_of(after);
    ++(same_rule ? changes.equal : changes.other_rule);
    if (!same_rule) note_change(record, after, basis, false);
    return;
  }
  const bool by_tables = is_by_tables(record, after);
  if (by_tables) ++changes.by_tables;
  if (by_tables && options_.tables == TableChanges::apart) return;
  ++changes.changed;
  if (is_new_reject(before, after)) ++changes.new_rejects;
  if (after.verdict == Verdict::defer && lets_in(before)) ++changes.new_defers;
  if (after.verdict == Verdict::quarantine && lets_in(before)) ++changes.new_holds;
  if (lets_in(after) && !lets_in(before)) {
    ++(may_be_refused_later(policy, record, after) ? changes.let_on : changes.let_in);
  }
  note_change(record, after, basis, by_tables);
}

bool ReplayReport::is_by_tables(const Record& record, const Decision& after) const {
  if (!options_.policy_of_then) return false;
  const auto* then = options_.policy_of_then(record.policy_digest);
  if (then == nullptr || then->changed.empty()) return false;
  return same_outcome(
      after, replay(*then->policy, record, nullptr, Detail::verdict, RecordedTables::left_out));
}

void ReplayReport::note_undecided(const Record& record, const std::vector<std::string>& lacks) {
  ++counts_.undecided;
  for (const auto& text : std::set<std::string>(lacks.begin(), lacks.end())) {
    if (lacking_.size() < most_lacking || lacking_.count(text) > 0) ++lacking_[text];
  }
  if (undecided_.size() < options_.examples) undecided_.push_back(example_of(record));
}

void ReplayReport::note_contradiction(const Record& record, std::vector<Difference> found) {
  ++counts_.contradictions;
  if (contradictions_.size() < most_contradictions) {
    contradictions_.push_back({example_of(record), std::move(found)});
  }
}

void ReplayReport::note_change(const Record& record, const Decision& after, ReplayBasis basis,
                               bool by_tables) {
  Key key{basis, rule_of(record.decision), outcome_text(record.decision), rule_of(after),
          outcome_text(after)};
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= most_groups) {
      ++ungrouped_;
      return;
    }
    const auto& [rests_on, rule_before, before, rule_after, outcome] = key;
    ReplayGroup group{rests_on, rule_before, before, rule_after, outcome, 0, 0, {}};
    found = groups_.emplace(std::move(key), std::move(group)).first;
  }
  auto& group = found->second;
  ++group.count;
  if (by_tables) ++group.by_tables;
  if (group.examples.size() < options_.examples) group.examples.push_back(example_of(record));
}

std::vector<ReplayGroup> ReplayReport::groups() const {
  std::vector<ReplayGroup> all;
  all.reserve(groups_.size());
  for (const auto& [key, group] : groups_) all.push_back(group);
  std::stable_sort(all.begin(), all.end(), [](const ReplayGroup& a, const ReplayGroup& b) {
    const bool a_changes = a.outcome_before != a.outcome_after;
    const bool b_changes = b.outcome_before != b.outcome_after;
    if (a.basis != b.basis) return a.basis < b.basis;
    if (a_changes != b_changes) return a_changes;
    return a.count > b.count;
  });
  return all;
}

}  // namespace postern

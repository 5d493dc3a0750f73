#include "kit/run_tests.h"

#include "checks/check.h"
#include "model/text.h"
#include "postern/reason.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

constexpr std::string_view nothing = "none";

std::string joined_or_nothing(const std::vector<std::string>& words, std::string_view between) {
  auto text = joined(words, between);
  return text.empty() ? std::string(nothing) : text;
}

/// All of the reply that a person reads, but for the reference.
std::string text_of(const Reply& reply) {
  const auto& text = reply.text();
  std::string all;
  for (const auto& part :
       {text.host, text.sentence, text.advice, text.quote, text.contact, text.help}) {
    if (part.empty()) continue;
    if (!all.empty()) all += ' ';
    all += part;
  }
  return all;
}

std::vector<std::string> shadow_rules(const Decision& decision) {
  std::vector<std::string> names;
  for (const auto& entry : decision.trail) {
    if (entry.note == TrailNote::shadow) names.push_back(entry.rule.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Every value that conditions saw under that name. Rules are asked one after the other, and one
/// behind the deciding rule looks at nothing.
std::vector<std::string> values_of(const Decision& decision, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& entry : decision.trail) {
    for (const auto& evidence : entry.evidence) {
      if (evidence.name != name) continue;
      if (std::find(values.begin(), values.end(), evidence.value) == values.end()) {
        values.push_back(evidence.value);
      }
    }
  }
  return values;
}

/// A check may find several meanings, of which one is enough (semantics 20).
bool is_among(const std::vector<std::string>& accepted, const std::string& value) {
  if (std::find(accepted.begin(), accepted.end(), value) != accepted.end()) return true;
  for (std::size_t begin = 0; begin < value.size();) {
    const auto end = std::min(value.find(", ", begin), value.size());
    if (std::find(accepted.begin(), accepted.end(), value.substr(begin, end - begin)) !=
        accepted.end()) {
      return true;
    }
    begin = end + 2;
  }
  return false;
}

class Comparison {
 public:
  explicit Comparison(const Decision& decision) : decision_(decision) {}

  void value(std::string what, const std::optional<std::string>& expected, std::string got) {
    if (!expected || *expected == got) return;
    add(std::move(what), expected->empty() ? std::string(nothing) : *expected,
        got.empty() ? std::string(nothing) : std::move(got));
  }

  void text(const std::optional<std::string>& expected) {
    if (!expected) return;
    const auto got = decision_.reply ? text_of(*decision_.reply) : std::string();
    if (got.find(*expected) != std::string::npos) return;
    add("text", "... " + *expected + " ...", got.empty() ? std::string(nothing) : got);
  }

  void shadow(const std::optional<std::vector<std::string>>& expected) {
    if (!expected) return;
    auto wanted = *expected;
    std::sort(wanted.begin(), wanted.end());
    const auto got = shadow_rules(decision_);
    if (wanted != got) add("shadow", joined_or_nothing(wanted, ", "), joined_or_nothing(got, ", "));
  }

  void effects(const std::optional<std::vector<std::string>>& expected) {
    if (!expected) return;
    auto wanted = *expected;
    std::vector<std::string> got;
    for (const auto& effect : decision_.effects) got.push_back(describe(effect));
    std::sort(wanted.begin(), wanted.end());
    std::sort(got.begin(), got.end());
    if (wanted != got)
      add("effects", joined_or_nothing(wanted, ", "), joined_or_nothing(got, ", "));
  }

  void evidence(const std::string& name, const std::vector<std::string>& accepted) {
    const auto got = values_of(decision_, name);
    if (got.empty()) {
      add("evidence." + name, joined_or_nothing(accepted, " or "), "nothing looked at it");
      return;
    }
    const bool fits = std::any_of(got.begin(), got.end(), [&](const std::string& value) {
      return is_among(accepted, value);
    });
    if (!fits)
      add("evidence." + name, joined_or_nothing(accepted, " or "), joined_or_nothing(got, " and "));
  }

  std::vector<TestDifference> take() { return std::move(differences_); }

 private:
  void add(std::string what, std::string expected, std::string got) {
    differences_.push_back({std::move(what), std::move(expected), std::move(got)});
  }

  const Decision& decision_;
  std::vector<TestDifference> differences_;
};

/// Policies with other tables, kept for tests that follow with the same ones.
class Presets {
 public:
  Presets(std::shared_ptr<const Policy> policy, const CheckRegistry& checks)
      : policy_(std::move(policy)), checks_(checks) {}

  Result<std::shared_ptr<const Policy>> with(
      const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables) {
    if (tables.empty()) return policy_;
    if (last_ && tables == last_tables_) return last_;
    auto changed = Policy::with_tables(*policy_, tables, checks_);
    if (!changed) return changed.problems();
    last_tables_ = tables;
    last_ = *changed;
    return last_;
  }

 private:
  std::shared_ptr<const Policy> policy_;
  const CheckRegistry& checks_;
  std::map<std::string, std::shared_ptr<const Table>, std::less<>> last_tables_;
  std::shared_ptr<const Policy> last_;
};

}  // namespace

std::vector<TestDifference> compare(const Expectation& expect, const Decision& decision) {
  Comparison comparison(decision);
  const auto wanted_verdict =
      expect.verdict ? std::optional(std::string(to_text(*expect.verdict))) : std::nullopt;
  const auto wanted_reply = expect.reply ? std::optional(expect.reply->text()) : std::nullopt;
  comparison.value("verdict", wanted_verdict, std::string(to_text(decision.verdict)));
  comparison.value("reply", wanted_reply,
                   decision.reply ? decision.reply->form().text() : std::string());
  comparison.value("reason", expect.reason,
                   decision.reason != nullptr ? std::string(decision.reason->id) : std::string());
  comparison.value("rule", expect.rule, decision.rule ? decision.rule->name : std::string());
  comparison.text(expect.text);
  comparison.shadow(expect.shadow);
  comparison.effects(expect.effects);
  for (const auto& [name, accepted] : expect.evidence) comparison.evidence(name, accepted);
  return comparison.take();
}

std::vector<TestResult> run_tests(std::shared_ptr<const Policy> policy,
                                  const std::vector<PolicyTest>& tests, const CheckRegistry& checks,
                                  const std::function<bool()>& go_on) {
  std::vector<TestResult> results;
  results.reserve(tests.size());
  Presets presets(std::move(policy), checks);
  for (const auto& test : tests) {
    if (!go_on()) break;
    TestResult result{test.name, test.place, {}, {}, {}};
    const auto tested = presets.with(test.tables);
    if (!tested) {
      result.trouble = "no rule can use its tables: " + tested.problems().front().message;
    } else {
      auto played = play_end(test.scene, test.world, **tested);
      result.differences = compare(test.expect, played.decision);
      if (!result.passed()) result.played = std::move(played);
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace postern

// Reviews that compare what conditions say: rules that never act, conditions that cannot be true,
// refusals that rest on what the standards forbid to refuse for.

#include "rules/loader_reviews.h"
#include "rules/logic.h"
#include "rules/needs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace postern {
namespace {

using expression::Comparison;
using expression::Literal;
using expression::Name;
using expression::Product;
using expression::Test;

/// Of the search for an earlier rule that leaves a later one nothing to do. A policy of ten
/// thousand rules that no index helps with would need fifty million comparisons; beyond this the
/// search ends.
constexpr std::size_t most_comparisons = 1'000'000;

/// A condition has quotes of its own.
std::string quoted_condition(const std::string& text) { return '\'' + text + '\''; }

/// A rule, and the alternatives of its condition that can be yes.
struct Reading {
  const DraftRule* draft = nullptr;
  std::vector<Product> products;
};

/// What a standard forbids to refuse for, when nothing else speaks against the mail.
std::optional<std::string_view> forbidden_ground(const Literal& literal) {
  const auto& test = *literal.test;
  const auto is_client_name = [](std::optional<Name> name) {
    return name == Name::client_name || name == Name::client_reverse_name;
  };
  if (!test.check) {
    const bool names_differ = literal.negated && test.comparison == Comparison::same_as &&
                              ((test.name == Name::helo && is_client_name(test.other)) ||
                               (test.other == Name::helo && is_client_name(test.name)));
    if (!names_differ) return std::nullopt;
    return "the HELO name is not the client's (RFC 5321 4.1.4)";
  }
  const auto& checked = test.check->description();
  if (checked.name == "helo_dns" && test.comparison == Comparison::equal) {
    const bool named =
        std::find(test.texts.begin(), test.texts.end(), "mismatch") != test.texts.end();
    if (named != literal.negated) return "the HELO name is not the client's (RFC 5321 4.1.4)";
  }
  if (test.comparison != Comparison::equal) return std::nullopt;
  if (checked.kind == QuestionKind::spf) {
    // The opposite of some of its words is all the others.
    const bool weak =
        std::any_of(checked.values.begin(), checked.values.end(), [&](const std::string& value) {
          const bool named =
              std::find(test.texts.begin(), test.texts.end(), value) != test.texts.end();
          return named != literal.negated &&
                 (value == "softfail" || value == "neutral" || value == "none");
        });
    if (weak) return "SPF says no more than softfail, neutral or none (RFC 7208 8.2, 8.5)";
  }
  if (literal.negated) return std::nullopt;
  const auto only = [&](std::initializer_list<std::string_view> words) {
    return !test.texts.empty() &&
           std::all_of(test.texts.begin(), test.texts.end(), [&](const std::string& text) {
             return std::find(words.begin(), words.end(), text) != words.end();
           });
  };
  if (checked.name == "arc" && only({"fail"})) {
    return "an ARC chain is broken (RFC 8617 5.2)";
  }
  return std::nullopt;
}

void warn_of_forbidden_grounds(const Reading& reading, Diagnostics& diagnostics) {
  const auto& rule = reading.draft->rule;
  if (rule.verdict != Verdict::reject || rule.mode != RuleMode::enforce) return;
  for (const auto& product : reading.products) {
    std::optional<std::string_view> ground;
    const bool nothing_else =
        std::all_of(product.begin(), product.end(), [&](const Literal& literal) {
          const auto found = forbidden_ground(literal);
          if (found) ground = found;
          const auto& test = *literal.test;
          // Whom the mail is for, and exceptions, say nothing against it.
          return found || literal.negated ||
                 (test.name && expression::row_of(*test.name).subjects.recipient);
        });
    if (!nothing_else || !ground) continue;
    diagnostics.warning(
        condition_span(*reading.draft),
        "this refuses for good only because " + std::string(*ground) +
            ", for which mail is not to be refused",
        "take it together with other evidence, or record it with mode = \"shadow\"");
    return;
  }
}

/// A reply that says of a domain what is not so of it: its owner looks, and does not find the
/// fault.
void warn_of_wrong_reason(const Reading& reading, Diagnostics& diagnostics) {
  const auto& rule = reading.draft->rule;
  if (rule.reason == nullptr || rule.reason->id != "sender-domain-bad") return;
  for (const auto& product : reading.products) {
    for (const auto& literal : product) {
      const auto& test = *literal.test;
      if (!test.check || literal.negated || test.check->description().name != "sender_domain") {
        continue;
      }
      for (const auto& [value, reason] :
           {std::pair{"bogus-mx", "sender-mx-bogus"}, std::pair{"null-mx", "sender-null-mx"}}) {
        if (std::find(test.texts.begin(), test.texts.end(), value) == test.texts.end()) continue;
        diagnostics.warning(condition_span(*reading.draft),
                            "the reply says that the domain has no MX or address record, which is "
                            "not so where \"sender_domain\" is " +
                                quoted(value),
                            "make that a rule of its own with the reason " + quoted(reason));
        return;
      }
    }
  }
}

/// Where the rule is asked: from its own stage on, through the doors that are configured, or from a
/// library.
expression::Surroundings surroundings_of(const Rule& rule, const ListenSettings& listen) {
  expression::Surroundings surroundings;
  const bool policy_alone = !listen.milter && !listen.policy.empty();
  for (auto i = static_cast<std::size_t>(rule.place.stage); i < stage_count; ++i) {
    const auto stage = static_cast<Stage>(i);
    // Postfix asks the policy service about the end of the message alone.
    if (policy_alone && stage == Stage::end_of_headers) continue;
    surroundings.stages.emplace_back(to_text(stage));
  }
  if (listen.milter || policy_alone) {
    surroundings.doors.emplace_back(to_text(Door::library));
    if (listen.milter) surroundings.doors.emplace_back(to_text(Door::milter));
    if (!listen.policy.empty()) surroundings.doors.emplace_back(to_text(Door::policy));
  }
  return surroundings;
}

/// What a contradiction says, and what to do about it.
struct Words {
  std::string message;
  std::string hint;
};

Words words_of(const expression::Contradiction& why, const Rule& rule) {
  std::string literals;
  for (const auto& literal : why.literals) {
    if (!literals.empty()) literals += &literal == &why.literals.back() ? " and " : ", ";
    literals += quoted_condition(to_text(literal));
  }
  const auto& name = why.literals.front().test->name;
  const bool one = why.literals.size() == 1;
  if (name == Name::stage) {
    return {literals + (one ? " never is" : " never are") + " where this rule is asked",
            "a rule is asked at its own stage, here " + quoted(to_text(rule.place.stage)) +
                ", and again at each later one; the policy service is never asked at "
                "\"end-of-headers\""};
  }
  if (name == Name::door && one) {
    return {literals + " is never so with the listeners of [listen]",
            "add the listener, or take the rule out"};
  }
  if (one) return {literals + " never is", "take the rule out"};
  return {literals + " exclude each other", "\"or\" between them, or two rules, may be meant"};
}

bool all_contradict(const std::vector<Product>& products,
                    const expression::Surroundings& surroundings) {
  return std::all_of(products.begin(), products.end(), [&](const Product& product) {
    return contradiction_in(product, surroundings).has_value();
  });
}

void warn_of_fixed_truth(const DraftRule& draft, const ListenSettings& listen,
                         std::vector<Product>& products, Diagnostics& diagnostics) {
  if (draft.source->find("when") == nullptr) return;
  const auto surroundings = surroundings_of(draft.rule, listen);
  std::optional<expression::Contradiction> why;
  std::erase_if(products, [&](const Product& product) {
    auto found = contradiction_in(product, surroundings);
    const bool contradicts = found.has_value();
    if (contradicts) why = std::move(found);
    return contradicts;
  });
  if (products.empty()) {
    std::string message = "this condition can never be true";
    std::string hint = "take the rule out";
    if (why) {
      auto words = words_of(*why, draft.rule);
      message += ": " + words.message;
      hint = std::move(words.hint);
    }
    diagnostics.warning(condition_span(draft), std::move(message), std::move(hint));
    return;
  }
  // Parts that are always true have been shown where they stand.
  if (draft.always || !draft.rule.condition.warnings().empty()) return;
  const auto opposite = products_of_opposite(draft.rule.condition.program());
  if (!opposite || !all_contradict(*opposite, surroundings)) return;
  diagnostics.warning(condition_span(draft), "this condition can never be false",
                      "leave \"when\" out if the rule is meant for everything");
}

/// The values that a literal needs one of, to find earlier rules that need one of more.
std::vector<std::string> values_of(const Literal& literal) {
  const auto& test = *literal.test;
  std::vector<std::string> values;
  if (literal.negated || test.comparison == Comparison::holds) return values;
  // Calculations and scores are not compared with each other.
  if (!test.check && !test.name) return values;
  const auto subject = test.check ? "=" + test.check->description().name
                                  : std::string(expression::row_of(*test.name).name) + test.macro;
  if (test.comparison == Comparison::in_table) return {subject + "\nin " + test.table_name};
  if (test.comparison != Comparison::equal) return values;
  for (const auto& text : test.texts) values.push_back(subject + '\n' + expression::folded(text));
  for (const auto& address : test.addresses) {
    values.push_back(subject + '\n' + expression::folded(address));
  }
  return values;
}

/// Finds the earlier alternatives that are true whenever a later one is.
class Earlier {
 public:
  struct Entry {
    const DraftRule* draft;
    const Product* product;
    Stage up_to;
  };

  void add(const Reading& reading, Stage up_to) {
    for (const auto& product : reading.products) {
      const auto at = entries_.size();
      entries_.push_back({reading.draft, &product, up_to});
      std::vector<std::string> keys;
      for (const auto& literal : product) {
        auto values = values_of(literal);
        if (!values.empty() && (keys.empty() || values.size() < keys.size())) {
          keys = std::move(values);
        }
      }
      if (keys.empty()) general_.push_back(at);
      for (auto& key : keys) by_value_[std::move(key)].push_back(at);
    }
  }

  const DraftRule* decides_before(const Product& product, Stage stage) {
    for (const auto& literal : product) {
      // Whoever takes all values of the literal takes the first.
      const auto values = values_of(literal);
      if (values.empty()) continue;
      const auto found = by_value_.find(values.front());
      if (found == by_value_.end()) continue;
      if (const auto* draft = first_of(found->second, product, stage)) return draft;
    }
    return first_of(general_, product, stage);
  }

 private:
  const DraftRule* first_of(const std::vector<std::size_t>& candidates, const Product& product,
                            Stage stage) {
    for (const auto at : candidates) {
      if (++comparisons_ > most_comparisons) return nullptr;
      const auto& entry = entries_[at];
      if (stage <= entry.up_to && implies(product, *entry.product)) return entry.draft;
    }
    return nullptr;
  }

  std::vector<Entry> entries_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_value_;
  std::vector<std::size_t> general_;
  std::size_t comparisons_ = 0;
};

/// A rule all of whose mail an earlier one has decided on.
void warn_of_useless(const std::vector<Reading>& readings, const ListenSettings& listen,
                     Diagnostics& diagnostics) {
  Earlier earlier;
  for (const auto& reading : readings) {
    const auto& draft = *reading.draft;
    const DraftRule* by = nullptr;
    // Without its answer a rule may act where the earlier one is skipped (semantics 6).
    const bool acts_unanswered = draft.rule.unavailable != WhenUnavailable::skip;
    for (const auto& product : reading.products) {
      if (acts_unanswered) break;
      by = earlier.decides_before(product, draft.rule.place.stage);
      if (by == nullptr) break;
    }
    // What follows a rule for everything is told of as never reached.
    if (by != nullptr && !by->always) {
      diagnostics.warning(draft.name_span,
                          "this rule never acts: whenever its condition is true, " +
                              quoted(by->rule.place.name) + " has decided before it",
                          "that stands at " + place_text(by->source->span) +
                              "; put this one before it, or take it out");
    }
    if (is_always_enforced(draft.rule) && draft.rule.verdict != Verdict::pass) {
      earlier.add(reading, silenced_up_to(draft, listen));
    }
  }
}

}  // namespace

void review_logic(const std::vector<DraftRule>& rules, const Settings& settings,
                  Diagnostics& diagnostics) {
  std::vector<Reading> readings;
  readings.reserve(rules.size());
  for (const auto& draft : rules) {
    auto products = products_of(draft.rule.condition.program());
    if (!products) continue;
    warn_of_fixed_truth(draft, settings.listen, *products, diagnostics);
    if (products->empty()) continue;
    readings.push_back({&draft, std::move(*products)});
  }
  for (const auto& reading : readings) {
    warn_of_forbidden_grounds(reading, diagnostics);
    warn_of_wrong_reason(reading, diagnostics);
  }
  warn_of_useless(readings, settings.listen, diagnostics);
}

}  // namespace postern

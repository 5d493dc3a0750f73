// RFC 5321 4.5.5 and 6.1, RFC 6409 3.2: whoever refuses <> is never told that mail of their own was
// lost.

#include "rules/loader_reviews.h"
#include "rules/logic.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

using expression::Comparison;
using expression::Literal;
using expression::Name;
using expression::Product;

bool is_of_sender(std::optional<Name> name) {
  return name == Name::sender || name == Name::sender_local || name == Name::sender_domain ||
         name == Name::sender_org_domain;
}

bool is_about_sender(const Literal& literal) {
  const auto& test = *literal.test;
  if (test.check || test.calculation || !test.score.empty()) return false;
  return is_of_sender(test.name) ||
         (test.comparison == Comparison::same_as && is_of_sender(test.other));
}

/// It holds at times, whoever sends.
bool is_about_time(const Literal& literal) {
  const auto& name = literal.test->name;
  return !literal.test->check &&
         (name == Name::time || name == Name::weekday || name == Name::date);
}

Transaction bounce() {
  Transaction transaction;
  transaction.stage = Stage::rcpt;
  transaction.sender = MailAddress();
  return transaction;
}

bool holds_of(const Literal& literal, const Transaction& transaction) {
  const auto& test = *literal.test;
  // The parts of <> are empty, and so is nothing that a sender may be compared with.
  if (test.comparison == Comparison::same_as &&
      !(is_of_sender(test.name) && is_of_sender(test.other))) {
    return literal.negated;
  }
  expression::Program program;
  program.tests.push_back(test);
  program.steps.push_back({expression::Step::Kind::test, Truth::yes, 0, 1});
  const auto truth = expression::run(program, transaction, Facts(), nullptr);
  return truth == (literal.negated ? Truth::no : Truth::yes);
}

/// True if nothing but the sender and the hour keep the alternative from being yes, and the null
/// path does not. Exceptions (`not client.ip in partners`) are passed by strangers.
bool takes_every_bounce(const Product& product, const Transaction& bounce) {
  bool about_sender = false;
  for (const auto& literal : product) {
    if (is_about_sender(literal)) {
      if (!holds_of(literal, bounce)) return false;
      about_sender = true;
    } else if (!literal.negated && !is_about_time(literal)) {
      return false;
    }
  }
  return about_sender;
}

/// At all times, and from everybody.
bool takes_every_bounce_only(const Product& product, const Transaction& bounce) {
  return takes_every_bounce(product, bounce) &&
         std::all_of(product.begin(), product.end(), is_about_sender);
}

/// A discard loses them as well. What is held can still be looked at.
bool turns_away(const Rule& rule) {
  return rule.verdict == Verdict::reject || rule.verdict == Verdict::defer ||
         rule.verdict == Verdict::discard;
}

}  // namespace

void review_bounces(const std::vector<DraftRule>& rules, Diagnostics& diagnostics) {
  const auto null_path = bounce();
  std::optional<Stage> settled;  // bounces are, up to there
  for (const auto& draft : rules) {
    const auto& rule = draft.rule;
    if (settled && rule.place.stage <= *settled) continue;
    if (rule.mode != RuleMode::enforce) continue;
    if (rule.verdict != Verdict::accept && !turns_away(rule)) continue;
    const auto products = products_of(rule.condition.program());
    if (!products) continue;
    const auto possible = [&](const Product& product) { return !contradiction_in(product); };
    if (rule.verdict == Verdict::accept) {
      const bool all = std::any_of(products->begin(), products->end(), [&](const Product& product) {
        return possible(product) && takes_every_bounce_only(product, null_path);
      });
      if (!all || !is_always_enforced(rule)) continue;
      const auto up_to =
          rule.scope == AcceptScope::stage ? rule.place.stage : Stage::end_of_message;
      settled = std::max(settled.value_or(up_to), up_to);
      continue;
    }
    const bool any = std::any_of(products->begin(), products->end(), [&](const Product& product) {
      return possible(product) && takes_every_bounce(product, null_path);
    });
    if (!any) continue;
    diagnostics.warning(
        condition_span(draft),
        std::string("this condition is true of the null sender <> too, so the rule ") +
            (rule.verdict == Verdict::discard ? "loses" : "refuses") + " bounces (RFC 5321 4.5.5)",
        "add and sender != \"<>\", or name the recipients that send no mail");
  }
}

}  // namespace postern

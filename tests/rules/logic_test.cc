#include "rules/logic.h"

#include "rules/condition.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace postern::expression {
namespace {

std::shared_ptr<const Condition> condition(const std::string& text) {
  auto result = Condition::compile(text, {});
  auto* compiled = std::get_if<Condition>(&result);
  EXPECT_NE(compiled, nullptr) << text;
  return compiled ? std::make_shared<const Condition>(std::move(*compiled)) : nullptr;
}

Literal only_literal(const Condition& condition) {
  const auto products = products_of(condition.program());
  EXPECT_TRUE(products && products->size() == 1 && products->front().size() == 1);
  return products->front().front();
}

/// Each line: what is given, what follows from it.
TEST(Logic, KnowsWhatFollowsFromATest) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {R"(sender == "a@x.example")", R"(sender in ["A@X.example", "b@x.example"])"},
      {R"(sender.domain == "mail.x.example")", R"(sender.domain ends_with ".X.example")"},
      {R"(sender.domain == "mail.x.example")", R"(sender.domain starts_with "mail")"},
      {R"(sender.domain == "mail.x.example")", R"(sender.domain != "x.example")"},
      {R"(sender.domain == "mail.x.example")", R"(not sender.domain contains "y")"},
      {R"(helo ends_with ".dyn.x.example")", R"(helo ends_with ".x.example")"},
      {R"(helo starts_with "dsl-pool")", R"(helo contains "pool")"},
      {R"(not helo ends_with ".x.example")", R"(not helo ends_with ".dyn.x.example")"},
      {R"(client.ip == "10.1.2.3")", R"(client.ip in ["192.0.2.0/24", "10.0.0.0/8"])"},
      {R"(client.ip in "10.1.0.0/16")", R"(not client.ip in "192.0.2.0/24")"},
      {R"(declared_size > 20M)", R"(declared_size >= 10M)"},
      {R"(declared_size > 20M)", R"(not declared_size < 10M)"},
      {R"(recipient_count in [3, 5])", R"(recipient_count < 6)"},
      {R"(helo matches "^dsl")", R"(helo matches "^dsl")"},
      {R"(helo == client.name)", R"(helo == client.name)"},
      {R"(client.user == "Bob")", R"(client.user in ["Bob", "bob"])"},
      {R"(tls)", R"(tls)"},
      {R"(helo == "mail.x.example")", R"(helo within "x.example")"},
      {R"(helo == "y.example")", R"(not helo within ["x.example", "example.net"])"},
      {R"(helo within "a.x.example")", R"(helo within ["x.example", "y.example"])"},
      {R"(helo within "a.example")", R"(not helo within "b.example")"},
      {R"(helo within "a.example")", R"(helo != "a.example.net")"},
      {R"(helo ends_with ".a.x.example")", R"(helo within "x.example")"},
      {R"(not helo within "x.example")", R"(helo != "mail.x.example")"},
      {R"(helo == "")", R"(not helo within "x.example")"},
  };
  for (const auto& [given, following] : pairs) {
    const auto a = condition(given);
    const auto b = condition(following);
    EXPECT_TRUE(implies(only_literal(*a), only_literal(*b))) << given << " => " << following;
  }
}

TEST(Logic, ClaimsNothingThatDoesNotFollow) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {R"(sender in ["a@x.example", "b@x.example"])", R"(sender == "a@x.example")"},
      {R"(client.user == "Bob")", R"(client.user == "bob")"},
      {R"(sender == "a@x.example")", R"(recipient == "a@x.example")"},
      {R"(macro("a") == "x")", R"(macro("b") == "x")"},
      {R"(client.ip in "10.0.0.0/8")", R"(client.ip in "10.1.0.0/16")"},
      {R"(declared_size >= 10M)", R"(declared_size > 10M)"},
      // No size was announced: it is neither less nor not less.
      {R"(not declared_size < 10M)", R"(declared_size >= 10M)"},
      {R"(helo ends_with "x.example")", R"(helo ends_with ".x.example")"},
      {R"(helo matches "^dsl")", R"(helo starts_with "dsl")"},
      {R"(helo == client.name)", R"(helo == client.reverse_name)"},
      // One recipient may be the one, another the other.
      {R"(recipients contains "a@x.example")", R"(not recipients contains "b@x.example")"},
      {R"(helo within "x.example")", R"(helo == "x.example")"},
      {R"(helo within ["a.x.example", "y.example"])", R"(helo within "x.example")"},
      {R"(helo within "x.example")", R"(not helo within "a.x.example")"},
      {R"(helo ends_with "x.example")", R"(helo within "x.example")"},
      // A name may end in a dot, which belongs to no domain.
      {R"(helo within "x.example")", R"(helo ends_with "x.example")"},
  };
  for (const auto& [given, following] : pairs) {
    const auto a = condition(given);
    const auto b = condition(following);
    EXPECT_FALSE(implies(only_literal(*a), only_literal(*b))) << given << " => " << following;
  }
}

/// The alternatives of a condition that has one.
std::optional<Contradiction> contradiction(const std::string& text,
                                           const Surroundings& surroundings = {}) {
  static std::vector<std::shared_ptr<const Condition>> kept;  // what literals point into
  kept.push_back(condition(text));
  const auto products = products_of(kept.back()->program());
  EXPECT_TRUE(products && products->size() == 1) << text;
  return contradiction_in(products->front(), surroundings);
}

std::vector<std::string> texts_of(const std::optional<Contradiction>& found) {
  std::vector<std::string> texts;
  if (!found) return texts;
  for (const auto& literal : found->literals) texts.push_back(to_text(literal));
  return texts;
}

TEST(Logic, NamesOnlyWhatExcludesEachOther) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts_of(contradiction(R"(time > "08:00" and time in "06:00-08:00" and tls)")),
            (Texts{R"(time > "08:00:00")", R"(time in "06:00:00-08:00:00")"}));
  EXPECT_EQ(texts_of(contradiction(R"(weekday in ["sat", "sun"] and weekday != "sat" and
                                      weekday != "mon" and weekday != "sun")")),
            (Texts{R"(weekday in ["sat", "sun"])", R"(not weekday == "sat")",
                   R"(not weekday == "sun")"}));
  EXPECT_EQ(texts_of(contradiction(R"(not time in ["00:00-12:00", "12:00-24:00"])")),
            (Texts{R"(not time in ["00:00:00-12:00:00", "12:00:00-24:00:00"])"}));
  EXPECT_EQ(texts_of(contradiction(R"(date == "2026-12-24" and date != "2026-12-24")")).size(), 2U);
  // A moment is left.
  EXPECT_FALSE(contradiction(R"(time >= "08:00" and time in "06:00-08:00:01")"));
  EXPECT_FALSE(contradiction(R"(not time in ["00:00-12:00", "12:00:01-24:00"])"));
  EXPECT_FALSE(contradiction(R"(date > "2026-12-23" and date < "2026-12-25")"));
}

TEST(Logic, KnowsWhereAConditionIsAsked) {
  const Surroundings late{{"rcpt", "data"}, {"policy"}};
  EXPECT_TRUE(contradiction(R"(stage == "mail" and tls)", late));
  EXPECT_TRUE(contradiction(R"(stage != "rcpt" and stage != "data")", late));
  EXPECT_TRUE(contradiction(R"(door == "milter")", late));
  EXPECT_FALSE(contradiction(R"(stage in ["mail", "data"] and door != "milter")", late));
  EXPECT_FALSE(contradiction(R"(stage == "mail" and door == "milter")"));
}

TEST(Logic, ShortensLongLists) {
  const auto list = condition(R"(client.port in [1, 2, 3, 4, 5, 6, 7, 8])");
  EXPECT_EQ(to_text(only_literal(*list)), "client.port in [1, 2, 3, 4, 5, 6, 7, ...]");
}

TEST(Logic, GivesUpWhereAlternativesGrowBeyondBounds) {
  std::string text;
  for (int i = 0; i < 7; ++i) {
    text += (i > 0 ? " and " : "") + std::string("(client.port == 1 or helo == \"x\")");
  }
  EXPECT_FALSE(products_of(condition(text)->program()));
}

/// Small worlds in which everything meets: few names, few values.
class RandomConditions {
 public:
  explicit RandomConditions(unsigned seed) : random_(seed) {}

  std::string text(int depth = 0) {
    switch (depth < 3 ? pick(6) : 5) {
      case 0:
      case 1:
        return '(' + text(depth + 1) + " and " + text(depth + 1) + ')';
      case 2:
      case 3:
        return '(' + text(depth + 1) + " or " + text(depth + 1) + ')';
      case 4:
        return "not " + text(depth + 1);
      default:
        return test();
    }
  }
  Transaction transaction() {
    static const std::vector<std::string> senders{"", "a@x.example", "b@sub.x.example", "A@y.org"};
    static const std::vector<std::string> addresses{"10.1.0.1", "10.2.0.1", "192.0.2.1"};
    static const std::vector<std::string> helos{"x.example", "sub.x.example", "y.org", "Y.org."};
    Transaction result;
    result.stage = pick(2) == 0 ? Stage::rcpt : Stage::data;
    result.door = pick(2) == 0 ? Door::milter : Door::policy;
    // A week around the new year of 2027, by quarters of an hour.
    result.time = std::chrono::sys_days(std::chrono::year{2026} / 12 / 28) +
                  std::chrono::minutes(15 * pick(4 * 24 * 7));
    result.client.address = IpAddress::parse(addresses[pick(3)]);
    if (pick(4) > 0) result.sender = MailAddress::from_envelope(senders[pick(4)]);
    result.helo = pick(4) == 0 ? Told<std::string>::absent() : Told<std::string>(helos[pick(4)]);
    result.client.name = pick(2) == 0 ? Told<std::string>() : Told<std::string>(helos[pick(4)]);
    result.declared_size = pick(3) == 0
                               ? Told<std::int64_t>::absent()
                               : Told<std::int64_t>(static_cast<std::int64_t>(pick(6)) * 10);
    result.tls.version = pick(2) == 0 ? Told<std::string>::absent() : Told<std::string>("TLSv1.3");
    return result;
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string test() {
    static const std::vector<std::string> tests{
        R"(sender == "a@x.example")",
        R"(sender in ["a@x.example", "a@y.org"])",
        R"(sender == "<>")",
        R"(sender.domain == "x.example")",
        R"(sender.domain ends_with "x.example")",
        R"(sender.domain ends_with ".x.example")",
        R"(sender.local == "a")",
        R"(client.ip in "10.0.0.0/8")",
        R"(client.ip == "10.1.0.1")",
        R"(client.ip in ["10.1.0.0/16", "192.0.2.0/24"])",
        R"(helo == client.name)",
        R"(helo == "x.example")",
        R"(helo contains "x")",
        R"(helo starts_with "sub")",
        R"(helo matches "^sub")",
        R"(declared_size > 20)",
        R"(declared_size >= 40)",
        R"(declared_size < 30)",
        R"(declared_size == 20)",
        R"(tls)",
        R"(helo within "x.example")",
        R"(helo within ["sub.x.example", "y.org"])",
        R"(helo ends_with ".x.example")",
        R"(weekday in ["sat", "sun"])",
        R"(weekday != "mon")",
        R"(time in "08:00-18:00")",
        R"(time < "09:00")",
        R"(date >= "2027-01-01")",
        R"(date == "2026-12-31")",
        R"(stage == "rcpt")",
        R"(stage == "mail")",
        R"(door == "policy")",
        R"(door == "library")",
    };
    return tests[pick(tests.size())];
  }
  std::mt19937 random_;
};

bool all_contradict(const std::optional<std::vector<Product>>& products,
                    const Surroundings& surroundings = {}) {
  return products && std::all_of(products->begin(), products->end(), [&](const Product& product) {
           return contradiction_in(product, surroundings).has_value();
         });
}

TEST(Logic, WhatItClaimsHoldsInRandomWorlds) {
  RandomConditions random(20261121);
  const Facts facts;
  std::size_t never = 0;
  std::size_t never_only_here = 0;
  std::size_t always = 0;
  std::size_t following = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto a = condition(random.text());
    const auto b = condition(random.text());
    const auto of_a = products_of(a->program());
    const auto of_b = products_of(b->program());
    const bool never_a = all_contradict(of_a);
    const bool always_a = all_contradict(products_of_opposite(a->program()));
    // These worlds know no other stages.
    const Surroundings worlds{{"rcpt", "data"}, {"milter", "policy"}};
    const bool never_here = all_contradict(of_a, worlds);
    const bool follows =
        of_a && of_b && std::all_of(of_a->begin(), of_a->end(), [&](const Product& product) {
          return contradiction_in(product) ||
                 std::any_of(of_b->begin(), of_b->end(),
                             [&](const Product& other) { return implies(product, other); });
        });
    never += never_a ? 1U : 0U;
    always += always_a ? 1U : 0U;
    following += follows ? 1U : 0U;
    never_only_here += never_here && !never_a ? 1U : 0U;
    if (!never_here && !never_a && !always_a && !follows) continue;
    for (int j = 0; j < 200; ++j) {
      const auto transaction = random.transaction();
      const auto truth = a->truth(transaction, facts);
      EXPECT_FALSE((never_a || never_here) && truth == Truth::yes) << a->source();
      EXPECT_FALSE(always_a && truth == Truth::no) << a->source();
      EXPECT_FALSE(follows && truth == Truth::yes && b->truth(transaction, facts) != Truth::yes)
          << a->source() << " => " << b->source();
    }
  }
  // The worlds are small enough for each claim to be made.
  EXPECT_GT(never, 10U);
  EXPECT_GT(never_only_here, 10U);
  EXPECT_GT(always, 10U);
  EXPECT_GT(following, 50U);
}

}  // namespace
}  // namespace postern::expression

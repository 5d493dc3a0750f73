#include "rules/rule_index.h"

#include "rules/needs.h"
#include "support/rules.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace postern {
namespace {

/// A few values that meet often, in spellings that compare as equal and not.
class Words {
 public:
  explicit Words(unsigned seed) : random_(seed) {}

  template <std::size_t N>
  std::string one_of(const std::array<const char*, N>& all) {
    return all[random_() % N];
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  std::string domain() {
    return one_of(std::array{"a.example", "A.Example", "a.example.", "b.a.example", "example", ""});
  }
  std::string address() {
    return one_of(
        std::array{"bob@a.example", "Bob@A.EXAMPLE", "bob@b.a.example", "amy@a.example", "bob"});
  }
  std::string ip() {
    return one_of(
        std::array{"192.0.2.1", "192.0.2.130", "198.51.100.7", "2001:db8::1", "2001:db9::1"});
  }

  std::string test() {
    const auto name =
        one_of(std::array{"sender.domain", "helo", "client.name", "recipient.domain"});
    switch (random_() % 9) {
      case 0:
        return name + " == \"" + domain() + "\"";
      case 1:
        return name + " in [\"" + domain() + "\", \"" + domain() + "\"]";
      case 2:
        return name + " ends_with \"" +
               one_of(std::array{".example", "EXAMPLE.", "e", "a.example"}) + "\"";
      case 3:
        return name + " starts_with \"" + one_of(std::array{"a", "B.A", "exam", "a.example"}) +
               "\"";
      case 4:
        return one_of(std::array{"sender", "recipient"}) + " == \"" + address() + "\"";
      case 5:
        return one_of(std::array{"sender", "recipient"}) +
               one_of(std::array{" ends_with \"example\"", " starts_with \"BOB@\""});
      case 6:
        return "client.ip in [\"" +
               one_of(std::array{"192.0.2.0/24", "192.0.2.1", "192.0.2.128/25", "2001:db8::/32",
                                 "0.0.0.0/0"}) +
               "\"]";
      case 7:
        return one_of(std::array{"client.user == \"Bob\"", "sender == \"<>\"",
                                 "sender.local == \"BOB\"", "not client.authenticated",
                                 "sender == recipient"});
      default:
        return "not " + name + " == \"" + domain() + "\"";
    }
  }
  std::string condition() {
    auto text = test();
    for (int i = 0; i < 3 && chance(45); ++i) {
      text = "(" + text + ")" + (chance(50) ? " and " : " or ") + test();
    }
    return text;
  }

  template <typename T>
  Told<T> told(T value) {
    if (chance(15)) return {};
    if (chance(10)) return Told<T>::absent();
    return value;
  }
  Transaction transaction() {
    auto made = test::ordinary_transaction(chance(80) ? Stage::rcpt : Stage::data);
    made.client.address = chance(10) ? std::nullopt : IpAddress::parse(ip());
    made.client.name = told(domain());
    made.helo = told(domain());
    made.authentication.user = told<std::string>(chance(50) ? "Bob" : "bob");
    made.sender = MailAddress::from_unquoted(address());
    if (chance(15)) made.sender = MailAddress();
    if (chance(10)) made.sender = {};
    if (made.stage == Stage::rcpt) made.recipient = MailAddress::from_unquoted(address());
    return made;
  }

 private:
  std::mt19937 random_;
};

TEST(RuleIndex, PassesOverNoRuleThatMightSayAnythingButNo) {
  std::size_t asked = 0;
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    Words words(seed);
    std::vector<Rule> rules;
    for (int i = 0; i < 60; ++i) {
      rules.push_back(test::rejecting(
          test::rule("r" + std::to_string(i), Stage::rcpt, words.condition()), "policy-reject"));
    }
    const RuleIndex index(rules);
    for (int i = 0; i < 40; ++i) {
      const auto transaction = words.transaction();
      auto finds = index.finds(transaction);
      for (std::size_t at = 0; at < rules.size(); ++at) {
        ++asked;
        if (finds.next(at) == at) {
          ++found;
          continue;
        }
        ASSERT_EQ(rules[at].condition.truth(transaction, {}), Truth::no)
            << rules[at].condition.source() << " in world " << seed << ", transaction " << i;
      }
    }
  }
  // An index that finds everything could not fail.
  EXPECT_LT(found * 3, asked * 2);
}

TEST(RuleIndex, FindsByValueWhateverTheNumberOfRules) {
  std::vector<Rule> rules;
  for (int i = 0; i < 1000; ++i) {
    rules.push_back(
        test::rejecting(test::rule("r" + std::to_string(i), Stage::rcpt,
                                   "sender.domain == 'd" + std::to_string(i) + ".example'"),
                        "policy-reject"));
  }
  rules.push_back(test::rejecting(test::rule("any", Stage::rcpt, ""), "policy-reject"));
  const RuleIndex index(rules);
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_unquoted("x@D700.Example");
  auto finds = index.finds(transaction);
  EXPECT_EQ(finds.next(0), 700U);
  EXPECT_EQ(finds.next(701), 1000U);
  EXPECT_EQ(finds.next(1001), rules.size());
}

TEST(RuleIndex, ARuleInShadowIsAlwaysFound) {
  std::vector<Rule> rules;
  for (int i = 0; i < 100; ++i) {
    rules.push_back(test::in_shadow(test::rejecting(
        test::rule("r" + std::to_string(i), Stage::rcpt, "sender.domain == 'x.example'"),
        "policy-reject")));
  }
  const RuleIndex index(rules);
  auto finds = index.finds(test::ordinary_transaction(Stage::rcpt));
  EXPECT_EQ(finds.next(0), 0U);
  EXPECT_EQ(finds.next(99), 99U);
}

}  // namespace
}  // namespace postern

// That the comparison can fail: whatever is not the same is said, and where.
#include "scenarios/play.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::scenarios {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* scenario_text = R"(
about = "one refused, one accepted"
[policy]
text = '''
[[rule]]
name = "unknown users"
when = 'recipient == "nobody@example.org"'
reject = "rcpt-unknown"
'''
[[session]]
client = { ip = "192.0.2.7", name = "mail.example.net" }
[[session.message]]
sender = "<alice@example.net>"
rcpt = [
  { to = "<nobody@example.org>", verdict = "reject", rule = "unknown users", reason = "rcpt-unknown", reply = "550 5.1.1" },
  { to = "<bob@example.org>", verdict = "pass" },
]
)";

constexpr const char* other_reason = R"(
[[rule]]
name = "unknown users"
when = 'recipient == "nobody@example.org"'
reject = "mailbox-disabled"
)";

constexpr const char* other_recipient = R"(
[[rule]]
name = "unknown users"
when = 'recipient == "bob@example.org"'
reject = "rcpt-unknown"
)";

constexpr const char* other_text = R"(
[[rule]]
name = "unknown users"
when = 'recipient == "nobody@example.org"'
reject = "rcpt-unknown"
text = "Nobody of that name lives here."
)";

Scenario scenario(std::string text = scenario_text) { return read_scenario(text, "test", "/"); }

std::string replaced(std::string_view what, std::string_view by) {
  std::string text = scenario_text;
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, what.size(), by);
}

TEST(Comparison, FindsNothingWhenAllAgree) { EXPECT_THAT(play(scenario()), IsEmpty()); }

TEST(Comparison, ReportsAnotherReasonAtTheMilter) {
  const auto found = play(scenario(), {other_reason, {}});
  EXPECT_THAT(found, Contains(AllOf(StartsWith("milter, session 1, message 1, rcpt "
                                               "<nobody@example.org>: the client's reply"),
                                    HasSubstr("\"550 5.2.1\", not \"550 5.1.1\""))));
  EXPECT_THAT(found, Contains(HasSubstr("the record's reason is \"mailbox-disabled\"")));
  EXPECT_THAT(found, Contains(HasSubstr("the replay's reason is \"rcpt-unknown\"")));
  EXPECT_THAT(found, Contains(HasSubstr("the record's policy")));
  EXPECT_THAT(found, Each(Not(StartsWith("policy"))));
}

TEST(Comparison, ReportsAnotherReasonAtThePolicyService) {
  const auto found = play(scenario(), {{}, other_reason});
  EXPECT_THAT(found, Contains(AllOf(StartsWith("policy, session 1, message 1, rcpt "
                                               "<nobody@example.org>: the client's reply"),
                                    HasSubstr("\"550 5.2.1\", not \"550 5.1.1\""))));
  EXPECT_THAT(found, Each(Not(StartsWith("milter"))));
}

TEST(Comparison, ReportsTheWrongRecipientRefused) {
  const auto found = play(scenario(), {{}, other_recipient});
  EXPECT_THAT(found, Contains(HasSubstr("<nobody@example.org>: the answer is \"no refusal\"")));
  EXPECT_THAT(found, Contains(HasSubstr("<bob@example.org>: the answer is \"a refusal\"")));
}

TEST(Comparison, ReportsOtherWordsUnderTheSameCode) {
  const auto found = play(scenario(), {other_text, {}});
  EXPECT_THAT(found, Contains(HasSubstr("the client reads \"Nobody of that name lives here.")));
}

TEST(Comparison, ReportsALibraryThatIsNotAsTheFileSays) {
  EXPECT_THAT(play(scenario(replaced("550 5.1.1", "550 5.7.1"))),
              Contains(HasSubstr("library, session 1, message 1, rcpt <nobody@example.org>: reply "
                                 "is \"550 5.1.1\", not \"550 5.7.1\"")));
  EXPECT_THAT(play(scenario(replaced("verdict = \"pass\"", "verdict = \"accept\""))),
              Contains(HasSubstr("<bob@example.org>: verdict is \"pass\", not \"accept\"")));
}

TEST(Comparison, ReportsADoorThatDoesNotDifferAsItShould) {
  const auto found = play(scenario(
      replaced("verdict = \"pass\" }",
               "verdict = \"pass\", why = \"it is said so\", policy = { verdict = \"defer\" } }")));
  EXPECT_THAT(found, Contains(AllOf(StartsWith("policy, "), HasSubstr("the answer is"))));
  EXPECT_THAT(found, Each(StartsWith("policy, ")));
}

TEST(ScenarioText, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(scenario(replaced("verdict = \"pass\"", "verdikt = \"pass\"")), ScenarioError);
  EXPECT_THROW(scenario(replaced("verdict = \"pass\"", "reply = \"550\"")), ScenarioError);
  EXPECT_THROW(scenario(replaced("sender = ", "sendre = ")), ScenarioError);
  EXPECT_THROW(scenario(replaced("verdict = \"pass\"",
                                 "verdict = \"pass\", policy = { verdict = \"pass\" }")),
               ScenarioError);
}

}  // namespace
}  // namespace postern::scenarios

// Near misses of the lints of `postern check`: what stands beside a fault and is none. The faults
// themselves are golden files (tests/golden/diagnostics/lint-*).
#include "model/text.h"
#include "rules/effects.h"
#include "rules/schema.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace postern {
namespace {

using testing::diagnostics_of;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string milter = "[listen]\nmilter = \"unix:/m\"\n";
const std::string policy_service = "[listen]\npolicy = \"unix:/p\"\n";
const std::string postmaster =
    "[[rule]]\nname = \"postmaster\"\nwhen = 'recipient.local in [\"postmaster\", \"abuse\"]'\n"
    "accept = \"message\"\n";

std::string rule(const std::string& when, const std::string& keys) {
  static int number = 0;
  return "[[rule]]\nname = \"rule " + std::to_string(++number) + "\"\nwhen = '" + when + "'\n" +
         keys + '\n';
}

TEST(Lints, SayNothingOfEarlyRefusalsThatMeasureOnly) {
  EXPECT_EQ(diagnostics_of(milter + rule("declared_size > 20MB", "reject = \"message-too-big\"")),
            "");
}

TEST(Lints, SayNothingOfEarlyRefusalsBehindAnAcceptForAll) {
  const auto text =
      diagnostics_of(milter + "[[rule]]\nname = \"all\"\nstage = \"mail\"\naccept = \"message\"\n" +
                     rule("helo == \"x\"", "stage = \"mail\"\nreject = \"client-blocked\""));
  EXPECT_THAT(text, Not(HasSubstr("postmaster")));
}

TEST(Lints, SayNothingOfPostmasterToWhomARuleCannotApply) {
  EXPECT_EQ(diagnostics_of(milter +
                           rule("recipient == \"old@example.org\"", "reject = \"rcpt-unknown\"")),
            "");
  EXPECT_EQ(diagnostics_of(milter + postmaster +
                           rule("recipients contains \"robot@example.org\"",
                                "discard = \"robots\"\nacknowledge_loss = true")),
            "");
}

TEST(Lints, SayNothingOfLateRefusalsBehindAnAcceptOfTheMessage) {
  EXPECT_EQ(diagnostics_of(milter + postmaster +
                           rule("client.ip in \"198.51.100.0/24\"",
                                "stage = \"data\"\ndiscard = \"x\"\nacknowledge_loss = true")),
            "");
}

TEST(Lints, SayNothingOfAnAcceptThatHoldsAtAllTimesBesideOneThatDoesNot) {
  EXPECT_EQ(diagnostics_of(
                milter +
                rule("recipient.local in [\"postmaster\", \"abuse\"] and weekday == \"mon\"",
                     "accept = \"message\"") +
                rule("recipient.local in [\"postmaster\", \"abuse\"]", "accept = \"message\"") +
                rule("client.ip in \"198.51.100.0/24\"",
                     "stage = \"rcpt\"\nreject = \"client-blocked\"")),
            "");
}

TEST(Lints, SayNothingOfMacrosWhereAMilterTellsThem) {
  const auto macro = rule("macro(\"daemon_name\") == \"inside\"", "accept = \"message\"");
  EXPECT_EQ(diagnostics_of(milter + macro), "");
  EXPECT_EQ(diagnostics_of(milter + "policy = \"unix:/p\"\n" + macro), "");
  EXPECT_EQ(diagnostics_of(macro), "") << "a library may tell them";
  EXPECT_THAT(diagnostics_of(policy_service + macro), HasSubstr("never told of macros"));
}

TEST(Lints, SayNothingOfScoresThatCanGetThere) {
  const std::string adders = rule("not tls", "score = { spam = 2, ham = -2 }") +
                             rule("helo == \"x\"", "score = { spam = 3 }");
  for (const auto* test : {"score.spam >= 5", "score.spam > 4.999", "score.ham <= -2",
                           "score.ham < 0", "score.spam == 0", "score.spam in [3, 100]"}) {
    EXPECT_EQ(diagnostics_of(milter + adders + rule(test, "accept = \"message\"")), "") << test;
  }
  for (const auto* test : {"score.spam > 5", "score.ham > 0", "score.spam <= 5", "score.ham < -2",
                           "score.spam in [-1, 6]"}) {
    EXPECT_THAT(diagnostics_of(milter + adders + rule(test, "accept = \"message\"")),
                HasSubstr(" true: with all that the rules before this one add"))
        << test;
  }
}

TEST(Lints, SayNothingOfPointsForANameThatNothingRestsOn) {
  EXPECT_EQ(diagnostics_of(milter + rule("client.name == \"a.example\"", "score = { x = -1 }")),
            "");
}

TEST(Lints, SayNothingOfHostNamesThatAreComparedWithNames) {
  EXPECT_EQ(diagnostics_of(milter + rule("helo == \"\" and not client.name == \"a.example\"",
                                         "accept = \"stage\"")),
            "");
}

TEST(Lints, SayNothingOfTimesAndWordsThatLeaveSomethingOut) {
  EXPECT_EQ(
      diagnostics_of(milter + rule("weekday in [\"sat\", \"sun\"] and time in \"00:00-23:59\" "
                                   "and door in [\"milter\", \"policy\"]",
                                   "accept = \"stage\"")),
      "");
}

TEST(Lints, SayNothingOfStagesAtWhichARuleIsAskedAgain) {
  EXPECT_EQ(diagnostics_of(milter + rule("stage == \"end-of-headers\" and helo == \"x\"",
                                         "accept = \"stage\"")),
            "");
}

TEST(Lints, SayNothingOfDelaysThatDoNotMeet) {
  const auto slow = [](int seconds) {
    return rule("not tls", "delay = \"" + std::to_string(seconds) + "s\"");
  };
  const std::string limits = "[limits]\ndeadline = \"16s\"\n";
  // Two rules that decide never both act, what is said at the end has its own time, and at the
  // policy service Postfix has more patience.
  EXPECT_THAT(diagnostics_of(milter + limits +
                             rule("client.ip in \"198.51.100.0/24\"",
                                  "stage = \"mail\"\naccept = \"stage\"\ndelay = \"12s\"") +
                             rule("client.ip in \"203.0.113.0/24\"",
                                  "stage = \"mail\"\naccept = \"stage\"\ndelay = \"12s\"") +
                             rule("size > 1MB", "delay = \"15s\"")),
              Not(HasSubstr("warning")));
  EXPECT_EQ(diagnostics_of(policy_service + limits + slow(15) + slow(15)), "");
  EXPECT_THAT(diagnostics_of(milter + limits + slow(12)), Not(HasSubstr("warning")));
  EXPECT_THAT(diagnostics_of(milter + limits + slow(13)), HasSubstr("milter_command_timeout"));
  EXPECT_THAT(diagnostics_of(milter + limits + slow(6) + slow(7)),
              HasSubstr("milter_command_timeout"));
  EXPECT_EQ(diagnostics_of(milter + slow(1)), "");
  EXPECT_THAT(diagnostics_of(milter + slow(2)), HasSubstr("sendmail waits 10s"));
}

TEST(Lints, TheGreatestDeadlineAndDelayStayBelowWhatMailServersWait) {
  using std::chrono::milliseconds;
  const auto* deadline = find_key("limits.deadline");
  const auto* delay = find_key("rule.delay");
  ASSERT_NE(deadline, nullptr);
  ASSERT_NE(delay, nullptr);
  EXPECT_EQ(milliseconds(delay->most), longest_delay) << "one rule may delay as long as all";
  // postconf(5): milter_command_timeout, smtpd_policy_service_timeout. The milter's is warned of
  // where delays come on top.
  EXPECT_LT(milliseconds(deadline->most), milliseconds(28'000));
  EXPECT_LT(milliseconds(deadline->most) + longest_delay, milliseconds(100'000));
}

TEST(Lints, ShortenWhatIsCitedInTheMiddle) {
  EXPECT_EQ(postern::quoted("short"), "\"short\"");
  EXPECT_EQ(postern::quoted(std::string(100, 'a')), '"' + std::string(100, 'a') + '"');
  EXPECT_EQ(postern::quoted(std::string(70, 'a') + std::string(70, 'b')),
            '"' + std::string(60, 'a') + "..." + std::string(37, 'b') + '"');
  // Of two octets each; none is cut.
  std::string umlauts = "x";
  for (int i = 0; i < 80; ++i) umlauts += "\xC3\xBC";
  const auto text = postern::quoted(umlauts);
  EXPECT_EQ(text.size(), 2 + 59 + 3 + 36U);
  EXPECT_EQ(text.substr(58, 7), "\xC3\xBC...\xC3\xBC");
}

}  // namespace
}  // namespace postern

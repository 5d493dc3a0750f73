#include "runtime/postfix_config.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

constexpr const char* main_cf =
    "# a comment\n"
    "compatibility_level = 3.6\n"
    "mynetworks = 127.0.0.0/8\n"
    "smtpd_milters =\n"
    "\n"
    "  unix:postern/milter.sock,\n"
    "# a comment inside\n"
    "  $other_milters\n"
    "other_milters = inet:localhost:8891\n"
    "milter_default_action = accept\n"
    "milter_default_action = tempfail\n"
    "loop = $loop\n";

constexpr const char* master_cf =
    "# service type  private unpriv  chroot  wakeup  maxproc command + args\n"
    "smtp      inet  n       -       y       -       -       smtpd\n"
    "#smtps    inet  n       -       y       -       -       smtpd\n"
    "submission inet n       -       n       -       -       smtpd\n"
    "  -o smtpd_milters=\n"
    "  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject }\n"
    "2525      inet  n       -       -       -       -       smtpd -o "
    "milter_default_action=reject\n"
    "pickup    unix  n       -       y       60      1       pickup\n";

TEST(PostfixConfig, JoinsContinuationLinesAndTakesTheLaterOfTwoSettings) {
  const auto config = read_postfix_config(main_cf, master_cf);
  EXPECT_EQ(config.value("smtpd_milters"), "unix:postern/milter.sock, inet:localhost:8891");
  EXPECT_EQ(config.value("milter_default_action"), "tempfail");
  EXPECT_EQ(config.value("not_there"), "");
}

TEST(PostfixConfig, SplitsAListAtCommasAndWhiteSpaceButNotInBraces) {
  using Items = std::vector<std::string>;
  EXPECT_EQ(postfix_items(" a,b , c\td{x y}e {f, {g h}} "),
            (Items{"a", "b", "c", "d{x y}e", "{f, {g h}}"}));
  EXPECT_EQ(postfix_items(" ,, "), Items{});
  EXPECT_EQ(postfix_items("{ never ends"), Items{"{ never ends"});
}

TEST(PostfixConfig, ReadsAServerWithItsOwnSettings) {
  const auto server = read_postfix_server(
      "{ inet:localhost:1, timeout=3s,default_action={450 4.3.2 later}, { policy_context = end } "
      "}");
  EXPECT_EQ(server.endpoint, "inet:localhost:1");
  EXPECT_EQ(server.setting("timeout"), "3s");
  EXPECT_EQ(server.setting("default_action"), "450 4.3.2 later");
  EXPECT_EQ(server.setting("policy_context"), "end");
  EXPECT_EQ(server.setting("try_limit"), "");
  EXPECT_EQ(read_postfix_server("unix:x").endpoint, "unix:x");
  EXPECT_EQ(read_postfix_server("{}").endpoint, "");
}

TEST(PostfixConfig, KnowsTheProgramsThatMasterCfSpawns) {
  const auto config = read_postfix_config(
      "", "policy  unix - n n - 0 spawn\n    user=nobody argv=/usr/sbin/postern spawn --to x\n");
  ASSERT_EQ(config.spawn.size(), 1U);
  EXPECT_EQ(config.spawn[0].name, "policy");
  EXPECT_EQ(config.spawn[0].program,
            (std::vector<std::string>{"/usr/sbin/postern", "spawn", "--to", "x"}));
  EXPECT_TRUE(config.smtpd.empty());
}

TEST(PostfixConfig, ANameThatStandsForItselfEnds) {
  EXPECT_EQ(read_postfix_config(main_cf, master_cf).value("loop").find("x"), std::string::npos);
}

TEST(PostfixConfig, KnowsTheSmtpdServicesAndTheirOwnSettings) {
  const auto config = read_postfix_config(main_cf, master_cf);
  ASSERT_EQ(config.smtpd.size(), 3U);
  EXPECT_EQ(config.smtpd[0].name, "smtp");
  EXPECT_EQ(config.value(config.smtpd[1], "smtpd_milters"), "");
  EXPECT_EQ(config.value(config.smtpd[1], "smtpd_recipient_restrictions"),
            "permit_sasl_authenticated, reject");
  EXPECT_EQ(config.value(config.smtpd[2], "milter_default_action"), "reject");
}

TEST(PostfixConfig, ADashInTheChrootColumnMeansWhatTheCompatibilityLevelSays) {
  const auto modern = read_postfix_config(main_cf, master_cf);
  EXPECT_TRUE(modern.chrooted(modern.smtpd[0]));
  EXPECT_FALSE(modern.chrooted(modern.smtpd[1]));
  EXPECT_FALSE(modern.chrooted(modern.smtpd[2]));
  const auto old = read_postfix_config("", master_cf);
  EXPECT_TRUE(old.chrooted(old.smtpd[2]));
}

TEST(PostfixConfig, ReadsTimesWithAndWithoutAUnit) {
  EXPECT_EQ(postfix_seconds("30", 's'), 30);
  EXPECT_EQ(postfix_seconds("5", 'm'), 300);
  EXPECT_EQ(postfix_seconds("2h", 's'), 7200);
  EXPECT_EQ(postfix_seconds("", 's'), -1);
  EXPECT_EQ(postfix_seconds("soon", 's'), -1);
  EXPECT_EQ(postfix_seconds("5mm", 's'), -1);
}

TEST(PostfixConfig, SurvivesUnfinishedFiles) {
  for (const char* text : {"", "\n", "  x", "a b c d e f g smtpd -o", "a b c d e f g smtpd -o {",
                           "=", "a b c d e f g smtpd -o { x = y"}) {
    read_postfix_config(text, text);
  }
}

}  // namespace
}  // namespace postern

// main.cf and master.cf as people write them, not as we print them.
#include "runtime/doctor_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Debian's own, without what has nothing to do with us.
const std::string debian_main =
    "smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\n"
    "biff = no\n"
    "compatibility_level = 3.6\n"
    "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated "
    "defer_unauth_destination\n"
    "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n";
const std::string debian_master =
    "smtp      inet  n       -       y       -       -       smtpd\n"
    "#submission inet n       -       y       -       -       smtpd\n"
    "pickup    unix  n       -       y       60      1       pickup\n";

class DoctorPostfix : public ::testing::Test {
 protected:
  DoctorPostfix() {
    settings_.listen.policy = {ListenAddress::parse("inet:127.0.0.1:10044").value()};
    place_.postfix_directory = "/etc/postfix";
  }
  std::string told(const std::string& main_cf, const std::string& master_cf = debian_master) {
    Findings findings;
    examine_postfix(settings_, place_, read_postfix_config(main_cf, master_cf), findings);
    return render(findings.all());
  }
  void use_milter(const std::string& address) {
    settings_.listen.policy.clear();
    settings_.listen.milter = ListenAddress::parse(address).value();
  }

  Settings settings_;
  DoctorPlace place_;
};

TEST_F(DoctorPostfix, JudgesUsByOurOwnSettingsAndNotByAnotherServices) {
  const auto text = told(
      debian_main +
      "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,\n"
      "  check_policy_service { inet:127.0.0.1:10023, timeout=3s, default_action=DUNNO },\n"
      "  check_policy_service { inet:127.0.0.1:10044, policy_context=recipient, timeout=15s }\n");
  EXPECT_THAT(text, HasSubstr("ok       service smtp asks the policy service in smtpd_recipient"));
  EXPECT_THAT(text, HasSubstr("\nNo problem found.\n"));
}

TEST_F(DoctorPostfix, JudgesOurSettingsWhereverTheyStand) {
  const auto text = told(
      debian_main +
      "smtpd_recipient_restrictions =\n"
      "\tcheck_policy_service { inet:localhost:10023 }\n"
      "\tcheck_policy_service {inet:localhost:10044,timeout=2s, { default_action = 554 5.7.1 no } "
      "}\n");
  EXPECT_THAT(text, HasSubstr("timeout of check_policy_service is 2 s, not above"));
  EXPECT_THAT(text, HasSubstr("smtpd_policy_service_default_action = 554 5.7.1 no, which bounces"));
}

TEST_F(DoctorPostfix, TookATimeoutForLongEnoughThatTheDelaysOfRulesOutlast) {
  const std::string list = debian_main +
                           "smtpd_recipient_restrictions = permit_mynetworks, "
                           "reject_unauth_destination,\n"
                           "  check_policy_service { inet:127.0.0.1:10044, timeout=15s }\n";
  EXPECT_THAT(told(list), HasSubstr("\nNo problem found.\n"));
  place_.delay = std::chrono::milliseconds(10'000);
  EXPECT_THAT(told(list), HasSubstr("timeout of check_policy_service is 15 s, not above our "
                                    "deadline of 8000 ms and the 10000 ms that rules delay an "
                                    "answer"));
}

TEST_F(DoctorPostfix, FindsTheRelayCheckInTheRelayList) {
  const std::string list =
      "smtpd_policy_service_timeout = 15\n"
      "smtpd_recipient_restrictions = permit_mynetworks, check_policy_service "
      "inet:127.0.0.1:10044\n";
  EXPECT_THAT(told(debian_main + list), HasSubstr("\nNo problem found.\n"));
  EXPECT_THAT(told(debian_main + list + "smtpd_relay_restrictions =\n"),
              HasSubstr("PROBLEM  service smtp: check_policy_service stands before "
                        "reject_unauth_destination"));
  // Postfix's own default has it, since people have a compatibility level.
  EXPECT_THAT(told("compatibility_level = 3.6\n" + list), HasSubstr("\nNo problem found.\n"));
  EXPECT_THAT(told("compatibility_level = 0\n" + list), HasSubstr("stands before"));
}

TEST_F(DoctorPostfix, AListThatEndsWithRejectRelaysNothing) {
  EXPECT_THAT(told("smtpd_policy_service_timeout = 15s\n",
                   "submission inet n - n - - smtpd\n"
                   "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"
                   "  -o { smtpd_recipient_restrictions = check_policy_service "
                   "inet:127.0.0.1:10044, permit_sasl_authenticated, reject }\n"),
              HasSubstr("\nNo problem found.\n"));
}

TEST_F(DoctorPostfix, ALongerAddressThatBeginsWithOursIsNotOurs) {
  const auto asks = [&](const std::string& server) {
    return told(debian_main +
                "smtpd_policy_service_timeout = 15s\n"
                "smtpd_recipient_restrictions = check_policy_service " +
                server + "\n");
  };
  for (const char* server :
       {"inet:127.0.0.1:100441", "inet:127.0.0.1:1004", "inet:127.0.0.10:10044",
        "inet:mx2.example.org:10044", "unix:private/policyd-spf", "10044"}) {
    EXPECT_THAT(asks(server), HasSubstr("PROBLEM  no smtpd of /etc/postfix asks us")) << server;
  }
  for (const char* server : {"inet:127.0.0.1:10044", "inet:localhost:10044", "inet:LOCALHOST:10044",
                             "{inet:127.0.0.1:10044}", "{ inet:127.0.0.1:10044 }"}) {
    EXPECT_THAT(asks(server), HasSubstr("\nNo problem found.\n")) << server;
  }
}

TEST_F(DoctorPostfix, KnowsOurSocketByEverySpellingOfItsPath) {
  settings_.listen.policy = {
      ListenAddress::parse("unix:/var/spool/postfix/postern/policy.sock").value()};
  const auto asks = [&](const std::string& server) {
    return told(debian_main +
                "smtpd_policy_service_timeout = 15s\n"
                "smtpd_recipient_restrictions = check_policy_service " +
                server + "\n");
  };
  for (const char* server : {"unix:postern/policy.sock", "unix:postern/../postern//policy.sock",
                             // As a chrooted smtpd sees it.
                             "unix:/postern/policy.sock"}) {
    EXPECT_THAT(asks(server), HasSubstr("\nNo problem found.\n")) << server;
  }
  EXPECT_THAT(asks("unix:/var/spool/postfix/postern/policy.sock"),
              HasSubstr("write unix:postern/policy.sock instead"));
  EXPECT_THAT(asks("unix:postern/policy.sock2"), HasSubstr("no smtpd of"));
}

TEST_F(DoctorPostfix, FollowsARestrictionClass) {
  const std::string classes =
      "smtpd_policy_service_timeout = 15s\n"
      "smtpd_restriction_classes = greylist, ours\n"
      "greylist = check_policy_service inet:127.0.0.1:10023\n"
      "ours = check_policy_service inet:127.0.0.1:10044\n";
  EXPECT_THAT(
      told(debian_main + classes +
           "smtpd_recipient_restrictions = permit_mynetworks ours permit\n"),
      HasSubstr("ok       service smtp asks the policy service in smtpd_recipient_restrictions"));
  const auto by_table = told(debian_main + classes +
                             "smtpd_recipient_restrictions = check_recipient_access "
                             "hash:/etc/postfix/protected\n");
  EXPECT_THAT(by_table,
              HasSubstr("asks the policy service in ours, where an access table says so"));
  EXPECT_THAT(by_table, HasSubstr("\nNo problem found.\n"));
  EXPECT_THAT(told(debian_main + "smtpd_restriction_classes = a, b\na = b\nb = a\n"
                                 "smtpd_recipient_restrictions = a\n"),
              HasSubstr("no smtpd of"));
}

TEST_F(DoctorPostfix, FollowsASpawnServiceOfMasterCf) {
  const std::string main_cf = debian_main +
                              "smtpd_recipient_restrictions = check_policy_service "
                              "{ unix:private/policy-postern, timeout=15s }\n";
  const auto spawn = [](const std::string& chroot, const std::string& words) {
    return debian_master + "policy-postern unix - n " + chroot +
           " - 0 spawn\n    user=postern argv=" + words + "\n";
  };
  EXPECT_THAT(told(main_cf, spawn("n", "/usr/sbin/postern spawn")),
              HasSubstr("\nNo problem found.\n"));
  EXPECT_THAT(told(main_cf, spawn("n", "/usr/sbin/postern spawn --to inet:localhost:10044")),
              HasSubstr("\nNo problem found.\n"));
  const auto astray = told(main_cf, spawn("n", "/usr/sbin/postern spawn --to=unix:/run/old.sock"));
  EXPECT_THAT(astray, HasSubstr("policy-postern of master.cf relays to a socket where we do not"));
  EXPECT_THAT(astray, HasSubstr("no smtpd of"));
  EXPECT_THAT(told(main_cf, spawn("y", "/usr/sbin/postern spawn")),
              HasSubstr("policy-postern of master.cf is chrooted"));
  EXPECT_THAT(told(main_cf, spawn("n", "/usr/bin/policyd-spf")), HasSubstr("no smtpd of"));
  // One that no list names harms nobody.
  EXPECT_THAT(told(debian_main + "smtpd_recipient_restrictions = check_policy_service "
                                 "{ inet:127.0.0.1:10044, timeout=15s }\n",
                   spawn("y", "/usr/sbin/postern spawn --to unix:/run/old.sock")),
              HasSubstr("\nNo problem found.\n"));
}

TEST_F(DoctorPostfix, SaysThatBothDoorsOnOneServiceDecideTwice) {
  settings_.listen.milter = ListenAddress::parse("inet:127.0.0.1:10045").value();
  const std::string both = debian_main +
                           "smtpd_milters = inet:localhost:8891 inet:localhost:10045\n"
                           "smtpd_recipient_restrictions = check_policy_service "
                           "{ inet:127.0.0.1:10044, timeout=15s }\n";
  EXPECT_THAT(told(both), HasSubstr("note     service smtp asks us as a milter and as a policy "
                                    "service, so that we decide everything twice"));
  // One service each is fine.
  EXPECT_THAT(told(debian_main + "smtpd_milters = inet:localhost:10045\n",
                   "smtp inet n - y - - smtpd -o smtpd_milters=\n"
                   "  -o { smtpd_recipient_restrictions = check_policy_service "
                   "{ inet:127.0.0.1:10044, timeout=15s } }\n"
                   "587 inet n - y - - smtpd\n"),
              Not(HasSubstr("twice")));
}

TEST_F(DoctorPostfix, SeesWhatAMilterInBracesHasOfItsOwn) {
  use_milter("inet:127.0.0.1:10045");
  const auto text = told(debian_main +
                         "milter_default_action = tempfail\n"
                         "smtpd_milters = { inet:localhost:8891, default_action=reject, "
                         "command_timeout=1s }, { inet:localhost:10045, command_timeout=4s, "
                         "default_action=accept }\n");
  EXPECT_THAT(text, HasSubstr("milter_default_action = accept, which lets all mail past"));
  EXPECT_THAT(text, HasSubstr("milter_command_timeout is 4 s, not above"));
  EXPECT_THAT(text, Not(HasSubstr("bounces")));
}

TEST_F(DoctorPostfix, NamesAContextThatDoesNotFitTheList) {
  const auto with = [&](const std::string& context) {
    return told(debian_main +
                "smtpd_data_restrictions = check_policy_service "
                "{ inet:127.0.0.1:10044, timeout=15s" +
                context + " }\n");
  };
  EXPECT_THAT(with(", policy_context=recipient"),
              HasSubstr("WARNING  service smtp: policy_context=recipient in "
                        "smtpd_data_restrictions makes us answer as if another list had asked\n"
                        "         what to do: write policy_context=data\n"));
  EXPECT_THAT(with(", policy_context=submission"), HasSubstr("note     service smtp: policy_context"
                                                             "=submission in smtpd_data"));
  for (const char* well : {"", ", policy_context=data"}) {
    EXPECT_THAT(with(well), HasSubstr("\nNo problem found.\n"));
  }
}

TEST_F(DoctorPostfix, WarnsWhereOurRefusalsAreOnlyLogged) {
  EXPECT_THAT(told(debian_main + "smtpd_recipient_restrictions = warn_if_reject "
                                 "check_policy_service { inet:127.0.0.1:10044, timeout=15s }\n"),
              HasSubstr("WARNING  service smtp: warn_if_reject stands before us"));
}

}  // namespace
}  // namespace postern

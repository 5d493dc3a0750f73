// Times, calculations and domains in conditions.

#include "rules/condition.h"
#include "rules/local_clock.h"
#include "rules/org_domain.h"
#include "rules/rule_index.h"
#include "rules/values.h"
#include "support/rules.h"
#include "support/transactions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace postern {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ordinary_transaction;

Truth truth(std::string_view source, const Transaction& transaction) {
  const auto compiled = Condition::compile(source, {});
  if (const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&compiled)) {
    ADD_FAILURE() << source << ": " << problems->front().message;
    return Truth::unknown;
  }
  const auto& condition = std::get<Condition>(compiled);
  const auto outcome = condition.evaluate(transaction, {});
  EXPECT_EQ(outcome.truth, condition.truth(transaction, {})) << source;
  return outcome.truth;
}

/// One line a problem: "offset+length message | hint".
std::string faults(std::string_view source) {
  const auto result = Condition::compile(source, {});
  std::string text;
  if (const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    for (const auto& problem : *problems) {
      text += std::to_string(problem.offset) + "+" + std::to_string(problem.length) + " " +
              problem.message + (problem.hint.empty() ? "" : " | " + problem.hint) + "\n";
    }
  }
  return text;
}

std::string warnings(std::string_view source) {
  const auto result = Condition::compile(source, {});
  std::string text;
  if (const auto* condition = std::get_if<Condition>(&result)) {
    for (const auto& each : condition->warnings()) {
      text += std::to_string(each.offset) + "+" + std::to_string(each.length) + " " + each.message +
              " | " + each.hint + "\n";
    }
  } else {
    ADD_FAILURE() << source << " does not compile";
  }
  return text;
}

/// At this local time of Saturday, 2026-11-21.
Transaction at(hours hour, minutes minute = minutes(0), seconds second = seconds(0)) {
  using namespace std::chrono_literals;
  auto transaction = ordinary_transaction(Stage::end_of_message);
  transaction.utc_offset = 1h;
  transaction.time =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + hour + minute + second - 1h;
  return transaction;
}

TEST(TimeOfDay, IsComparedAsAClockShowsIt) {
  EXPECT_EQ(truth("time >= '08:00'", at(hours(8))), Truth::yes);
  EXPECT_EQ(truth("time > '08:00'", at(hours(8))), Truth::no);
  EXPECT_EQ(truth("time < '08:00:30'", at(hours(8), minutes(0), seconds(29))), Truth::yes);
  EXPECT_EQ(truth("time <= '07:59'", at(hours(8))), Truth::no);
  EXPECT_EQ(truth("'08:00' <= time", at(hours(8))), Truth::yes);
}

TEST(TimeOfDay, IsInAStretchThatEndsBeforeItsEnd) {
  const auto* office = "time in ['08:00-18:00']";
  EXPECT_EQ(truth(office, at(hours(7), minutes(59), seconds(59))), Truth::no);
  EXPECT_EQ(truth(office, at(hours(8))), Truth::yes);
  EXPECT_EQ(truth(office, at(hours(17), minutes(59), seconds(59))), Truth::yes);
  EXPECT_EQ(truth(office, at(hours(18))), Truth::no);
  EXPECT_EQ(truth("time in '08:00-24:00'", at(hours(23), minutes(59), seconds(59))), Truth::yes);
  EXPECT_EQ(truth("time not in ['08:00-12:00', '13:00-18:00']", at(hours(12), minutes(30))),
            Truth::yes);
}

TEST(TimeOfDay, IsInAStretchOverMidnight) {
  const auto* night = "time in '22:00-06:00'";
  EXPECT_EQ(truth(night, at(hours(21), minutes(59))), Truth::no);
  EXPECT_EQ(truth(night, at(hours(22))), Truth::yes);
  EXPECT_EQ(truth(night, at(hours(0))), Truth::yes);
  EXPECT_EQ(truth(night, at(hours(5), minutes(59))), Truth::yes);
  EXPECT_EQ(truth(night, at(hours(6))), Truth::no);
}

TEST(Days, AreThoseOfTheLocalTime) {
  EXPECT_EQ(truth("weekday in ['sat', 'sun']", at(hours(0), minutes(30))), Truth::yes);
  EXPECT_EQ(truth("weekday == 'sat' and date == '2026-11-21'", at(hours(0), minutes(30))),
            Truth::yes);
  auto in_utc = at(hours(0), minutes(30));
  in_utc.utc_offset = seconds(0);
  EXPECT_EQ(truth("weekday == 'fri' and date == '2026-11-20'", in_utc), Truth::yes);
  EXPECT_EQ(truth("date >= '2026-12-24' and date <= '2026-12-26'", in_utc), Truth::no);
  EXPECT_EQ(truth("date in ['2026-11-19', '2026-11-20']", in_utc), Truth::yes);
  auto ahead = at(hours(23));
  ahead.utc_offset = hours(14);
  EXPECT_EQ(truth("weekday == 'sun'", ahead), Truth::yes);
}

TEST(Days, AreRightBefore1970) {
  Transaction transaction;
  transaction.time = std::chrono::system_clock::time_point(seconds(-1));
  EXPECT_EQ(expression::time_of_day(transaction), 86'399);
  EXPECT_EQ(expression::date(transaction), -1);
  EXPECT_EQ(expression::weekday(transaction), 2U);
}

TEST(Days, AreRecordedAsAPersonWritesThem) {
  const auto transaction = at(hours(7), minutes(5), seconds(9));
  using expression::Name;
  EXPECT_EQ(expression::describe(Name::time, {}, transaction), "07:05:09");
  EXPECT_EQ(expression::describe(Name::date, {}, transaction), "2026-11-21");
  EXPECT_EQ(expression::describe(Name::weekday, {}, transaction), "sat");
}

TEST(TimeOfDay, RefusesWhatIsNone) {
  const std::string stretch =
      " is no stretch of the day | write it as \"08:00-18:00\"; \"22:00-06:00\" goes over "
      "midnight\n";
  EXPECT_EQ(faults("time in ['8-18']"), "9+6 \"8-18\"" + stretch);
  EXPECT_EQ(faults("time in '08:00-25:00'"), "8+13 \"08:00-25:00\"" + stretch);
  EXPECT_EQ(faults("time in '08:00'"), "8+7 \"08:00\"" + stretch);
  EXPECT_EQ(faults("time in '08:00-08:00'"),
            "8+13 \"08:00-08:00\" is no stretch of the day | it begins where it ends; the whole "
            "day is \"00:00-24:00\"\n");
  EXPECT_EQ(faults("time < '8:00'"),
            "7+6 \"8:00\" is no time of day | write it as \"08:00\" or \"17:59:30\"\n");
  EXPECT_EQ(faults("time > '08:00-18:00'"),
            "7+13 \"08:00-18:00\" is no time of day | write in for a stretch of the day\n");
  EXPECT_EQ(faults("time > 8h"),
            "7+2 \"time\" is a time of day and cannot be compared with a duration | write it as "
            "\"08:00\"\n");
  EXPECT_EQ(faults("time == '08:00'"),
            "5+2 \"==\" has no meaning for \"time\", which is a time of day | it has <, <=, >, >= "
            "and in, as in time in \"08:00-18:00\"\n");
  EXPECT_EQ(faults("time < '00:00'"),
            "7+7 \"time\" is from 00:00 to 23:59:59, so this is never true\n");
  EXPECT_EQ(faults("time <= '24:00'"),
            "8+7 \"time\" is from 00:00 to 23:59:59, so this is always true\n");
  EXPECT_EQ(faults("date == '21.11.2026'"),
            "8+12 \"21.11.2026\" is no date | write it as \"2026-12-24\"\n");
  EXPECT_EQ(faults("date == '2026-02-30'"),
            "8+12 \"2026-02-30\" is no date | write it as \"2026-12-24\"\n");
  EXPECT_EQ(faults("weekday == 'Sunday'"),
            "11+8 \"weekday\" is never \"Sunday\" | did you mean \"sun\"?\n");
}

TEST(Calculations, AreExact) {
  auto transaction = ordinary_transaction(Stage::end_of_message);
  transaction.size = std::int64_t{3'000'000};
  transaction.declared_size = std::int64_t{1'000'000};
  transaction.recipient_count = std::int64_t{4};
  EXPECT_EQ(truth("size > declared_size * 2", transaction), Truth::yes);
  EXPECT_EQ(truth("size > declared_size * 3", transaction), Truth::no);
  EXPECT_EQ(truth("size - declared_size == 2MB", transaction), Truth::yes);
  EXPECT_EQ(truth("declared_size - size < 0", transaction), Truth::yes);
  EXPECT_EQ(truth("size * recipient_count + 1B > 12MB", transaction), Truth::yes);
  EXPECT_EQ(truth("(size + 1MB) * 2 != 8MB", transaction), Truth::no);
  EXPECT_EQ(truth("20MB - 2 * 4MB >= size * recipient_count", transaction), Truth::yes);
  EXPECT_EQ(truth("size > declared_size", transaction), Truth::yes);
  EXPECT_EQ(truth("recipient_count > 2 + 2", transaction), Truth::no);
  EXPECT_EQ(truth("recipient_count in [3, 4]", transaction), Truth::yes);
}

TEST(Calculations, DoNotOverflow) {
  auto transaction = ordinary_transaction(Stage::end_of_message);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  transaction.size = most;
  transaction.declared_size = most;
  EXPECT_EQ(truth("size + declared_size > 9000000GB", transaction), Truth::yes);
  EXPECT_EQ(truth("size * 2 - declared_size == declared_size", transaction), Truth::yes);
  transaction.recipient_count = most;
  EXPECT_EQ(truth("size * recipient_count > size", transaction), Truth::yes);
  EXPECT_EQ(faults("size * recipient_count * recipient_count > 1MB"),
            "0+40 this could become too large to be calculated | use fewer factors\n");
}

TEST(Calculations, LackWhatTheMailServerDidNotTell) {
  auto transaction = ordinary_transaction(Stage::end_of_message);
  transaction.size = std::int64_t{10};
  transaction.declared_size = Told<std::int64_t>::absent();
  EXPECT_EQ(truth("size > declared_size * 2", transaction), Truth::no);
  EXPECT_EQ(truth("size != declared_size * 2", transaction), Truth::yes);
  transaction.declared_size = Told<std::int64_t>();
  EXPECT_EQ(truth("size > declared_size * 2", transaction), Truth::unavailable);
  const auto compiled = Condition::compile("size + declared_size > 1MB", {});
  const auto outcome = std::get<Condition>(compiled).evaluate(transaction, {});
  EXPECT_EQ(outcome.cause, "declared_size: the mail server did not tell");
  ASSERT_FALSE(outcome.evidence.empty());
  EXPECT_EQ(outcome.evidence.front().value, "10");
}

TEST(Calculations, KeepSizesAndNumbersApart) {
  EXPECT_EQ(faults("size + 1000 > declared_size"),
            "5+1 a size and a number cannot be added | a size has a unit, as in 1000B or 10MB\n");
  EXPECT_EQ(faults("size * declared_size > 5"),
            "5+1 two sizes cannot be multiplied | multiply a size by a number\n");
  EXPECT_EQ(faults("size > recipient_count"),
            "0+22 a size cannot be compared with a number | multiply the number by a size, as in "
            "recipient_count * 10MB\n");
  EXPECT_EQ(
      faults("helo + 1 == 5"),
      "0+4 \"helo\" is a domain name and cannot be calculated with | numbers and sizes can\n");
  EXPECT_EQ(faults("size + 5m > 5MB"),
            "7+2 this cannot be calculated with | numbers and sizes can\n");
  EXPECT_EQ(faults("size + 1B"),
            "0+9 a calculation alone is no condition | compare it with something\n");
  EXPECT_EQ(faults("size + 1B in [5MB]"),
            "10+2 \"in\" has no meaning for what is calculated | it has ==, !=, <, <=, > and >=\n");
  EXPECT_EQ(faults("recipient_count + 5 > 3"),
            "0+23 whatever the mail server tells, this is always true\n");
  EXPECT_EQ(faults("size * -1 > 0"), "0+13 whatever the mail server tells, this is never true\n");
  EXPECT_EQ(faults("recipient_count > -1"),
            "18+2 \"recipient_count\" is never below 0, so this is always true\n");
  EXPECT_EQ(faults("recipient_count > 2.5"),
            "18+3 \"recipient_count\" is a number and cannot be compared with a fraction\n");
}

TEST(Within, GoesByWholeLabels) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  const auto sender = [&](const char* domain) {
    transaction.sender = MailAddress::from_envelope(std::string("a@") + domain);
    return truth("sender.domain within 'example.org'", transaction);
  };
  EXPECT_EQ(sender("example.org"), Truth::yes);
  EXPECT_EQ(sender("Mail.Example.ORG"), Truth::yes);
  EXPECT_EQ(sender("a.b.example.org"), Truth::yes);
  EXPECT_EQ(sender("notexample.org"), Truth::no);
  EXPECT_EQ(sender("example.org.example.net"), Truth::no);
  EXPECT_EQ(sender("org"), Truth::no);
  transaction.sender = MailAddress();
  EXPECT_EQ(truth("sender.domain within 'example.org'", transaction), Truth::no);
  transaction.helo = std::string("MX.Example.org.");
  EXPECT_EQ(truth("helo within ['example.net', 'Example.Org']", transaction), Truth::yes);
  EXPECT_EQ(truth("client.name within 'org'", transaction), Truth::no);
  transaction.client.name = {};
  EXPECT_EQ(truth("client.name within 'org'", transaction), Truth::unknown);
}

TEST(Within, RefusesWhatIsNoDomain) {
  EXPECT_EQ(faults("sender.domain within '.example.org'"),
            "21+14 no domain name begins with a dot, so this is never true | leave out the dot: "
            "within \"example.org\" is that domain and all below it\n");
  EXPECT_EQ(faults("sender within 'example.org'"),
            "7+6 \"within\" has no meaning for \"sender\", which is a mail address | write "
            "sender.domain within\n");
  EXPECT_EQ(faults("sender.domain == '.example.org'"),
            "17+14 no domain name begins with a dot, so this is never true | write within "
            "\"example.org\" for that domain and all below it\n");
  EXPECT_EQ(faults("helo within ''"),
            "12+2 no domain name is within the empty one, so this is never true\n");
}

TEST(EndsWith, WarnsOfHalfLabels) {
  EXPECT_EQ(warnings("sender.domain ends_with 'example.org'"),
            "24+13 names such as \"notexample.org\" end so too | write sender.domain within "
            "\"example.org\" for that domain and all below it\n");
  EXPECT_EQ(warnings("recipient ends_with 'example.org'"),
            "20+13 names such as \"notexample.org\" end so too | write recipient.domain within "
            "\"example.org\" for that domain and all below it\n");
  EXPECT_EQ(warnings("sender ends_with '@example.org' and helo ends_with '.example.org'"), "");
  EXPECT_EQ(warnings("client.user ends_with 'example.org'"), "");
}

TEST(RuleIndexOfWithin, FindsEveryRuleThatMaySayYes) {
  std::vector<Rule> rules;
  for (int i = 0; i < 40; ++i) {
    rules.push_back(test::rule(
        "r", Stage::helo,
        (i % 2 == 0 ? "helo within 'd" : "helo.org_domain == 'd") + std::to_string(i) + ".net'"));
  }
  const RuleIndex index(rules);
  auto transaction = ordinary_transaction(Stage::helo);
  for (const auto* helo : {"d4.net", "x.D4.net", "x.d4.net.", "d4.net.", "xd4.net", "x.d5.net",
                           "x.d5.net.", "d6.net.example.com", ""}) {
    transaction.helo = std::string(helo);
    auto finds = index.finds(transaction);
    std::vector<bool> found(rules.size());
    for (auto i = finds.next(0); i < rules.size(); i = finds.next(i + 1)) found[i] = true;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (rules[i].condition.truth(transaction, {}) != Truth::no) {
        EXPECT_TRUE(found[i]) << helo << ' ' << i;
      }
    }
  }
  transaction.helo = std::string("x.d4.net.");
  EXPECT_EQ(rules[4].condition.truth(transaction, {}), Truth::yes);
}

TEST(OrgDomain, IsThePublicSuffixAndOneLabelMore) {
  using expression::org_domain;
  EXPECT_EQ(org_domain("mail.example.co.uk"), "example.co.uk");
  EXPECT_EQ(org_domain("MAIL.Example.ORG."), "Example.ORG");
  EXPECT_EQ(org_domain("example.org"), "example.org");
  EXPECT_EQ(org_domain("co.uk"), "co.uk");
  EXPECT_EQ(org_domain("a.b.nosuchtopleveldomain"), "b.nosuchtopleveldomain");
  for (const auto* other :
       {"", "localhost", "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]", "1.2.3.4.5"}) {
    EXPECT_EQ(org_domain(other), other);
  }
  EXPECT_EQ(org_domain("."), "");
  const auto longest = std::string(300, 'a') + ".org";
  EXPECT_EQ(org_domain(longest), longest);
}

TEST(OrgDomain, IsOneOfTheNames) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("a@news.Example.co.uk");
  transaction.helo = std::string("mx.news.example.co.uk");
  EXPECT_EQ(truth("sender.org_domain == 'example.co.uk'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.org_domain == helo.org_domain", transaction), Truth::yes);
  EXPECT_EQ(truth("client.name.org_domain == 'example.net'", transaction), Truth::yes);
  EXPECT_EQ(truth("recipient.org_domain in ['example.org']", transaction), Truth::yes);
  transaction.sender = MailAddress();
  EXPECT_EQ(truth("sender.org_domain == ''", transaction), Truth::yes);
  transaction.client.name = {};
  EXPECT_EQ(truth("client.name.org_domain == 'example.net'", transaction), Truth::unknown);
}

/// The vectors of the list's own project, of another day than the list that libpsl has built in:
/// they test rules of the format, which do not change.
TEST(OrgDomain, AgreesWithThePublicSuffixListsOwnVectors) {
  const std::string path = POSTERN_CONFORMANCE_DIR "/psl/test_psl.txt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream file(path);
  std::size_t tried = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("checkPublicSuffix('")) continue;
    const auto end = line.find('\'', 19);
    const auto domain = line.substr(19, end - 19);
    const auto rest = line.substr(end + 3);
    // A name that is no longer than a suffix, or none at all, is what it is.
    auto expected = rest.starts_with("null") ? domain : rest.substr(1, rest.rfind('\'') - 1);
    EXPECT_TRUE(expression::same_domain(expression::org_domain(domain), expected)) << line;
    ++tried;
  }
  EXPECT_GT(tried, 60U);
}

}  // namespace
}  // namespace postern

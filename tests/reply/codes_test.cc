#include "reply/codes.h"

#include "postern/reason.h"
#include "reply/codes_explanation.h"
#include "reply/codes_query.h"
#include "reply/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace postern {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string explained(std::string_view what, CodesFormat format = CodesFormat::text) {
  const auto result = explain_code(what, format);
  if (!result) return "unknown: " + result.problems().front().message;
  return *result;
}

/// Compares with tests/golden/codes/NAME; with POSTERN_UPDATE_GOLDEN set, writes it anew.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = POSTERN_SOURCE_DIR "/tests/golden/codes/" + name;
  if (std::getenv("POSTERN_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

struct GoldenCase {
  const char* file;
  const char* what;
};

class CodesGolden : public testing::TestWithParam<GoldenCase> {};

TEST_P(CodesGolden, ReadsAsApproved) {
  expect_golden(std::string(GetParam().file) + ".txt", explained(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(
    Codes, CodesGolden,
    testing::Values(
        GoldenCase{"reason-dnsbl-listed", "dnsbl-listed"},
        GoldenCase{"reason-greylisted", "greylisted"},
        GoldenCase{"reason-helo-ip-mismatch", "helo-ip-mismatch"}, GoldenCase{"code-450", "450"},
        GoldenCase{"code-503", "503"}, GoldenCase{"code-552", "552"}, GoldenCase{"code-541", "541"},
        GoldenCase{"enhanced-5.7.26", "5.7.26"}, GoldenCase{"enhanced-X.2.2", "X.2.2"},
        GoldenCase{"enhanced-5.7.509", "5.7.509"}, GoldenCase{"pair-550-5.7.26", "550 5.7.26"},
        GoldenCase{"pair-554-4.4.7", "554 4.4.7 Message expired"},
        GoldenCase{"reply-relay-denied", "554 5.7.1 <a@b.example>: Relay access denied"},
        GoldenCase{"search-blacklist", "blacklist"},
        GoldenCase{"reply-exim-without-enhanced-code",
                   "550 192.0.2.1 is in a black list at zen.spamhaus.org"},
        GoldenCase{"reply-provider-of-its-own-sense",
                   "421-4.7.30 Your email has been rate limited because DKIM does not pass."},
        GoldenCase{"reply-of-ours",
                   "554 5.7.1 <bob@example.org>: Recipient address rejected: We do not accept mail "
                   "from [192.0.2.1], which is on our own block list. (ref 353Z-FER0-082N) If this "
                   "is a mistake, write to our postmaster from another mail server."},
        GoldenCase{"reply-many-lines",
                   "550-5.7.1 Our system has detected that this message is likely\r\n"
                   "550-5.7.1 unsolicited mail. To reduce the amount of spam sent to\r\n"
                   "550 5.7.1 our users, this message has been blocked.\r\n"}),
    [](const auto& golden) {
      std::string name = golden.param.file;
      for (auto& c : name) {
        if (c == '-' || c == '.') c = '_';
      }
      return name;
    });

TEST(Codes, ListsEveryReasonByGroup) {
  const auto list = list_reasons(CodesFormat::text);
  expect_golden("list.txt", list);
  for (const auto& reason : all_reasons()) EXPECT_THAT(list, HasSubstr(std::string(reason.id)));
}

TEST(Codes, WritesJsonForPrograms) {
  expect_golden("pair-550-5.7.26.json", explained("550 5.7.26", CodesFormat::json));
  expect_golden("reason-greylisted.json", explained("greylisted", CodesFormat::json));
}

TEST(Codes, ExplainEveryReasonAndEveryCode) {
  for (const auto& reason : all_reasons()) {
    const auto text = explained(reason.id);
    EXPECT_THAT(text, HasSubstr("Who must act")) << reason.id;
    EXPECT_THAT(text, HasSubstr("What the sender can do")) << reason.id;
    EXPECT_THAT(text, HasSubstr("RFC ")) << reason.id;
  }
  for (const auto& row : basic_codes()) {
    const auto text = explained(std::to_string(row.code));
    EXPECT_THAT(text, HasSubstr("Temporary or permanent")) << row.code;
    EXPECT_THAT(text, HasSubstr("Who must act")) << row.code;
    EXPECT_THAT(text, HasSubstr(std::string(row.reference))) << row.code;
  }
  for (const auto& row : enhanced_codes()) {
    const auto text =
        explained("X." + std::to_string(row.subject) + '.' + std::to_string(row.detail));
    EXPECT_THAT(text, HasSubstr(std::string(row.name).substr(0, 20))) << row.name;
    EXPECT_THAT(text, HasSubstr("Who must act")) << row.name;
  }
}

TEST(Codes, AreRightWherePopularArticlesAreWrong) {
  EXPECT_THAT(explained("502"), HasSubstr("unrelated to HTTP 502"));
  EXPECT_THAT(explained("503"), HasSubstr("unrelated to HTTP 503"));
  EXPECT_THAT(explained("504"), HasSubstr("unrelated to HTTP 504"));
  for (const char* code : {"502", "503", "504", "550", "552", "554"}) {
    EXPECT_THAT(explained(code), HasSubstr(std::string(code) + ", permanent")) << code;
  }
  EXPECT_THAT(explained("552"), HasSubstr("Size as well as quota"));
  EXPECT_THAT(explained("550"), HasSubstr("every policy refusal"));
  EXPECT_THAT(explained("450"), HasSubstr("Not the code of a full mailbox"));
  EXPECT_THAT(explained("553"), HasSubstr("Relaying denied is 550"));
  EXPECT_THAT(explained("530"), HasSubstr("missing authentication"));
  EXPECT_THAT(explained("421"), HasSubstr("closes the connection"));
}

TEST(Codes, NameTheContradictionOfClasses) {
  const auto text = explained("550 4.7.1 try later");
  EXPECT_THAT(text, HasSubstr("contradict each other"));
  EXPECT_THAT(text, HasSubstr("550 4.7.1, permanent"));
}

TEST(Codes, SayWhenNoRegistryHasACode) {
  EXPECT_THAT(explained("541"), HasSubstr("no RFC"));
  EXPECT_THAT(explained("569"), HasSubstr("second digit ends at 5"));
  EXPECT_THAT(explained("699 x"), HasSubstr("not an SMTP reply"));
  EXPECT_THAT(explained("550 5.7.515 Access denied"), HasSubstr("not in the IANA registry"));
  EXPECT_THAT(explained("550 5.7.515 Access denied"), HasSubstr("Microsoft"));
  EXPECT_THAT(explained("3.7.1"), HasSubstr("its class is 2, 4 or 5"));
}

TEST(Codes, SayWhenTheClassIsUnusual) {
  EXPECT_THAT(explained("450 4.7.1 Greylisted"), HasSubstr("permanent only"));
  EXPECT_THAT(explained("552 5.2.2"), HasSubstr("asks for a temporary code"));
  EXPECT_THAT(explained("550 5.4.3"), HasSubstr("temporary only"));
}

/// The explanation on one line, since lines are wrapped anywhere.
std::string unwrapped(std::string_view what) {
  auto text = explained(what);
  for (auto end = text.find("\n  "); end != std::string::npos; end = text.find("\n  ", end)) {
    text.erase(end, 2);
    text[end] = ' ';
    while (end + 1 < text.size() && text[end + 1] == ' ') text.erase(end + 1, 1);
  }
  return text;
}

std::string likely(std::string_view reply) {
  const auto text = unwrapped(reply);
  const auto at = text.find("(reason ");
  if (at == std::string::npos) return {};
  const auto end = text.find(')', at);
  return text.substr(at + 8, end - at - 8);
}

TEST(Codes, FindTheCauseInTheWordsOfAReply) {
  EXPECT_EQ(likely("554 5.7.1 <a@b>: Relay access denied"), "relay-denied");
  EXPECT_EQ(
      likely("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x.example"),
      "dnsbl-listed");
  EXPECT_EQ(likely("450 4.7.1 <a@b>: Recipient address rejected: Greylisted"), "greylisted");
  EXPECT_EQ(likely("550 5.1.1 <spam@b>: Recipient address rejected"), "rcpt-unknown");
  EXPECT_EQ(likely("550 5.7.1 <spam@b>: no"), "");
  EXPECT_EQ(likely("550 5.7.1 mailspfilter says no"), "");
}

TEST(Codes, GuessOnlyReasonsOfTheCodesClass) {
  EXPECT_EQ(likely("452 4.2.2 mailbox full"), "mailbox-full");
  EXPECT_EQ(likely("550 5.2.2 mailbox full"), "mailbox-full-perm");
  EXPECT_EQ(likely("552 5.2.2 over quota"), "mailbox-full-perm");
  EXPECT_EQ(likely("451 4.4.3 SPF lookup failed"), "spf-temperror");
  EXPECT_EQ(likely("450 4.7.1 looks like spam"), "spam-defer");

  const auto full = unwrapped("550 5.2.2 mailbox full");
  EXPECT_THAT(full, HasSubstr("Who must act The sender."));
  EXPECT_THAT(full, Not(HasSubstr("tries again automatically")));
}

TEST(Codes, SayWhenTheWordsAndTheClassContradictEachOther) {
  const auto text = unwrapped("550 5.7.1 Greylisted, try later");
  EXPECT_EQ(likely("550 5.7.1 Greylisted, try later"), "");
  EXPECT_THAT(text, HasSubstr("The words suggest greylisted"));
  EXPECT_THAT(text, HasSubstr("the code says permanent"));
  EXPECT_THAT(text, HasSubstr("gives up and tells the sender"));
  EXPECT_THAT(text, Not(HasSubstr("tries again automatically")));
  EXPECT_THAT(unwrapped("454 4.7.1 <a@b>: Relay access denied"),
              HasSubstr("The words suggest relay-denied"));
  EXPECT_THAT(unwrapped("250 2.1.5 mailbox full"), Not(HasSubstr("The words suggest")));
}

TEST(Codes, BelieveTheWordsOfAReplyAmongReasonsThatHaveIt) {
  EXPECT_EQ(likely("550-5.7.26 Unauthenticated email from example.com is not accepted due to\n"
                   "550 5.7.26 domain's DMARC policy."),
            "dmarc-reject");
  EXPECT_EQ(likely("550 5.7.26 no"), "auth-multiple-failed");
}

TEST(Codes, KnowTheHabitsOfLargeProviders) {
  EXPECT_THAT(explained("550 #5.1.0 Address rejected."), HasSubstr("550 5.1.0, permanent"));
  EXPECT_THAT(explained("550 #5.1.0 Address rejected."), Not(HasSubstr("has no enhanced code")));
  const auto denied = "550 5.4.1 Recipient address rejected: Access denied.";
  EXPECT_EQ(likely(denied), "rcpt-unknown");
  EXPECT_EQ(likely("5.4.1 Recipient address rejected: Access denied"), "rcpt-unknown");
  EXPECT_THAT(unwrapped(denied), HasSubstr("Microsoft"));
  // The same words behind another code are any policy.
  EXPECT_EQ(likely("554 5.7.1 <a@b>: Recipient address rejected: Access denied"), "");
}

TEST(Codes, GiveTheAdviceOfOneClassOnly) {
  const auto temporary = unwrapped("421 4.7.0");
  EXPECT_THAT(temporary, HasSubstr("Who must act The sending server, by itself."));
  EXPECT_THAT(temporary, HasSubstr("What to do Wait."));
  EXPECT_THAT(temporary, Not(HasSubstr("5.7.0")));
  EXPECT_THAT(unwrapped("550 5.7.0"), Not(HasSubstr("4.7.0")));
  EXPECT_THAT(unwrapped("X.7.0"), HasSubstr("4.7.0: Wait. 5.7.0: Read the text"));
}

TEST(Codes, FindReasonsByTheirWords) {
  const auto first_words = [](std::string_view what) {
    std::istringstream lines(explained(what));
    std::vector<std::string> ids;
    for (std::string line; std::getline(lines, line);) {
      ids.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    return ids;
  };
  EXPECT_THAT(first_words("relay"), testing::Contains("relay-denied"));
  EXPECT_THAT(first_words("DMARC"), testing::IsSupersetOf({"dmarc-reject", "dmarc-temperror"}));
  EXPECT_THAT(first_words("user unknown"), testing::Contains("rcpt-unknown"));
  EXPECT_THAT(first_words("spf"),
              testing::ElementsAre("spf-fail", "spf-softfail", "spf-neutral", "spf-temperror",
                                   "spf-permerror", "auth-multiple-failed"));
  // Only help and causes speak of it.
  EXPECT_THAT(first_words("kerberos"), testing::ElementsAre("auth-line-too-long"));
  // A pasted text without a code.
  EXPECT_THAT(first_words("Recipient address rejected: Greylisted, see our page"),
              testing::ElementsAre("greylisted"));
  EXPECT_THAT(explained("relay", CodesFormat::json), HasSubstr("\"id\": \"relay-denied\""));
}

TEST(Codes, AreFoundInsideLogLines) {
  EXPECT_THAT(explained("host mx.example.org[192.0.2.1] said: 550 5.1.1 no such user (in reply to "
                        "RCPT TO command)"),
              HasSubstr("550 5.1.1, permanent"));
  EXPECT_THAT(explained("to=<a@b>, dsn=4.2.2, status=deferred"), HasSubstr("4.2.2, temporary"));
  EXPECT_THAT(explained("#5.7.1 smtp; something"), HasSubstr("5.7.1, permanent"));
  EXPECT_THAT(explained("  550\t5.1.1  \n"), HasSubstr("550 5.1.1, permanent"));
}

TEST(Codes, NameTheFaultsOfAReplyOfSeveralLines) {
  EXPECT_THAT(explained("550-5.7.1 a\n554 5.7.1 b"), HasSubstr("different codes"));
  EXPECT_THAT(explained("550-5.7.1 a\n550 5.1.1 b"), HasSubstr("different enhanced codes"));
}

TEST(Codes, SuggestTheNearestReason) {
  const auto result = explain_code("greylistd", CodesFormat::text);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.problems().front().hint, HasSubstr("greylisted"));
}

TEST(Codes, RefuseWhatIsNeitherCodeNorReason) {
  for (const char* what : {"", " ", "\n", "hello world", "12", "192.0.2.1", "1234", "55", "5.7"}) {
    EXPECT_FALSE(explain_code(what, CodesFormat::text)) << what;
  }
}

TEST(Codes, AnswerInPrintableAsciiWhateverCameIn) {
  constexpr char octets[] = "550 5.7.1 \xff\xfe\x01\x1b[31m \x80 spam\0 more";
  const std::string wild(octets, sizeof octets - 1);
  for (const auto format : {CodesFormat::text, CodesFormat::json}) {
    for (const char c : explained(wild, format)) {
      EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
    }
    const auto refused = explain_code("\xff\x1b[31m", format);
    ASSERT_FALSE(refused);
    for (const char c : refused.problems().front().message) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

TEST(CodesQuery, ReadsCodesAndNotAddresses) {
  EXPECT_FALSE(read_codes_query("192.0.2.1"));
  EXPECT_FALSE(read_codes_query("version 5.7.1.2"));
  const auto query = read_codes_query("550-5.7.1 one\n550 5.7.1 two");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->code, 550);
  EXPECT_EQ(query->enhanced->text(), "5.7.1");
  EXPECT_EQ(query->words, "one two");
  EXPECT_TRUE(query->faults.empty());
}

}  // namespace
}  // namespace postern

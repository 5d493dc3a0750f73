// What the importers make of whole files. Sources and outcomes lie in tests/golden/import; to
// accept a new outcome, run with POSTERN_WRITE_GOLDEN=1 and read the difference before committing
// it.
#include "import/import.h"

#include "support/golden.h"
#include "support/policy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace postern::importer {
namespace {

using ::testing::ElementsAre;
using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string source(const std::string& name) {
  std::ifstream file(std::string(POSTERN_SOURCE_DIR) + "/tests/golden/import/source/" + name,
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The outcome as part of a policy, without errors.
void expect_loads(const Imported& imported) {
  testing::Files files{
      {"postern.toml", "include = [\"imported.toml\"]\n[identity]\nhost = \"mx1.example.org\"\n"},
      {"imported.toml", imported.policy}};
  for (const auto& table : imported.tables) files["tables/" + table.name] = table.text;
  const auto compiled = testing::compile_files(files);
  EXPECT_TRUE(compiled.ok()) << render(compiled.problems()) << imported.policy;
}

struct Case {
  const char* name;
  Format format;
  Keys keys = Keys::sender;
  Parents parents = Parents::cover_names_below;
};

std::string test_name(const ::testing::TestParamInfo<Case>& tested) {
  std::string name = tested.param.name;
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  return name + (tested.param.parents == Parents::stand_alone ? "_exact" : "");
}

class Import : public ::testing::TestWithParam<Case> {};

TEST_P(Import, ReadsAsExpectedAndLoads) {
  const auto& tested = GetParam();
  Request request;
  request.format = tested.format;
  request.file = tested.name;
  request.keys = tested.keys;
  request.parents = tested.parents;
  const auto imported = convert(source(tested.name), request);
  const std::string name =
      std::string(tested.name) + (tested.parents == Parents::stand_alone ? "-exact" : "");
  expect_golden("import/" + name + ".toml", imported.policy);
  expect_loads(imported);
  EXPECT_LE(imported.left_out, imported.statements);
  EXPECT_EQ(imported.more_remarks, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, Import,
    ::testing::Values(Case{"sender_access", Format::postfix_access},
                      Case{"sender_access", Format::postfix_access, Keys::sender,
                           Parents::stand_alone},
                      Case{"client_access", Format::postfix_access, Keys::client},
                      Case{"clients.cidr", Format::postfix_access, Keys::client},
                      Case{"blocked.cidr", Format::postfix_access, Keys::client},
                      Case{"recipients.pcre", Format::postfix_access, Keys::recipient},
                      Case{"postgrey_clients", Format::postgrey_whitelist, Keys::client},
                      Case{"postgrey_recipients", Format::postgrey_whitelist, Keys::recipient},
                      Case{"postfwd.cf", Format::postfwd},
                      Case{"greylist.conf", Format::milter_greylist}),
    test_name);

TEST(ImportLists, GoToFilesOfTheirOwnWhenTheyAreLong) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "bad" + std::to_string(i) + "@example.net REJECT\n";
  Request request;
  request.file = "/etc/postfix/sender_access";
  request.lists = Lists::in_files;
  const auto imported = convert(text, request);
  ASSERT_EQ(imported.tables.size(), 1U);
  EXPECT_EQ(imported.tables.front().name, "sender_access_addresses_refused");
  EXPECT_THAT(imported.tables.front().text, HasSubstr("bad29@example.net\n"));
  EXPECT_THAT(imported.policy, HasSubstr("file = \"tables/sender_access_addresses_refused\""));
  EXPECT_EQ(imported.name, "sender_access");
  expect_loads(imported);
}

TEST(ImportNames, AreOnesThatAPolicyTakesWhateverTheFileIsCalled) {
  for (const char* file : {"", "7", "\xff\xff", "../Zugänge für alle.db", "sender"}) {
    Request request;
    request.file = file;
    const auto imported = convert("example.net REJECT\n", request);
    expect_loads(imported);
    EXPECT_EQ(imported.left_out, 0U);
  }
}

TEST(ImportText, IsLeftOutAsAWholeWhenALineIsNoText) {
  Request request;
  request.format = Format::postfwd;
  request.file = "rules";
  const auto imported = convert(
      "# K\xf6ln\nid=A; sender==a@example.net\n   helo_name=\xff\n   action=REJECT\n", request);
  ASSERT_EQ(imported.remarks.size(), 1U);
  EXPECT_EQ(imported.remarks.front().line, 3U);
  EXPECT_THAT(imported.policy, Not(HasSubstr("[[rule]]")));
  const auto comment_alone =
      convert("# K\xf6ln\nid=A; sender==a@example.net; action=REJECT\n", request);
  EXPECT_THAT(comment_alone.remarks, IsEmpty());
  EXPECT_THAT(comment_alone.policy, HasSubstr("[[rule]]"));
}

TEST(ImportText, ShowsNothingOfAFileUncleaned) {
  Request request;
  request.file = "rules\x1b[2J\n[identity]";
  const auto imported = convert("example.net FILTER smtp:[127.0.0.1]\n", request);
  EXPECT_THAT(imported.policy, Not(HasSubstr("\x1b")));
  EXPECT_THAT(imported.policy, Not(HasSubstr("\n[identity]")));
}

TEST(ImportMacros, ThatGrowWithoutBoundAreLeftOut) {
  std::string text = "&&A0 { sender==a@example.net ; };\n";
  for (int i = 1; i < 40; ++i) {
    const auto before = "&&A" + std::to_string(i - 1) + " ; ";
    text += "&&A" + std::to_string(i) + " { " + before + before + "};\n";
  }
  text += "&&LOOP { &&LOOP ; };\nid=A; &&A39; action=REJECT\nid=B; &&LOOP; action=REJECT\n";
  text += "id=C; &&A14; action=REJECT\n";
  Request request;
  request.format = Format::postfwd;
  request.file = "rules";
  const auto imported = convert(text, request);
  EXPECT_EQ(imported.statements, 3U);
  EXPECT_EQ(imported.left_out, 3U);
}

/// "N.N.0.0/16" of which no two are the same.
std::string network(int number) {
  return std::to_string(1 + number / 200) + "." + std::to_string(number % 200) + ".0.0/16";
}

std::size_t count_of(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(ImportExceptions, OfAlternatingLinesGrewWithTheirNumberSquared) {
  for (const char* spared : {"DUNNO", "WARN seen", "permit"}) {
    std::string text;
    // Each pair overlaps the last line, so that the order of lines counts.
    for (int i = 0; i < 4000; ++i)
      text += network(i) + (i % 2 == 0 ? " REJECT\n" : std::string(" ") + spared + "\n");
    text += "0.0.0.0/0 REJECT\n";
    Request request;
    request.file = "clients.cidr";
    request.keys = Keys::client;
    const auto imported = convert(text, request);
    EXPECT_LT(imported.policy.size(), 4'000'000U) << spared;
    const auto rules = count_of(imported.policy, "[[rule]]");
    if (std::string_view(spared) == "permit") {
      EXPECT_EQ(imported.left_out, 0U) << "an accept needs no exception";
      continue;
    }
    EXPECT_LE(rules, 102U) << spared;
    EXPECT_GE(rules, 50U) << spared;
    EXPECT_EQ(imported.remarks.size() + imported.more_remarks, imported.left_out) << "line by line";
    EXPECT_EQ(imported.remarks.front().line, imported.statements - imported.left_out + 1)
        << "what stands behind too many is left out, and nothing before";
    EXPECT_THAT(imported.remarks.front().reason, HasSubstr("more than 50 runs of lines before it"));
    expect_loads(imported);
  }
}

TEST(ImportExceptions, OfKeysWithManyEffectsWereNamedInEachRuleBehindThem) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    const auto number = std::to_string(i);
    text += "bob@d" + number + ".example WARN list " + number + "\n";
    text += "d" + number + ".example REJECT list " + number + "\n";
  }
  Request request;
  request.file = "senders";
  const auto imported = convert(text, request);
  EXPECT_EQ(count_of(imported.policy, " and not ("), 0U);
  EXPECT_EQ(imported.left_out, 200U) << "the domains, which those addresses are spared from";
  EXPECT_LT(imported.policy.size(), 200'000U);
  expect_loads(imported);
}

TEST(ImportNames, ThatAreTheSameForAHundredThousandRulesWereCountedFromTwoEachTime) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += "id=same; sender==a" + std::to_string(i) + "@example.net; action=REJECT\n";
  }
  Request request;
  request.format = Format::postfwd;
  request.file = "rules";
  const auto imported = convert(text, request);
  EXPECT_EQ(count_of(imported.policy, "name = \"rules: same"), 3000U);
  EXPECT_THAT(imported.policy, HasSubstr("name = \"rules: same (3000)\""));
}

struct Unmatched {
  Format format;
  Keys keys;
  const char* line;
  const char* reason;
};

TEST(ImportNever, EntriesThatCanNeverMatchWereCarriedOverSilently) {
  for (const auto& [format, keys, line, reason] : {
           Unmatched{Format::postfix_access, Keys::sender, "/^<>$/ REJECT", "angle brackets"},
           Unmatched{Format::postfix_access, Keys::sender, "/^<.*@x\\.example>$/ OK", "angle"},
           Unmatched{Format::postfix_access, Keys::sender, "/^$/ REJECT", "never matched"},
           Unmatched{Format::postfix_access, Keys::client, "unknown REJECT", "\"unknown\""},
           Unmatched{Format::postfix_access, Keys::client, "/^unknown$/ REJECT", "\"unknown\""},
           Unmatched{Format::postfix_access, Keys::client, "/^(?:unknown)$/ OK", "\"unknown\""},
           Unmatched{Format::postfix_access, Keys::client, "/^2001:db8:/ REJECT", "colons"},
           Unmatched{Format::postfix_access, Keys::client, "/^fe80::[0-9a-f:]+$/ OK", "colons"},
           Unmatched{Format::postgrey_whitelist, Keys::client, "unknown", "\"unknown\""},
           Unmatched{Format::postgrey_whitelist, Keys::client, "/^2001:db8:/", "colons"},
           Unmatched{Format::postgrey_whitelist, Keys::recipient, "/^<bob@/", "angle brackets"},
           Unmatched{Format::postfwd, Keys::sender, "id=A; client_name=unknown; action=REJECT",
                     "\"unknown\""},
           Unmatched{Format::postfwd, Keys::sender, "id=A; sender=~<>; action=REJECT", "angle"},
           Unmatched{Format::postfwd, Keys::sender, "id=A; client_name=~^2001:.*; action=REJECT",
                     "colons"},
           Unmatched{Format::postfwd, Keys::sender, "id=A; client_name=~^$; action=REJECT",
                     "never matches"},
           Unmatched{Format::milter_greylist, Keys::sender, "racl blacklist from /^bob@/",
                     "angle brackets"},
           Unmatched{Format::milter_greylist, Keys::sender, "racl blacklist domain unknown",
                     "\"unknown\""},
           Unmatched{Format::milter_greylist, Keys::sender, "racl blacklist domain /^\\[192/",
                     "colons nor brackets"},
           Unmatched{Format::milter_greylist, Keys::sender, "list \"l\" from { /^<>$/ }",
                     "sender of bounces"},
       }) {
    Request request;
    request.format = format;
    request.keys = keys;
    request.file = "rules";
    const auto imported = convert(std::string(line) + "\n", request);
    EXPECT_EQ(imported.left_out, 1U) << line;
    ASSERT_EQ(imported.remarks.size(), 1U) << line;
    EXPECT_THAT(imported.remarks.front().reason, HasSubstr(reason)) << line;
    EXPECT_THAT(imported.policy, Not(HasSubstr("[[rule]]"))) << line;
    EXPECT_THAT(imported.policy, Not(HasSubstr("[table."))) << line;
    expect_loads(imported);
  }
}

TEST(ImportNever, PatternsThatMayMatchStayAndOneCaseOfSeveralIsTold) {
  Request request;
  request.file = "rules";
  for (const char* line : {"/^<?bob@example\\.net>?$/ REJECT", "/^[^<>]+@example\\.net$/ REJECT",
                           "/^(?P<who>bob|ann)@/ REJECT", "/^(?i)bob@/ REJECT"}) {
    EXPECT_THAT(convert(std::string(line) + "\n", request).remarks, IsEmpty()) << line;
  }
  const auto imported = convert("/^(<>|bob@example\\.net)$/ REJECT\n", request);
  ASSERT_EQ(imported.remarks.size(), 1U);
  EXPECT_EQ(imported.remarks.front().kind, Remark::Kind::different);
  EXPECT_THAT(imported.remarks.front().reason, HasSubstr("in part it never matches"));
  request.keys = Keys::client;
  EXPECT_THAT(convert("/^[[:alpha:]]+\\.example$/ REJECT\n", request).remarks, IsEmpty());
  EXPECT_THAT(convert("/^unknown\\.example$/ REJECT\n", request).remarks, IsEmpty());
  EXPECT_THAT(convert("/(unknown|dhcp)/ REJECT\n", request).remarks, ::testing::SizeIs(1));
}

TEST(ImportNever, TheEndsOfAWordBecameBracketsThatNoNameHolds) {
  Request request;
  request.file = "rules";
  request.keys = Keys::client;
  const auto access = convert("/\\<dyn\\>/ REJECT\n", request);
  EXPECT_EQ(access.left_out, 1U);
  ASSERT_EQ(access.remarks.size(), 1U);
  EXPECT_THAT(access.remarks.front().reason, HasSubstr("\\b in RE2"));
  request.format = Format::milter_greylist;
  for (const char* line :
       {"racl blacklist domain /\\<dyn/\n", "racl blacklist helo /dyn\\>/\n",
        "list \"dynamic\" domain { /\\<dyn/ }\nracl blacklist list \"dynamic\"\n"}) {
    const auto greylist = convert(line, request);
    EXPECT_THAT(greylist.policy, Not(HasSubstr("[[rule]]"))) << line;
    ASSERT_FALSE(greylist.remarks.empty()) << line;
    EXPECT_THAT(greylist.remarks.front().reason, HasSubstr("\\b in RE2")) << line;
  }
}

TEST(ImportNever, TheEmptyTextOfPostfwdBecomesWhatItStandsFor) {
  Request request;
  request.format = Format::postfwd;
  request.file = "rules";
  for (const auto& [item, condition] :
       {std::pair("sender=~^$", "sender == \"<>\""), std::pair("sender==", "sender == \"<>\""),
        std::pair("sasl_username=~^$", "not client.authenticated"),
        std::pair("sasl_username!~^$", "not (not client.authenticated)"),
        std::pair("encryption_protocol=~/^$/", "not tls")}) {
    const auto imported = convert(
        "id=A; client_address=192.0.2.1; " + std::string(item) + "; action=DUNNO\n", request);
    EXPECT_THAT(imported.policy, HasSubstr(condition)) << item;
    EXPECT_EQ(imported.left_out, 0U) << item;
    expect_loads(imported);
  }
}

TEST(ImportRemarks, AreCountedWhenThereAreVeryMany) {
  std::string text;
  for (int i = 0; i < 1500; ++i) text += "d" + std::to_string(i) + ".example DISCARD\n";
  Request request;
  request.file = "holds";
  const auto imported = convert(text, request);
  EXPECT_EQ(imported.left_out, 1500U);
  EXPECT_EQ(imported.remarks.size() + imported.more_remarks, 1500U);
  EXPECT_LE(imported.remarks.size(), 1000U);
}

}  // namespace
}  // namespace postern::importer

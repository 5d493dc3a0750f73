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

TEST(ImportRemarks, AreCountedWhenThereAreVeryMany) {
  std::string text;
  for (int i = 0; i < 1500; ++i) text += "d" + std::to_string(i) + ".example HOLD\n";
  Request request;
  request.file = "holds";
  const auto imported = convert(text, request);
  EXPECT_EQ(imported.left_out, 1500U);
  EXPECT_EQ(imported.remarks.size() + imported.more_remarks, 1500U);
  EXPECT_LE(imported.remarks.size(), 1000U);
}

}  // namespace
}  // namespace postern::importer

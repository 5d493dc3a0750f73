#include "reply/compose.h"
#include "rules/names.h"
#include "rules/schema.h"
#include "runtime/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;

/// As troff sources spell it.
std::string troff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '-') result += '\\';
    result += c;
  }
  return result;
}

TEST(ManPages, NameEveryKeyOfThePolicyWithItsMeaning) {
  const auto page = read_file(std::string(POSTERN_SOURCE_DIR) + "/docs/man/postern.toml.5");
  ASSERT_TRUE(page);
  for (const auto& key : all_keys()) {
    if (key.availability == Availability::later) continue;
    EXPECT_THAT(*page, HasSubstr(troff(key.meaning))) << key.path;
    const auto name = key.path.substr(key.path.rfind('.') + 1);
    const bool section = key.type == KeyType::table || key.type == KeyType::tables ||
                         key.type == KeyType::table_list;
    EXPECT_THAT(*page,
                HasSubstr(section ? "[" + std::string(key.path) : ".B " + troff(name) + "\n"))
        << key.path;
  }
}

TEST(ManPages, NameEverythingThatConditionsAndTextsMayName) {
  const auto page = read_file(std::string(POSTERN_SOURCE_DIR) + "/docs/man/postern.toml.5");
  ASSERT_TRUE(page);
  for (const auto& row : expression::all_names()) {
    EXPECT_THAT(*page, HasSubstr(troff(row.meaning) + "\n(" + troff(to_text(row.type)) + ", " +
                                 (row.latest == Stage::end_of_message ? "from " : "at ") +
                                 troff(to_text(row.earliest)) + ")\n"))
        << row.name;
    if (row.id == expression::Name::macro) continue;
    EXPECT_THAT(*page, HasSubstr(".B " + troff(row.name) + "\n"));
  }
  for (const auto& field : reply_fields()) {
    EXPECT_THAT(*page, HasSubstr(".B {" + std::string(field.name) + "}\n" + troff(field.meaning) +
                                 "\n(" + (field.latest == field.earliest ? "at " : "from ") +
                                 troff(to_text(field.earliest))));
  }
}

TEST(ManPages, NameEveryCommandAndEverySignal) {
  const auto page = read_file(std::string(POSTERN_SOURCE_DIR) + "/docs/man/postern.8");
  ASSERT_TRUE(page);
  for (const char* command : {"serve", "check", "test", "simulate", "explain", "codes", "doctor",
                              "lines", "status", "reload", "reopen", "stop", "spawn", "import"}) {
    EXPECT_THAT(*page, HasSubstr("\n.B " + std::string(command) + "\n"));
  }
  for (const char* signal : {"SIGHUP", "SIGUSR1", "SIGTERM", "SIGINT"}) {
    EXPECT_THAT(*page, HasSubstr(signal));
  }
}

}  // namespace
}  // namespace postern

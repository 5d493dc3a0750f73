#include "rules/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

namespace postern {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(POSTERN_SOURCE_DIR) + '/' + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// One line of the tables in docs/configuration.md.
std::string row(const SchemaKey& key) {
  const auto range = range_text(key);
  std::string text = "| `" + std::string(key.path) + "` | ";
  if (key.type != KeyType::choice) text += describe(key.type);
  if (key.type != KeyType::choice && !range.empty()) text += ", ";
  text += range + " | ";
  text += key.fallback.empty() ? std::string("-") : '`' + std::string(key.fallback) + '`';
  text += key.change == Change::on_reload ? " | reload | " : " | restart | ";
  return text + std::string(key.since) + " | " + std::string(key.meaning) + " |";
}

bool is_section(const SchemaKey& key) {
  return key.type == KeyType::table || key.type == KeyType::tables ||
         key.type == KeyType::table_list;
}

/// "key = value" lines of a sample file by "section.key", behind a single # or not.
std::map<std::string, std::string> sample_keys(const std::string& text) {
  std::map<std::string, std::string> found;
  std::istringstream lines(text);
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() == '#') line.erase(0, 1);
    if (line.empty() || line.front() == ' ' || line.front() == '#') continue;
    if (line.front() == '[') {
      const auto begin = line.find_first_not_of('[');
      section = line.substr(begin, line.find(']') - begin);
      if (section.substr(0, 6) == "table.") section = "table.*";
      if (section.substr(0, 5) == "when.") section = "when.*";
      if (section.substr(0, 6) == "check.") section = "check.*";
      if (section.substr(0, 7) == "reason.") section = "reason.*";
      continue;
    }
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    const auto key = line.substr(0, equals);
    found[section.empty() ? key : section + '.' + key] = line.substr(equals + 3);
  }
  return found;
}

TEST(Schema, NamesEachKeyOnceAndSaysWhatItMeans) {
  std::set<std::string_view> paths;
  for (const auto& key : all_keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    EXPECT_FALSE(key.meaning.empty()) << key.path;
    EXPECT_EQ(key.meaning.back(), '.') << key.path;
    EXPECT_EQ(key.choices.empty(), key.type != KeyType::choice) << key.path;
    EXPECT_EQ(key.since.empty(), key.availability == Availability::later) << key.path;
    if (key.type == KeyType::count) {
      EXPECT_LT(key.least, key.most) << key.path;
    }
    EXPECT_EQ(find_key(key.path), &key);
  }
  EXPECT_EQ(find_key("listen.milk"), nullptr);
}

TEST(Schema, TheSampleFileHoldsEveryKeyWithItsDefault) {
  const auto sample = sample_keys(read_file("conf/postern.toml"));
  for (const auto& key : all_keys()) {
    if (key.availability == Availability::later || is_section(key)) continue;
    const auto found = sample.find(std::string(key.path));
    ASSERT_NE(found, sample.end()) << "conf/postern.toml lacks " << key.path;
    if (key.fallback.empty() || key.path == "include") continue;
    EXPECT_EQ(found->second, key.fallback) << key.path;
  }
}

TEST(Schema, TheSampleFileHoldsNoKeyThatTheSchemaLacks) {
  for (const auto& [path, value] : sample_keys(read_file("conf/postern.toml"))) {
    const auto* key = find_key(path);
    ASSERT_NE(key, nullptr) << path;
    EXPECT_EQ(key->availability, Availability::built) << path;
  }
}

TEST(Schema, EveryKeyOfTheSampleFileIsExplainedAboveIt) {
  std::istringstream lines(read_file("conf/postern.toml"));
  bool explained = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.substr(0, 2) == "# ") {
      explained = true;
    } else if (line.empty()) {
      explained = false;
    } else if (line.find(" = ") != std::string::npos) {
      EXPECT_TRUE(explained) << line;
    }
  }
}

TEST(Schema, TheManualHasTheLineOfEveryKey) {
  const auto manual = read_file("docs/configuration.md");
  for (const auto& key : all_keys()) {
    if (key.availability == Availability::later || is_section(key)) continue;
    EXPECT_NE(manual.find('\n' + row(key) + '\n'), std::string::npos)
        << "docs/configuration.md lacks this line:\n"
        << row(key);
  }
}

TEST(Schema, TheManualHasNoLineOfAKeyThatTheSchemaLacks) {
  std::istringstream lines(read_file("docs/configuration.md"));
  bool of_keys = false;
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.substr(0, 1) != "|") {
      of_keys = false;
    } else if (line == "| key | value | default | change on | since | meaning |") {
      of_keys = true;
    } else if (of_keys && line.substr(0, 3) == "| `") {
      const auto path = line.substr(3, line.find('`', 3) - 3);
      const auto* key = find_key(path);
      ASSERT_NE(key, nullptr) << line;
      EXPECT_EQ(line, row(*key));
      ++rows;
    }
  }
  EXPECT_GT(rows, 50U) << "the tables are found";
}

TEST(Schema, TheManualNamesWhatIsNotAvailableYet) {
  const auto manual = read_file("docs/configuration.md");
  for (const auto& key : all_keys()) {
    if (key.availability != Availability::later) continue;
    EXPECT_NE(manual.find('`' + std::string(key.path) + '`'), std::string::npos) << key.path;
  }
}

TEST(Schema, RangesReadLikeTheValuesThatAreWritten) {
  EXPECT_EQ(range_text(*find_key("limits.deadline")), "100ms to 25s");
  EXPECT_EQ(range_text(*find_key("limits.policy_idle")), "1s to 1d");
  EXPECT_EQ(range_text(*find_key("limits.policy_connections")), "1 to 100000");
  EXPECT_EQ(range_text(*find_key("rule.accept")), "\"stage\", \"message\" or \"session\"");
  EXPECT_EQ(range_text(*find_key("identity.host")), "");
}

TEST(Schema, KeysOfASectionAreItsOwnAndAvailableOnes) {
  EXPECT_THAT(keys_of("log"), ElementsAre("to", "accepts"));
  EXPECT_THAT(keys_of("table.*"),
              ElementsAre("kind", "entries", "file", "format", "keys", "value", "column",
                          "value_column", "until_column", "note_column", "header", "separator",
                          "query", "database", "case", "delimiter"));
  EXPECT_THAT(keys_of("listen"), Contains("metrics"));
  EXPECT_THAT(keys_of(""), Contains("rule"));
  EXPECT_THAT(keys_of(""), Not(Contains("state")));
}

}  // namespace
}  // namespace postern

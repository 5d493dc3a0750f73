#include "reply/compose.h"
#include "rules/names.h"
#include "rules/schema.h"
#include "runtime/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

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

bool is_section(const SchemaKey& key) {
  return key.type == KeyType::table || key.type == KeyType::tables ||
         key.type == KeyType::table_list;
}

/// "[table.NAME]": how a section begins in a file.
std::string header_of(const SchemaKey& section) {
  const std::string path(section.path);
  if (section.type == KeyType::table_list) return "[[" + path + "]]";
  return section.type == KeyType::tables ? "[" + path + ".NAME]" : "[" + path + "]";
}

std::string sentence(const std::string& text) { return text.empty() ? text : text + ". "; }

/// What the page says of a key: its meaning, and whatever of range, default, change and version is
/// not the usual.
std::string entry_of(const SchemaKey& key) {
  const auto name = key.path.substr(key.path.rfind('.') + 1);
  std::string facts;
  if (key.type == KeyType::choice) {
    for (const auto& word : choices_of(key)) {
      facts += std::string(facts.empty() ? "One of: " : ", ") + '"' + word + '"';
    }
    facts = sentence(facts);
  } else if (key.type == KeyType::rule_mode) {
    facts = sentence("One of: " + std::string(describe(key.type)));
  } else if (const auto range = range_text(key); !range.empty()) {
    facts = sentence("From " + range);
  }
  if (!key.fallback.empty()) facts += sentence("Default: " + std::string(key.fallback));
  if (key.change == Change::on_restart) facts += sentence("Changes at a restart");
  if (key.since != "0.1") facts += sentence("Since " + std::string(key.since));
  std::string text = ".TP\n.B " + troff(name) + '\n' + troff(key.meaning) + '\n';
  if (!facts.empty()) text += troff(facts.substr(0, facts.size() - 1)) + '\n';
  return text;
}

/// The keys right below `section`, "" for those of the whole file.
std::string entries_of(std::string_view section) {
  std::string text;
  for (const auto& key : all_keys()) {
    if (key.availability == Availability::later || is_section(key)) continue;
    const auto dot = key.path.rfind('.');
    const auto parent =
        dot == std::string_view::npos ? std::string_view{} : key.path.substr(0, dot);
    if (parent == section || parent == std::string(section) + ".*") text += entry_of(key);
  }
  return text;
}

/// The part of postern.toml(5) about keys, as the schema has it.
std::string keys_part() {
  std::string text = ".SS \"Further files\"\n" + entries_of("");
  for (const auto& key : all_keys()) {
    if (key.availability == Availability::later) continue;
    if (!is_section(key)) {
      // A value that may be a section as well.
      const auto entries = entries_of(key.path);
      if (!key.path.empty() && !entries.empty()) {
        text += ".SS \"[" + std::string(key.path) + "]\"\n" + entries;
      }
      continue;
    }
    text += ".SS \"" + header_of(key) + "\"\n" + troff(key.meaning) + '\n' + entries_of(key.path);
  }
  return text;
}

/// With POSTERN_WRITE_GOLDEN=1 the part is written anew, for review.
TEST(ManPages, SayOfTheKeysOfThePolicyWhatTheSchemaSaysAndNothingElse) {
  const auto path = std::string(POSTERN_SOURCE_DIR) + "/docs/man/postern.toml.5";
  const auto page = read_file(path);
  ASSERT_TRUE(page);
  const std::string head = ".SH KEYS\n";
  const auto begin = page->find(head);
  const auto end = page->find(".SH CONDITIONS");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end);
  if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary)
        << page->substr(0, begin + head.size()) << keys_part() << page->substr(end);
    return;
  }
  EXPECT_EQ(page->substr(begin + head.size(), end - begin - head.size()), keys_part());
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
                              "lines", "status", "metrics", "reload", "reopen", "stop", "spawn",
                              "maintenance", "import", "pages", "journal erase", "spf"}) {
    EXPECT_THAT(*page, HasSubstr("\n.B " + std::string(command) + "\n"));
  }
  for (const char* signal : {"SIGHUP", "SIGUSR1", "SIGTERM", "SIGINT"}) {
    EXPECT_THAT(*page, HasSubstr(signal));
  }
}

}  // namespace
}  // namespace postern

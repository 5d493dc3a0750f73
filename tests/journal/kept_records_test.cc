// Records as versions of this program wrote them, one file a version under kept/. They are never
// rewritten: every later version has to read them.
#include "journal/record.h"
#include "journal/samples.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace postern {
namespace {

namespace fs = std::filesystem;

std::string kept_folder() { return POSTERN_SOURCE_DIR "/tests/journal/kept"; }

std::vector<std::string> lines_of(const std::string& file) {
  std::istringstream text(samples::read_file(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string kept_of(const std::string& version) { return kept_folder() + '/' + version + ".jsonl"; }

TEST(KeptRecords, OfEveryVersionAreReadAndSayWhatTheySaid) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(kept_folder())) {
    ++files;
    std::size_t number = 0;
    for (const auto& line : lines_of(entry.path())) {
      SCOPED_TRACE(entry.path().filename().string() + ':' + std::to_string(++number));
      const auto record = record_from_json(line);
      ASSERT_TRUE(record) << render(record.problems());
      // What this version does not know of it would be lost here.
      EXPECT_EQ(to_json(*record), line);
    }
    EXPECT_GT(number, 0U);
  }
  EXPECT_GT(files, 0U);
}

/// The file of a version is made by its last build before the release, with POSTERN_KEEP_RECORDS=1
/// in the environment, and only if it is not there.
TEST(KeptRecords, OfThisVersionAreThere) {
  const auto file = kept_of("0.1.0");
  if (std::getenv("POSTERN_KEEP_RECORDS") != nullptr && !fs::exists(file)) {
    std::ofstream kept(file, std::ios::binary);
    kept << to_json(samples::full()) << '\n';
    for (const auto& [name, record] : samples::all_for_golden_files()) {
      kept << to_json(record) << '\n';
    }
  }
  ASSERT_TRUE(fs::exists(file));
  const auto lines = lines_of(file);
  ASSERT_EQ(lines.size(), 18U);
  const auto full = record_from_json(lines.front());
  ASSERT_TRUE(full);
  EXPECT_EQ(full->kind, RecordKind::decision);
  EXPECT_EQ(full->transaction.macros.size(), 2U);
  EXPECT_EQ(full->facts.all().size(), 3U);
  EXPECT_EQ(full->decision.effects.size(), 2U);
  ASSERT_TRUE(full->spent);
  EXPECT_EQ(full->spent->waiting.count(), 201);
  const auto& answered = full->facts.all().begin()->second;
  EXPECT_EQ(full->facts.all().size(), 3U);
  EXPECT_EQ(answered.state, Answer::State::empty);
}

}  // namespace
}  // namespace postern

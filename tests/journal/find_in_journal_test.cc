#include "journal/find_in_journal.h"

#include "journal/journal_parts.h"
#include "journal/samples.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <zlib.h>

namespace postern {
namespace {

using samples::with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Record numbered(unsigned sequence) { return with(samples::refused_recipient(), sequence); }

std::string line(unsigned sequence) { return to_json(numbered(sequence)) + '\n'; }

class RotatedJournal : public ::testing::Test {
 protected:
  void packed(const std::string& name, const std::string& text) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> out(::gzopen((folder_ / name).c_str(), "wb"),
                                                         &::gzclose);
    ASSERT_TRUE(out);
    ASSERT_EQ(::gzwrite(out.get(), text.data(), static_cast<unsigned>(text.size())),
              static_cast<int>(text.size()));
  }
  /// Written to last so long after the time of the sample's reference.
  void aged(const std::string& name, std::chrono::hours after) {
    const auto time = numbered(1).transaction.reference.time() + after;
    std::filesystem::last_write_time(folder_ / name,
                                     std::filesystem::file_time_type::clock::from_sys(time));
  }
  FoundInJournal find(unsigned sequence) {
    auto found = find_in_journal(path_, ByReference{numbered(sequence).transaction.reference});
    EXPECT_TRUE(found) << render(found.problems());
    return found ? std::move(*found) : FoundInJournal{};
  }

  testing::TempDir folder_;
  std::string path_ = folder_ / "decisions.jsonl";
};

TEST_F(RotatedJournal, IsSearchedWhenTheJournalItselfHasNothing) {
  folder_.write("decisions.jsonl", line(1));
  folder_.write("decisions.jsonl.1", line(2) + line(3));
  packed("decisions.jsonl.2.gz", line(4) + line(5));
  EXPECT_EQ(find(1).older, 0U);
  const auto plain = find(3);
  EXPECT_THAT(plain.found.records, SizeIs(1));
  const auto compressed = find(4);
  EXPECT_THAT(compressed.found.records, SizeIs(1));
  const auto nothing = find(6);
  EXPECT_THAT(nothing.found.records, IsEmpty());
  EXPECT_EQ(nothing.older, 2U);
}

TEST_F(RotatedJournal, ARepeatAfterRotationHidTheDecision) {
  const auto repeat = to_json(with(samples::repeated(), 3)) + '\n';
  folder_.write("decisions.jsonl", repeat);
  folder_.write("decisions.jsonl.1", repeat + line(4));
  folder_.write("decisions.jsonl.2", line(3));
  aged("decisions.jsonl.1", std::chrono::hours(2));
  aged("decisions.jsonl.2", std::chrono::hours(1));
  const auto found = find(3);
  ASSERT_THAT(found.found.records, SizeIs(3));
  EXPECT_EQ(found.found.records.front().kind, RecordKind::decision);
}

TEST_F(RotatedJournal, RotationInTheMiddleOfAMessageHidItsFirstHalf) {
  const auto of_message = [](const Record& record, unsigned sequence) {
    return to_json(with(record, sequence, "QID", "session")) + '\n';
  };
  folder_.write("decisions.jsonl", of_message(samples::joined(), 4));
  folder_.write("decisions.jsonl.1", of_message(samples::accepted(), 3));
  folder_.write("decisions.jsonl.2", of_message(samples::accepted(), 2));
  aged("decisions.jsonl.1", std::chrono::hours(2));
  aged("decisions.jsonl.2", std::chrono::hours(1));
  const auto found = find_in_journal(path_, ByQueueId{"QID"});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->found.records, SizeIs(2));
  EXPECT_EQ(found->older, 1U);
}

TEST_F(RotatedJournal, OneCompressedInAnotherWayIsNotSearchedInVain) {
  folder_.write("decisions.jsonl", "");
  folder_.write("decisions.jsonl.1.xz", line(1));
  const auto found = find(1);
  EXPECT_EQ(found.older, 0U);
  ASSERT_THAT(found.unread, SizeIs(1));
  EXPECT_THAT(found.unread[0].message, HasSubstr("compressed in a way that is not read here"));
}

TEST_F(RotatedJournal, IsFoundWhileTheJournalItselfIsMissing) {
  folder_.write("decisions.jsonl.1", line(2));
  EXPECT_THAT(find(2).found.records, SizeIs(1));
  EXPECT_FALSE(find_in_journal(path_, ByReference{numbered(7).transaction.reference}));
}

TEST_F(RotatedJournal, FilesAreNamedNewestFirstAndOthersAreNot) {
  for (const char* name : {"decisions.jsonl", "decisions.jsonl.1", "decisions.jsonl.2.gz",
                           "decisions.jsonl-20261101", "decisions.jsonlx", "other.jsonl.1"}) {
    folder_.write(name, "");
  }
  aged("decisions.jsonl.1", std::chrono::hours(30));
  aged("decisions.jsonl.2.gz", std::chrono::hours(20));
  aged("decisions.jsonl-20261101", std::chrono::hours(-10));
  EXPECT_THAT(rotated_files(path_),
              ElementsAre(path_ + ".1", path_ + ".2.gz", path_ + "-20261101"));
}

TEST_F(RotatedJournal, AFileThatEndedBeforeTheReferenceWasMadeIsLeftAlone) {
  folder_.write("decisions.jsonl", "");
  folder_.write("decisions.jsonl.1", line(9));
  folder_.write("decisions.jsonl.2", "no record\n");
  aged("decisions.jsonl.1", std::chrono::hours(1));
  aged("decisions.jsonl.2", std::chrono::hours(-2));
  EXPECT_EQ(find(8).older, 1U);
}

TEST_F(RotatedJournal, SaysWhichFileCannotBeReadAndGoesOn) {
  folder_.write("decisions.jsonl", "");
  folder_.write("decisions.jsonl.1.gz", "not packed at all\n");
  packed("decisions.jsonl.2.gz", line(2) + std::string(100'000, 'x'));
  std::ifstream whole(folder_ / "decisions.jsonl.2.gz", std::ios::binary);
  const std::string octets{std::istreambuf_iterator<char>(whole), {}};
  folder_.write("decisions.jsonl.3.gz", octets.substr(0, octets.size() / 2));
  aged("decisions.jsonl.1.gz", std::chrono::hours(4));
  aged("decisions.jsonl.3.gz", std::chrono::hours(3));
  aged("decisions.jsonl.2.gz", std::chrono::hours(2));
  const auto found = find(2);
  EXPECT_THAT(found.found.records, SizeIs(1));
  EXPECT_EQ(found.older, 2U) << "one of the three could not be read at all";
  ASSERT_THAT(found.unread, SizeIs(2));
  EXPECT_THAT(found.unread[0].message, HasSubstr("decisions.jsonl.1.gz: it is no gzip file"));
  EXPECT_THAT(found.unread[1].message, HasSubstr("decisions.jsonl.3.gz: its end is missing"));
}

TEST_F(RotatedJournal, IsSearchedHoweverManyFilesThereAre) {
  folder_.write("decisions.jsonl", "");
  for (int i = 1; i <= 120; ++i) {
    const auto name = "decisions.jsonl." + std::to_string(i);
    folder_.write(name, i == 120 ? line(9) : line(1));
    aged(name, std::chrono::hours(24 * (120 - i)));
  }
  EXPECT_THAT(find(9).found.records, SizeIs(1));
  EXPECT_THAT(rotated_files(path_), SizeIs(120));
}

TEST_F(RotatedJournal, NeedsNoRoomForTemporaryFiles) {
  folder_.write("decisions.jsonl", "");
  packed("decisions.jsonl.1.gz", line(2));
  const std::string before = ::getenv("TMPDIR") == nullptr ? "" : ::getenv("TMPDIR");
  ::setenv("TMPDIR", "/nowhere/at/all", 1);
  const auto found = find(2);
  if (before.empty()) {
    ::unsetenv("TMPDIR");
  } else {
    ::setenv("TMPDIR", before.c_str(), 1);
  }
  EXPECT_THAT(found.found.records, SizeIs(1));
  EXPECT_THAT(found.unread, IsEmpty());
}

TEST_F(RotatedJournal, FilesThatEndedBeforeATimeAreLeftAlone) {
  folder_.write("decisions.jsonl", "");
  folder_.write("decisions.jsonl.1", line(2));
  aged("decisions.jsonl.1", std::chrono::hours(1));
  const auto time = numbered(2).transaction.reference.time();
  const auto found = [&](std::chrono::hours since) {
    const auto looked = find_in_journal(path_, ByQueueId{"nobody's"}, time + since);
    EXPECT_TRUE(looked);
    return looked ? looked->older : std::size_t{99};
  };
  EXPECT_EQ(found(std::chrono::hours(0)), 1U);
  EXPECT_EQ(found(std::chrono::hours(5)), 0U);
}

TEST_F(RotatedJournal, AllDecisionsOfTheSameReferenceAreFound) {
  auto other = numbered(2);
  other.host = "mx2.example.org";
  folder_.write("decisions.jsonl", line(1) + to_json(other) + '\n' + line(3) + line(2) +
                                       to_json(with(samples::repeated(), 2)) + '\n');
  const auto found = find(2);
  ASSERT_THAT(found.found.records, SizeIs(3));
  EXPECT_EQ(found.found.records[0].host, "mx2.example.org");
  EXPECT_EQ(found.found.records[1].host, numbered(2).host);
}

TEST(QueryFromText, FindsAReferenceInAPastedReply) {
  const auto reference = numbered(3).transaction.reference;
  for (const auto& text : {"(ref " + reference.text() + ")",
                           "550-5.1.1 User unknown, there is no mailbox x@example.org here. (ref " +
                               reference.text() + ")"}) {
    const auto query = query_from_text(text);
    ASSERT_TRUE(std::holds_alternative<ByReference>(query)) << text;
    EXPECT_EQ(std::get<ByReference>(query).reference, reference);
  }
}

}  // namespace
}  // namespace postern

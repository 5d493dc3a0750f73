#include "journal/reader.h"

#include "journal/find.h"
#include "journal/samples.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

using samples::with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string line(const Record& record) { return to_json(record) + '\n'; }

Record numbered(unsigned sequence) { return with(samples::refused_recipient(), sequence); }

Record repeat_of(unsigned sequence) { return with(samples::repeated(), sequence); }

std::vector<unsigned> sequences(const std::vector<Record>& records) {
  std::vector<unsigned> numbers;
  for (const auto& record : records) numbers.push_back(record.transaction.reference.sequence());
  return numbers;
}

struct Reading {
  std::vector<unsigned> sequences;
  ReadCounts counts;
};

Reading read_all(const std::string& path, ReadOrder order) {
  auto reader = JournalReader::open(path, order);
  EXPECT_TRUE(reader) << render(reader.problems());
  Reading reading;
  if (!reader) return reading;
  while (const auto record = reader->next()) {
    reading.sequences.push_back(record->transaction.reference.sequence());
  }
  EXPECT_EQ(reader->read_error(), "");
  reading.counts = reader->counts();
  return reading;
}

class JournalFileOnDisk : public ::testing::Test {
 protected:
  void contains(const std::string& text) { folder_.write("decisions.jsonl", text); }
  std::vector<unsigned> find(const JournalQuery& query, ReadOrder order = ReadOrder::oldest_first,
                             std::size_t limit = 1000) {
    auto found = find_records(path_, query, order, limit);
    EXPECT_TRUE(found) << render(found.problems());
    return found ? sequences(found->records) : std::vector<unsigned>();
  }

  testing::TempDir folder_;
  std::string path_ = folder_ / "decisions.jsonl";
};

TEST_F(JournalFileOnDisk, IsReadInBothOrders) {
  contains(line(numbered(1)) + line(numbered(2)) + line(numbered(3)));
  EXPECT_THAT(read_all(path_, ReadOrder::oldest_first).sequences, ElementsAre(1, 2, 3));
  EXPECT_THAT(read_all(path_, ReadOrder::newest_first).sequences, ElementsAre(3, 2, 1));
}

TEST_F(JournalFileOnDisk, MayBeEmpty) {
  contains("");
  EXPECT_THAT(read_all(path_, ReadOrder::oldest_first).sequences, IsEmpty());
  EXPECT_THAT(read_all(path_, ReadOrder::newest_first).sequences, IsEmpty());
}

TEST_F(JournalFileOnDisk, KeepsItsGoodLinesAroundTornOnes) {
  const std::string whole = line(numbered(2));
  contains(line(numbered(1)) + whole.substr(0, whole.size() / 2) + '\n' + "garbage\n\n" +
           line(numbered(3)) + whole.substr(0, 100));
  for (const auto order : {ReadOrder::oldest_first, ReadOrder::newest_first}) {
    auto reading = read_all(path_, order);
    std::sort(reading.sequences.begin(), reading.sequences.end());
    EXPECT_THAT(reading.sequences, ElementsAre(1, 3));
    EXPECT_EQ(reading.counts.lines, 5U);
    EXPECT_EQ(reading.counts.unreadable, 3U);
  }
  EXPECT_THAT(read_all(path_, ReadOrder::oldest_first).counts.first_fault,
              HasSubstr("octet " + std::to_string(whole.size()) + ": this line is no journal"));
}

TEST_F(JournalFileOnDisk, PassesOverLinesThatAreTooLong) {
  for (const std::size_t length : {longest_journal_line + 1, longest_journal_line * 3 + 17}) {
    contains(line(numbered(1)) + std::string(length, 'x') + '\n' + line(numbered(2)) +
             std::string(length, 'y'));
    for (const auto order : {ReadOrder::oldest_first, ReadOrder::newest_first}) {
      auto reading = read_all(path_, order);
      std::sort(reading.sequences.begin(), reading.sequences.end());
      EXPECT_THAT(reading.sequences, ElementsAre(1, 2));
      EXPECT_EQ(reading.counts.unreadable, 2U);
    }
  }
}

TEST_F(JournalFileOnDisk, IsReadAlikeWhereverItsLinesMeetTheBlocks) {
  // Lines of many lengths, so that line ends fall everywhere in and around the blocks of 65,536.
  std::mt19937 random(5);
  std::uniform_int_distribution<std::size_t> length(0, 30'000);
  std::string text;
  for (int i = 0; i < 200; ++i) text += std::string(length(random), 'a') + '\n';
  text += "last without an end";
  contains(text);
  std::vector<std::string> forward;
  std::vector<std::string> backward;
  for (const auto order : {ReadOrder::oldest_first, ReadOrder::newest_first}) {
    auto reader = JournalReader::open(path_, order);
    ASSERT_TRUE(reader);
    auto& lines = order == ReadOrder::oldest_first ? forward : backward;
    while (auto one = reader->next_line()) {
      ASSERT_EQ(text.substr(one->offset, one->text.size()), one->text);
      lines.push_back(std::move(one->text));
    }
  }
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
  std::string joined;
  for (const auto& one : forward) joined += one;
  text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
  EXPECT_EQ(joined, text);
}

TEST_F(JournalFileOnDisk, IsSearchedByReference) {
  contains(line(numbered(1)) + line(numbered(2)) + line(repeat_of(2)) + line(numbered(3)) +
           line(repeat_of(2)));
  const auto wanted = numbered(2).transaction.reference;
  auto found = find_records(path_, ByReference{wanted});
  ASSERT_TRUE(found);
  ASSERT_THAT(found->records, SizeIs(3));
  EXPECT_EQ(found->records[0].kind, RecordKind::decision);
  EXPECT_EQ(found->records[1].kind, RecordKind::repeat);
  EXPECT_EQ(to_json(found->records[0]), to_json(numbered(2)));
  EXPECT_THAT(find(ByReference{numbered(9).transaction.reference}), IsEmpty());
}

TEST_F(JournalFileOnDisk, IsSearchedByInstance) {
  contains(line(with(samples::refused_recipient(), 1, "", "", "1.2.3.0")) +
           line(with(samples::refused_recipient(), 2, "", "", "1.2.3.1")) +
           line(with(samples::put_off(), 3, "", "", "1.2.3.0")));
  EXPECT_THAT(find(ByInstance{"1.2.3.0"}), ElementsAre(1, 3));
  EXPECT_THAT(find(ByInstance{"1.2.3.0"}, ReadOrder::newest_first), ElementsAre(3, 1));
  EXPECT_THAT(find(ByInstance{"1.2.3.0"}, ReadOrder::oldest_first, 1), ElementsAre(3));
}

TEST_F(JournalFileOnDisk, LeadsFromAQueueIdToEarlierRefusalsOfTheSameMessage) {
  contains(line(with(samples::blocked_client(), 1, "", "other")) +  // another session
           line(with(samples::blocked_client(), 2, "", "mine")) +   // an earlier message's
           line(with(samples::accepted(), 3, "QFIRST", "mine")) +   // the earlier message
           line(with(samples::blocked_client(), 4, "", "mine")) +   // refused before the id
           line(with(samples::blocked_client(), 5, "", "other")) +
           line(with(samples::joined(), 6, "QSECOND", "mine")) +
           line(with(samples::several_recipients(), 7, "QSECOND", "mine")) +
           line(with(samples::blocked_client(), 8, "", "mine")));  // of the next message
  EXPECT_THAT(find(ByQueueId{"QSECOND"}), ElementsAre(4, 6, 7));
  EXPECT_THAT(find(ByQueueId{"QFIRST"}), ElementsAre(2, 3));
  EXPECT_THAT(find(ByQueueId{"QNONE"}), IsEmpty());
}

TEST_F(JournalFileOnDisk, AnotherSendersRefusalInTheSameSessionWasToldOfAMessage) {
  auto given_up = with(samples::blocked_client(), 1, "", "mine");
  given_up.transaction.sender = MailAddress::from_envelope("<spammer@example.com>");
  contains(line(given_up) + line(with(samples::accepted(), 2, "QID", "mine")));
  EXPECT_THAT(find(ByQueueId{"QID"}), ElementsAre(2));
}

TEST_F(JournalFileOnDisk, IsSearchedForOctetsThatJsonEscapes) {
  contains(line(with(samples::accepted(), 1, "odd \"\xff\n")));
  EXPECT_THAT(find(ByQueueId{"odd \"\xff\n"}), ElementsAre(1));
}

TEST_F(JournalFileOnDisk, IsAProblemWhenItIsMissingOrNoRegularFile) {
  const auto missing = JournalReader::open(path_, ReadOrder::oldest_first);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.problems().front().message, HasSubstr("No such file"));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const auto pipe = JournalReader::open(path_, ReadOrder::oldest_first);
  ASSERT_FALSE(pipe);
  EXPECT_THAT(pipe.problems().front().message, HasSubstr("no regular file"));
  EXPECT_FALSE(find_records(path_, ByQueueId{"Q"}));
}

TEST_F(JournalFileOnDisk, SaysWhenItShrinksUnderTheReader) {
  contains(line(numbered(1)) + line(numbered(2)));
  auto reader = JournalReader::open(path_, ReadOrder::newest_first);
  ASSERT_TRUE(reader);
  contains("");
  EXPECT_FALSE(reader->next());
  EXPECT_THAT(reader->read_error(), HasSubstr("shorter"));
}

TEST(JournalQuery, IsUnderstoodFromWhatAPersonPastes) {
  const auto reference = numbered(1).transaction.reference;
  const auto by_reference = query_from_text("ref " + reference.text());
  ASSERT_TRUE(std::holds_alternative<ByReference>(by_reference));
  EXPECT_EQ(std::get<ByReference>(by_reference).reference, reference);
  EXPECT_TRUE(std::holds_alternative<ByInstance>(query_from_text("437b.6b009e9b.c35ad.0")));
  EXPECT_TRUE(std::holds_alternative<ByQueueId>(query_from_text("5ALCtd1N001234")));
  EXPECT_TRUE(std::holds_alternative<ByQueueId>(query_from_text("")));
}

}  // namespace
}  // namespace postern

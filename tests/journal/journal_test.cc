#include "journal/journal.h"

#include "journal/journal_file.h"
#include "journal/reader.h"
#include "journal/samples.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <future>
#include <mutex>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace postern {
namespace {

using samples::with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr unsigned many = 65'536;

// One segment, whatever the clock says: the samples are of a certain day.
JournalSettings settings_for(const std::string& path) {
  JournalSettings settings;
  settings.path = path;
  settings.segment_age = std::chrono::hours(24 * 365 * 100);
  return settings;
}

Record numbered(unsigned sequence) { return with(samples::refused_recipient(), sequence); }

struct Contents {
  std::vector<unsigned> sequences;
  ReadCounts counts;
};

Contents read_journal(const std::string& path) {
  Contents contents;
  auto reader = JournalReader::open(path, ReadOrder::oldest_first);
  EXPECT_TRUE(reader) << render(reader.problems());
  if (!reader) return contents;
  while (const auto record = reader->next()) {
    contents.sequences.push_back(record->transaction.reference.sequence());
  }
  contents.counts = reader->counts();
  return contents;
}

// What the journal's thread says, for the test's thread.
class Said {
 public:
  void add(const std::string& message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalSettings settings() const { return settings_for(path_); }
  Journal::LogLine log_to(Said& said) const {
    return [&said](const std::string& line) { said.add(line); };
  }
  Journal::Notice tell(Said& said) const {
    return [&said](const std::string& message) { said.add(message); };
  }

  testing::TempDir folder_;
  std::string path_ = folder_ / "decisions.jsonl";
};

TEST_F(JournalTest, WritesRecordsInOrderAsLinesAndToTheLog) {
  Said log;
  Journal journal(settings(), {}, many, log_to(log));
  for (unsigned i = 1; i <= 3; ++i) journal.submit(numbered(i));
  journal.flush();
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(1, 2, 3));
  EXPECT_EQ(samples::read_file(path_), to_json(numbered(1)) + '\n' + to_json(numbered(2)) + '\n' +
                                           to_json(numbered(3)) + '\n');
  EXPECT_THAT(log.all(), ElementsAre(to_log_line(numbered(1)), to_log_line(numbered(2)),
                                     to_log_line(numbered(3))));
  EXPECT_EQ(journal.counters().written, 3U);
  EXPECT_EQ(journal.counters().queued, 0U);
}

TEST_F(JournalTest, WritesWhatIsQueuedBeforeItEnds) {
  {
    Journal journal(settings(), {}, many, {});
    for (unsigned i = 0; i < 200; ++i) journal.submit(numbered(i));
  }
  EXPECT_THAT(read_journal(path_).sequences, SizeIs(200));
}

TEST_F(JournalTest, LogsRefusalsTheirRepeatsAndJoinsAlwaysAndAcceptsOnlyWhenAsked) {
  for (const bool accepts : {true, false}) {
    std::vector<std::string> lines;
    LogSettings log;
    log.accepts = accepts;
    Journal journal(settings(), log, many, [&](const std::string& line) { lines.push_back(line); });
    for (const auto& record : {samples::accepted(), samples::watched_by_shadow(),
                               samples::put_off(), samples::joined(), samples::repeated()}) {
      journal.submit(record);
    }
    journal.flush();
    ASSERT_THAT(lines, SizeIs(accepts ? 5 : 3));
    EXPECT_EQ(std::count(lines.begin(), lines.end(), to_log_line(samples::put_off())), 1);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), to_log_line(samples::joined())), 1);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), to_log_line(samples::repeated())), 1);
  }
}

TEST_F(JournalTest, IsReadableForOwnerAndGroupOnly) {
  const mode_t before = umask(0);
  {
    Journal journal(settings(), {}, many, {});
    journal.submit(numbered(1));
  }
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(JournalTest, WithoutAPathOnlyLogs) {
  Said log;
  Journal journal({""}, {}, many, log_to(log));
  journal.submit(numbered(1));
  journal.flush();
  EXPECT_THAT(log.all(), SizeIs(1));
  EXPECT_EQ(journal.counters().lost_write_failed, 0U);
}

TEST_F(JournalTest, BeginsOnAFreshLineAfterATornOne) {
  folder_.write("decisions.jsonl",
                to_json(numbered(1)) + '\n' + to_json(numbered(2)).substr(0, 99));
  {
    Journal journal(settings(), {}, many, {});
    journal.submit(numbered(3));
  }
  const auto contents = read_journal(path_);
  EXPECT_THAT(contents.sequences, ElementsAre(1, 3));
  EXPECT_EQ(contents.counts.unreadable, 1U);
}

TEST_F(JournalTest, CountsWhatAFullQueueLosesAndSaysSoOnce) {
  Said notices;
  std::promise<void> in_writer;
  std::promise<void> go_on;
  bool first = true;
  Journal journal(
      settings(), {}, 4,
      [&](const std::string&) {
        if (!std::exchange(first, false)) return;
        in_writer.set_value();
        go_on.get_future().wait();
      },
      tell(notices));
  journal.submit(numbered(1));
  in_writer.get_future().wait();  // the writer is held up in its first batch
  for (unsigned i = 2; i <= 10; ++i) journal.submit(numbered(i));
  EXPECT_EQ(journal.counters().lost_queue_full, 5U);
  go_on.set_value();
  journal.flush();
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(journal.counters().written, 5U);
  journal.submit(numbered(11));
  journal.flush();
  journal.submit(numbered(12));
  journal.flush();
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(1, 2, 3, 4, 5, 11, 12));
  EXPECT_THAT(notices.all(), ElementsAre(HasSubstr("queue of 4 is full"), HasSubstr("room again")));
}

TEST_F(JournalTest, BoundsItsQueueByOctetsToo) {
  std::promise<void> in_writer;
  std::promise<void> go_on;
  bool first = true;
  Journal journal(settings(), {}, 100, [&](const std::string&) {
    if (!std::exchange(first, false)) return;
    in_writer.set_value();
    go_on.get_future().wait();
  });
  journal.submit(numbered(1));
  in_writer.get_future().wait();  // the writer is held up in its first batch
  Record large = numbered(2);
  large.transaction.macros["x"] = std::string(300'000, 'x');
  for (unsigned i = 2; i <= 10; ++i) journal.submit(with(large, i));
  // Of the 819,200 octets two leave no room for a third, but for small ones.
  EXPECT_EQ(journal.counters().lost_queue_full, 7U);
  journal.submit(numbered(11));
  go_on.set_value();
  journal.flush();
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(1, 2, 3, 11));
  // One that is larger than all the room goes when nothing else waits.
  large.transaction.macros["x"] = std::string(1'000'000, 'x');
  journal.submit(with(large, 12));
  journal.flush();
  EXPECT_EQ(journal.counters().lost_queue_full, 7U);
}

TEST_F(JournalTest, WakesItsThreadOnceForABatch) {
  std::promise<void> in_writer;
  std::promise<void> go_on;
  bool first = true;
  Journal journal(settings(), {}, many, [&](const std::string&) {
    if (!std::exchange(first, false)) return;
    in_writer.set_value();
    go_on.get_future().wait();
  });
  journal.submit(numbered(1));
  in_writer.get_future().wait();
  const auto before = journal.counters().wake_ups;
  EXPECT_LE(before, 1U);
  // While it is at work nobody has to wake it.
  for (unsigned i = 2; i <= 1000; ++i) journal.submit(numbered(i));
  EXPECT_EQ(journal.counters().wake_ups, before);
  go_on.set_value();
  journal.flush();
  EXPECT_EQ(journal.counters().written, 1000U);
}

TEST_F(JournalTest, CountsWhatAFullDiskLosesAndSaysSoOnce) {
  Said notices;
  Journal journal({"/dev/full"}, {}, many, {}, tell(notices));
  for (unsigned i = 1; i <= 3; ++i) {
    journal.submit(numbered(i));
    journal.flush();
  }
  EXPECT_EQ(journal.counters().lost_write_failed, 3U);
  EXPECT_EQ(journal.counters().written, 0U);
  EXPECT_THAT(journal.counters().last_error, HasSubstr("No space left"));
  EXPECT_THAT(notices.all(), ElementsAre(HasSubstr("No space left")));
  journal.reopen(settings(), {});
  journal.submit(numbered(4));
  journal.flush();
  EXPECT_EQ(journal.counters().written, 1U);
  EXPECT_EQ(journal.counters().last_error, "");
  EXPECT_THAT(notices.all(), SizeIs(2));
  EXPECT_THAT(notices.all().back(), HasSubstr("again; 3 records were lost"));
}

TEST_F(JournalTest, TellsTheLogOfItsTroubleWhenThereIsNobodyElse) {
  Said log;
  Journal journal({"/dev/full"}, {}, many, log_to(log));
  journal.submit(numbered(1));
  journal.flush();
  EXPECT_THAT(log.all(), ElementsAre(to_log_line(numbered(1)), HasSubstr("No space left")));
}

TEST_F(JournalTest, TriesAgainWhenItsFileCouldNotBeOpened) {
  Said notices;
  const std::string sub_folder = folder_ / "later";
  Journal journal({sub_folder + "/decisions.jsonl"}, {}, many, {}, tell(notices));
  journal.submit(numbered(1));
  journal.flush();
  EXPECT_EQ(journal.counters().lost_write_failed, 1U);
  std::filesystem::create_directory(sub_folder);
  journal.submit(numbered(2));
  journal.flush();
  EXPECT_THAT(read_journal(sub_folder + "/decisions.jsonl").sequences, ElementsAre(2));
  EXPECT_THAT(notices.all(), ElementsAre(HasSubstr("No such file"), HasSubstr("again; 1 rec")));
}

TEST_F(JournalTest, KeepsGoodLinesWholeWhenTheFileMayNotGrowAndCannotBeClosed) {
  // The writer's thread blocks SIGXFSZ, so the limit shows as a short write and EFBIG. The limit is
  // the process's: nothing else of the test writes meanwhile.
  JournalFile other{path_};
  ASSERT_TRUE(other.open(path_));
  const std::string one = to_json(numbered(1)) + '\n';
  Said notices;
  Journal journal(settings(), {}, many, {}, tell(notices));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = one.size() * 2 + one.size() / 2;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  for (unsigned i = 1; i <= 4; ++i) journal.submit(numbered(i));
  journal.flush();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(journal.counters().written, 2U);
  EXPECT_EQ(journal.counters().lost_write_failed, 2U);
  EXPECT_EQ(samples::read_file(path_).size(), tight.rlim_cur);
  journal.submit(numbered(5));
  journal.flush();
  const auto contents = read_journal(path_);
  EXPECT_THAT(contents.sequences, ElementsAre(1, 2, 5));
  EXPECT_EQ(contents.counts.unreadable, 1U);
  EXPECT_THAT(notices.all(), ElementsAre(HasSubstr("another process"), HasSubstr("File too large"),
                                         HasSubstr("2 records")));
}

TEST_F(JournalTest, ReopensForRotationWithoutLosingALine) {
  Journal journal(settings(), {}, many, {});
  const std::string rotated = folder_ / "decisions.jsonl.1";
  journal.submit(numbered(1));
  journal.flush();
  std::filesystem::rename(path_, rotated);
  journal.submit(numbered(2));
  journal.reopen(settings(), {});
  journal.submit(numbered(3));
  journal.flush();
  EXPECT_THAT(read_journal(rotated).sequences, ElementsAre(1, 2));
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(3));
}

TEST_F(JournalTest, AReopenLeftTheOctetsOfTheFileBefore) {
  Journal journal(settings(), {}, many, {});
  journal.submit(numbered(1));
  journal.flush();
  EXPECT_GT(journal.counters().octets, 0U);
  std::filesystem::rename(path_, folder_ / "elsewhere.jsonl");
  journal.reopen(settings(), {});
  EXPECT_EQ(journal.counters().octets, 0U);
}

TEST_F(JournalTest, TakesNewSettingsWhenReopened) {
  Said log;
  Journal journal(settings(), {}, many, log_to(log));
  LogSettings quiet;
  quiet.accepts = false;
  journal.reopen(settings_for(folder_ / "other.jsonl"), quiet);
  journal.submit(samples::accepted());
  journal.flush();
  EXPECT_THAT(log.all(), IsEmpty());
  EXPECT_THAT(read_journal(folder_ / "other.jsonl").sequences, SizeIs(1));
}

TEST_F(JournalTest, LosesARecordThatIsTooLongForALineButLogsIt) {
  Said log;
  Said notices;
  Journal journal(settings(), {}, many, log_to(log), tell(notices));
  Record huge = numbered(1);
  huge.transaction.macros["x"] = std::string(longest_journal_line, 'x');
  journal.submit(huge);
  journal.submit(numbered(2));
  journal.flush();
  EXPECT_THAT(read_journal(path_).sequences, ElementsAre(2));
  EXPECT_EQ(journal.counters().lost_write_failed, 1U);
  EXPECT_THAT(log.all(), SizeIs(2));
  EXPECT_THAT(notices.all().front(), HasSubstr("too long"));
}

TEST_F(JournalTest, OutlivesALogThatThrows) {
  Journal journal(settings(), {}, many,
                  [](const std::string&) { throw std::runtime_error("log"); });
  journal.submit(numbered(1));
  journal.submit(numbered(2));
  journal.flush();
  EXPECT_EQ(journal.counters().written, 2U);
}

TEST_F(JournalTest, TakesRecordsFromManyThreadsWhileItIsReopenedAndFlushed) {
  constexpr unsigned threads = 4;
  constexpr unsigned each = 300;
  Journal journal(settings(), {}, many, [](const std::string&) {});
  std::vector<std::thread> submitters;
  for (unsigned t = 0; t < threads; ++t) {
    submitters.emplace_back([&journal] {
      for (unsigned i = 0; i < each; ++i) journal.submit(numbered(i));
    });
  }
  for (int i = 0; i < 20; ++i) {
    journal.reopen(settings(), {});
    journal.flush();
  }
  for (auto& submitter : submitters) submitter.join();
  journal.flush();
  const auto contents = read_journal(path_);
  EXPECT_EQ(contents.sequences.size(), threads * each);
  EXPECT_EQ(contents.counts.unreadable, 0U);
  EXPECT_EQ(journal.counters().written, threads * each);
}

// A child that writes until it is killed; what it has flushed it counts on `acknowledge`.
[[noreturn]] void write_until_killed(const std::string& path, int acknowledge) {
  Journal journal(settings_for(path), {}, many, {});
  for (unsigned i = 0;; ++i) {
    journal.submit(numbered(i));
    if (i % 7 != 0) continue;
    journal.flush();
    if (write(acknowledge, "x", 1) != 1) _exit(1);
  }
}

TEST_F(JournalTest, KeepsEveryFlushedLineThroughKillNine) {
  std::mt19937 random(99);
  std::uniform_int_distribution<int> acknowledgements(1, 60);
  std::uint64_t flushed = 0;
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(path_, ends[1]);
    }
    close(ends[1]);
    // Killed right after an acknowledgement, while the child is busy with the next records.
    std::uint64_t seen = 0;
    for (int left = acknowledgements(random); left > 0; --left) {
      char octet = 0;
      ASSERT_EQ(read(ends[0], &octet, 1), 1);
      ++seen;
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    char octet = 0;
    while (read(ends[0], &octet, 1) == 1) ++seen;
    close(ends[0]);
    // The n-th acknowledgement stands for records 0 to 7 (n - 1).
    flushed += (seen - 1) * 7 + 1;
    const auto contents = read_journal(path_);
    EXPECT_GE(contents.sequences.size(), flushed);
    EXPECT_LE(contents.counts.unreadable, static_cast<std::uint64_t>(round) + 1);
    flushed = contents.sequences.size();
  }
}

}  // namespace
}  // namespace postern

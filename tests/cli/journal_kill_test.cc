// kill -9 of the whole program at random moments, under load, while its journal is rotated and
// compressed: readers find every record but perhaps those of the last second, none twice, and
// nothing that they stumble over.
#include "cli/journal_program.h"
#include "journal/segment.h"

#include <cstdlib>
#include <random>

namespace postern {
namespace {

using test::PolicyLoad;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JournalProgram;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Ten in the short gate; more with POSTERN_KILLS.
int kills() {
  const char* wanted = std::getenv("POSTERN_KILLS");
  return wanted == nullptr ? 10 : std::max(1, std::atoi(wanted));
}

/// A journal is begun anew after so many, or reading it again and again would take all the time.
constexpr int kills_of_a_journal = 10;

/// What is lost at most (issue: "at most one second of records is lost on a kill").
constexpr auto longest_loss = 1s;

class KilledProgram : public JournalProgram {
 protected:
  void remove_journal() {
    for (const auto& entry : std::filesystem::directory_iterator(dir_ / "log")) {
      std::filesystem::remove_all(entry.path());
    }
    answered_.clear();
  }
  PolicyLoad::Answered answered_;
};

TEST_F(KilledProgram, LosesNoEarlierLineWheneverItIsKilled) {
  std::mt19937 random(20'261'122);
  std::uniform_int_distribution<int> milliseconds(1, 1400);
  std::uint64_t lost_late = 0;
  std::uint64_t all = 0;
  std::uint64_t torn = 0;
  std::size_t most_segments = 0;
  for (int round = 0; round < kills(); ++round) {
    if (round % kills_of_a_journal == 0) remove_journal();
    start();
    PolicyLoad load(socket(), std::to_string(round) + 'c', 2);
    const auto until = PolicyLoad::Steady::now() + milliseconds(random) * 1ms;
    while (PolicyLoad::Steady::now() < until) ASSERT_TRUE(load.more(1));
    const auto killed = PolicyLoad::Steady::now();
    kill_server();
    load.stop();
    all += load.answers();
    answered_.insert(load.answered().begin(), load.answered().end());

    const auto read = read_journal();
    ASSERT_THAT(read.unread, IsEmpty()) << render(read.unread);
    ASSERT_LE(read.most(), 1) << "a record is there twice after kill " << round;
    ASSERT_LE(read.counts.unreadable, static_cast<std::uint64_t>(round % kills_of_a_journal + 1))
        << read.counts.first_fault;
    for (auto each = answered_.begin(); each != answered_.end();) {
      if (read.has(each->first)) {
        ++each;
        continue;
      }
      ASSERT_GE(each->second + longest_loss, killed)
          << "lost by kill " << round << ": " << each->first;
      ++lost_late;
      each = answered_.erase(each);
    }
    torn += read.counts.unreadable;
    most_segments = std::max(most_segments, segments_of(path()).size());
  }
  RecordProperty("answers", std::to_string(all));
  RecordProperty("lost within the last second", std::to_string(lost_late));
  RecordProperty("torn lines seen", std::to_string(torn));
  std::cout << kills() << " kills, " << all << " answers, " << lost_late
            << " lost in their last second, up to " << most_segments << " segments\n";
  // Else nothing was rotated while it was killed.
  EXPECT_GE(most_segments, 2U);
}

TEST_F(KilledProgram, ATornLastLineIsSkippedWithANoteAndNothingElseSuffers) {
  configure("");
  start();
  PolicyLoad load(socket(), "c", 1);
  ASSERT_TRUE(load.more(40));
  load.stop();
  stop_server();
  const auto whole = read_journal();
  ASSERT_EQ(whole.records, load.answers());
  // Half of the last line, as a kill within the write leaves it.
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 100);
  const auto torn = read_journal();
  EXPECT_EQ(torn.counts.unreadable, 1U);
  EXPECT_EQ(torn.records, whole.records - 1);
  const auto listed = run({"explain", "--since", "1h", "-n", "1000"});
  EXPECT_EQ(listed.status, 0);
  EXPECT_THAT(listed.output, HasSubstr("lines cannot be read; the first: " + path()));

  start();
  EXPECT_THAT(ask_policy(testing::refused_request), HasSubstr("action=5"));
  stop_server();
  const auto gone_on = read_journal();
  EXPECT_EQ(gone_on.counts.unreadable, 1U);
  EXPECT_EQ(gone_on.records, whole.records);
}

TEST_F(KilledProgram, AKilledWorkerIsFollowedByOneThatWritesOn) {
  start();
  for (int round = 0; round < 3; ++round) {
    PolicyLoad load(socket(), std::to_string(round) + 'w', 2);
    ASSERT_TRUE(load.more(200));
    const auto killed = PolicyLoad::Steady::now();
    ASSERT_EQ(::kill(std::stoi(status_value("worker.pid")), SIGKILL), 0);
    load.stop();
    EXPECT_THAT(ask_policy(testing::refused_request), HasSubstr("action=5"));
    for (const auto& [instance, when] : load.answered()) {
      if (when + longest_loss < killed) answered_.emplace(instance, when);
    }
  }
  stop_server();
  const auto read = read_journal();
  EXPECT_THAT(read.unread, IsEmpty());
  for (const auto& [instance, when] : answered_) EXPECT_TRUE(read.has(instance)) << instance;
}

}  // namespace
}  // namespace postern

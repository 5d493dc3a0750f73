// kill -9 at random points while segments are closed, compressed and given their indexes: no line
// that was written is lost, none is there twice, and whoever comes next goes on.
#include "journal/find_in_journal.h"
#include "journal/journal.h"
#include "journal/segment_index.h"
#include "journal/segment_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using samples::moment;
using samples::refusal;
using samples::walked;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono_literals::operator""h;

/// Ten in the short gate; more with POSTERN_KILLS.
int kills() {
  const char* wanted = std::getenv("POSTERN_KILLS");
  return wanted == nullptr ? 10 : std::max(1, std::atoi(wanted));
}

class KilledJournal : public samples::SegmentFolder {
 protected:
  JournalSettings small_segments() const {
    auto result = settings();
    result.segment_age = 24h * 365 * 100;
    result.segment_size = 30'000;
    return result;
  }
};

struct Flushed {
  std::int64_t upto;
};

/// A child that writes from `first` on until it is killed, and tells what it has flushed.
[[noreturn]] void write_until_killed(const JournalSettings& settings, std::int64_t first,
                                     int tell) {
  Journal journal(settings, {}, 100'000, {});
  for (std::int64_t i = first;; ++i) {
    journal.submit(refusal(i));
    if (i % 7 != 0) continue;
    journal.flush();
    const Flushed flushed{i};
    if (::write(tell, &flushed, sizeof flushed) != static_cast<ssize_t>(sizeof flushed)) ::_exit(1);
  }
}

TEST_F(KilledJournal, LosesNoFlushedLineWhateverItsSegmentsWereGoingThrough) {
  std::mt19937 random(20'261'122);
  // From within the first segment to some segments later, so that closing, compressing and the
  // clearing up of the one before are all under way.
  std::uniform_int_distribution<int> reports(1, 40);
  std::int64_t next = 0;
  for (int round = 0; round < kills(); ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(small_segments(), next, ends[1]);
    ::close(ends[1]);
    Flushed last{next - 1};
    for (int left = reports(random); left > 0; --left) {
      ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(ends[0]);

    const auto numbers = walked(path_);
    ASSERT_FALSE(numbers.empty());
    // In order and without a gap or a double, up to the last that was flushed at least.
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i)) << "round " << round;
    }
    ASSERT_GE(numbers.back(), last.upto) << "round " << round;
    next = numbers.back() + 1;
  }
  // Each kill has torn one line at most, and whoever looks after the segments next mends the rest.
  JournalWalk walk(path_, ReadOrder::oldest_first);
  while (walk.next()) {
  }
  EXPECT_LE(walk.counts().unreadable, static_cast<std::uint64_t>(kills()));
  const auto totals = care(settings(), moment());
  EXPECT_EQ(totals.waiting, 0U);
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(walked(path_), SizeIs(static_cast<std::size_t>(next)));
  for (const auto& segment : segments_of(path_)) {
    EXPECT_TRUE(SegmentIndex::open(segment)) << segment.path;
  }
  for (std::int64_t i = 0; i < next; i += std::max<std::int64_t>(next / 20, 1)) {
    const auto found = find_in_journal(path_, ByReference{refusal(i).transaction.reference});
    ASSERT_TRUE(found);
    EXPECT_THAT(found->found.records, SizeIs(1)) << i;
    EXPECT_THAT(found->notes, IsEmpty());
  }
}

TEST_F(KilledJournal, AStopLosesNothing) {
  {
    Journal journal(small_segments(), {}, 100'000, {});
    for (int i = 0; i < 500; ++i) journal.submit(refusal(i));
  }
  EXPECT_THAT(walked(path_), SizeIs(500));
}

}  // namespace
}  // namespace postern

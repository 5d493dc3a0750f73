// The journal reaches the disk at the stop, and a disk that hangs does not hold the stop up.
#include "journal/journal.h"
#include "journal/samples.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

/// Stands between the journal and the disk in this program.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  unsigned syncs = 0;
  bool hangs = false;
};

Disk& disk() {
  static Disk only;
  return only;
}

}  // namespace

/// Takes the place of the C library's.
extern "C" int fdatasync(int descriptor) {
  {
    std::unique_lock lock(disk().mutex);
    ++disk().syncs;
    disk().changed.wait(lock, [] { return !disk().hangs; });
  }
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace postern {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class JournalAtTheStop : public ::testing::Test {
 protected:
  static unsigned syncs() {
    const std::lock_guard lock(disk().mutex);
    return disk().syncs;
  }
  static void let_hang(bool hangs) {
    {
      const std::lock_guard lock(disk().mutex);
      disk().hangs = hangs;
    }
    disk().changed.notify_all();
  }
  void write_one() {
    journal_.submit(samples::refused_recipient());
    journal_.flush();
  }

  testing::TempDir folder_;
  Journal journal_{{folder_ / "decisions.jsonl"}, {}, 100, {}};
};

TEST_F(JournalAtTheStop, BringsTheLastSecondToTheDisk) {
  write_one();
  ASSERT_TRUE(journal_.settle(60s));
  const auto before = syncs();
  // Within the second in which no further disk flush is due.
  write_one();
  EXPECT_TRUE(journal_.settle(60s));
  EXPECT_EQ(syncs(), before + 1);
  EXPECT_TRUE(journal_.settle(60s));
  EXPECT_EQ(syncs(), before + 1) << "nothing was left to do";
}

TEST_F(JournalAtTheStop, WritesWhatIsQueuedFirst) {
  journal_.submit(samples::refused_recipient());
  EXPECT_TRUE(journal_.settle(60s));
  EXPECT_EQ(journal_.counters().written, 1U);
}

TEST_F(JournalAtTheStop, DoesNotWaitForADiskThatHangs) {
  let_hang(true);
  journal_.submit(samples::refused_recipient());
  EXPECT_FALSE(journal_.settle(20ms));
  let_hang(false);
  EXPECT_TRUE(journal_.settle(60s));
}

}  // namespace
}  // namespace postern

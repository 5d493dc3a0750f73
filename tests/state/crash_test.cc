// What is left of the embedded store after a kill and after a power failure.
#include "state/state_file.h"
#include "state/stores.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using test::ask;

constexpr LedgerTime day = 86'400'000;
constexpr std::size_t page_size = 4096;

Operation add(const std::string& key) { return Operation::tally(key, 1, 100 * day, 1); }

TEST(StateAfterAKill, HasEverythingOfTheLastBatch) {
  for (int round = 0; round < 5; ++round) {
    const testing::TempDir folder;
    const test::FakeClock clock;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto settings = test::quiet_settings(folder.path());
      settings.interval = std::chrono::milliseconds(2);
      EmbeddedStore store(settings, clock, nullptr);
      // Until it is killed; ten thousand batches at most.
      for (std::int64_t count = 1; count < 1'000'000; ++count) {
        ask(store, add("k"));
        ask(store, add("k" + std::to_string(count)));
        if (count % 100 == 0 && store.flush() &&
            ::write(pipe[1], &count, sizeof(count)) != sizeof(count)) {
          break;
        }
      }
      ::_exit(0);
    }
    ::close(pipe[1]);
    std::int64_t on_disk = 0;
    for (int batches = 0; batches < 10 + 7 * round; ++batches) {
      std::int64_t count = 0;
      ASSERT_EQ(::read(pipe[0], &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
      on_disk = count;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);

    test::Words words;
    EmbeddedStore store(test::quiet_settings(folder.path()), clock, words.hear());
    EXPECT_TRUE(words.all().empty()) << words.all()[0];
    const auto found = ask(store, Operation::tally("k", 0, day, 1)).used;
    EXPECT_GE(found, on_disk);
    for (std::int64_t count = 1; count <= on_disk; ++count) {
      ASSERT_EQ(ask(store, Operation::tally("k" + std::to_string(count), 0, day, 1)).used, 1);
    }
  }
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Between two syncs the system writes pages in any order, or not at all; the page that makes a
/// batch valid is written when all others are on the disk.
TEST(StateAfterAPowerFailure, IsThatOfTheLastBatchWhateverElseGotToTheDisk) {
  std::mt19937_64 random(8);
  const testing::TempDir folder;
  const test::FakeClock clock;
  const auto path = StateFile::path_in(folder.path());
  auto store = std::make_unique<EmbeddedStore>(test::quiet_settings(folder.path()), clock, nullptr);
  std::vector<std::int64_t> counts(500);
  std::string before;
  for (int round = 0; round < 40; ++round) {
    const auto as_synced = counts;
    for (int i = 0; i < 200; ++i) {
      const auto which = random() % counts.size();
      ++counts[which];
      ask(*store, add("k" + std::to_string(which)));
    }
    ASSERT_TRUE(store->flush());
    const auto after = content(path);
    if (round > 0) {
      // The first two pages tell which state is valid. Of all others any may be there.
      const testing::TempDir copies;
      auto torn = before;
      torn.resize(std::max(before.size(), random() % 2 == 0 ? after.size() : before.size()));
      for (std::size_t page = 2; (page + 1) * page_size <= std::min(torn.size(), after.size());
           ++page) {
        if (random() % 2 == 0) {
          std::memcpy(torn.data() + page * page_size, after.data() + page * page_size, page_size);
        }
      }
      std::ofstream(StateFile::path_in(copies.path()), std::ios::binary) << torn;
      test::Words words;
      EmbeddedStore restarted(test::quiet_settings(copies.path()), clock, words.hear());
      EXPECT_TRUE(words.all().empty()) << words.all()[0];
      for (std::size_t i = 0; i < counts.size(); ++i) {
        ASSERT_EQ(ask(restarted, Operation::tally("k" + std::to_string(i), 0, day, 1)).used,
                  as_synced[i])
            << "round " << round;
      }
    }
    before = after;
  }
}

}  // namespace
}  // namespace postern

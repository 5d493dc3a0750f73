#include "state/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using test::ask;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr LedgerTime day = 86'400'000;

Operation add(const std::string& key) { return Operation::tally(key, 1, 100 * day, 1); }

/// The exit status of a child that runs `body`; 255 when a signal ended it.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 254;
    try {
      status = body();
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

class Embedded : public ::testing::Test {
 protected:
  std::unique_ptr<EmbeddedStore> open() {
    return std::make_unique<EmbeddedStore>(test::quiet_settings(folder_.path()), clock_,
                                           words_.hear());
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(each.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::TempDir folder_;
  const std::string path_ = folder_ / "state.mdb";
  test::FakeClock clock_;
  test::Words words_;
};

TEST_F(Embedded, WhatIsInMemoryIsAnsweredBeforePerformReturns) {
  const auto store = open();
  ask(*store, add("k"));
  bool answered = false;
  store->perform(Request{{add("k")}}, clock_.steady() + std::chrono::seconds(1),
                 [&](const StoreReply& reply) { answered = reply.results.at(0).used == 2; });
  EXPECT_TRUE(answered);
}

TEST_F(Embedded, ADamagedFileIsKeptAndAnotherIsBegun) {
  {
    const auto store = open();
    for (int i = 0; i < 2000; ++i) ask(*store, add("k" + std::to_string(i)));
  }
  {
    std::fstream damage(path_, std::ios::in | std::ios::out | std::ios::binary);
    std::mt19937 random(1);
    for (int octet = 0; octet < 100'000; ++octet) damage.put(static_cast<char>(random()));
  }
  const auto store = open();
  EXPECT_EQ(ask(*store, add("k1")).used, 1);
  EXPECT_EQ(store->status().trouble, "");
  EXPECT_EQ(store->status().set_aside, 1U);
  ASSERT_EQ(words_.all().size(), 1U);
  EXPECT_THAT(words_.all()[0], HasSubstr("kept as " + path_ + ".damaged-2026-"));
  EXPECT_EQ(files().size(), 4U) << "the file, its lock, its owner, and what was set aside";
}

TEST_F(Embedded, AFileOfAnotherVersionIsKeptAndAnotherIsBegun) {
  {
    const auto store = open();
    ask(*store, add("k"));
  }
  // As a later program would have it.
  std::string text;
  {
    std::ifstream file(path_, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  int places = 0;
  for (auto at = text.find("postern state 1"); at != std::string::npos;
       at = text.find("postern state 1", at + 1)) {
    text[at + 14] = '2';
    ++places;
  }
  ASSERT_GT(places, 0);
  std::ofstream(path_, std::ios::binary) << text;
  const auto store = open();
  EXPECT_EQ(ask(*store, add("k")).used, 1);
  ASSERT_EQ(words_.all().size(), 1U);
  EXPECT_THAT(words_.all()[0], HasSubstr("another version"));
  EXPECT_THAT(words_.all()[0], HasSubstr(".version-2026-"));
}

TEST_F(Embedded, WithoutItsFolderTheStoreIsDownUntilItIsThere) {
  auto settings = test::quiet_settings(folder_ / "later");
  settings.retry = settings.interval = std::chrono::milliseconds(5);
  EmbeddedStore store(settings, clock_, words_.hear());
  EXPECT_EQ(ask(store, Request{{add("k")}}).fault, StoreFault::down);
  EXPECT_NE(store.status().trouble, "");
  EXPECT_EQ(words_.all().size(), 1U);
  std::filesystem::create_directory(folder_ / "later");
  while (!store.flush()) {
  }
  EXPECT_EQ(ask(store, add("k")).used, 1);
  EXPECT_EQ(store.status().trouble, "");
  EXPECT_EQ(words_.all().size(), 2U) << "told when it began and when it was over";
}

TEST_F(Embedded, TwoProcessesDoNotKeepOneFile) {
  const auto store = open();
  ask(*store, add("k"));
  EXPECT_EQ(in_child([&] {
              const auto other = open();
              const auto reply = ask(*other, Request{{add("k")}});
              return reply.fault == StoreFault::down &&
                             reply.why.find("another process") != std::string::npos
                         ? 0
                         : 1;
            }),
            0);
  EXPECT_EQ(ask(*store, add("k")).used, 2);
}

TEST_F(Embedded, OtherProcessesReadWhileItIsKept) {
  const auto store = open();
  for (int i = 0; i < 300; ++i) ask(*store, add("k" + std::to_string(i)));
  ASSERT_TRUE(store->flush());
  for (int reader = 0; reader < 5; ++reader) {
    ask(*store, add("l" + std::to_string(reader)));
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(in_child([&] {
                const auto page = list_state_file(folder_.path(), {"", "", 1000}, clock_.system());
                return page.fault == StoreFault::none ? static_cast<int>(page.entries.size() - 300)
                                                      : 99;
              }),
              reader + 1);
  }
}

TEST_F(Embedded, AFullDiskIsToldOnceAndMailGoesOn) {
  // The limit cannot be lifted again by whoever set it, so a child does it all.
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const auto store = open();
              for (int i = 0; i < 100; ++i) ask(*store, add("k" + std::to_string(i)));
              if (!store->flush()) return 1;
              const rlimit before = [] {
                rlimit limit{};
                ::getrlimit(RLIMIT_FSIZE, &limit);
                return limit;
              }();
              const rlimit full{std::filesystem::file_size(path_), before.rlim_max};
              ::setrlimit(RLIMIT_FSIZE, &full);
              for (int i = 0; i < 3000; ++i) ask(*store, add("m" + std::to_string(i)));
              if (store->flush() || store->flush()) return 2;
              if (store->status().trouble.empty() || words_.all().size() != 1) return 3;
              if (ask(*store, add("m7")).used != 2 || ask(*store, add("k7")).used != 2) return 4;
              if (test::list_all(*store, "k").size() != 100) return 5;
              ::setrlimit(RLIMIT_FSIZE, &before);
              if (!store->flush()) return 6;
              if (!store->status().trouble.empty() || words_.all().size() != 2) return 7;
              if (test::list_all(*store).size() != 3100) return 8;
              return 0;
            }),
            0);
  const auto store = open();
  EXPECT_EQ(ask(*store, add("m7")).used, 3) << "all of it got to the disk in the end";
  EXPECT_EQ(store->status().set_aside, 0U);
}

TEST_F(Embedded, TooManyWhoWaitAreToldSoAtOnce) {
  auto settings = test::quiet_settings(folder_.path());
  settings.waiting = 0;
  EmbeddedStore store(settings, clock_, nullptr);
  const auto reply = ask(store, Request{{add("k")}});
  EXPECT_EQ(reply.fault, StoreFault::full);
}

TEST_F(Embedded, AListShowsWhatIsNotOnTheDiskYet) {
  const auto store = open();
  for (const auto* key : {"a", "c", "e"}) ask(*store, add(key));
  ASSERT_TRUE(store->flush());
  for (const auto* key : {"b", "d", "f"}) ask(*store, add(key));
  test::set(*store, "c", std::nullopt);
  std::vector<std::string> keys;
  for (const auto& each : test::list_all(*store)) keys.push_back(each.key);
  EXPECT_THAT(keys, ElementsAre("a", "b", "d", "e", "f"));
  EXPECT_THAT(test::list(*store, {"", "", 2}).next, "d");
  EXPECT_EQ(store->status().unsaved, 4U);
}

TEST_F(Embedded, AClockThatStepsBackALittleIsWaitedFor) {
  const auto store = open();
  const auto limit = *bucket_limit(1, 1, 60'000);
  ask(*store, Operation::count("k", limit, 1, 0));
  clock_.set_back(std::chrono::seconds(5));
  EXPECT_EQ(ask(*store, Operation::look("k", limit)).wait, 60'000);
}

}  // namespace
}  // namespace postern

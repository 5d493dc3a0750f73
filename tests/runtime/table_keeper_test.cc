#include "runtime/table_keeper.h"

#include "checks/check.h"
#include "rules/maintenance.h"
#include "support/temp_dir.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace postern {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;

// Far beyond what any of it takes; a test that waits so long has failed.
constexpr milliseconds patience{20'000};

TEST(FileWatch, NamesFilesThatHaveChangedWhicheverWay) {
  const TempDir dir;
  const auto a = dir.write("a", "1");
  const auto b = dir.write("b", "1");
  FileWatch watch;
  watch.set({a, b, dir / "later"});
  EXPECT_THAT(watch.wait(milliseconds(0), milliseconds(1)), IsEmpty());
  dir.write("a", "22");
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), ElementsAre(a));
  dir.write("new", "333");
  std::filesystem::rename(dir / "new", b);
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), ElementsAre(b));
  dir.write("later", "1");
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), ElementsAre(dir / "later"));
  std::filesystem::remove(a);
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), ElementsAre(a));
  EXPECT_THAT(watch.wait(milliseconds(0), milliseconds(1)), IsEmpty());
}

TEST(FileWatch, SeesWhatChangesBetweenTwoWaitsAndBesideTheFile) {
  const TempDir dir;
  const auto database = dir.write("d", "1");
  FileWatch watch;
  watch.set({database});
  dir.write("d-wal", "log");
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), ElementsAre(database));
}

TEST(FileWatch, AWakeEndsTheWait) {
  FileWatch watch;
  watch.wake();
  EXPECT_THAT(watch.wait(patience, milliseconds(1)), IsEmpty());
}

/// A keeper over files of its own, and what it says.
class Keeper : public ::testing::Test {
 protected:
  Keeper() {
    config_ = dir_.write("postern.toml", text());
    dir_.write("names", "a.example\n");
    place_.config = config_;
    place_.explicit_config = true;
  }

  static std::string text() {
    return "[identity]\nhost = \"mx.example.org\"\n"
           "[table.names]\nkind = \"domain\"\nfile = \"names\"\n"
           "[table.inline]\nkind = \"domain\"\nentries = [\"x.example\"]\n";
  }

  std::shared_ptr<const Policy> load() {
    const CheckRegistry none;
    auto compiled = Policy::compile(config_, disk_reader(place_), none);
    EXPECT_TRUE(compiled.ok()) << render(compiled.problems());
    return compiled ? compiled->policy : nullptr;
  }

  /// `pause`: after trouble in the keeper.
  void start(milliseconds pause = milliseconds(1)) {
    holder_ = std::make_unique<PolicyHolder>(load());
    TableKeeperSettings settings;
    settings.settle = milliseconds(1);
    settings.retry_every = milliseconds(1);
    settings.look_every = milliseconds(50);
    settings.pause = pause;
    keeper_ = std::make_unique<TableKeeper>(
        *holder_, place_, clock_,
        [this](LogLevel, const std::string& message) { tell(said_, message); },
        [this](const Policy& policy) {
          if (fails_ > 0) {
            --fails_;
            throw std::runtime_error("nobody listens");
          }
          tell(exchanged_, policy.digest());
        },
        settings);
    keeper_->start();
  }

  void tell(std::deque<std::string>& list, std::string text) {
    const std::lock_guard lock(mutex_);
    list.push_back(std::move(text));
    changed_.notify_all();
  }
  std::string next(std::deque<std::string>& list) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !list.empty(); })) return "nothing";
    auto text = list.front();
    list.pop_front();
    return text;
  }

  bool has(const char* name) const {
    return holder_->get()->tables().at("names")->find(std::string_view(name)).has_value();
  }
  std::string status(const std::string& name) const {
    ServiceReport report;
    keeper_->report(report);
    for (const auto& item : report.status().items()) {
      if (item.name == name) return item.value;
    }
    return "none";
  }

  TempDir dir_;
  std::string config_;
  ConfigPlace place_;
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> said_;
  std::deque<std::string> exchanged_;
  int fails_ = 0;  ///< times that who is told of an exchange throws
  std::unique_ptr<PolicyHolder> holder_;
  std::unique_ptr<TableKeeper> keeper_;
};

TEST_F(Keeper, AChangedFileIsInForceAndTheOldPolicyIsAsItWas) {
  start();
  const auto before = holder_->get();
  dir_.replace("names", "b.example\nc.example\n");
  EXPECT_THAT(next(said_), HasSubstr("names has changed and is in force"));
  EXPECT_EQ(next(exchanged_), holder_->get()->digest());
  EXPECT_TRUE(has("b.example"));
  EXPECT_FALSE(has("a.example"));
  EXPECT_TRUE(before->tables().at("names")->find(std::string_view("a.example")));
  EXPECT_EQ(status("tables.names.entries"), "2");
  EXPECT_EQ(status("tables.inline.entries"), "1");
  EXPECT_EQ(status("tables.in_trouble"), "0");
}

TEST_F(Keeper, ABadFileKeepsTheOldEntriesAndIsToldOfOnce) {
  start();
  dir_.replace("names", "*.example\n");
  EXPECT_THAT(next(said_), HasSubstr("is not taken, its tables stay as they were\n"));
  EXPECT_TRUE(has("a.example"));
  EXPECT_EQ(status("tables.in_trouble"), "1");
  EXPECT_THAT(status("tables.names.trouble"), HasSubstr("names:1: \"*.example\" is not a domain"));
  std::filesystem::remove(dir_ / "names");
  EXPECT_THAT(next(said_), HasSubstr("No such file or directory"));
  EXPECT_TRUE(has("a.example"));
  dir_.replace("names", "a.example\n");
  // Retries of the bad file in between have said nothing.
  EXPECT_THAT(next(said_), HasSubstr("is again what is in force"));
  EXPECT_EQ(status("tables.names.trouble"), "none");
}

TEST_F(Keeper, WhatChangedBeforeItBeganIsTakenToo) {
  const auto old = load();
  dir_.replace("names", "b.example\n");
  holder_ = std::make_unique<PolicyHolder>(old);
  keeper_ = std::make_unique<TableKeeper>(
      *holder_, place_, clock_,
      [this](LogLevel, const std::string& message) { tell(said_, message); },
      [this](const Policy& policy) { tell(exchanged_, policy.digest()); });
  keeper_->start();
  next(exchanged_);
  EXPECT_TRUE(has("b.example"));
}

TEST_F(Keeper, RulesThatSomebodyIsEditingStayOut) {
  start();
  dir_.write("postern.toml", "half a fi");
  dir_.replace("names", "b.example\n");
  next(exchanged_);
  EXPECT_TRUE(has("b.example"));
}

TEST_F(Keeper, AfterAReloadItLooksAfterTheFilesOfTheNewPolicy) {
  start();
  dir_.write("postern.toml", text() + "[table.more]\nkind = \"domain\"\nfile = \"more\"\n");
  dir_.replace("more", "m.example\n");
  const auto fresh = load();
  keeper_->change([&](const auto&) { return fresh; }, TableFiles::read_anew);
  dir_.replace("more", "n.example\n");
  next(exchanged_);
  EXPECT_TRUE(holder_->get()->tables().at("more")->find(std::string_view("n.example")));
  EXPECT_EQ(holder_->get()->tables().size(), 3U);
}

TEST_F(Keeper, ThePolicyForNewWorkersGetsWhatCanBeTaken) {
  const auto old = load();
  EXPECT_EQ(with_current_tables(old, disk_reader(place_)), old);
  dir_.replace("names", "b.example\n");
  const auto newer = with_current_tables(old, disk_reader(place_));
  EXPECT_TRUE(newer->tables().at("names")->find(std::string_view("b.example")));
  dir_.replace("names", "*.example\n");
  EXPECT_EQ(with_current_tables(newer, disk_reader(place_)), newer);
}

TEST_F(Keeper, AMaintenanceClearedTheTroubleOfATableUntilTheNextLook) {
  start();
  dir_.replace("names", "*.example\n");
  EXPECT_THAT(next(said_), HasSubstr("is not taken"));
  const Maintenance wanted{clock_.system() + std::chrono::hours(1), true, {}, "file"};
  const CheckRegistry checks;
  const auto reader = disk_reader(place_);
  const auto problems = keeper_->change(
      [&](const auto& in_force) { return with_maintenance(in_force, &wanted, reader, checks); },
      TableFiles::as_in_force);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(holder_->get()->rules().size(), 1U);
  EXPECT_EQ(status("tables.in_trouble"), "1");
  EXPECT_THAT(status("tables.names.trouble"), HasSubstr("is not a domain"));
}

TEST_F(Keeper, AnExchangeOfATableUndidAMaintenanceThatBeganMeanwhile) {
  start();
  const CheckRegistry checks;
  const auto reader = disk_reader(place_);
  const auto path = holder_->get()->table_files().front();
  // Two who change the policy again and again, each from what the other made of it.
  std::thread tables([&] {
    for (int i = 0; i < 20; ++i) {
      dir_.replace("names", "d" + std::to_string(i) + ".example\n");
      keeper_->change(
          [&](const auto& in_force) {
            return Policy::with_table_file(in_force, path, reader, checks);
          },
          TableFiles::as_in_force);
    }
  });
  Maintenance wanted{clock_.system() + std::chrono::hours(1), true, {}, "file"};
  for (int i = 0; i < 20; ++i) {
    wanted.until += std::chrono::minutes(1);
    keeper_->change(
        [&](const auto& in_force) { return with_maintenance(in_force, &wanted, reader, checks); },
        TableFiles::as_in_force);
  }
  tables.join();
  keeper_->stop();
  ASSERT_EQ(holder_->get()->rules().size(), 1U);
  EXPECT_EQ(holder_->get()->rules().front().expires, wanted.until);
  EXPECT_TRUE(has("d19.example"));
}

TEST_F(Keeper, AChangeThatCannotBeLeavesThePolicy) {
  start();
  const auto before = holder_->get();
  const auto problems = keeper_->change(
      [](const auto&) -> Result<std::shared_ptr<const Policy>> { return plain_problem("no"); },
      TableFiles::read_anew);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front().message, "no");
  EXPECT_EQ(holder_->get(), before);
}

TEST_F(Keeper, EndedForGoodAfterAnException) {
  fails_ = 2;
  start();
  dir_.replace("names", "b.example\n");
  EXPECT_THAT(next(said_), HasSubstr("names has changed and is in force"));
  EXPECT_EQ(next(said_), "tables are not watched for a while: nobody listens");
  EXPECT_EQ(next(said_), "tables are watched again");
  EXPECT_EQ(next(exchanged_), holder_->get()->digest()) << "what was not told is told then";
  EXPECT_EQ(status("tables.not_watched"), "none");
  dir_.replace("names", "c.example\n");
  // Two statements: the policy in force is asked for after the exchange alone.
  const auto told = next(exchanged_);
  EXPECT_EQ(told, holder_->get()->digest());
  EXPECT_TRUE(has("c.example"));
}

TEST_F(Keeper, StopsAtOnceWhileItRestsAfterTrouble) {
  fails_ = 1'000'000;
  start(std::chrono::hours(1));
  dir_.replace("names", "b.example\n");
  next(said_);
  EXPECT_EQ(next(said_), "tables are not watched for a while: nobody listens");
  EXPECT_EQ(status("tables.not_watched"), "nobody listens");
  keeper_->stop();
}

}  // namespace
}  // namespace postern

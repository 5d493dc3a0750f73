#include "runtime/table_keeper.h"

#include "checks/check.h"
#include "support/temp_dir.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>

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

  void start() {
    holder_ = std::make_unique<PolicyHolder>(load());
    TableKeeperSettings settings;
    settings.settle = milliseconds(1);
    settings.retry_every = milliseconds(1);
    settings.look_every = milliseconds(50);
    keeper_ = std::make_unique<TableKeeper>(
        *holder_, place_, clock_,
        [this](LogLevel, const std::string& message) { tell(said_, message); },
        [this](const Policy& policy) { tell(exchanged_, policy.digest()); }, settings);
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
    StatusText status;
    keeper_->report(status);
    for (const auto& item : status.items()) {
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
  std::unique_ptr<PolicyHolder> holder_;
  std::unique_ptr<TableKeeper> keeper_;
};

TEST_F(Keeper, AChangedFileIsInForceAndTheOldPolicyIsAsItWas) {
  start();
  const auto before = holder_->get();
  dir_.write("names", "b.example\nc.example\n");
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
  dir_.write("names", "*.example\n");
  EXPECT_THAT(next(said_), HasSubstr("is not taken, its tables stay as they were\n"));
  EXPECT_TRUE(has("a.example"));
  EXPECT_EQ(status("tables.in_trouble"), "1");
  EXPECT_THAT(status("tables.names.trouble"), HasSubstr("names:1: \"*.example\" is not a domain"));
  std::filesystem::remove(dir_ / "names");
  EXPECT_THAT(next(said_), HasSubstr("No such file or directory"));
  EXPECT_TRUE(has("a.example"));
  dir_.write("names", "a.example\n");
  // Retries of the bad file in between have said nothing.
  EXPECT_THAT(next(said_), HasSubstr("is again what is in force"));
  EXPECT_EQ(status("tables.names.trouble"), "none");
}

TEST_F(Keeper, WhatChangedBeforeItBeganIsTakenToo) {
  const auto old = load();
  dir_.write("names", "b.example\n");
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
  dir_.write("names", "b.example\n");
  next(exchanged_);
  EXPECT_TRUE(has("b.example"));
}

TEST_F(Keeper, AfterAReloadItLooksAfterTheFilesOfTheNewPolicy) {
  start();
  dir_.write("postern.toml", text() + "[table.more]\nkind = \"domain\"\nfile = \"more\"\n");
  dir_.write("more", "m.example\n");
  keeper_->replace(load());
  dir_.write("more", "n.example\n");
  next(exchanged_);
  EXPECT_TRUE(holder_->get()->tables().at("more")->find(std::string_view("n.example")));
  EXPECT_EQ(holder_->get()->tables().size(), 3U);
}

TEST_F(Keeper, ThePolicyForNewWorkersGetsWhatCanBeTaken) {
  const auto old = load();
  EXPECT_EQ(with_current_tables(old, disk_reader(place_)), old);
  dir_.write("names", "b.example\n");
  const auto newer = with_current_tables(old, disk_reader(place_));
  EXPECT_TRUE(newer->tables().at("names")->find(std::string_view("b.example")));
  dir_.write("names", "*.example\n");
  EXPECT_EQ(with_current_tables(newer, disk_reader(place_)), newer);
}

}  // namespace
}  // namespace postern

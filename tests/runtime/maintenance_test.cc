#include "model/time_text.h"
#include "runtime/maintenance_file.h"
#include "runtime/maintenance_keeper.h"
#include "support/environment.h"
#include "support/fake_clock.h"
#include "support/policy_text.h"
#include "support/temp_dir.h"
#include "support/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace postern {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;
using Time = std::chrono::system_clock::time_point;

/// 2026-11-21 12:10:00 UTC.
const Time noon = std::chrono::system_clock::from_time_t(1'795'263'000);

Maintenance until(Time time, std::string text = {}) {
  return {time, true, std::move(text), "file"};
}

TEST(MaintenanceText, NamesTheEndCoarselyAndNeverTooEarly) {
  EXPECT_EQ(maintenance_text(until(noon)),
            "The mail service is under maintenance until about 12.30 UTC on 21 November.");
  EXPECT_EQ(maintenance_text(until(noon + 20min)),
            "The mail service is under maintenance until about 12.30 UTC on 21 November.");
  EXPECT_EQ(maintenance_text(until(noon + 20min + 1s)),
            "The mail service is under maintenance until about 13.00 UTC on 21 November.");
  EXPECT_EQ(
      maintenance_text(until(noon + 11h + 40min, "New disks.")),
      "The mail service is under maintenance until about 00.00 UTC on 22 November. New disks.");
}

TEST(MaintenanceText, OfAnAdministratorIsProvenToFit) {
  EXPECT_EQ(maintenance_fault(until(noon)), "");
  EXPECT_EQ(maintenance_fault(until(noon, "We move to new disks.")), "");
  for (const char* text : {"One. Two.", "see: here", "a;b", "{sender}", "\xc3\xa4"}) {
    EXPECT_NE(maintenance_fault(until(noon, text)), "") << text;
  }
  EXPECT_NE(maintenance_fault(until(noon, std::string(120, 'x'))), "");
}

TEST(MaintenanceEnd, IsALengthATimeOfDayOrADate) {
  const testing::EnvironmentVariable zone("TZ", "UTC");
  const auto end = [](const char* text) { return maintenance_end(text, noon); };
  EXPECT_EQ(*end("2h"), noon + 2h);
  EXPECT_EQ(*end("14:00"), noon + 1h + 50min);
  EXPECT_EQ(*end("9:05"), noon + 20h + 55min) << "tomorrow";
  EXPECT_EQ(*end("2026-11-21T14:10:00Z"), noon + 2h);
  EXPECT_EQ(*end("2026-11-21T15:10:00.5+01:00"), noon + 2h);
  EXPECT_EQ(*end("3d"), noon + 72h);
  for (const char* text : {"", "soon", "25:00", "2026-11-21", "2026-11-21T14:10Z", "0s",
                           "2026-11-21T12:00:00Z", "73h", "-1h", "2026-11-21T14:10:00+1:00"}) {
    EXPECT_FALSE(end(text).ok()) << text;
  }
}

TEST(MaintenanceFile, HoldsWhatWasWrittenAndIsReplacedAsAWhole) {
  const TempDir dir;
  const auto path = dir.path() + "/maintenance";
  ASSERT_TRUE(read_maintenance(path).ok());
  EXPECT_FALSE(read_maintenance(path)->has_value());
  Maintenance written{noon + 2h, false, "New disks.", path};
  ASSERT_THAT(write_maintenance(path, written), IsEmpty());
  EXPECT_EQ(read_maintenance(path)->value(), written);
  written.ends_sessions = true;
  written.text.clear();
  ASSERT_THAT(write_maintenance(path, written), IsEmpty());
  EXPECT_EQ(read_maintenance(path)->value(), written);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("maintenance")) << "nothing stays beside it";
  EXPECT_THAT(remove_maintenance(path), IsEmpty());
  EXPECT_THAT(remove_maintenance(path), IsEmpty());
  EXPECT_FALSE(write_maintenance(dir.path() + "/none/maintenance", written).empty());
}

TEST(MaintenanceFile, IsReadStrictly) {
  const std::string good = encode_maintenance(until(noon, "New disks."));
  ASSERT_TRUE(decode_maintenance(good, "f").ok());
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto part = decode_maintenance(good.substr(0, length), "f");
    EXPECT_FALSE(part.ok() && part->text == "New disks.") << length;
  }
  for (const std::string& text :
       {good + "more\n", "\n" + good, std::string("postern maintenance 1\nuntil now\ncode 421\n"),
        std::string("postern maintenance 1\nuntil 2026-11-21T14:10:00Z\ncode 550\n"),
        std::string("postern maintenance 1\nuntil 2026-11-21T14:10:00Z\ncode 421\ntext a;b\n")}) {
    EXPECT_FALSE(decode_maintenance(text, "f").ok()) << text;
  }
}

TEST(MaintenanceFile, IsNoLinkNoFolderAndNotLong) {
  const TempDir dir;
  const auto path = dir.path() + "/maintenance";
  const auto elsewhere = dir.write("elsewhere", encode_maintenance(until(noon)));
  std::filesystem::create_symlink(elsewhere, path);
  EXPECT_FALSE(read_maintenance(path).ok());
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_FALSE(read_maintenance(path).ok());
  std::filesystem::remove(path);
  std::ofstream(path) << std::string(2000, '\n');
  EXPECT_FALSE(read_maintenance(path).ok());
}

constexpr const char* policy_text =
    "[[rule]]\nname = \"friends\"\nwhen = 'client.ip == \"192.0.2.7\"'\naccept = \"session\"\n";

class MaintenanceInForce : public ::testing::Test {
 protected:
  std::shared_ptr<const Policy> policy_ = testing::compile_policy(policy_text);
  TempDir dir_;
  std::string path_ = dir_.path() + "/maintenance";
  test::FakeClock clock_;
  std::vector<std::string> said_;
  std::vector<TableFiles> files_;  ///< of each change

  std::unique_ptr<MaintenanceKeeper> keeper() {
    return std::make_unique<MaintenanceKeeper>(
        path_, clock_, testing::memory_reader({}),
        [this](LogLevel, const std::string& text) { said_.push_back(text); },
        [this](const PolicyChange& make, TableFiles files) {
          auto made = make(policy_);
          if (!made) return made.problems();
          policy_ = std::move(*made);
          files_.push_back(files);
          return Problems{};
        });
  }
  void write(Time end, bool ends_sessions = true) {
    ASSERT_THAT(write_maintenance(path_, {end, ends_sessions, {}, path_}), IsEmpty());
  }
  Decision decide(Stage stage) const {
    const auto outcome = evaluate(*policy_, test::ordinary_transaction(stage), {});
    const auto* decision = std::get_if<Decision>(&outcome);
    return decision == nullptr ? Decision{} : *decision;
  }
};

TEST_F(MaintenanceInForce, PutsMailOffUntilTheEndAndThenTakesItAgain) {
  const auto digest = policy_->digest();
  const auto keeper = this->keeper();
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::accept);
  write(clock_.system() + 2h);
  keeper->look();
  const auto decision = decide(Stage::rcpt);
  EXPECT_EQ(decision.verdict, Verdict::defer);
  ASSERT_TRUE(decision.rule && decision.reply && decision.reason != nullptr);
  EXPECT_EQ(decision.rule->name, "maintenance");
  EXPECT_EQ(decision.rule->file, path_);
  EXPECT_EQ(decision.reason->id, "shutdown");
  EXPECT_EQ(decision.reply->form().text(), "421 4.3.2");
  EXPECT_THAT(decision.reply->text().sentence, HasSubstr("under maintenance until about"));
  EXPECT_NE(policy_->digest(), digest) << "a record names another policy";
  auto late = test::ordinary_transaction(Stage::rcpt);
  late.time = clock_.system() + 2h;
  const auto after = evaluate(*policy_, late, {});
  ASSERT_TRUE(std::holds_alternative<Decision>(after));
  EXPECT_EQ(std::get<Decision>(after).verdict, Verdict::accept)
      << "for a session that began under this policy it ends in time, too";
  clock_.advance(2h - 1s);
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::defer);
  clock_.advance(1s);
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::accept);
  EXPECT_EQ(policy_->digest(), digest);
  EXPECT_EQ(said_.size(), 2U);
}

TEST_F(MaintenanceInForce, HasALegalReplyAtEveryStageWithEitherCode) {
  const auto keeper = this->keeper();
  for (const bool ends_sessions : {true, false}) {
    write(clock_.system() + 2h, ends_sessions);
    keeper->look();
    for (const auto stage : {Stage::connect, Stage::helo, Stage::mail, Stage::rcpt, Stage::data,
                             Stage::end_of_headers, Stage::end_of_message}) {
      const auto decision = decide(stage);
      ASSERT_TRUE(decision.reply) << to_text(stage);
      EXPECT_EQ(decision.reply->code().first_digit(), 4) << to_text(stage);
    }
    EXPECT_EQ(decide(Stage::rcpt).reply->form().text(), ends_sessions ? "421 4.3.2" : "451 4.3.2");
  }
}

TEST_F(MaintenanceInForce, LeavesMailAloneThatWasHandedInLocally) {
  write(clock_.system() + 2h);
  keeper()->look();
  auto transaction = test::ordinary_transaction(Stage::end_of_message);
  transaction.client.address.reset();
  transaction.door = Door::milter;
  const auto outcome = evaluate(*policy_, transaction, {});
  ASSERT_TRUE(std::holds_alternative<Decision>(outcome));
  EXPECT_EQ(std::get<Decision>(outcome).verdict, Verdict::pass);
}

TEST_F(MaintenanceInForce, SurvivesARestartAndAReload) {
  write(clock_.system() + 2h);
  const auto keeper = this->keeper();  // a new worker
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::defer);
  keeper->put(testing::compile_policy(std::string(policy_text) + "# changed\n"));
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::defer);
  EXPECT_THAT(remove_maintenance(path_), IsEmpty());
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::accept);
}

TEST_F(MaintenanceInForce, CalledAnotherEndTheSamePolicy) {
  const auto keeper = this->keeper();
  clock_.advance(noon - clock_.system());
  const auto first = noon + 2h + 5min;
  ASSERT_EQ(maintenance_text(until(first)), maintenance_text(until(first + 1s)));
  write(first);
  keeper->look();
  const auto digest = policy_->digest();
  write(first + 1s);
  keeper->look();
  EXPECT_NE(policy_->digest(), digest) << "a replay would end it at the wrong second";
}

TEST_F(MaintenanceInForce, SaysOfAReloadAloneThatTablesWereReadAnew) {
  write(clock_.system() + 2h);
  const auto keeper = this->keeper();
  keeper->look();
  keeper->put(testing::compile_policy(policy_text));
  EXPECT_THAT(files_, ElementsAre(TableFiles::as_in_force, TableFiles::read_anew));
}

TEST_F(MaintenanceInForce, TakesAFileThatIsBadForNoneAndSaysSoOnce) {
  dir_.write("maintenance", "for ever\n");
  const auto keeper = this->keeper();
  keeper->look();
  keeper->look();
  EXPECT_EQ(decide(Stage::rcpt).verdict, Verdict::accept);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_THAT(said_.front(), HasSubstr("this is no maintenance"));
  ServiceReport report;
  keeper->report(report);
  const auto& status = report.status();
  ASSERT_EQ(status.items().size(), 3U);
  EXPECT_EQ(status.items()[0].value, "off");
  EXPECT_EQ(status.items()[2].name, "maintenance_trouble");
}

TEST_F(MaintenanceInForce, TellsUntilWhen) {
  write(noon + 1h);
  clock_.advance(noon - clock_.system());
  const auto keeper = this->keeper();
  keeper->look();
  ServiceReport report;
  keeper->report(report);
  const auto& status = report.status();
  ASSERT_EQ(status.items().size(), 2U);
  EXPECT_EQ(status.items()[1].value, dir_ / "maintenance");
  EXPECT_EQ(status.items()[0].value, "until " + utc_text(noon + 1h));
}

}  // namespace
}  // namespace postern

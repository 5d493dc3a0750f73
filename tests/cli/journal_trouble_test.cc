// What the program does when its journal cannot be written: mail goes on, and nobody has to guess
// what was lost. And what rotation costs under load: nothing.
#include "cli/journal_program.h"

#include <cerrno>
#include <sched.h>
#include <sys/mount.h>

namespace postern {
namespace {

using test::PolicyLoad;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JournalProgram;
using ::testing::Not;
using testing::refused_request;

class JournalTrouble : public JournalProgram {
 protected:
  /// Decisions go on, and what is told adds up.
  void expect_answers() const { EXPECT_THAT(ask_policy(refused_request), HasSubstr("action=5")); }
  void expect_loss_is_told(const std::string& why) {
    const auto status = run({"status"});
    EXPECT_EQ(status.status, 0);
    EXPECT_THAT(status.output, HasSubstr(why));
    EXPECT_GT(count_in_status("journal.lost_write_failed"), 0U);
    EXPECT_TRUE(log_comes_to("records are being lost, replies are not affected")) << log();
    EXPECT_THAT(log(), HasSubstr(why));
  }
};

/// A folder that is a small disk of its own while it lives. Ours alone: other processes of the
/// machine do not see it.
class SmallDisk {
 public:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {
    if (::unshare(CLONE_NEWNS) != 0) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=192k,mode=0777") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_there() const { return mounted_; }
  bool grow() const {
    return ::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT, "size=64m,mode=0777") == 0;
  }

 private:
  std::string folder_;
  bool mounted_ = false;
};

TEST_F(JournalTrouble, AFullDiskCostsRecordsAndNoMail) {
  const SmallDisk disk(dir_ / "log");
  if (!disk.is_there()) GTEST_SKIP() << "needs the right to mount a small disk";
  configure("segment_size = \"1MiB\"\n");
  start();
  PolicyLoad load(socket(), "c", 2);
  while (count_in_status("journal.lost_write_failed") < 100) ASSERT_TRUE(load.more(100));
  expect_loss_is_told("No space left on device");
  expect_answers();
  EXPECT_EQ(status_value("policy_service.failures"), "0");

  ASSERT_TRUE(disk.grow());
  EXPECT_TRUE(log_comes_to("writing " + path() + " again")) << log();
  ASSERT_TRUE(load.more(100));
  load.stop();
  expect_answers();
  const auto lost = count_in_status("journal.lost_write_failed");
  EXPECT_EQ(status_value_of_worker("journal.last_error"), "");
  EXPECT_EQ(status_value_of_worker("journal.lost_queue_full"), "0");
  stop_server();
  const auto read = read_journal();
  EXPECT_THAT(read.unread, IsEmpty());
  EXPECT_EQ(read.counts.unreadable, 1U) << "the line that the disk cut";
  // What was asked is in the journal, or counted as lost.
  std::uint64_t missing = 0;
  for (const auto& [instance, when] : load.answered()) missing += read.has(instance) ? 0 : 1;
  EXPECT_GT(missing, 0U);
  EXPECT_LE(missing, lost);
}

TEST_F(JournalTrouble, AFileThatMayNotGrowIsClosedAndNothingIsLost) {
  configure("segment_size = \"1MiB\"\n");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{100'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  start();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  PolicyLoad load(socket(), "c", 2);
  while (segments_of(path()).size() < 2) ASSERT_TRUE(load.more(100));
  load.stop();
  expect_answers();
  EXPECT_EQ(count_in_status("journal.lost_write_failed"), 0U);
  EXPECT_EQ(status_value_of_worker("journal.last_error"), "");
  stop_server();
  const auto read = read_journal();
  EXPECT_EQ(read.counts.unreadable, 0U);
  for (const auto& [instance, when] : load.answered()) ASSERT_TRUE(read.has(instance)) << instance;
}

TEST_F(JournalTrouble, AJournalBehindALinkIsKeptBesideTheFileThatTheLinkLeadsTo) {
  std::filesystem::create_directory(dir_ / "large");
  std::filesystem::permissions(dir_ / "large", std::filesystem::perms(0777));
  std::filesystem::create_symlink(dir_ / "large/real.jsonl", path());
  start();
  EXPECT_EQ(status_value_of_worker("journal.file"), dir_ / "large/real.jsonl");
  PolicyLoad load(socket(), "c", 1);
  while (segments_of(dir_ / "large/real.jsonl").empty()) ASSERT_TRUE(load.more(100));
  load.stop();
  stop_server();
  EXPECT_TRUE(std::filesystem::is_symlink(path()));
  const auto first = load.answered().begin()->first;
  for (const auto& journal : {path(), dir_ / "large/real.jsonl"}) {
    EXPECT_EQ(run({"explain", first, "--journal", journal}).status, 0) << journal;
  }
  EXPECT_EQ(run({"explain", first}).status, 0);
}

TEST_F(JournalTrouble, AFolderThatMayNotBeWrittenCostsRecordsAndNoMail) {
  // Renamed away and opened anew, as a rotation would, in a folder that takes no new file.
  start();
  expect_answers();
  std::filesystem::rename(path(), path() + ".1");
  std::filesystem::permissions(dir_ / "log", std::filesystem::perms(0555));
  EXPECT_NE(run({"reopen"}).status, 0);
  for (int i = 0; i < 10; ++i) expect_answers();
  expect_loss_is_told("cannot open " + path() + ": Permission denied");
  const auto lost = count_in_status("journal.lost_write_failed");
  EXPECT_GE(lost, 1U);

  std::filesystem::permissions(dir_ / "log", std::filesystem::perms(0755));
  EXPECT_TRUE(log_comes_to("writing " + path() + " again")) << log();
  EXPECT_EQ(status_value_of_worker("journal.last_error"), "");
  stop_server();
  EXPECT_GT(read_journal().records, 0U);
}

TEST_F(JournalTrouble, ARemovedFileIsBegunAnewAndWhatWasInItIsCounted) {
  configure("");
  start();
  PolicyLoad load(socket(), "c", 1);
  ASSERT_TRUE(load.more(50));
  load.stop();
  ASSERT_TRUE(journal_comes_to(50));
  ASSERT_TRUE(std::filesystem::remove(path()));
  EXPECT_TRUE(log_comes_to("was removed")) << log();
  EXPECT_TRUE(log_comes_to("writing " + path() + " again")) << log();
  expect_answers();
  const auto lost = count_in_status("journal.lost_write_failed");
  EXPECT_EQ(status_value_of_worker("journal.last_error"), "");
  stop_server();
  const auto read = read_journal();
  EXPECT_GT(read.records, 0U);
  std::uint64_t missing = 0;
  for (const auto& [instance, when] : load.answered()) missing += read.has(instance) ? 0 : 1;
  EXPECT_GT(missing, 0U);
  EXPECT_LE(missing, lost);
}

TEST_F(JournalTrouble, RotationUnderLoadLosesAndDoublesNothing) {
  start();
  PolicyLoad load(socket(), "c", 3);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(load.more(300));
    // By another hand, between the segments that the server closes by itself.
    std::error_code none_yet;
    std::filesystem::rename(path(), path() + '.' + std::to_string(i), none_yet);
    EXPECT_EQ(run({"reopen"}).status, 0);
  }
  ASSERT_TRUE(load.more(300));
  load.stop();
  stop_server();
  EXPECT_THAT(log(), Not(HasSubstr("records are being lost")));
  const auto read = read_journal();
  EXPECT_THAT(read.unread, IsEmpty());
  EXPECT_EQ(read.counts.unreadable, 0U) << read.counts.first_fault;
  EXPECT_EQ(read.most(), 1);
  EXPECT_EQ(read.instances.size(), load.answered().size());
  for (const auto& [instance, when] : load.answered()) ASSERT_TRUE(read.has(instance)) << instance;
  EXPECT_GE(segments_of(path()).size(), 3U);
}

}  // namespace
}  // namespace postern

#include "runtime/socket_file.h"

#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

UniqueFd bind_at(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0) << path;
  return fd;
}

std::string made(const std::string& folder) {
  EXPECT_EQ(::mkdir(folder.c_str(), 0755), 0) << folder;
  return folder;
}

struct stat look_at(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

/// A folder of an unprivileged user in which a socket has been bound, and a victim elsewhere. As
/// root any owner will do, else only ourselves.
class InAForeignFolder : public ::testing::Test {
 protected:
  std::string give() { return file_.claim(owner_, group_); }
  static bool unchanged(const struct stat& before, const struct stat& now) {
    return before.st_uid == now.st_uid && before.st_gid == now.st_gid;
  }
  void replace_with(const std::function<int(const char*)>& put) {
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    ASSERT_EQ(put(path_.c_str()), 0) << std::strerror(errno);
  }

  TempDir dir_;
  std::string folder_ = made(dir_ / "folder");
  std::string elsewhere_ = made(dir_ / "elsewhere");
  std::string victim_ = dir_.write("elsewhere/victim", "precious");
  std::string path_ = folder_ + "/s";
  UniqueFd bound_ = bind_at(path_);
  SocketFile file_{path_};
  uid_t owner_ = ::geteuid() == 0 ? 12345 : ::geteuid();
  gid_t group_ = ::geteuid() == 0 ? 23456 : ::getegid();
};

TEST_F(InAForeignFolder, TheSocketItselfIsGivenAway) {
  EXPECT_EQ(give(), "");
  EXPECT_EQ(look_at(path_).st_uid, owner_);
  EXPECT_EQ(look_at(path_).st_gid, group_);
  EXPECT_EQ(file_.remove_claimed(), "");
  EXPECT_FALSE(exists(path_));
}

TEST_F(InAForeignFolder, ASymbolicLinkPutThereIsNotFollowed) {
  const auto before = look_at(victim_);
  replace_with([&](const char* path) { return ::symlink(victim_.c_str(), path); });
  const auto link = look_at(path_);
  EXPECT_THAT(give(), HasSubstr("put in its place"));
  EXPECT_TRUE(unchanged(before, look_at(victim_)));
  EXPECT_TRUE(unchanged(link, look_at(path_)));
}

TEST_F(InAForeignFolder, AHardLinkToAFilePutThereIsNotGivenAway) {
  const auto before = look_at(victim_);
  replace_with([&](const char* path) { return ::link(victim_.c_str(), path); });
  EXPECT_THAT(give(), HasSubstr("put in its place"));
  EXPECT_TRUE(unchanged(before, look_at(victim_)));
}

TEST_F(InAForeignFolder, AHardLinkToAnotherSocketPutThereIsNotGivenAway) {
  const auto other = elsewhere_ + "/s";
  const auto bound = bind_at(other);
  const auto before = look_at(other);
  replace_with([&](const char* path) { return ::link(other.c_str(), path); });
  EXPECT_THAT(give(), HasSubstr("put in its place"));
  EXPECT_TRUE(unchanged(before, look_at(other)));
  EXPECT_NE(file_.remove_claimed(), "") << "it was never ours";
  EXPECT_TRUE(exists(path_));
}

TEST_F(InAForeignFolder, ASocketOfAnotherUserPutThereIsNotGivenAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
  ASSERT_EQ(::lchown(path_.c_str(), 4711, 4711), 0);
  EXPECT_THAT(give(), HasSubstr("put in its place"));
  EXPECT_EQ(look_at(path_).st_uid, uid_t{4711});
}

TEST_F(InAForeignFolder, AFolderExchangedForALinkLeadsNowhereElse) {
  const auto other = elsewhere_ + "/s";
  const auto bound = bind_at(other);
  const auto before = look_at(other);
  ASSERT_EQ(::rename(folder_.c_str(), (dir_ / "moved").c_str()), 0);
  ASSERT_EQ(::symlink(elsewhere_.c_str(), folder_.c_str()), 0);
  EXPECT_EQ(give(), "") << "the folder held is the one first found";
  EXPECT_TRUE(unchanged(before, look_at(other)));
  EXPECT_EQ(look_at(dir_ / "moved/s").st_uid, owner_);
  EXPECT_EQ(file_.remove_claimed(), "");
  EXPECT_TRUE(exists(other));
}

TEST(SocketFile, IsFoundWhereTheWayToItsFolderHasALink) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "run").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("run", (dir / "var").c_str()), 0);
  const auto bound = bind_at(dir / "run/s");
  SocketFile file(dir / "var/s");
  ASSERT_TRUE(file.has_directory());
  EXPECT_EQ(file.claim({}, {}), "");
  EXPECT_EQ(file.remove_claimed(), "");
  EXPECT_FALSE(exists(dir / "run/s"));
}

TEST(SocketFile, NeedsItsFolder) {
  const TempDir dir;
  EXPECT_FALSE(SocketFile(dir / "no/s").has_directory());
  EXPECT_FALSE(SocketFile(dir.write("file", "") + "/s").has_directory());
}

}  // namespace
}  // namespace postern

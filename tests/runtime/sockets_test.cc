#include "runtime/sockets.h"

#include "runtime/as_user.h"
#include "runtime/privileges.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::TempDir;

constexpr milliseconds patience{10'000};

ListenAddress unix_address(const std::string& path) {
  ListenAddress address;
  address.path = path;
  return address;
}

ListenAddress inet_address(ListenAddress::Family family, const std::string& host) {
  ListenAddress address;
  address.family = family;
  address.host = host;
  return address;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return 0;
  return status.st_mode & 07777U;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

TEST(Sockets, HaveExactlyTheModeAskedForWhateverTheUmask) {
  const TempDir dir;
  const mode_t old = ::umask(0077);
  for (const unsigned mode : {0660U, 0600U, 0666U}) {
    const auto path = dir / std::to_string(mode);
    const auto opened = open_listener(unix_address(path), {mode, {}, {}}, Blocking::no);
    ASSERT_TRUE(opened) << render(opened.problems());
    EXPECT_EQ(mode_of(path), mode);
  }
  EXPECT_EQ(::umask(old), mode_t{0077}) << "the umask is put back";
}

TEST(Sockets, GetOwnerAndGroup) {
  const TempDir dir;
  const auto path = dir / "s";
  // As root any id will do, else only our own are allowed.
  const uid_t user = ::geteuid() == 0 ? 12345 : ::geteuid();
  const gid_t group = ::geteuid() == 0 ? 23456 : ::getegid();
  const auto opened = open_listener(unix_address(path), {0660, user, group}, Blocking::no);
  ASSERT_TRUE(opened) << render(opened.problems());
  struct stat status {};
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, user);
  EXPECT_EQ(status.st_gid, group);
}

TEST(Sockets, OfAGroupThatIsNotOursComeWithTheCommandThatHelps) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user who is in few groups";
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0777);
  const auto nobody = find_identity("nobody", "");
  ASSERT_TRUE(nobody);
  const auto told = as_user(*nobody, patience, [&] {
    const auto opened =
        open_listener(unix_address(dir / "s"), {0660, {}, gid_t{4321}}, Blocking::no);
    return opened ? std::string("opened") : render(opened.problems());
  });
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("Operation not permitted"));
  EXPECT_THAT(*told, HasSubstr("usermod -a -G 4321 nobody"));
}

TEST(Sockets, TakeThePlaceOfAStaleSocket) {
  const TempDir dir;
  const auto path = dir / "s";
  { ASSERT_TRUE(open_listener(unix_address(path), {}, Blocking::no)); }
  ASSERT_TRUE(exists(path)) << "a server that was killed leaves its socket behind";
  const auto again = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_TRUE(again) << render(again.problems());
  EXPECT_TRUE(connect_to(unix_address(path), patience));
}

TEST(Sockets, NeverReplaceAPlainFile) {
  const TempDir dir;
  const auto path = dir.write("precious", "data");
  const auto refused = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_FALSE(refused);
  EXPECT_THAT(render(refused.problems()), HasSubstr("not a socket"));
  struct stat status {};
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_TRUE(S_ISREG(status.st_mode));
  EXPECT_EQ(status.st_size, 4);
}

TEST(Sockets, NeverFollowASymbolicLink) {
  const TempDir dir;
  const auto target = dir.write("precious", "data");
  ASSERT_EQ(::symlink(target.c_str(), (dir / "link").c_str()), 0);
  EXPECT_FALSE(open_listener(unix_address(dir / "link"), {}, Blocking::no));
  EXPECT_TRUE(exists(target));
  EXPECT_TRUE(exists(dir / "link"));
}

TEST(Sockets, OfARunningServerAreLeftAlone) {
  const TempDir dir;
  const auto path = dir / "s";
  const auto first = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_TRUE(first);
  const auto second = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_FALSE(second);
  EXPECT_THAT(render(second.problems()), HasSubstr("a running server answers"));
  EXPECT_TRUE(connect_to(unix_address(path), patience));
}

TEST(Sockets, NeedTheirDirectory) {
  const TempDir dir;
  const auto refused = open_listener(unix_address(dir / "no/s"), {}, Blocking::no);
  ASSERT_FALSE(refused);
  EXPECT_THAT(render(refused.problems()), HasSubstr("there is no directory " + (dir / "no")));
}

TEST(Sockets, RefuseAPathThatWouldBeCut) {
  const auto refused =
      open_listener(unix_address("/tmp/" + std::string(120, 'x')), {}, Blocking::no);
  ASSERT_FALSE(refused);
  EXPECT_THAT(render(refused.problems()), HasSubstr("107"));
}

TEST(Sockets, RemoveTheirOwnFileAndNoOther) {
  const TempDir dir;
  const auto path = dir / "s";
  const auto mine = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->remove_file(), "");
  EXPECT_FALSE(exists(path));
  EXPECT_EQ(mine->remove_file(), "") << "gone already is as good";
  const auto theirs = open_listener(unix_address(path), {}, Blocking::no);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(mine->remove_file(), "it is not ours any more");
  EXPECT_TRUE(exists(path));
}

TEST(Sockets, OfTheNetworkTellThePortTheSystemChose) {
  for (const auto& address : {inet_address(ListenAddress::Family::inet, "127.0.0.1"),
                              inet_address(ListenAddress::Family::inet6, "::1")}) {
    const auto opened = open_listener(address, {}, Blocking::no);
    ASSERT_TRUE(opened) << render(opened.problems());
    EXPECT_NE(opened->address().port, 0);
    EXPECT_TRUE(connect_to(opened->address(), patience));
  }
}

TEST(Sockets, OfTheNetworkThatAreTakenAreNamed) {
  const auto first =
      open_listener(inet_address(ListenAddress::Family::inet, "127.0.0.1"), {}, Blocking::no);
  ASSERT_TRUE(first);
  const auto second = open_listener(first->address(), {}, Blocking::no);
  ASSERT_FALSE(second);
  EXPECT_THAT(render(second.problems()), HasSubstr(std::to_string(first->address().port)));
}

TEST(Sockets, BlockOnlyWhereLibmilterWantsIt) {
  const TempDir dir;
  const auto waiting = open_listener(unix_address(dir / "a"), {}, Blocking::yes);
  const auto ready = open_listener(unix_address(dir / "b"), {}, Blocking::no);
  ASSERT_TRUE(waiting && ready);
  EXPECT_EQ(::fcntl(waiting->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(ready->fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Sockets, UsersAndGroupsAreFoundByNameOrNumber) {
  EXPECT_EQ(find_user("root"), uid_t{0});
  EXPECT_EQ(find_group("root"), gid_t{0});
  EXPECT_EQ(find_user("4711"), uid_t{4711});
  EXPECT_EQ(find_group("4711"), gid_t{4711});
  EXPECT_EQ(find_user("no such user"), std::nullopt);
  EXPECT_EQ(find_group("47x"), std::nullopt);
}

}  // namespace
}  // namespace postern

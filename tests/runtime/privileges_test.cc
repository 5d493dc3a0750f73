#include "runtime/privileges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace postern {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Ids cannot be taken back, so each test changes them in a process of its own. 0: all was right.
int in_a_process(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Privileges, RootIsNoUserToRunAs) {
  const auto identity = find_identity("root", "");
  ASSERT_FALSE(identity);
  EXPECT_THAT(render(identity.problems()), HasSubstr("does not run as root"));
  EXPECT_FALSE(find_identity("0", "0"));
}

TEST(Privileges, TheGroupOfRootIsNoGroupToRunIn) {
  for (const char* group : {"root", "0"}) {
    const auto identity = find_identity("nobody", group);
    ASSERT_FALSE(identity) << group;
    EXPECT_THAT(render(identity.problems()), HasSubstr("does not run in the group root"));
    EXPECT_THAT(render(identity.problems()), HasSubstr("--group"));
  }
}

TEST(Privileges, TheGroupOfRootIsNotTakenOverFromTheSystemsList) {
  // The primary group given is always in the list, as if the list had it.
  const auto group = find_identity("nobody", "")->group;
  EXPECT_THAT(supplementary_groups({"nobody", 65534, 0}), Not(Contains(gid_t{0})));
  EXPECT_THAT(supplementary_groups({"nobody", 65534, group}), Contains(group));
  EXPECT_THAT(supplementary_groups({"", 65534, group}), IsEmpty());
}

TEST(Privileges, AnUnknownUserOrGroupIsNamed) {
  EXPECT_THAT(render(find_identity("nosuchuser", "").problems()), HasSubstr("nosuchuser"));
  EXPECT_THAT(render(find_identity("nobody", "nosuchgroup").problems()), HasSubstr("nosuchgroup"));
}

TEST(Privileges, TheGroupIsTheUsersOwnUnlessAnotherIsNamed) {
  const auto own = find_identity("nobody", "");
  ASSERT_TRUE(own);
  EXPECT_NE(own->user, uid_t{0});
  EXPECT_NE(own->group, gid_t{0});
  const auto other = find_identity("nobody", "4711");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->group, gid_t{4711});
}

class AsRootUser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!running_as_root()) GTEST_SKIP() << "only root can change to another user";
    const auto identity = find_identity("nobody", "");
    ASSERT_TRUE(identity);
    nobody_ = *identity;
  }
  UserIdentity nobody_;
};

TEST_F(AsRootUser, BecomingAnotherLeavesNoWayBack) {
  EXPECT_EQ(in_a_process([&] {
              if (!become(nobody_).empty()) return 1;
              if (::seteuid(0) == 0 || ::setegid(0) == 0) return 2;
              if (::getuid() != nobody_.user || ::getgid() != nobody_.group) return 3;
              if (::setgroups(0, nullptr) == 0) return 5;
              gid_t groups[64];
              const int count = ::getgroups(64, groups);
              for (int i = 0; i < count; ++i) {
                if (groups[i] == 0) return 4;
              }
              return 0;
            }),
            0);
}

TEST_F(AsRootUser, BecomingAnotherLeavesTheGroupsOfBeforeBehind) {
  const auto only_own = [](const std::vector<gid_t>& own) {
    std::array<gid_t, 64> groups{};
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    return count >= 0 && std::vector<gid_t>(groups.begin(), groups.begin() + count) == own;
  };
  const std::array<gid_t, 3> before{0, 4, 4711};
  // A user by number alone has no groups of its own.
  for (const auto& identity : {nobody_, UserIdentity{"", 12345, 23456}}) {
    EXPECT_EQ(in_a_process([&] {
                if (::setgroups(before.size(), before.data()) != 0) return 1;
                if (!become(identity).empty()) return 2;
                return only_own(supplementary_groups(identity)) ? 0 : 3;
              }),
              0);
  }
}

TEST_F(AsRootUser, BecomingAnotherLeavesNoZeroAmongTheIds) {
  EXPECT_EQ(in_a_process([&] {
              if (!become(nobody_).empty()) return 1;
              std::array<uid_t, 3> users{};
              std::array<gid_t, 3> groups{};
              ::getresuid(&users[0], &users[1], &users[2]);
              ::getresgid(&groups[0], &groups[1], &groups[2]);
              for (const auto id : users) {
                if (id != nobody_.user) return 2;
              }
              for (const auto id : groups) {
                if (id != nobody_.group) return 3;
              }
              return 0;
            }),
            0);
}

TEST_F(AsRootUser, LooksAsAnotherAndIsRootAgainWithItsGroups) {
  EXPECT_EQ(in_a_process([&] {
              const std::array<gid_t, 2> ours{0, 4711};
              if (::setgroups(ours.size(), ours.data()) != 0) return 1;
              {
                const BorrowedUser user(nobody_);
                if (!user.problems().empty()) return 2;
                if (::geteuid() != nobody_.user || ::getegid() != nobody_.group) return 3;
                std::array<gid_t, 64> groups{};
                const int count = ::getgroups(64, groups.data());
                for (int i = 0; i < count; ++i) {
                  if (groups[static_cast<std::size_t>(i)] == 4711) return 4;
                }
              }
              std::array<gid_t, 64> groups{};
              if (::geteuid() != 0 || ::getegid() != 0) return 5;
              return ::getgroups(64, groups.data()) == 2 ? 0 : 6;
            }),
            0);
}

TEST_F(AsRootUser, AnOrdinaryUserCannotBecomeAnother) {
  EXPECT_EQ(in_a_process([&] {
              if (!become(nobody_).empty()) return 1;
              return become({"daemon", 1, 1}).empty() ? 2 : 0;
            }),
            0);
}

}  // namespace
}  // namespace postern

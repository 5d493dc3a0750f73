#include "system/child_output.h"

#include "runtime/as_user.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <unistd.h>

namespace postern {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(ChildOutput, IsAllThatAProgramWrites) {
  EXPECT_EQ(output_of("echo", {"one  two", "$HOME"}, 60s), "one  two $HOME\n") << "no shell";
  EXPECT_EQ(output_of("cat", {}, 60s), "") << "nothing to read";
}

TEST(ChildOutput, IsNoneOfAProgramThatIsNotThere) {
  EXPECT_EQ(output_of("no-such-program", {}, 60s), std::nullopt);
  EXPECT_EQ(output_of("ls", {"/no/such/folder"}, 60s), "") << "it was there, and failed";
}

TEST(ChildOutput, DoesNotWaitForAProgramThatHangs) {
  EXPECT_EQ(output_of("sleep", {"600"}, 20ms), std::nullopt);
}

TEST(ChildOutput, DoesNotReadForEver) { EXPECT_EQ(output_of("yes", {}, 60s), std::nullopt); }

class AsAnotherUser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!running_as_root()) GTEST_SKIP() << "only root can change to another user";
    nobody_ = find_identity("nobody", "").value();
  }
  UserIdentity nobody_;
};

TEST_F(AsAnotherUser, WorkIsDoneInAChildWithoutRoot) {
  const auto told = as_user(nobody_, 60s, [] {
    if (::setuid(0) == 0) return std::string("root");
    return std::to_string(::geteuid()) + " " + std::to_string(::getegid());
  });
  EXPECT_EQ(told, std::to_string(nobody_.user) + " " + std::to_string(nobody_.group));
  EXPECT_EQ(::geteuid(), uid_t{0}) << "we are still who we were";
}

TEST_F(AsAnotherUser, WorkThatFailsOrHangsHasNoResult) {
  EXPECT_EQ(as_user(nobody_, 60s, []() -> std::string { throw std::runtime_error("a bug"); }),
            std::nullopt);
  EXPECT_EQ(as_user(nobody_, 60s,
                    []() -> std::string {
                      ::raise(SIGKILL);
                      return "never";
                    }),
            std::nullopt);
  EXPECT_EQ(as_user(nobody_, 20ms,
                    []() -> std::string {
                      ::pause();
                      return "never";
                    }),
            std::nullopt);
}

}  // namespace
}  // namespace postern

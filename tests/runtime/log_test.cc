#include "runtime/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// What reaches standard error while `body` runs.
template <typename Body>
std::string standard_error_of(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

void let_the_journal_read_standard_error() {
  struct stat status {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const auto name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  ::setenv("JOURNAL_STREAM", name.c_str(), 1);
}

TEST(Log, WritesEachLineWithNameAndProcess) {
  ::unsetenv("JOURNAL_STREAM");
  const auto text = standard_error_of([] {
    start_log(LogTarget::standard_error);
    log(LogLevel::info, "one\n\ntwo");
    log(LogLevel::error, "three");
  });
  const auto who = "postern[" + std::to_string(::getpid()) + "]: ";
  EXPECT_THAT(text, HasSubstr(who + "one\n"));
  EXPECT_THAT(text, HasSubstr(who + "two\n"));
  EXPECT_THAT(text, EndsWith(who + "error: three\n"));
}

TEST(Log, GivesPrioritiesToTheJournalThatReadsIt) {
  const auto text = standard_error_of([] {
    let_the_journal_read_standard_error();
    start_log(LogTarget::automatic);
    log(LogLevel::info, "one\ntwo");
    log(LogLevel::warning, "three");
    log(LogLevel::error, "four");
  });
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(text, "<6>one\n<6>two\n<4>warning: three\n<3>error: four\n");
}

TEST(Log, DoesNotTakeAnotherProcesssJournalForItsOwn) {
  const auto text = standard_error_of([] {
    ::setenv("JOURNAL_STREAM", "1:1", 1);
    start_log(LogTarget::standard_error);
    log(LogLevel::info, "plain");
  });
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_THAT(text, Not(HasSubstr("<6>")));
}

TEST(Log, DoesNotInterpretWhatItWrites) {
  const auto text = standard_error_of([] {
    start_log(LogTarget::standard_error);
    log(LogLevel::info, "100% {} %s %v");
  });
  EXPECT_THAT(text, EndsWith("100% {} %s %v\n"));
}

}  // namespace
}  // namespace postern

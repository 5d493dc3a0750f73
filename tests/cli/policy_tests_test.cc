// The tests of a policy as people and the service run them.
#include "cli/tested_policy.h"
#include "support/command_test.h"
#include "support/golden.h"
#include "support/program.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace postern::cli {
namespace {

using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Program;

constexpr const char* rules = R"([identity]
host = "mx1.example.org"

[listen]
policy = "unix:/run/postern/policy.sock"
control = "unix:/run/postern/control.sock"

[table.partners]
kind = "cidr"
entries = ["198.51.100.0/24"]

[[rule]]
name = "partners are welcome"
when = 'client.ip in partners'
accept = "session"

[[rule]]
name = "nobody"
stage = "rcpt"
when = 'sender == "nobody@example.com"'
reject = "client-blocked"

)";

constexpr const char* good_test = R"([[test]]
name = "partners are let in"
client = { ip = "198.51.100.7" }
expect = { verdict = "accept" }

)";

constexpr const char* bad_test = R"([[test]]
name = "nobody is put off"
client = { ip = "192.0.2.1" }
sender = "nobody@example.com"
recipient = "bob@example.org"
expect = { verdict = "defer", reply = "450 4.7.1" }

)";

class TestCommand : public testing::CommandTest {
 protected:
  int run(Command command, std::vector<std::string> words = {}, Format format = Format::text) {
    options_.format = format;
    return CommandTest::run(command, std::move(words));
  }
};

TEST_F(TestCommand, CountsTheTestsThatPass) {
  use(std::string(rules) + good_test);
  EXPECT_EQ(run(Command::test), 0) << err_.str();
  EXPECT_EQ(out_.str(), "1 test: 1 passed, 0 failed\n");
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(TestCommand, SaysThatThereAreNone) {
  use(rules);
  EXPECT_EQ(run(Command::test), 0);
  EXPECT_EQ(out_.str(), "no tests\n");
}

TEST_F(TestCommand, TellsWhatDiffersAndExitsWithOne) {
  use(std::string(rules) + good_test + bad_test);
  EXPECT_EQ(run(Command::test), 1);
  expect_golden("cli/test_failing.txt", shown(out_));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(TestCommand, RunsTheTestsOfMoreFiles) {
  use(std::string(rules) + good_test);
  const auto more = dir_.write("more/tests.toml", bad_test);
  EXPECT_EQ(run(Command::test, {more}), 1);
  EXPECT_THAT(shown(out_), HasSubstr("DIR/more/tests.toml:1: test \"nobody is put off\" failed"));
  EXPECT_THAT(out_.str(), HasSubstr("2 tests: 1 passed, 1 failed\n"));
}

TEST_F(TestCommand, JsonIsOneObjectALine) {
  use(std::string(rules) + good_test + bad_test);
  EXPECT_EQ(run(Command::test, {}, Format::json), 1);
  EXPECT_EQ(shown(out_), R"({"name":"partners are let in","passed":true,"differences":[],)"
                         R"("file":"DIR/postern.toml","line":23})"
                         "\n"
                         R"({"name":"nobody is put off","passed":false,"differences":[)"
                         R"({"what":"verdict","expected":"defer","got":"reject"},)"
                         R"({"what":"reply","expected":"450 4.7.1","got":"550 5.7.1"}],)"
                         R"("file":"DIR/postern.toml","line":28})"
                         "\n");
}

TEST_F(TestCommand, APolicyOrAFileWithProblemsIsNotRun) {
  use(std::string(rules) + "[[test]]\nname = \"x\"\n");
  EXPECT_EQ(run(Command::test), 78);
  EXPECT_THAT(err_.str(), HasSubstr("this test has no \"expect\""));
  use(std::string(rules) + good_test);
  EXPECT_EQ(run(Command::test, {dir_.write("a.toml", "[table.x]\n"), dir_.path() + "/none.toml"}),
            78);
  EXPECT_THAT(out_.str(), IsEmpty());
  EXPECT_THAT(err_.str(), HasSubstr("\"table\" has no place in a file of tests"));
  EXPECT_THAT(err_.str(), HasSubstr("none.toml: error: cannot read this file"));
}

TEST_F(TestCommand, CheckRunsThemToo) {
  use(std::string(rules) + good_test);
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("Tests:\n    1 test: 1 passed, 0 failed\n"));
  use(std::string(rules) + good_test + bad_test);
  EXPECT_EQ(run(Command::check), 78);
  expect_golden("cli/check_failing_test.txt", shown(err_));
}

TEST_F(TestCommand, TheTestsOfAReloadAreNotRunForEver) {
  use(std::string(rules) + good_test + bad_test);
  const auto loaded = load_policy(options_.place);
  ASSERT_TRUE(loaded.ok());
  const auto run = run_for(std::chrono::milliseconds(-1), loaded->policy, loaded->policy->tests());
  EXPECT_THAT(run.results, IsEmpty());
  EXPECT_EQ(run.skipped, 2U);
  EXPECT_THAT(failures(run), IsEmpty());
  EXPECT_THAT(render(omissions(run, "postern.toml")),
              HasSubstr("postern.toml: warning: 2 tests of the policy were not run"));
}

TEST_F(TestCommand, OfManyFailuresTheFirstAreTold) {
  std::string text = rules;
  for (int i = 0; i < 30; ++i) {
    text += "[[test]]\nname = \"t" + std::to_string(i) +
            "\"\nclient = { ip = \"192.0.2.1\" }\nexpect = { verdict = \"reject\" }\n";
  }
  use(text);
  const auto loaded = load_tested_policy(options_.place);
  EXPECT_EQ(loaded.problems().size(), 20U);
  EXPECT_THAT(loaded.problems().back().hint, HasSubstr("10 more tests fail"));
}

TEST_F(TestCommand, CheckTellsOfSharesAndOfRulesThatHaveEnded) {
  use(std::string(rules) +
      "[[rule]]\nname = \"long ago\"\nstage = \"rcpt\"\nwhen = 'tls'\nreject = "
      "\"policy-reject\"\nexpires = \"2020-01-31\"\n"
      "[[rule]]\nname = \"a tenth\"\nstage = \"rcpt\"\nwhen = 'not tls'\nreject = "
      "\"policy-reject\"\nmode = \"10%\"\nexpires = 2261-12-31\n");
  EXPECT_EQ(run(Command::check), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("long ago: reject policy-reject (550 5.7.1), expired "
                                    "2020-01-31   ["));
  EXPECT_THAT(out_.str(), HasSubstr("a tenth: reject policy-reject (550 5.7.1), for 10% of "
                                    "messages, until 2261-12-31   ["));
  EXPECT_THAT(shown(out_), HasSubstr("DIR/postern.toml:23:1: warning: the rule \"long ago\" has "
                                     "expired (2020-01-31) and is off\n"));
}

TEST_F(Program, ItsStatusNamesTheRulesThatHaveEnded) {
  dir_.write("etc/postern/postern.toml",
             std::string(testing::policy_text) + "expires = \"2020-01-31\"\n");
  serve();
  EXPECT_EQ(status_value_of_worker("policy.expired_rules"), "\"nobody\"");
  const auto reloaded = run({"reload"});
  EXPECT_EQ(reloaded.status, 0);
  EXPECT_THAT(reloaded.output, HasSubstr("the rule \"nobody\" has expired (2020-01-31)"));
}

TEST_F(Program, AReloadWhoseTestsFailIsRefusedAndTheOldPolicyStays) {
  serve();
  const std::string failing =
      std::string(testing::policy_text) +
      "[[test]]\nname = \"nobody is let in\"\nclient = { ip = \"192.0.2.1\" }\nsender = "
      "\"nobody@example.com\"\nrecipient = \"bob@example.org\"\nexpect = { verdict = \"pass\" }\n";
  dir_.write("etc/postern/postern.toml", failing);
  const auto refused = run({"reload"});
  EXPECT_EQ(refused.status, 78);
  EXPECT_THAT(refused.output,
              HasSubstr("the test \"nobody is let in\" fails: verdict should be pass and is "
                        "reject"));
  EXPECT_EQ(status_value("last_reload"), "refused");
  EXPECT_EQ(status_value("policy.rules"), "1");
  dir_.write("etc/postern/postern.toml", testing::policy_text);
  EXPECT_EQ(run({"reload"}).status, 0);
}

TEST_F(Program, DoesNotStartWithAPolicyWhoseTestsFail) {
  dir_.write("etc/postern/postern.toml",
             std::string(testing::policy_text) +
                 "[[test]]\nname = \"x\"\nclient = { ip = \"192.0.2.1\" }\nexpect = { verdict = "
                 "\"reject\" }\n");
  const auto refused = run({"serve"});
  EXPECT_EQ(refused.status, 78);
  EXPECT_THAT(refused.output, HasSubstr("the test \"x\" fails"));
}

}  // namespace
}  // namespace postern::cli

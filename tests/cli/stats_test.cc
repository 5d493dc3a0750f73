#include "journal/report_page.h"
#include "support/command_test.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* policy = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"

[[rule]]
name = "own names"
when = 'helo == "mx1.example.org"'
reject = "helo-forged"

[[rule]]
name = "listed"
when = 'helo == "bad.example"'
reject = "client-blocked"
)";

std::string line(const std::string& time, const std::string& decision) {
  return R"({"v":1,"kind":"decision","ref":"","time":")" + time +
         R"(","host":"mx1.example.org","policy":"d","door":"policy","stage":"rcpt",)"
         R"("transaction":{"client":{"address":"192.0.2.7"},"sender":"a@example.net",)"
         R"("recipient":"b@example.org"},"decision":)" +
         decision + R"(,"elapsed_us":213})" + '\n';
}

std::string pass(const std::string& time) { return line(time, R"({"verdict":"pass","trail":[]})"); }

std::string refusal(const std::string& time) {
  return line(time,
              R"({"verdict":"reject","reason":"client-blocked","rule":{"name":"listed",)"
              R"("stage":"rcpt"},"trail":[{"rule":{"name":"listed","stage":"rcpt"},"truth":"yes",)"
              R"("mode":"enforce","verdict":"reject"}]})");
}

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

class JournalSums : public testing::CommandTest {
 protected:
  void SetUp() override {
    use(policy);
    options_.journal = dir_ / "decisions.jsonl";
    options_.stats.since = "2026-11-20";
    options_.stats.until = "2026-11-22";
  }
  /// What lies in an older segment, and in the active one.
  void write(const std::string& closed, const std::string& active) {
    if (!closed.empty()) dir_.write("decisions.jsonl-20261121T000000.000Z", closed);
    dir_.write("decisions.jsonl", active);
  }
  void write_some() {
    write(pass("2026-11-18T10:00:00.000000Z") + pass("2026-11-20T10:00:00.000000Z") +
              refusal("2026-11-20T11:00:00.000000Z"),
          refusal("2026-11-21T11:00:00.000000Z") + pass("2026-11-22T00:00:00.000000Z") +
              "{\"v\":1,\"kind\":");
  }
};

TEST_F(JournalSums, AreOfAllFilesOfTheJournalAndOfTheirTimeAlone) {
  write_some();
  EXPECT_EQ(run(Command::stats), EX_OK);
  testing::expect_golden("cli/stats.txt", shown(out_));
  EXPECT_THAT(err_.str(), HasSubstr("postern: 1 of 6 lines cannot be read; the first: "));
}

TEST_F(JournalSums, AreOneTableWhenOneIsAskedFor) {
  write_some();
  options_.stats.by = StatsBy::network;
  EXPECT_EQ(run(Command::stats), EX_OK);
  EXPECT_THAT(out_.str(), HasSubstr("Networks of clients  decisions  let in  refused\n"
                                    "  192.0.2.0/24               3       1        2\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("Reasons")));
  options_.format = Format::json;
  EXPECT_EQ(run(Command::stats), EX_OK);
  EXPECT_THAT(out_.str(), HasSubstr(R"("by":{"network":{"rows":[{"name":"192.0.2.0/24",)"));
}

TEST_F(JournalSums, SayWhenThereIsNothing) {
  EXPECT_EQ(run(Command::stats), EX_NOINPUT);
  EXPECT_THAT(err_.str(), HasSubstr("No such file"));
  write("", "");
  EXPECT_EQ(run(Command::stats), EX_DATAERR);
  EXPECT_EQ(shown(err_), "postern: there is no decision in DIR/decisions.jsonl in that time\n");
}

TEST_F(JournalSums, TakeOnlyTimes) {
  write_some();
  options_.stats.since = "yesteryear\x1b[31m";
  EXPECT_EQ(run(Command::stats), EX_USAGE);
  EXPECT_THAT(err_.str(), HasSubstr("--since \"yesteryear\\x1b[31m\": a time is a length such as"));
  options_.stats.since = "2026-11-22";
  EXPECT_EQ(run(Command::stats), EX_USAGE);
  EXPECT_EQ(err_.str(),
            "postern: there is no time from 2026-11-22T00:00:00Z to 2026-11-22T00:00:00Z\n");
}

TEST_F(JournalSums, AreToldWhileThePolicyIsBroken) {
  write_some();
  dir_.write("postern.toml", "broken = ");
  EXPECT_EQ(run(Command::stats), EX_OK);
  EXPECT_THAT(err_.str(), HasSubstr("the policy has problems"));
  EXPECT_EQ(run(Command::report, {"-"}), EX_OK);
  EXPECT_THAT(out_.str(), HasSubstr("rules that never fired are not known"));
}

TEST_F(JournalSums, BecomeAPageThatComparesWithTheTimeBefore) {
  write_some();
  const auto file = dir_ / "report.html";
  EXPECT_EQ(run(Command::report, {file}), EX_OK) << err_.str();
  EXPECT_EQ(shown(out_), "DIR/report.html: 3 decisions reported\n");
  EXPECT_EQ(mode_of(file), 0640U);
  const auto page = text_of(file);
  EXPECT_THAT(page, HasSubstr("<h1>Mail at mx1.example.org</h1>"));
  EXPECT_THAT(page, HasSubstr("own names"));
  EXPECT_THAT(page, HasSubstr("1 of 2 rules</a> never said yes"));
  EXPECT_THAT(page, HasSubstr("lines of the journal cannot be read"));
  EXPECT_EQ(run(Command::report, {"-"}), EX_OK);
  EXPECT_THAT(out_.str(), HasSubstr("</html>\n"));
}

TEST_F(JournalSums, OfNoMailBecomeAPageAllTheSame) {
  write("", "");
  EXPECT_EQ(run(Command::report, {dir_ / "report.html"}), EX_DATAERR);
  EXPECT_EQ(err_.str(), "postern: no decision is of that time\n");
  EXPECT_THAT(text_of(dir_ / "report.html"), HasSubstr("No decision is recorded of this time."));
  EXPECT_EQ(shown(out_), "DIR/report.html: 0 decisions reported\n");
}

TEST_F(JournalSums, ReplaceAReportOnlyAndKeepItsMode) {
  write_some();
  const auto file = dir_.write("report.html", std::string(report_mark) + " of yesterday");
  ::chmod(file.c_str(), 0604);
  EXPECT_EQ(run(Command::report, {file}), EX_OK) << err_.str();
  EXPECT_EQ(mode_of(file), 0604U);
  EXPECT_THAT(text_of(file), HasSubstr("</html>"));
  dir_.write("report.html", "the diary of somebody");
  EXPECT_EQ(run(Command::report, {file}), EX_CANTCREAT);
  EXPECT_THAT(shown(err_),
              HasSubstr("DIR/report.html is no report of Postern; nothing is written"));
  EXPECT_EQ(text_of(file), "the diary of somebody");
}

TEST_F(JournalSums, FollowNoLinkAndReplaceNothingButAFile) {
  write_some();
  const auto other = dir_.write("other", std::string(report_mark));
  std::filesystem::create_symlink(other, dir_ / "link");
  for (const auto& path : {dir_ / "link", dir_.path(), std::string("/dev/null")}) {
    EXPECT_EQ(run(Command::report, {path}), EX_CANTCREAT);
    EXPECT_THAT(err_.str(), HasSubstr("is no plain file; nothing is written"));
  }
  EXPECT_EQ(text_of(other), report_mark);
  EXPECT_EQ(run(Command::report, {dir_ / "nowhere/report.html"}), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("No such file or directory"));
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(JournalSums, LeaveNothingHalfDoneBehind) {
  write_some();
  std::filesystem::create_directory(dir_ / "web");
  EXPECT_EQ(run(Command::report, {dir_ / "web/report.html"}), EX_OK);
  const std::filesystem::directory_iterator files(dir_ / "web");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(JournalSums, OfAJournalThatIsSwitchedOffAreNone) {
  use(std::string(policy) + "[journal]\npath = \"\"\n");
  options_.journal.clear();
  EXPECT_EQ(run(Command::stats), EX_UNAVAILABLE);
  EXPECT_EQ(err_.str(), "postern: the policy keeps no journal (journal.path is empty)\n");
  EXPECT_EQ(run(Command::report, {"-"}), EX_UNAVAILABLE);
}

}  // namespace
}  // namespace postern::cli

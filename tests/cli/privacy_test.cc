// The program with hidden addresses, and asked to erase one while it serves.
#include "cli/journal_program.h"
#include "journal/address_eraser.h"
#include "support/golden.h"

#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace postern {
namespace {

using test::policy_request;
using test::PolicyClient;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JournalProgram;
using ::testing::Not;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class PrivateProgram : public JournalProgram {
 protected:
  std::string ask(const std::string& instance, const std::string& sender) {
    return ask_policy(policy_request("RCPT", {{"instance", instance},
                                              {"sender", sender},
                                              {"recipient", "berta@example.org"},
                                              {"sasl_username", "annalogin"}}));
  }
  /// With the folder as "DIR", segments as "SEGMENT".
  std::string shown(std::string text) const {
    const auto exchange = [&text](const std::string& from, const std::string& to,
                                  std::size_t more) {
      for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        text.replace(at, from.size() + more, to);
        at += to.size();
      }
    };
    const std::string dated = "decisions.jsonl-";
    exchange(path().substr(0, path().rfind('/')) + '/' + dated, "DIR/SEGMENT", 20);
    exchange(dir_.path(), "DIR", 0);
    return text;
  }
};

TEST_F(PrivateProgram, HashesAddressesInJournalAndLogAndFindsThemWithTheKey) {
  configure("addresses = \"hashed\"\n");
  start();
  EXPECT_THAT(ask("1.1.0", "nobody@example.com"), HasSubstr("action=5"));
  EXPECT_THAT(ask("2.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  EXPECT_THAT(ask("3.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  stop_server();
  struct stat status {};
  ASSERT_EQ(::stat((path() + ".key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  const auto journal = text_of(path());
  EXPECT_EQ(std::count(journal.begin(), journal.end(), '\n'), 3);
  for (const char* name : {"anna", "nobody@", "berta"}) {
    EXPECT_THAT(journal, Not(HasSubstr(name)));
    EXPECT_THAT(log(), Not(HasSubstr(name)));
  }
  EXPECT_THAT(journal, HasSubstr("@example.com"));

  const auto found = run({"explain", "--from", "Anna@example.com"});
  EXPECT_EQ(found.status, 0) << found.output;
  EXPECT_EQ(std::count(found.output.begin(), found.output.end(), '\n'), 2) << found.output;
  EXPECT_NE(run({"explain", "--from", "otto@example.com"}).status, 0);
  const auto told = run({"explain", "--admin", "1.1.0"});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("\"nobody\""));
  EXPECT_THAT(told.output, Not(HasSubstr("berta")));
}

TEST_F(PrivateProgram, CutsThemAndTakesTheSettingAtAReload) {
  start();
  EXPECT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  configure("addresses = \"cut\"\n");
  ASSERT_EQ(run({"reload"}).status, 0);
  EXPECT_THAT(ask("2.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  stop_server();
  const auto journal = text_of(path());
  const auto second = journal.substr(journal.find('\n') + 1);
  EXPECT_THAT(journal.substr(0, journal.find('\n')), HasSubstr("anna@example.com"));
  EXPECT_THAT(second, Not(HasSubstr("anna")));
  EXPECT_THAT(second, HasSubstr("\"sender\":\"~@example.com\""));
  EXPECT_FALSE(exists("log/decisions.jsonl.key"));
}

TEST_F(PrivateProgram, CutsThemAndSaysSoWhenTheKeyIsNone) {
  dir_.write("log/decisions.jsonl.key", "secret\n");
  std::filesystem::permissions(path() + ".key", std::filesystem::perms(0644));
  configure("addresses = \"hashed\"\n");
  start();
  EXPECT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  stop_server();
  EXPECT_THAT(text_of(path()), HasSubstr("\"sender\":\"~@example.com\""));
  EXPECT_EQ(text_of(path() + ".key"), "secret\n");
  EXPECT_THAT(log() + said_, HasSubstr("local parts of addresses are left out"));
}

TEST_F(PrivateProgram, ErasesAnAddressWhileItServes) {
  start();
  ASSERT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  ASSERT_THAT(ask("2.1.0", "nobody@example.com"), HasSubstr("action=5"));
  test::PolicyLoad load(socket(), "c", 2);
  ASSERT_TRUE(load.more(300));
  ASSERT_TRUE(journal_comes_to(2));
  const auto counted = run({"journal", "erase", "Berta@example.org", "--dry-run"});
  EXPECT_EQ(counted.status, 0) << counted.output;
  const auto erased = run({"journal", "erase", "Berta@example.org"});
  EXPECT_EQ(erased.status, 0) << erased.output;
  EXPECT_THAT(erased.output, HasSubstr("Berta@example.org is erased from 2 records in "));
  load.stop();
  EXPECT_THAT(ask("3.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  EXPECT_EQ(status_value_of_worker("journal.lost_write_failed"), "0");
  stop_server();
  const auto read = read_journal();
  EXPECT_THAT(read.unread, IsEmpty());
  EXPECT_EQ(read.counts.unreadable, 0U);
  EXPECT_EQ(read.most(), 1);
  for (const auto& [instance, when] : load.answered()) ASSERT_TRUE(read.has(instance)) << instance;
  int named = 0;
  int erased_ones = 0;
  JournalWalk walk(path(), ReadOrder::oldest_first);
  while (const auto line = walk.next_line()) {
    if (line->text.find("berta@example.org") != std::string::npos) ++named;
    if (line->text.find(erased_address) != std::string::npos) ++erased_ones;
  }
  EXPECT_EQ(erased_ones, 2);
  EXPECT_EQ(named, 1) << "what came afterwards";
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "log")) {
    struct stat status {};
    struct stat folder {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    ASSERT_EQ(::stat((dir_ / "log").c_str(), &folder), 0);
    EXPECT_EQ(status.st_uid, folder.st_uid) << entry.path();
  }
}

TEST_F(PrivateProgram, DoesNotSayThatNobodyIsThereWhenItCannotKnow) {
  configure("addresses = \"hashed\"\n");
  start();
  ASSERT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  stop_server();
  std::filesystem::rename(path() + ".key", path() + ".key-elsewhere");
  auto said = run({"journal", "erase", "anna@example.com"});
  EXPECT_EQ(said.status, 66) << said.output;
  EXPECT_THAT(said.output, HasSubstr("1 record has hashes that may be of it."));
  EXPECT_THAT(said.output, Not(HasSubstr("No record in 1 file holds anna@example.com.")));
  EXPECT_EQ(run({"journal", "erase", "annalogin"}).status, 66);
  said = run({"log", "--from", "anna@example.com"});
  EXPECT_EQ(said.status, 65);
  EXPECT_THAT(said.output, HasSubstr("postern: addresses are hashed, and without their key"));
  said = run({"journal", "erase", "anna@elsewhere.example"});
  EXPECT_EQ(said.status, 0) << "nobody of that domain is there: " << said.output;
  std::filesystem::rename(path() + ".key-elsewhere", path() + ".key");

  // A copy, beside which there is no key.
  const auto folder = dir_.path() + "/copy";
  std::filesystem::create_directory(folder);
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "log")) {
    const auto name = entry.path().filename().string();
    if (name.find("jsonl") != std::string::npos && name.find(".key") == std::string::npos) {
      std::filesystem::copy(entry.path(), folder + '/' + name,
                            std::filesystem::copy_options::recursive);
    }
  }
  said = run({"journal", "erase", "anna@example.com", "--dry-run", "--journal",
              folder + "/decisions.jsonl"});
  EXPECT_EQ(said.status, 0) << said.output;
  EXPECT_THAT(said.output, HasSubstr("1 record in 1 file would be changed"));
}

TEST_F(PrivateProgram, FindsHashedPeopleByExpressions) {
  configure("addresses = \"hashed\"\n");
  start();
  ASSERT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  ASSERT_THAT(ask("2.1.0", "otto@example.com"), HasSubstr("DUNNO"));
  stop_server();
  const auto lines = [this](const std::string& expression) {
    const auto said = run({"log", expression});
    return said.status == 0 ? std::count(said.output.begin(), said.output.end(), '\n') : 0;
  };
  EXPECT_EQ(lines("sender == \"Anna@example.com\""), 1);
  EXPECT_EQ(lines("sender.local == \"anna\""), 1);
  EXPECT_EQ(lines("not (sender == \"anna@example.com\")"), 1);
  EXPECT_EQ(lines("sender.local matches \"^anna\""), 0);
}

TEST_F(PrivateProgram, SaysWhatItErasesAndWhatNot) {
  start();
  ASSERT_THAT(ask("1.1.0", "anna@example.com"), HasSubstr("DUNNO"));
  ASSERT_THAT(ask("2.1.0", "nobody@example.com"), HasSubstr("action=5"));
  ASSERT_TRUE(journal_comes_to(2));
  std::string told;
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"journal", "erase", "berta@example.org", "--dry-run"},
                                             {"journal", "erase", "berta@example.org"},
                                             {"journal", "erase", "berta@example.org"},
                                             {"journal", "erase", "berta@"}}) {
    told += "$ postern";
    for (const auto& word : words) told += ' ' + word;
    const auto said = run(words);
    told += '\n' + shown(said.output) + "(exit status " + std::to_string(said.status) + ")\n\n";
  }
  testing::expect_golden("cli/journal_erase.txt", told);
  stop_server();
}

}  // namespace
}  // namespace postern

// postern explain: its options, searching, and mails that came back.
#include "cli/commands.h"
#include "cli/explain_limits.h"
#include "journal/samples.h"
#include "support/golden.h"
#include "support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <sstream>

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TempDir;

class Explain : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.command = Command::explain;
    options_.place.config = dir_.write("postern.toml",
                                       "[identity]\nhost = \"mx1.example.org\"\n[journal]\npath = "
                                       "\"/decisions.jsonl\"\n");
    options_.place.explicit_config = true;
    options_.place.root = dir_.path();
    dir_.write("decisions.jsonl", "");
  }
  int run(const std::string& piped) {
    std::istringstream in(piped);
    out_.str("");
    err_.str("");
    Terminal terminal{out_, err_};
    terminal.in = &in;
    return run_command(options_, terminal);
  }

  TempDir dir_;
  Options options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Explain, WantsToKnowWhat) {
  EXPECT_EQ(run(""), 64);
  EXPECT_THAT(err_.str(), HasSubstr("say what to explain"));
  EXPECT_EQ(run_command(options_, {out_, err_}), 64);
}

TEST_F(Explain, TakesAPipedTextForAReply) {
  EXPECT_EQ(run("550 5.1.1 gone (ref 3580-3A1J-SR1S)\n"), 65);
  EXPECT_THAT(err_.str(), HasSubstr("about 550 5.1.1 gone (ref 3580-3A1J-SR1S)\n"));
}

TEST_F(Explain, SaysWhichWordOfASearchItDoesNotUnderstand) {
  const auto complains = [&](std::string ExplainRequest::*member, const std::string& word,
                             const std::string& about) {
    options_.explain = {};
    options_.explain.*member = word;
    EXPECT_EQ(run(""), 64) << word;
    EXPECT_THAT(err_.str(), HasSubstr("postern: " + about + ' ' + word)) << word;
  };
  complains(&ExplainRequest::client, "192.0.2.1/24", "--client");
  complains(&ExplainRequest::client, "mail.example.org", "--client");
  complains(&ExplainRequest::sender, "a b", "--from");
  complains(&ExplainRequest::recipient, "@", "--to");
  complains(&ExplainRequest::since, "yesterday", "--since");
  complains(&ExplainRequest::until, "2", "--until");
}

TEST_F(Explain, SaysWhenThereIsNoTimeToLookInto) {
  options_.explain.since = "1h";
  options_.explain.until = "2h";
  EXPECT_EQ(run(""), 64);
  EXPECT_THAT(err_.str(), HasSubstr("there is no time between --since 1h ("));
  options_.explain.since = "2026-11-21";
  options_.explain.until = "2026-11-21";
  EXPECT_EQ(run(""), 64);
  EXPECT_THAT(err_.str(),
              HasSubstr("--since 2026-11-21 (2026-11-21T00:00:00Z) and --until 2026-11-21"));
  options_.explain.since = "2200-01-01";
  options_.explain.until.clear();
  EXPECT_EQ(run(""), 65);
  EXPECT_THAT(err_.str(), HasSubstr("is in the future; without a zone a time is UTC"));
}

TEST_F(Explain, DoesNotCallAJournalEmptyThatItCouldNotRead) {
  dir_.write("decisions.jsonl.1.gz", "no gzip file");
  options_.explain.recipient = "bob@example.org";
  EXPECT_EQ(run(""), 74);
  EXPECT_THAT(err_.str(), HasSubstr("decisions.jsonl.1.gz: it is no gzip file"));
  EXPECT_THAT(err_.str(), HasSubstr("decisions.jsonl fits\n")) << "it was not looked into";
  EXPECT_THAT(err_.str(), HasSubstr("could not be read"));
  options_.explain = {};
  for (const auto* what : {"437b.6b009e9b.c35ad.0", "3F2A9"}) {
    options_.words = {what};
    EXPECT_EQ(run(""), 74) << what << err_.str();
    EXPECT_THAT(err_.str(), HasSubstr("could not be read"));
  }
}

TEST_F(Explain, FoldersAndEmptyFilesAreNoMails) {
  options_.explain.bounce = dir_.path();
  EXPECT_EQ(run(""), 66);
  EXPECT_THAT(err_.str(), HasSubstr("it is a folder"));
  for (const auto& octets : {std::string(), std::string("\n \n"), std::string(5000, '\0')}) {
    options_.explain.bounce = dir_.write("mail.eml", octets);
    EXPECT_EQ(run(""), 66);
    EXPECT_THAT(err_.str(), HasSubstr("mail.eml is empty"));
    options_.explain.bounce = "-";
    EXPECT_EQ(run(octets), 66);
  }
}

TEST_F(Explain, TellsOfARepeatAlone) {
  const auto repeat = samples::repeated();
  dir_.write("decisions.jsonl", to_json(repeat) + '\n' + to_json(repeat) + '\n');
  options_.words = {repeat.transaction.reference.text()};
  EXPECT_EQ(run(""), 0) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("the decision itself is no longer in the journal"));
  EXPECT_THAT(out_.str(), HasSubstr("Asked again   2 times"));
  EXPECT_THAT(out_.str(), HasSubstr("Was told"));
}

TEST_F(Explain, TellsAllDecisionsOfOneReference) {
  const auto ours = samples::refused_recipient();
  auto other = samples::refused_recipient();
  other.transaction.recipient = MailAddress::from_envelope("carl@example.org");
  const auto line = to_json(ours) + '\n';
  dir_.write("decisions.jsonl", to_json(other) + '\n' + line + line);
  options_.words = {ours.transaction.reference.text()};
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(err_.str(), HasSubstr("2 decisions have this reference"));
  EXPECT_THAT(out_.str(), HasSubstr("carl@example.org"));
  EXPECT_THAT(out_.str(), HasSubstr("bob@example.org"));
}

TEST_F(Explain, KnowsAddressesClientsAndTheColonOfAMailLog) {
  auto record = samples::refused_recipient();
  record.transaction.queue_id = "3F2A9";
  dir_.write("decisions.jsonl", to_json(record) + '\n');
  for (const auto* what : {"192.0.2.7", "[192.0.2.7]", "192.0.2.0/24", "anna@example.net",
                           "<bob@example.org>,", "3F2A9:", "3F2A9"}) {
    options_.words = {what};
    EXPECT_EQ(run(""), 0) << what << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr(record.transaction.reference.text())) << what;
  }
  options_.words = {"nobody@example.net"};
  EXPECT_EQ(run(""), 65);
  options_.words = {"anna@example.net"};
  options_.explain.recipient = "carl@example.org";
  EXPECT_EQ(run(""), 65);
  options_.explain.recipient = "bob@example.org";
  EXPECT_EQ(run(""), 0);
}

TEST_F(Explain, ListsTimesWithTheirZone) {
  auto second = samples::with(samples::refused_recipient(), 9);
  dir_.write("decisions.jsonl",
             to_json(samples::refused_recipient()) + '\n' + to_json(second) + '\n');
  options_.explain.recipient = "bob@example.org";
  EXPECT_EQ(run(""), 0);
  testing::expect_golden("cli/explain_list.txt", out_.str());
}

TEST_F(Explain, SaysThatMoreThanTheMostCannotBeShown) {
  std::string text;
  for (unsigned i = 0; i < most_explained + 1; ++i) {
    text += to_json(samples::with(samples::refused_recipient(), i % 1024)) + '\n';
  }
  dir_.write("decisions.jsonl", text);
  options_.explain.recipient = "bob@example.org";
  options_.explain.most = most_explained;
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(err_.str(), HasSubstr("more than the newest 1000, which is the most"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("-n")));
}

TEST_F(Explain, TellsWhyAPolicyIsNotAtHandInsideThePage) {
  auto record = samples::accepted();
  record.detail = RecordDetail::compact;
  dir_.write("decisions.jsonl", to_json(record) + '\n');
  options_.words = {record.transaction.reference.text()};
  options_.explain.voice = Voice::admin;
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(out_.str(), HasSubstr("is not at hand"));
  EXPECT_THAT(out_.str(), HasSubstr("cannot"));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(Explain, NotesOfANormalMomentAreForTheAdministrator) {
  const auto record = samples::refused_recipient();
  dir_.write("decisions.jsonl", "");
  dir_.write("decisions.jsonl-20261122T000000.000Z", to_json(record) + '\n');
  options_.words = {record.transaction.reference.text()};
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(err_.str(), IsEmpty());
  options_.explain.voice = Voice::admin;
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(err_.str(), HasSubstr("has no index yet"));
}

TEST_F(Explain, SaysWhenNothingFits) {
  options_.explain.recipient = "bob@example.org";
  EXPECT_EQ(run(""), 65);
  EXPECT_THAT(err_.str(), HasSubstr("decisions.jsonl fits\n"));
}

TEST_F(Explain, ABounceStandsAlone) {
  options_.explain.bounce = "mail.eml";
  options_.explain.sender = "ann@example.net";
  EXPECT_EQ(run(""), 64);
  options_.explain.sender.clear();
  EXPECT_EQ(run(""), 66);
  EXPECT_THAT(err_.str(), HasSubstr("cannot read mail.eml"));
}

TEST_F(Explain, SaysWhenThereIsNothingToReadMailsWith) {
  // The tests have no postern-mime beside them.
  options_.explain.bounce = dir_.write("mail.eml", "From: a@b.example\n\ntext\n");
  EXPECT_EQ(run(""), 69);
  EXPECT_THAT(err_.str(), HasSubstr("without postern-mime"));
  EXPECT_THAT(err_.str(), HasSubstr("paste the reply"));
}

TEST_F(Explain, AForeignReplyWasSaidToBeLost) {
  options_.words = {"550 5.1.1 The email account that you tried to reach does not exist"};
  EXPECT_EQ(run(""), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("A reply of a mail server, without a reference of ours."));
  EXPECT_THAT(out_.str(), HasSubstr("Means         The recipient has no mailbox here."));
  EXPECT_THAT(out_.str(), HasSubstr("Refused for good (550 5.1.1)."));
  EXPECT_THAT(err_.str(), IsEmpty());
  options_.words = {"451", "4.7.1", "Try", "again", "later"};
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Refused for now; whoever sends tries again (451 4.7.1)."));
  options_.words.clear();
  EXPECT_EQ(run("<joe@x.example>: host mx.x.example[192.0.2.4] said: 550 5.1.1\n"
                "    no such user (in reply to RCPT TO command)\n"),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("Recipient <joe@x.example>"));
  std::filesystem::remove(dir_ / "decisions.jsonl");
  EXPECT_EQ(run("550-5.7.26 This mail has been blocked\n550 5.7.26 It is not authenticated\n"), 0);
  options_.words = {"550"};
  EXPECT_EQ(run(""), 0) << "what it means hangs on no journal";
}

TEST_F(Explain, OfSeveralReferencesAllButTheFirstWereDropped) {
  const auto one = samples::refused_recipient();
  const auto two = samples::with(samples::blocked_client(), 9);
  dir_.write("decisions.jsonl", to_json(one) + '\n' + to_json(two) + '\n');
  const auto first = one.transaction.reference.text();
  const auto second = two.transaction.reference.text();
  options_.words = {first, second};
  EXPECT_EQ(run(""), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("ref " + first));
  EXPECT_THAT(out_.str(), HasSubstr("ref " + second));
  EXPECT_THAT(err_.str(), IsEmpty());
  options_.words.clear();
  EXPECT_EQ(run("550 5.1.1 a (ref " + first + ")\n550 5.7.1 b (ref " + second + ")\n"), 0);
  EXPECT_THAT(out_.str(), HasSubstr("ref " + second));
  options_.words = {first, "3580-3A1J-SR1S"};
  EXPECT_EQ(run(""), 65) << "one of them is not there";
  EXPECT_THAT(out_.str(), HasSubstr("ref " + first));
}

TEST_F(Explain, AWordBesidesAReferenceWentUnseen) {
  const auto one = samples::refused_recipient();
  dir_.write("decisions.jsonl", to_json(one) + '\n');
  options_.words = {"ref", one.transaction.reference.text(), "|head"};
  EXPECT_EQ(run(""), 0);
  EXPECT_EQ(err_.str(), "postern: |head is not looked for\n");
}

TEST_F(Explain, ADomainWasTakenForAQueueId) {
  const auto record = samples::refused_recipient();
  dir_.write("decisions.jsonl", to_json(record) + '\n');
  for (const auto* what : {"example.net", "example.org", "Example.ORG"}) {
    options_.words = {what};
    EXPECT_EQ(run(""), 0) << what << err_.str();
    EXPECT_THAT(err_.str(), HasSubstr("looking for mail from or to"));
    EXPECT_THAT(out_.str(), HasSubstr(record.transaction.reference.text())) << what;
  }
  options_.words = {record.transaction.instance};
  run("");
  EXPECT_THAT(err_.str(), Not(HasSubstr("looking for mail"))) << "an instance has dots too";
}

using testing::refused_request;

class ExplainProgram : public testing::Program {
 protected:
  /// Of three refusals, to bob, ann and bob; the server has stopped.
  void refuse_three() {
    serve();
    for (const auto* to : {"bob@example.org", "ann@example.org", "bob@example.org"}) {
      std::string request(refused_request);
      const std::string key = "recipient=";
      const auto at = request.find("\n" + key) + 1;
      request.replace(at, request.find('\n', at) - at, key + to);
      // Another message each, or the third would be the first asked again.
      request.replace(request.find("instance=1"), 10,
                      "instance=" + std::to_string(references_.size() + 1));
      const auto answer = ask_policy(request);
      const auto begin = answer.find("ref ");
      ASSERT_NE(begin, std::string::npos) << answer;
      answers_.push_back(answer.substr(7, answer.find('\n') - 7));
      references_.push_back(answer.substr(begin + 4, 14));
    }
    ASSERT_EQ(run({"stop"}).status, 0);
  }
  std::string bounce(const std::string& diagnostic) {
    return dir_.write(
        "mail.eml",
        "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.7.1\n"
        "Remote-MTA: dns; mx1.example.org\nDiagnostic-Code: smtp; " +
            diagnostic + "\n--b--\n");
  }
  /// As a shell would, with the file at standard input.
  std::string piped(const std::string& words, const std::string& file) {
    const auto command = std::string(POSTERN_PROGRAM) + " explain " + words + " --root " +
                         dir_.path() + " < " + file + " 2>&1";
    std::string output;
    auto* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::array<char, 4096> buffer{};
    for (std::size_t got = 1; got > 0;) {
      got = std::fread(buffer.data(), 1, buffer.size(), pipe);
      output.append(buffer.data(), got);
    }
    ::pclose(pipe);
    return output;
  }
  static bool reads_bounces() {
    return std::filesystem::exists(std::filesystem::path(POSTERN_PROGRAM).parent_path() /
                                   "postern-mime");
  }

  std::vector<std::string> answers_;
  std::vector<std::string> references_;
};

TEST_F(ExplainProgram, ListsWhatFitsTheNewestFirst) {
  refuse_three();
  const auto all = run({"explain", "--since", "1h"});
  EXPECT_EQ(all.status, 0) << all.output;
  EXPECT_EQ(std::count(all.output.begin(), all.output.end(), '\n'), 3);
  const auto third = all.output.find(references_[2]);
  const auto second = all.output.find(references_[1]);
  ASSERT_NE(third, std::string::npos) << all.output;
  EXPECT_LT(third, second);
  EXPECT_LT(second, all.output.find(references_[0]));
  EXPECT_THAT(all.output,
              HasSubstr("<nobody@example.com> to <ann@example.org>  client-blocked (nobody)"));

  const auto newest = run({"explain", "--to", "bob@example.org", "-n", "1"});
  EXPECT_THAT(newest.output, HasSubstr("ref " + references_[2]));
  EXPECT_THAT(newest.output, HasSubstr("-n shows more"));
  const auto one = run({"explain", "--recipient", "ann@example.org", "--from", "example.com"});
  EXPECT_EQ(one.output, run({"explain", references_[1]}).output);
  EXPECT_EQ(run({"explain", "--until", "1h"}).status, 65);
  const auto left_out = run({"explain", references_[1], "--to", "bob@example.org"});
  EXPECT_EQ(left_out.status, 65);
  EXPECT_THAT(left_out.output, HasSubstr("the decision about " + references_[1] +
                                         " does not fit --client, --from, --to"));
  EXPECT_THAT(left_out.output, Not(HasSubstr("lost")));

  // Who asks for more than a list gets all of each.
  const auto admin = run({"explain", "--admin", "--since", "1h"}).output;
  for (const auto& reference : references_) EXPECT_THAT(admin, HasSubstr("ref " + reference));
  EXPECT_THAT(admin, HasSubstr("What decided"));
}

TEST_F(ExplainProgram, SpeaksInThreeVoices) {
  refuse_three();
  const auto desk = run({"explain", references_[0]}).output;
  const auto admin = run({"explain", "--admin", references_[0]}).output;
  const auto sender = run({"explain", "--sender", references_[0]}).output;
  EXPECT_THAT(desk, HasSubstr("postern explain --admin " + references_[0]));
  EXPECT_THAT(admin, HasSubstr("postern.toml:15"));
  EXPECT_THAT(sender, Not(HasSubstr("nobody\"")));
  EXPECT_THAT(sender, HasSubstr("What we answered"));
  EXPECT_EQ(run({"explain", "--admin", "--sender", references_[0]}).status, 64);
  EXPECT_THAT(desk, Not(HasSubstr("\033")));
  EXPECT_THAT(run({"explain", "--color", "always", references_[0]}).output,
              HasSubstr("\033[1;31m"));
}

TEST_F(ExplainProgram, LooksWhereTheServerWritesUntilItsRestart) {
  serve();
  const auto answer = ask_policy(std::string(refused_request));
  const auto reference = answer.substr(answer.find("ref ") + 4, 14);
  std::string moved(testing::policy_text);
  moved.replace(moved.find("/log/decisions.jsonl"), 20, "/log/new.jsonl");
  dir_.write("etc/postern/postern.toml", moved);
  ASSERT_EQ(run({"reload"}).status, 0);
  // The record may be a moment on its way.
  ASSERT_EQ(run({"reopen"}).status, 0);
  auto told = run({"explain", reference});
  for (int i = 0; i < 100 && told.status == 65; ++i) told = run({"explain", reference});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("new.jsonl is not there; the server that runs writes to "));
}

TEST_F(ExplainProgram, ACopyOfAJournalIsExplainedWithThePoliciesOfItsServer) {
  serve();
  std::string request(refused_request);
  const auto at = request.find("sender=");
  request.replace(at, request.find('\n', at) - at, "sender=ann@example.net");
  ask_policy(request);
  ASSERT_EQ(run({"stop"}).status, 0);
  // Another policy since, so that only the kept one helps.
  dir_.write("etc/postern/postern.toml", std::string(testing::policy_text) +
                                             "\n[[rule]]\nname = \"new\"\nstage = \"rcpt\"\n"
                                             "when = 'sender == \"x@y.example\"'\n"
                                             "reject = \"client-blocked\"\n");
  std::filesystem::copy_file(dir_ / "log/decisions.jsonl", dir_ / "copy.jsonl");
  const auto told =
      run({"explain", "--admin", "--from", "ann@example.net", "--journal", dir_ / "copy.jsonl"});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("1. \"nobody\""));
}

TEST_F(ExplainProgram, LeadsFromABounceToTheDecision) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  refuse_three();
  const auto file = bounce(answers_[0]);
  const auto told = run({"explain", "--bounce", file});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("Recipient <bob@example.org>"));
  EXPECT_THAT(told.output, HasSubstr("Reference     " + references_[0] + ", ours"));
  EXPECT_THAT(told.output, HasSubstr(run({"explain", references_[0]}).output));
  EXPECT_EQ(piped("--bounce -", file), told.output);
  EXPECT_EQ(piped("", file), told.output);
}

TEST_F(ExplainProgram, TellsOfForeignBouncesByTheCatalogue) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  const auto told =
      run({"explain", "--bounce", bounce("550 5.1.1 <bob@example.org>: no such user")});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("Means         The recipient has no mailbox here."));
  EXPECT_THAT(told.output, HasSubstr("Who must act"));
}

TEST_F(ExplainProgram, SaysWhenAReferenceIsNotInThisJournal) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  refuse_three();
  dir_.write("log/decisions.jsonl", "");
  const auto told = run({"explain", "--bounce", bounce(answers_[0])});
  EXPECT_EQ(told.status, 0);
  EXPECT_THAT(told.output, HasSubstr("Reference     " + references_[0] + ", looks like ours, but"));
}

TEST_F(ExplainProgram, SaysWhenAMailIsNoBounce) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  const auto file =
      dir_.write("mail.eml", "From: a@b.example\nTo: c@d.example\nSubject: Lunch?\n\nAt one?\n");
  const auto told = run({"explain", "--bounce", file});
  EXPECT_EQ(told.status, 65);
  EXPECT_EQ(told.output, "No bounce: this is a mail like any other.\n");
}

TEST_F(ExplainProgram, AReplyGivenAsABounceWasAMailLikeAnyOther) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  const auto file = dir_.write("reply.txt", "550 5.1.1 The account does not exist\n");
  const auto told = run({"explain", "--bounce", file});
  EXPECT_EQ(told.status, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr("Means         The recipient has no mailbox here."));
}

TEST_F(ExplainProgram, ComesToAnEndWithMailsMadeToHurt) {
  if (!reads_bounces()) GTEST_SKIP() << "built without GMime";
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "Content-Type: message/rfc822\n\n";
  std::string many = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 100'000; ++i) many += "--b\n\nx\n";
  const std::string huge = "Subject: a\n\n" + std::string(12'000'000, 'a') + "\n";
  for (const auto& mail : std::vector<std::string>{nested, many, huge}) {
    const auto told = run({"explain", "--bounce", dir_.write("mail.eml", mail)});
    EXPECT_EQ(told.status, 65) << told.output;
    EXPECT_THAT(told.output, HasSubstr("No bounce"));
  }
}

}  // namespace
}  // namespace postern::cli

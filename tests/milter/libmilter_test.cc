// The real libmilter between an MTA's side of the protocol and the sessions.
#include "milter/test_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

namespace postern::test {
namespace {

using Kind = MilterAnswer::Kind;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

void greet(MilterClient& client, const std::string& address = "192.0.2.7",
           const std::string& helo = "mail.example.org") {
  client.connect("mail.example.org", '4', 4711, address);
  client.helo(helo);
  client.mail({"<a@example.org>", "SIZE=1234"});
}

std::string first_line(const MilterAnswer& answer) { return answer.lines().front(); }

TEST(Libmilter, RefusesOneRecipientOfThree) {
  TestServer server("rcpt");
  auto client = server.client();
  greet(client);
  EXPECT_EQ(client.rcpt({"<ann@example.net>"}).kind, Kind::proceed);
  EXPECT_THAT(first_line(client.rcpt({"<nobody@example.net>"})), StartsWith("550"));
  EXPECT_EQ(client.rcpt({"<bob@example.net>"}).kind, Kind::proceed);
  EXPECT_THAT(first_line(client.rcpt({"<grey@example.net>"})), StartsWith("45"));
  EXPECT_EQ(client.message("Subject: x\n\nbody\n").kind, Kind::proceed);
  client.quit();
}

TEST(Libmilter, SendsTheVeryBytesThatAreRecorded) {
  TestServer server("rcpt");
  std::vector<std::string> seen;
  {
    auto client = server.client();
    greet(client);
    for (const char* address : {"<nobody@example.net>", "<grey@example.net>",
                                "<percent@example.net>", "<bug@example.net>"}) {
      const auto answer = client.rcpt({address});
      ASSERT_EQ(answer.kind, Kind::reply_code) << address;
      seen.push_back(answer.text);
    }
    client.abort();
    client.quit();
  }
  server.tell("stop 5000");
  server.hear();
  const auto records = server.records();
  ASSERT_THAT(records, SizeIs(seen.size()));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_THAT(records[i], EndsWith(std::regex_replace(seen[i], std::regex("\r\n"), "|")));
  }
  EXPECT_THAT(seen[2], HasSubstr("Only 50%% of %%s is known here"));
}

TEST(Libmilter, AsksOnlyForTheStepsThatRulesNeed) {
  TestServer server("rcpt");
  auto client = server.client();
  EXPECT_EQ(client.connect("h", '4', 1, "192.0.2.7").kind, Kind::no_reply);
  EXPECT_EQ(client.helo("h").kind, Kind::no_reply);
  EXPECT_EQ(client.mail({"<a@example.org>"}).kind, Kind::no_reply);
  EXPECT_EQ(client.rcpt({"<ann@example.net>"}).kind, Kind::proceed);
  EXPECT_EQ(client.data().kind, Kind::not_sent);
  EXPECT_EQ(client.header("A", "b").kind, Kind::not_sent);
  EXPECT_EQ(client.end_of_headers().kind, Kind::not_sent);
  EXPECT_EQ(client.body("x").kind, Kind::not_sent);
  EXPECT_EQ(client.end_of_message().kind, Kind::proceed);
  EXPECT_THAT(client.symbols(), SizeIs(7));
  EXPECT_THAT(client.symbols().at(0), HasSubstr("{client_resolve}"));
}

TEST(Libmilter, WorksWithAnMtaThatOffersNothing) {
  TestServer server("rcpt");
  auto client = server.raw_client();
  client.negotiate(0x3f, 0x3f, 2);
  EXPECT_EQ(client.connect("h", '4', 1, "192.0.2.7").kind, Kind::proceed);
  EXPECT_EQ(client.helo("h").kind, Kind::proceed);
  EXPECT_EQ(client.mail({"<a@example.org>"}).kind, Kind::proceed);
  EXPECT_THAT(first_line(client.rcpt({"<nobody@example.net>"})), StartsWith("550"));
  EXPECT_EQ(client.rcpt({"<ann@example.net>"}).kind, Kind::proceed);
  EXPECT_EQ(client.end_of_message().kind, Kind::proceed);
}

TEST(Libmilter, SpeaksAtEveryStage) {
  TestServer server("stages");
  for (const char* stage : {"helo", "mail", "rcpt", "data", "end-of-headers", "end-of-message"}) {
    for (const std::string when : {".test", ".later"}) {
      auto client = server.client();
      client.connect("h", '4', 1, "192.0.2.7");
      std::vector<std::pair<std::string, MilterAnswer>> answers;
      answers.emplace_back("helo", client.helo(stage + when));
      answers.emplace_back("mail", client.mail({"<a@example.org>"}));
      if (!answers.back().second.refuses()) {
        answers.emplace_back("rcpt", client.rcpt({"<b@example.net>"}));
      }
      if (!answers.back().second.refuses()) answers.emplace_back("data", client.data());
      if (!answers.back().second.refuses()) {
        answers.emplace_back("end-of-headers", client.end_of_headers());
      }
      if (!answers.back().second.refuses()) {
        answers.emplace_back("end-of-message", client.end_of_message());
      }
      const auto refused = std::find_if(answers.begin(), answers.end(),
                                        [](const auto& each) { return each.second.refuses(); });
      ASSERT_NE(refused, answers.end()) << stage;
      EXPECT_EQ(refused->first, stage);
      EXPECT_EQ(refused->second.kind, Kind::reply_code) << stage;
      EXPECT_THAT(first_line(refused->second), StartsWith(when == ".test" ? "5" : "4")) << stage;
    }
  }
  auto client = server.client();
  EXPECT_THAT(first_line(client.connect("h", '4', 1, "198.51.100.9")), StartsWith("554"));
}

TEST(Libmilter, SurvivesAHeaderOfAHundredThousandOctets) {
  TestServer server("content");
  auto client = server.client();
  greet(client);
  client.rcpt({"<ann@example.net>"});
  client.macros = {{"i", "4BQxyz"}};
  const std::string value(100'000, 'x');
  EXPECT_EQ(client.header("X-Long", value).kind, Kind::no_reply);
  client.end_of_headers();
  client.body("body\r\n");
  EXPECT_EQ(client.end_of_message().kind, Kind::proceed);
  client.quit();
  server.tell("stop 5000");
  server.hear();
  // "X-Long: " and the value with its line end, the empty line, the body.
  EXPECT_THAT(server.records(), ElementsAre("end-of-message pass 4BQxyz 100018 continue"));
}

TEST(Libmilter, RefusesAMessageByItsRealSize) {
  TestServer server("content");
  auto client = server.client();
  greet(client);
  client.rcpt({"<ann@example.net>"});
  const auto answer = client.message("Subject: big\n\n" + std::string(600'000, 'x') + "\n");
  EXPECT_THAT(first_line(answer), StartsWith("552-5.3.4"));
  client.mail({"<a@example.org>"});
  client.rcpt({"<ann@example.net>"});
  EXPECT_EQ(client.message("Subject: small\n\nx\n").kind, Kind::proceed);
}

TEST(Libmilter, ForgetsARefusalWithTheMessageItBelongsTo) {
  TestServer server("stages");
  auto client = server.client();
  client.connect("h", '4', 1, "192.0.2.7");
  client.helo("rcpt.test");
  client.mail({"<a@example.org>"});
  EXPECT_TRUE(client.rcpt({"<b@example.net>"}).refuses());
  client.abort();
  client.helo("good.example");
  EXPECT_EQ(client.mail({"<a@example.org>"}).kind, Kind::proceed);
  EXPECT_EQ(client.rcpt({"<b@example.net>"}).kind, Kind::proceed);
  EXPECT_EQ(client.message("A: b\n\nc\n").kind, Kind::proceed);
  EXPECT_EQ(client.mail({"<a@example.org>"}).kind, Kind::proceed);
  EXPECT_EQ(client.rcpt({"<b@example.net>"}).kind, Kind::proceed);
  client.quit();
}

TEST(Libmilter, AnswersStepsThatArriveAllAtOnce) {
  TestServer server("rcpt");
  auto client = server.client();
  const auto packet = [](char command, const std::string& data) {
    std::string octets(4, '\0');
    octets[3] = static_cast<char>(data.size() + 1);
    return octets + command + data;
  };
  using std::string_literals::operator""s;
  std::string all = packet('C', "h\0"s + "4" + "\x12\x34"s + "192.0.2.7\0"s) + packet('H', "h\0"s);
  for (const auto& recipient : {"<ann@example.net>\0"s, "<nobody@example.net>\0"s}) {
    all += packet('M', "<a@example.org>\0"s) + packet('R', recipient) + packet('A', "");
  }
  all +=
      packet('M', "<a@example.org>\0"s) + packet('R', "<friend@example.net>\0"s) + packet('E', "");
  client.send_octets(all);
  std::string answers;
  for (int i = 0; i < 4; ++i) answers += client.receive().command;
  EXPECT_EQ(answers, "cycc");
}

TEST(Libmilter, KeepsManyParallelSessionsApart) {
  TestServer server("rcpt", TestServer::Listen::inherited_tcp);
  constexpr int threads = 8;
  constexpr int sessions = 25;
  std::vector<std::string> faults(threads);
  std::vector<std::thread> mtas;
  for (int thread = 0; thread < threads; ++thread) {
    mtas.emplace_back([&, thread] {
      try {
        for (int i = 0; i < sessions; ++i) {
          auto client = server.client();
          const bool blocked = (thread + i) % 3 == 0;
          greet(client, blocked ? "198.51.100.9" : "192.0.2.7");
          const auto good = client.rcpt({"<ann@example.net>"});
          const auto bad = client.rcpt({"<nobody@example.net>"});
          if (good.refuses() != blocked) faults[static_cast<std::size_t>(thread)] += "good ";
          const bool said_blocked = good.text.substr(0, 9) == bad.text.substr(0, 9);
          if (!bad.refuses() || said_blocked != blocked) {
            faults[static_cast<std::size_t>(thread)] += "bad ";
          }
          if (!blocked && client.message("A: b\n\nc\n").kind != Kind::proceed) {
            faults[static_cast<std::size_t>(thread)] += "message ";
          }
          client.quit();
        }
      } catch (const MilterError& error) {
        faults[static_cast<std::size_t>(thread)] += error.what();
      }
    });
  }
  for (auto& mta : mtas) mta.join();
  EXPECT_THAT(faults, ::testing::Each(""));
}

TEST(Libmilter, BeginsANewSessionOnTheSameConnection) {
  TestServer server("rcpt");
  auto client = server.client();
  greet(client, "192.0.2.7");
  EXPECT_EQ(client.rcpt({"<ann@example.net>"}).kind, Kind::proceed);
  EXPECT_EQ(client.end_of_message().kind, Kind::proceed);
  client.quit_but_stay();
  greet(client, "198.51.100.9");
  EXPECT_TRUE(client.rcpt({"<ann@example.net>"}).refuses());
}

TEST(Libmilter, OutlivesClientsThatBreakTheProtocolOrLeave) {
  TestServer server("rcpt");
  server.raw_client().send_octets("GET / HTTP/1.0\r\n\r\n");
  server.raw_client().drop();
  {
    auto client = server.client();
    greet(client);
    client.rcpt({"<ann@example.net>"});
    client.drop();
  }
  {
    auto client = server.client();
    client.send('R', std::string("<early@example.net>\0", 20));
    client.send('?', "what");
    EXPECT_THROW(client.receive(), MilterError);
  }
  auto client = server.client();
  greet(client);
  EXPECT_EQ(client.rcpt({"<ann@example.net>"}).kind, Kind::proceed);
}

// ---- Golden transcripts ----------------------------------------------------------------------

/// References change from run to run; everything else must not.
std::string settled(const std::string& line) {
  static const std::regex reference("ref [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}");
  return std::regex_replace(line, reference, "ref XXXX-XXXX-XXXX");
}

void note(std::ostream& transcript, const std::string& step, const MilterAnswer& answer) {
  transcript << "> " << step << "\n";
  for (const auto& line : answer.lines()) transcript << "< " << settled(line) << "\n";
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(POSTERN_SOURCE_DIR) + "/tests/golden/milter/" + name;
  if (std::getenv("POSTERN_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << "set POSTERN_UPDATE_GOLDEN=1 to accept it as " << path;
}

TEST(Libmilter, HoldsTheDialogueOfTheGoldenTranscript) {
  TestServer server("rcpt");
  auto client = server.client();
  std::ostringstream transcript;
  note(transcript, "connect mail.example.org 192.0.2.7",
       client.connect("mail.example.org", '4', 4711, "192.0.2.7"));
  note(transcript, "helo mail.example.org", client.helo("mail.example.org"));
  note(transcript, "mail <a@example.org>", client.mail({"<a@example.org>"}));
  for (const char* address : {"<nobody@example.net>", "<grey@example.net>", "<percent@example.net>",
                              "<bug@example.net>", "<friend@example.net>"}) {
    note(transcript, std::string("rcpt ") + address, client.rcpt({address}));
  }
  note(transcript, "message", client.message("Subject: x\n\ny\n"));
  client.quit();
  auto blocked = server.client();
  greet(blocked, "198.51.100.9");
  transcript << "(a blocked client)\n";
  note(transcript, "rcpt <ann@example.net>", blocked.rcpt({"<ann@example.net>"}));
  expect_golden("dialogue.txt", transcript.str());
}

}  // namespace
}  // namespace postern::test

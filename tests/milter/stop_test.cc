// Stopping libmilter: it returns early, late or, rarely, not at all.
#include "milter/test_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sys/wait.h>
#include <thread>

namespace postern::test {
namespace {

using Kind = MilterAnswer::Kind;

void expect_clean_end(TestServer& server) {
  const int status = server.wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Stop, AnIdleFilterStopsOnEveryKindOfSocket) {
  for (const auto listen : {TestServer::Listen::unix_path, TestServer::Listen::inherited_unix,
                            TestServer::Listen::inherited_tcp}) {
    TestServer server("rcpt", listen);
    server.tell("stop 60000");
    EXPECT_EQ(server.hear(), "stopped yes");
    expect_clean_end(server);
  }
}

TEST(Stop, WaitsForTheCallbackUnderWay) {
  TestServer server("gate");
  auto client = server.client();
  client.connect("h", '4', 1, "192.0.2.7");
  client.helo("h");
  client.mail({"<a@example.org>"});
  std::string answer;
  std::thread asking([&] {
    try {
      answer = client.rcpt({"<nobody@example.net>"}).text;
    } catch (const MilterError&) {
      // libmilter sends what a callback returned only afterwards; the end may come before that.
    }
  });
  EXPECT_EQ(server.hear(), "waiting");
  server.tell("stop 60000");
  server.tell("open");
  EXPECT_EQ(server.hear(), "stopped yes");
  expect_clean_end(server);
  asking.join();
  EXPECT_THAT(answer, ::testing::AnyOf("", ::testing::StartsWith("550")));
}

TEST(Stop, LeavesAtItsLimitWhenACallbackDoesNotEnd) {
  TestServer server("gate");
  auto client = server.client();
  client.connect("h", '4', 1, "192.0.2.7");
  client.helo("h");
  client.mail({"<a@example.org>"});
  std::thread asking([&] { EXPECT_THROW(client.rcpt({"<nobody@example.net>"}), MilterError); });
  EXPECT_EQ(server.hear(), "waiting");
  server.tell("stop 100");
  EXPECT_EQ(server.hear(), "stopped no");
  expect_clean_end(server);
  asking.join();
}

TEST(Stop, UnderLoadNoClientEverReceivesAWrongAnswer) {
  TestServer server("rcpt");
  std::atomic<int> wrong{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> mtas;
  for (int thread = 0; thread < 6; ++thread) {
    mtas.emplace_back([&] {
      try {
        for (;;) {
          auto client = server.client();
          client.connect("h", '4', 1, "192.0.2.7");
          client.helo("h");
          client.mail({"<a@example.org>"});
          if (client.rcpt({"<ann@example.net>"}).kind != Kind::proceed) ++wrong;
          if (client.rcpt({"<nobody@example.net>"}).text.substr(0, 3) != "550") ++wrong;
          if (client.message("A: b\n\nc\n").kind != Kind::proceed) ++wrong;
          ++answered;
        }
      } catch (const MilterError&) {
        // A closed connection is what an MTA takes for "try again later".
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  server.tell("stop 60000");
  server.hear();
  expect_clean_end(server);
  for (auto& mta : mtas) mta.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(answered, 50);
}

}  // namespace
}  // namespace postern::test

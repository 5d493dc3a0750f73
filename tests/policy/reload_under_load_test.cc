// Policies and tables change while clients ask without a pause: every answer is that of one policy
// or of the other. What the thread sanitizer is to look at.
#include "policy/server.h"
#include "runtime/table_keeper.h"
#include "support/temp_dir.h"
#include "tests/policy/door_fixture.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

namespace postern::policy_door::test {
namespace {

using postern::testing::TempDir;
using std::chrono::milliseconds;
using ::testing::AnyOf;
using ::testing::StartsWith;

constexpr int clients = 4;
constexpr int requests_of_each = 400;

class ReloadUnderLoad : public ::testing::Test {
 protected:
  ReloadUnderLoad() {
    place.config = folder.write("postern.toml", text("policy-reject"));
    place.explicit_config = true;
    folder.write("blocked", "always.example\nnow.example\n");
  }

  static std::string text(const std::string& reason) {
    return "[identity]\nhost = \"mx1.example.org\"\n"
           "[table.blocked]\nkind = \"domain\"\nfile = \"blocked\"\n"
           "[[rule]]\nname = \"blocked\"\nstage = \"rcpt\"\nwhen = 'sender.domain in blocked'\n"
           "reject = \"" +
           reason + "\"\n";
  }
  std::shared_ptr<const Policy> load(const std::string& reason) {
    folder.write("postern.toml", text(reason));
    const CheckRegistry none;
    auto compiled = Policy::compile(place.config, disk_reader(place), none);
    EXPECT_TRUE(compiled.ok()) << render(compiled.problems());
    return compiled ? compiled->policy : nullptr;
  }
  /// As one file that is replaced by another.
  void write_table(const std::string& entries) {
    const auto fresh = folder.write("blocked.new", entries);
    ASSERT_EQ(std::rename(fresh.c_str(), (folder / "blocked").c_str()), 0);
  }

  void ask_without_a_pause(unsigned short port, int number) {
    auto client = PolicyClient::to_port(port);
    for (int i = 0; i < requests_of_each; ++i) {
      const auto ask = [&](const char* sender) {
        return client.ask(policy_request(
            "RCPT", {{"sender", sender},
                     {"instance", std::to_string(number) + '.' + std::to_string(i) + sender}}));
      };
      EXPECT_THAT(ask("a@always.example"), StartsWith("action=550 5.7.1 "));
      EXPECT_EQ(ask("a@never.example"), "action=DUNNO\n\n");
      EXPECT_THAT(ask("a@now.example"),
                  AnyOf(StartsWith("action=550 5.7.1 "), StartsWith("action=DUNNO")));
    }
  }

  TempDir folder;
  ConfigPlace place;
  FakeClock clock;
  FakeSource source;
  ShelfJournal journal;
  ReferenceSource references{clock, 1};
  DoorCounters milter_counters;
  DoorCounters policy_counters;
  Driver driver{source, clock};
  AskingAhead ahead{source, clock};
};

TEST_F(ReloadUnderLoad, EveryAnswerIsThatOfOnePolicyOrTheOther) {
  PolicyHolder holder(load("policy-reject"));
  TableKeeperSettings settings;
  settings.settle = milliseconds(0);
  settings.look_every = milliseconds(1);
  std::atomic<int> exchanged{0};
  TableKeeper keeper(
      holder, place, clock, [](LogLevel, const std::string&) {},
      [&](const Policy&) { ++exchanged; }, settings);
  const auto tcp = listen_on_loopback();
  PolicyServer server(
      {tcp.descriptor},
      {holder, references, driver, ahead, journal, clock, milter_counters, policy_counters}, 2);
  keeper.start();
  server.start();

  std::atomic<int> asking{clients};
  std::vector<std::thread> threads;
  for (int number = 0; number < clients; ++number) {
    threads.emplace_back([&, number] {
      ask_without_a_pause(tcp.port, number);
      --asking;
    });
  }
  // At least some of each, however fast the clients are; the clients bound the rest.
  constexpr int fewest = 20;
  int reloads = 0;
  while (asking > 0 || reloads < fewest) {
    keeper.change(
        [&](const std::shared_ptr<const Policy>&) -> Result<std::shared_ptr<const Policy>> {
          return load(reloads % 2 == 0 ? "sender-blocked" : "policy-reject");
        },
        TableFiles::read_anew);
    write_table(reloads % 2 == 0 ? "always.example\n" : "now.example\nalways.example\n");
    ++reloads;
  }
  for (auto& thread : threads) thread.join();
  // The keeper may have been outrun so far.
  write_table("last.example\n");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (exchanged == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  keeper.stop();
  server.stop(milliseconds(10'000));
  EXPECT_EQ(policy_counters.requests, std::uint64_t{clients} * requests_of_each * 3);
  EXPECT_EQ(policy_counters.failures, 0U);
  EXPECT_GT(exchanged, 0);
}

}  // namespace
}  // namespace postern::policy_door::test

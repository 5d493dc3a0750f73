// A filter on the real libmilter with a toy policy, for the end-to-end tests.
//   milter_test_server LISTEN POLICY RECORDS
// LISTEN: unix:PATH, fd-unix:PATH, or fd-tcp (a free port of 127.0.0.1). Prints "ready PORT" when
// it listens. Reads from standard input: "open" lets waiting decisions go on, "stop MS" stops and
// prints "stopped yes" or "stopped no"; the end of input ends it.
// Ends with status 66 when the thread sanitizer has seen a race of ours.
#include "milter/callbacks.h"
#include "milter/toy_policy.h"
#include "support/thread_reports.h"

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <iostream>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace postern::test {
namespace {

using milter_door::Session;

struct World {
  ToyPolicy policy;
  DoorCounters counters;
  std::mutex mutex;  // guards open and the file
  std::condition_variable changed;
  bool open = true;
  std::ofstream records;
};

bool recipient_is(const Transaction& transaction, std::string_view address) {
  return transaction.recipient.is_told() && transaction.recipient.value().text() == address;
}

bool helo_is(const Transaction& transaction, const std::string& name) {
  return transaction.helo.is_told() && transaction.helo.value() == name;
}

ToyPolicy rcpt_policy() {
  ToyPolicy policy;
  policy.rules = {
      {"blocked networks",
       Stage::connect,
       [](const Transaction& t) {
         return t.client.address && t.client.address->text() == "198.51.100.9";
       },
       Verdict::reject,
       "client-blocked",
       {},
       {}},
      {"unknown users",
       Stage::rcpt,
       [](const Transaction& t) { return recipient_is(t, "nobody@example.net"); },
       Verdict::reject,
       "rcpt-unknown",
       {},
       {}},
      {"first contact",
       Stage::rcpt,
       [](const Transaction& t) { return recipient_is(t, "grey@example.net"); },
       Verdict::defer,
       "greylisted",
       {},
       {}},
      {"per cent",
       Stage::rcpt,
       [](const Transaction& t) { return recipient_is(t, "percent@example.net"); },
       Verdict::reject,
       "rcpt-unknown",
       "Only 50% of %s is known here",
       {}},
      {"bug",
       Stage::rcpt,
       [](const Transaction& t) -> bool {
         if (recipient_is(t, "bug@example.net")) throw std::runtime_error("a bug");
         return false;
       },
       Verdict::pass,
       {},
       {},
       {}},
      {"friends",
       Stage::rcpt,
       [](const Transaction& t) { return recipient_is(t, "friend@example.net"); },
       Verdict::accept,
       {},
       {},
       AcceptScope::message},
  };
  return policy;
}

/// Refuses at the stage that the HELO name names: "mail.test", "end-of-headers.test".
ToyPolicy stages_policy() {
  ToyPolicy policy;
  policy.speak = Speak::stage;
  policy.rules.push_back({"connect",
                          Stage::connect,
                          [](const Transaction& t) {
                            return t.client.address && t.client.address->text() == "198.51.100.9";
                          },
                          Verdict::reject,
                          "client-blocked",
                          {},
                          {}});
  for (const auto stage : {Stage::helo, Stage::mail, Stage::rcpt, Stage::data,
                           Stage::end_of_headers, Stage::end_of_message}) {
    const auto name = std::string(to_text(stage));
    policy.rules.push_back({name,
                            stage,
                            [name](const Transaction& t) { return helo_is(t, name + ".test"); },
                            Verdict::reject,
                            "policy-reject",
                            {},
                            {}});
    policy.rules.push_back({name + " later",
                            stage,
                            [name](const Transaction& t) { return helo_is(t, name + ".later"); },
                            Verdict::defer,
                            "policy-defer",
                            {},
                            {}});
  }
  return policy;
}

ToyPolicy content_policy() {
  ToyPolicy policy;
  policy.content = true;
  policy.rules = {
      {"too big",
       Stage::end_of_message,
       [](const Transaction& t) { return t.size.is_told() && t.size.value() > 500'000; },
       Verdict::reject,
       "message-too-big",
       {},
       {}}};
  return policy;
}

std::string one_line(std::string text) {
  for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n")) {
    text.replace(at, 2, "|");
  }
  return text;
}

void write_record(World& world, const Record& record) {
  const std::lock_guard lock(world.mutex);
  const auto& t = record.transaction;
  world.records << to_text(t.stage) << ' ' << to_text(record.decision.verdict) << ' '
                << (t.queue_id.empty() ? "NOQUEUE" : t.queue_id) << ' '
                << (t.size.is_told() ? t.size.value() : -1) << ' '
                << (record.kind == RecordKind::join ? "join" : one_line(record.sent->answer))
                << std::endl;
}

int listen_on(const std::string& listen_text, std::uint16_t& port) {
  if (listen_text == "fd-tcp") {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof name;
    auto* address = reinterpret_cast<sockaddr*>(&name);
    if (bind(listener, address, length) != 0 || listen(listener, 100) != 0) return -1;
    getsockname(listener, address, &length);
    port = ntohs(name.sin_port);
    return listener;
  }
  const auto path = listen_text.substr(listen_text.find(':') + 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  if (bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
      listen(listener, 100) != 0) {
    return -1;
  }
  return listener;
}

int serve(const std::string& listen_text, const std::string& policy, const std::string& file) {
  // Like the program: libmilter's threads may outlive everything, so the process ends by _exit.
  auto& world = *new World;
  world.records.open(file);
  if (policy == "rcpt" || policy == "gate") world.policy = rcpt_policy();
  if (policy == "stages") world.policy = stages_policy();
  if (policy == "content") world.policy = content_policy();
  world.open = policy != "gate";

  std::uint16_t port = 0;
  auto connection = listen_text;
  if (listen_text.rfind("fd-", 0) == 0) {
    connection = "fd:" + std::to_string(listen_on(listen_text, port));
  }
  static Records unused;
  const auto maker = [&world] {
    auto setup = toy_setup(world.policy, unused, world.counters);
    setup.submit = [&world](const Record& record) {
      write_record(world, record);
      return Kept::record;
    };
    setup.decide = [&world](const Transaction& transaction, Facts facts,
                            const std::function<void(Outcome)>& closed) {
      if (transaction.stage == Stage::rcpt) {
        std::unique_lock lock(world.mutex);
        if (!world.open) std::cout << "waiting" << std::endl;
        world.changed.wait(lock, [&] { return world.open; });
      }
      auto decision = world.policy.decide(transaction);
      closed({decision, std::move(facts), {}, {}});
      return decision;
    };
    return std::make_unique<Session>(std::move(setup));
  };
  const auto complain = [](std::string_view message) { std::cerr << message << std::endl; };
  if (!milter_door::register_filter(connection, maker, complain)) return 69;

  std::thread runner([] { milter_door::run_filter(); });
  runner.detach();
  std::cout << "ready " << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "open") {
      const std::lock_guard lock(world.mutex);
      world.open = true;
      world.changed.notify_all();
    } else if (line.rfind("stop ", 0) == 0) {
      // In a thread of its own, so that "open" is still heard while the stop waits.
      std::thread([limit = std::chrono::milliseconds(std::stoi(line.substr(5)))] {
        const bool idle = milter_door::stop_filter(limit);
        std::cout << "stopped " << (idle ? "yes" : "no") << std::endl;
        _exit(threads_raced() ? 66 : 0);
      }).detach();
    }
  }
  return 0;
}

}  // namespace
}  // namespace postern::test

int main(int argc, char** argv) {
  if (argc != 4) _exit(64);
  const int status = postern::test::serve(argv[1], argv[2], argv[3]);
  _exit(postern::test::threads_raced() ? 66 : status);
}

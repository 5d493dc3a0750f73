// Both doors as the program runs them, with answers from a file instead of a network.
//   scenario_server DIRECTORY MILTER-POLICY POLICY-SERVICE-POLICY
// Listens at DIRECTORY/milter and DIRECTORY/policy, reads DIRECTORY/facts, writes
// DIRECTORY/journal. Prints "ready" when it listens; at the end of its standard input it stops both
// doors, prints "stopped" and ends; badly when the thread sanitizer has seen a race of ours.
#include "milter/filter.h"
#include "policy/server.h"
#include "rules/settings.h"
#include "runtime/files.h"
#include "runtime/services.h"
#include "scenarios/library.h"
#include "scenarios/server_process.h"
#include "support/policy_client.h"
#include "support/sample_check.h"
#include "support/thread_reports.h"

#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <sysexits.h>
#include <thread>
#include <unistd.h>

namespace postern::scenarios {
namespace {

/// Nobody plays a scenario for longer; a test that broke off must not leave a process behind.
constexpr unsigned longest_life_seconds = 120;
constexpr std::chrono::milliseconds stop_limit{10'000};
constexpr unsigned journal_queue = 10'000;

class FileSource final : public FactSource {
 public:
  explicit FileSource(std::map<std::string, Answer> facts) : facts_(std::move(facts)) {}
  void ask(const Question& question, std::function<void(Answer)> done) override {
    done(answer_to(facts_, question));
  }

 private:
  const std::map<std::string, Answer> facts_;
};

std::shared_ptr<const Policy> load(const std::string& path) {
  ConfigPlace place;
  place.config = path;
  place.explicit_config = true;
  auto compiled = Policy::compile(path, disk_reader(place), postern::test::sample_checks());
  if (!compiled) {
    std::cerr << render(compiled.problems());
    return nullptr;
  }
  return compiled->policy;
}

struct World {
  World(const std::string& directory, std::shared_ptr<const Policy> milter_policy,
        std::shared_ptr<const Policy> policy_policy)
      : source(read_facts(directory + "/facts")),
        at_milter(std::move(milter_policy)),
        at_policy(std::move(policy_policy)),
        references(clock, 1),
        driver(source, clock),
        ahead(source, clock),
        journal(
            {directory + "/journal"}, {}, journal_queue, [](const std::string&) {},
            [](const std::string& message) { std::cerr << message << std::endl; }) {}

  Services services(PolicyHolder& policy) {
    return {policy, references, driver, ahead, journal, clock, milter_counters, policy_counters};
  }

  SystemClock clock;
  FileSource source;
  PolicyHolder at_milter;
  PolicyHolder at_policy;
  ReferenceSource references;
  Driver driver;
  AskingAhead ahead;
  Journal journal;
  DoorCounters milter_counters;
  DoorCounters policy_counters;
};

int serve(const std::string& directory, const std::string& milter_policy,
          const std::string& policy_policy) {
  const auto for_milter = load(milter_policy);
  const auto for_policy = load(policy_policy);
  if (!for_milter || !for_policy) return EX_CONFIG;

  // Like the program: libmilter's threads may outlive everything, so the process ends by _exit and
  // this is never deleted.
  auto& world = *std::make_unique<World>(directory, for_milter, for_policy).release();
  const int milter = postern::test::listen_at(directory + "/milter");
  // libmilter waits in poll() itself, and takes a socket that blocks.
  ::fcntl(milter, F_SETFL, ::fcntl(milter, F_GETFL) & ~O_NONBLOCK);
  if (!milter_door::prepare("fd:" + std::to_string(milter), world.services(world.at_milter))) {
    return EX_UNAVAILABLE;
  }
  std::thread([] { milter_door::run(); }).detach();
  policy_door::PolicyServer server({postern::test::listen_at(directory + "/policy")},
                                   world.services(world.at_policy));
  server.start();

  std::cout << "ready" << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  const bool idle = milter_door::stop(stop_limit);
  server.stop(stop_limit);
  world.journal.flush();
  if (!idle) return EX_SOFTWARE;
  std::cout << "stopped" << std::endl;
  return EX_OK;
}

}  // namespace
}  // namespace postern::scenarios

int main(int argc, char** argv) {
  if (argc != 4) _exit(EX_USAGE);
  ::alarm(postern::scenarios::longest_life_seconds);
  const int status = postern::scenarios::serve(argv[1], argv[2], argv[3]);
  _exit(postern::test::threads_raced() ? EX_SOFTWARE : status);
}

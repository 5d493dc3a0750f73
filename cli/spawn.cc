#include "policy/spawn.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "runtime/log.h"
#include "runtime/sockets.h"

#include <chrono>
#include <csignal>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

/// To find out why there was no answer.
constexpr std::chrono::milliseconds patience{1'000};

Result<ListenAddress> server_address(const Options& options) {
  if (!options.to.empty()) {
    auto address = ListenAddress::parse(options.to);
    if (address) address->path = under_root(options.place.root, address->path);
    return address;
  }
  const auto loaded = load_policy(options.place);
  if (!loaded) return loaded.problems();
  const auto settings = settings_on_disk(loaded->policy->settings(), options.place.root);
  if (settings.listen.policy.empty()) return plain_problem("the policy sets no listen.policy");
  return settings.listen.policy.front();
}

}  // namespace

int spawn(const Options& options, Terminal) {
  std::signal(SIGPIPE, SIG_IGN);
  // spawn(8) connects standard error to its client too, which would take a message for an answer.
  start_log(::isatty(STDERR_FILENO) == 1 ? LogTarget::standard_error : LogTarget::syslog);
  const auto address = server_address(options);
  if (!address) {
    log_problems(address.problems());
    return EX_CONFIG;
  }
  const int status = policy_door::relay_spawn(STDIN_FILENO, STDOUT_FILENO, *address);
  if (status != EX_OK) {
    const auto connected = connect_to(*address, patience);
    log(LogLevel::error, "spawn: no answer for Postfix, " +
                             (connected ? "the connection to " + address->postfix_text() + " broke"
                                        : connected.problems().front().message));
  }
  return status;
}

}  // namespace postern::cli

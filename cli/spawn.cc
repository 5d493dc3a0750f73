#include "policy/spawn.h"

#include "cli/commands.h"
#include "cli/load.h"

#include <csignal>
#include <ostream>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

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

int spawn(const Options& options, Terminal terminal) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto address = server_address(options);
  if (!address) {
    terminal.err << render(address.problems());
    return EX_CONFIG;
  }
  return policy_door::relay_spawn(STDIN_FILENO, STDOUT_FILENO, *address);
}

}  // namespace postern::cli

#include "runtime/control.h"

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/load.h"

#include <algorithm>
#include <ostream>
#include <sysexits.h>
#include <variant>

namespace postern::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds status_patience{10'000};
/// Large tables take their time, and a reload may have to wait for another one to end.
constexpr milliseconds reload_patience{300'000};
/// Above the server's own bound for a stop.
constexpr milliseconds stop_patience{30'000};
/// The server's journal waits five seconds for a disk that hangs, and for a reload before it.
constexpr milliseconds reopen_patience{60'000};
constexpr const char* usual_control = "/run/postern/control.sock";

/// Where the server listens for commands. A policy that is broken at the moment must not keep
/// anybody from stopping the server that runs with the old one.
Result<ListenAddress> control_address(const Options& options, Terminal terminal) {
  if (!options.control.empty()) return ListenAddress::parse(options.control);
  const auto loaded = load_policy(options.place);
  if (loaded) {
    const auto settings = settings_on_disk(loaded->policy->settings(), options.place.root);
    if (settings.listen.control) return *settings.listen.control;
    return plain_problem("the policy sets no listen.control, so the server cannot be asked");
  }
  const auto settings = settings_on_disk(settings_alone(options.place), options.place.root);
  ListenAddress address;
  address.path = under_root(options.place.root, usual_control);
  if (settings.listen.control) address = *settings.listen.control;
  terminal.err << "postern: the policy cannot be read (postern check tells why); asking at "
               << address.path << '\n';
  return address;
}

/// An answer, or the exit status when there was none; why is told.
std::variant<ControlAnswer, int> ask(const Options& options, Terminal terminal,
                                     ControlCommand command, milliseconds patience) {
  const auto address = control_address(options, terminal);
  if (!address) {
    terminal.err << render(address.problems());
    // Not 69, which log rotation takes for "no server runs".
    return options.control.empty() ? EX_CONFIG : EX_USAGE;
  }
  auto answer = ask_control(*address, command, patience);
  if (answer) return std::move(*answer);
  auto problems = answer.problems();
  if (options.control.empty()) {
    // The server listens where the policy of its start said.
    problems.front().hint =
        "if listen.control has changed since the server was started, name the old one with "
        "--control";
  }
  terminal.err << render(problems);
  return EX_UNAVAILABLE;
}

int tell(const Options& options, Terminal terminal, ControlCommand command, milliseconds patience) {
  const auto asked = ask(options, terminal, command, patience);
  if (const auto* status = std::get_if<int>(&asked)) return *status;
  const auto* const answer = std::get_if<ControlAnswer>(&asked);
  (answer->exit_code == EX_OK ? terminal.out : terminal.err) << answer->text;
  return answer->exit_code;
}

}  // namespace

int status(const Options& options, Terminal terminal) {
  const auto asked = ask(options, terminal, ControlCommand::status, status_patience);
  if (const auto* failure = std::get_if<int>(&asked)) return *failure;
  const auto* const answer = std::get_if<ControlAnswer>(&asked);
  if (answer->exit_code != EX_OK) {
    terminal.err << answer->text;
    return answer->exit_code;
  }
  const auto status = StatusText::decode(answer->text);
  if (options.format == Format::json) {
    terminal.out << to_json(status) << '\n';
    return answer->exit_code;
  }
  std::size_t width = 0;
  for (const auto& item : status.items()) width = std::max(width, item.name.size());
  for (const auto& item : status.items()) {
    terminal.out << item.name << std::string(width + 2 - item.name.size(), ' ') << item.value
                 << '\n';
  }
  return answer->exit_code;
}

int metrics(const Options& options, Terminal terminal) {
  return tell(options, terminal, ControlCommand::metrics, status_patience);
}

int reload(const Options& options, Terminal terminal) {
  return tell(options, terminal, ControlCommand::reload, reload_patience);
}

int reopen(const Options& options, Terminal terminal) {
  return tell(options, terminal, ControlCommand::reopen, reopen_patience);
}

int stop(const Options& options, Terminal terminal) {
  return tell(options, terminal, ControlCommand::stop, stop_patience);
}

}  // namespace postern::cli

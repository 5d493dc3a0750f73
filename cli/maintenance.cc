// postern maintenance: writes down, or takes back, that mail is put off for a time. The server sees
// the file by itself; it is asked only to tell whether it has.

#include "rules/maintenance.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "model/shown_text.h"
#include "model/time_text.h"
#include "runtime/control.h"
#include "runtime/maintenance_file.h"

#include <array>
#include <chrono>
#include <ctime>
#include <ostream>
#include <sysexits.h>
#include <thread>

namespace postern::cli {
namespace {

using std::chrono::system_clock;

/// The server looks every second; a busy one may take a little longer.
constexpr std::chrono::seconds patience{5};
constexpr std::chrono::milliseconds between_questions{200};

struct Place {
  std::string path;
  std::optional<ListenAddress> control;
};

/// What the running server says under that name; nullopt: none answers, or it says nothing.
std::optional<std::string> server_says(const ListenAddress& control, std::string_view name) {
  const auto answer = ask_control(control, ControlCommand::status, patience);
  if (!answer || answer->exit_code != EX_OK) return {};
  const auto status = StatusText::decode(answer->text);
  for (const auto& item : status.items()) {
    if (item.name == name) return item.value;
  }
  return {};
}

/// A policy that is broken at the moment must not keep anybody from putting mail off. A server that
/// runs knows best where it looks: its journal may be that of an older policy.
Place place_of(const Options& options, Terminal terminal) {
  Settings settings;
  if (const auto loaded = load_policy(options.place)) {
    settings = loaded->policy->settings();
  } else {
    terminal.err << "postern: the policy cannot be read (postern check tells why); going by its "
                    "[listen] and [journal] alone\n";
    settings = settings_alone(options.place);
    if (!settings.listen.control) {
      settings.listen.control = ListenAddress{};
      settings.listen.control->path = "/run/postern/control.sock";
    }
  }
  settings = settings_on_disk(settings, options.place.root);
  if (!options.control.empty()) {
    const auto address = ListenAddress::parse(options.control);
    settings.listen.control = address ? std::optional(*address) : std::nullopt;
  }
  Place place{maintenance_path(settings.journal, options.place.root), settings.listen.control};
  if (place.control) {
    if (const auto file = server_says(*place.control, "maintenance_file")) place.path = *file;
  }
  return place;
}

std::string local_text(system_clock::time_point time) {
  const auto seconds = system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &parts);
  return text.data();
}

/// Waits for the server to have seen the file.
int confirm(const Place& place, const std::string& expected, Terminal terminal) {
  if (!place.control) return EX_OK;
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto says = server_says(*place.control, "maintenance");
    if (!says) {
      terminal.out << "No server answers"
                   << (expected == "off" ? ".\n" : "; it holds for the next one that starts.\n");
      return EX_OK;
    }
    if (*says == expected) {
      terminal.out << (expected == "off" ? "The running server takes mail again.\n"
                                         : "The running server has it in force.\n");
      return EX_OK;
    }
    if (std::chrono::steady_clock::now() >= until) {
      terminal.err << "postern: the running server says \"maintenance "
                   << shown_text(*says, terminal.glyphs) << "\"; does it read " << place.path
                   << "?\n";
      return EX_TEMPFAIL;
    }
    std::this_thread::sleep_for(between_questions);
  }
}

int fail(Terminal terminal, const Problems& problems, int status) {
  terminal.err << render(problems, terminal.glyphs);
  return status;
}

int turn_on(const Options& options, Terminal terminal) {
  if (options.until.empty()) {
    terminal.err << "postern: say until when, as in --until 2h\n";
    return EX_USAGE;
  }
  const auto until = maintenance_end(options.until, system_clock::now());
  if (!until) return fail(terminal, until.problems(), EX_USAGE);
  const auto place = place_of(options, terminal);
  const Maintenance maintenance{*until, options.reply_code == "421", options.reason_text,
                                place.path};
  if (const auto fault = maintenance_fault(maintenance); !fault.empty()) {
    return fail(terminal, {plain_problem("--reason-text: " + fault)}, EX_USAGE);
  }
  const auto problems = write_maintenance(place.path, maintenance);
  if (!problems.empty()) return fail(terminal, problems, EX_CANTCREAT);
  terminal.out << "Mail from the network is to be put off until " << utc_text(*until) << " ("
               << local_text(*until) << ").\nSenders read " << options.reply_code << " 4.3.2 \""
               << maintenance_text(maintenance) << "\"\n";
  return confirm(place, "until " + utc_text(*until), terminal);
}

int turn_off(const Options& options, Terminal terminal) {
  const auto place = place_of(options, terminal);
  const auto problems = remove_maintenance(place.path);
  if (!problems.empty()) return fail(terminal, problems, EX_CANTCREAT);
  terminal.out << "No maintenance is written down.\n";
  return confirm(place, "off", terminal);
}

int tell(const Options& options, Terminal terminal) {
  const auto place = place_of(options, terminal);
  const auto found = read_maintenance(place.path);
  if (!found) return fail(terminal, found.problems(), EX_DATAERR);
  if (!*found || (*found)->until <= system_clock::now()) {
    terminal.out << "off\n";
    return EX_OK;
  }
  terminal.out << "until " << utc_text((*found)->until) << " (" << local_text((*found)->until)
               << ")\n"
               << ((*found)->ends_sessions ? "421" : "451") << " 4.3.2 \""
               << maintenance_text(**found) << "\"\n";
  return EX_OK;
}

}  // namespace

int maintenance(const Options& options, Terminal terminal) {
  const auto& action = options.words.front();
  if (action == "on") return turn_on(options, terminal);
  return action == "off" ? turn_off(options, terminal) : tell(options, terminal);
}

}  // namespace postern::cli

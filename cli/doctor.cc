#include "runtime/doctor.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "milter/filter.h"
#include "runtime/mta_lines.h"
#include "runtime/privileges.h"
#include "runtime/sockets.h"
#include "system/child_output.h"

#include <chrono>
#include <ostream>
#include <pwd.h>
#include <string_view>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// A program that has hung up is not waited for.
constexpr std::chrono::milliseconds version_limit{5'000};

/// Empty when there is no Postfix.
std::string postfix_version() {
  const auto printed = output_of("postconf", {"-dh", "mail_version"}, version_limit);
  return printed ? printed->substr(0, printed->find_first_of(" \n")) : std::string();
}

/// Empty when there is none, or another mail server's program of that name.
std::string sendmail_version() {
  // In its test mode it prints its version first, and ends at the end of its input.
  const auto printed = output_of("sendmail", {"-d0.1", "-bt"}, version_limit);
  constexpr std::string_view word = "Version ";
  if (!printed || printed->rfind(word, 0) != 0) return {};
  const auto rest = printed->substr(word.size());
  return rest.substr(0, rest.find_first_of(" \n"));
}

/// Whom the mail server's processes run as, where nobody says it.
std::string usual_mta_user() {
  return !find_user("postfix") && find_user("smmsp") ? "smmsp" : "postfix";
}

/// A port of 0 is none: the system chooses one when the server starts.
bool no_port(const ListenAddress& address) {
  return address.family != ListenAddress::Family::unix_socket && address.port == 0;
}

}  // namespace

int doctor(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs);
    return EX_CONFIG;
  }
  if (!options.mta_user.empty() && ::getpwnam(options.mta_user.c_str()) == nullptr) {
    terminal.err << "postern: there is no user " << options.mta_user << " here (--mta-user)\n";
    return EX_NOUSER;
  }
  DoctorPlace place;
  place.postfix_directory = options.postfix_directory;
  place.mta_user = options.mta_user.empty() ? usual_mta_user() : options.mta_user;
  place.queue_directory = under_root(options.place.root, place.queue_directory);
  place.mail_version = postfix_version();
  // Postfix brings a sendmail of its own, which would log the question as a fault.
  if (place.mail_version.empty()) place.sendmail_version = sendmail_version();
  place.libmilter_version = milter_door::library_version();
  place.delay =
      mta_line_place(*loaded->policy, options.place.root, options.postfix_directory).delay;
  if (running_as_root()) place.connect_as = DoctorPlace::ConnectAs::mta_user;
  const auto settings = settings_on_disk(loaded->policy->settings(), options.place.root);
  const auto findings = examine(settings, place);
  terminal.out << render(findings);
  return any_problem(findings) ? EX_UNAVAILABLE : EX_OK;
}

int lines(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs);
    return EX_CONFIG;
  }
  auto settings = settings_on_disk(loaded->policy->settings(), options.place.root);
  auto& listen = settings.listen;
  if (std::erase_if(listen.policy, no_port) > 0 || (listen.milter && no_port(*listen.milter))) {
    if (listen.milter && no_port(*listen.milter)) listen.milter.reset();
    terminal.err
        << "postern: an address of port 0 is left out, because the system chooses its port "
           "when the server starts; give it a number\n";
  }
  terminal.out << mta_lines(
      settings, mta_line_place(*loaded->policy, options.place.root, options.postfix_directory));
  return EX_OK;
}

}  // namespace postern::cli

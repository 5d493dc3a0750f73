#include "runtime/doctor.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "runtime/mta_lines.h"

#include <array>
#include <cstdio>
#include <memory>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// What `postconf -dh NAME` prints; empty when there is no Postfix. `name` is one of our own words.
std::string postconf(const std::string& name) {
  const std::string command =
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin postconf -dh " + name + " 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), &::pclose);
  std::array<char, 256> buffer{};
  if (!pipe || std::fgets(buffer.data(), buffer.size(), pipe.get()) == nullptr) return {};
  std::string line = buffer.data();
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

int doctor(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs);
    return EX_CONFIG;
  }
  DoctorPlace place;
  place.postfix_directory = options.postfix_directory;
  place.mta_user = options.mta_user;
  place.queue_directory = under_root(options.place.root, place.queue_directory);
  place.mail_version = postconf("mail_version");
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
  terminal.out << mta_lines(
      settings_on_disk(loaded->policy->settings(), options.place.root),
      mta_line_place(*loaded->policy, options.place.root, options.postfix_directory));
  return EX_OK;
}

}  // namespace postern::cli

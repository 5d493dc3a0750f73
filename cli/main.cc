#include "cli/commands.h"
#include "cli/options.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

/// As locale(7) has it: the first of these that is set and not empty decides.
postern::Glyphs glyphs_of_locale() {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string locale(value);
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool utf8 =
        locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    return utf8 ? postern::Glyphs::utf8 : postern::Glyphs::ascii;
  }
  return postern::Glyphs::ascii;
}

/// As no-color.org and terminfo(5) have it.
bool has_colours() {
  const char* unwanted = std::getenv("NO_COLOR");
  if (unwanted != nullptr && *unwanted != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || *terminal == '\0' || std::string_view(terminal) == "dumb")
    return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = postern::cli::parse_command_line(argc, argv);
  std::cout << parsed.out << std::flush;
  std::cerr << parsed.err;
  if (!parsed.options) return parsed.exit_status;
  return postern::cli::run_command(
      *parsed.options,
      {std::cout, std::cerr, glyphs_of_locale(), has_colours(),
       ::isatty(STDIN_FILENO) == 1 ? nullptr : &std::cin, ::isatty(STDERR_FILENO) == 1});
}

#include "cli/commands.h"
#include "cli/options.h"

#include <iostream>

int main(int argc, char** argv) {
  const auto parsed = postern::cli::parse_command_line(argc, argv);
  std::cout << parsed.out << std::flush;
  std::cerr << parsed.err;
  if (!parsed.options) return parsed.exit_status;
  return postern::cli::run_command(*parsed.options, {std::cout, std::cerr});
}

#include "cli/commands.h"

#include <ostream>
#include <sysexits.h>

namespace postern::cli {
int codes(const Options&, Terminal terminal) {
  terminal.err << "x";
  return EX_SOFTWARE;
}
}  // namespace postern::cli

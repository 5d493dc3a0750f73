#include "reply/codes.h"

#include "cli/commands.h"

#include <ostream>
#include <sysexits.h>

namespace postern::cli {

int codes(const Options& options, Terminal terminal) {
  const auto format = options.format == Format::json ? CodesFormat::json : CodesFormat::text;
  if (options.words.empty()) {
    terminal.out << list_reasons(format);
    return EX_OK;
  }
  // A pasted reply need not be quoted for the shell: all words are one thing to look up.
  std::string what;
  for (const auto& word : options.words) what += (what.empty() ? "" : " ") + word;
  const auto explained = explain_code(what, format);
  if (!explained) {
    terminal.err << render(explained.problems());
    return EX_DATAERR;
  }
  terminal.out << *explained;
  return EX_OK;
}

}  // namespace postern::cli

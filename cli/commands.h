// The commands of the program: one function each, in a file of its name. Each returns an exit
// status of sysexits.h and writes to the streams it is given.
#pragma once

#include "cli/options.h"
#include "postern/result.h"

#include <iosfwd>

namespace postern::cli {

struct Terminal {
  std::ostream& out;
  std::ostream& err;
  Glyphs glyphs = Glyphs::ascii;  ///< what it can show
  bool has_colours = false;       ///< somebody watches, and wants them
  std::istream* in = nullptr;     ///< what was piped to us; nullptr: a terminal, where nobody types
  bool err_is_watched = false;    ///< `err` is a terminal: progress may be shown
};

int serve(const Options& options, Terminal terminal);
int check(const Options& options, Terminal terminal);
/// 1 when a test fails.
int test(const Options& options, Terminal terminal);
/// Decides on a transaction that somebody has thought out, and tells why.
int simulate(const Options& options, Terminal terminal);
int spf(const Options& options, Terminal terminal);
int explain(const Options& options, Terminal terminal);
/// Shows decisions that fit, one line each, and goes on with new ones.
int log(const Options& options, Terminal terminal);
/// 1 when a gate is closed, or a record is not what its own policy decides.
int replay(const Options& options, Terminal terminal);
int codes(const Options& options, Terminal terminal);
int doctor(const Options& options, Terminal terminal);
int lines(const Options& options, Terminal terminal);
int status(const Options& options, Terminal terminal);
/// The running server's counts, as it serves them.
int metrics(const Options& options, Terminal terminal);
int reload(const Options& options, Terminal terminal);
int reopen(const Options& options, Terminal terminal);
int stop(const Options& options, Terminal terminal);
int spawn(const Options& options, Terminal terminal);
int maintenance(const Options& options, Terminal terminal);
/// Writes the help pages that replies lead to.
int pages(const Options& options, Terminal terminal);
/// Tables of what the journal's decisions come to.
int stats(const Options& options, Terminal terminal);
/// The same as a page for a browser.
int report(const Options& options, Terminal terminal);
/// Erases an address from the journal.
int journal(const Options& options, Terminal terminal);
int import_rules(const Options& options, Terminal terminal);

/// Runs the command that the options name. No exception leaves it.
int run_command(const Options& options, Terminal terminal) noexcept;

}  // namespace postern::cli

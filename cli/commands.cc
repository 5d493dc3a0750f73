#include "cli/commands.h"

#include "journal/journal_path.h"

#include <exception>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

int dispatch(const Options& options, Terminal terminal) {
  switch (options.command) {
    case Command::serve:
      return serve(options, terminal);
    case Command::check:
      return check(options, terminal);
    case Command::test:
      return test(options, terminal);
    case Command::simulate:
      return simulate(options, terminal);
    case Command::explain:
      return explain(options, terminal);
    case Command::log:
      return log(options, terminal);
    case Command::replay:
      return replay(options, terminal);
    case Command::codes:
      return codes(options, terminal);
    case Command::doctor:
      return doctor(options, terminal);
    case Command::lines:
      return lines(options, terminal);
    case Command::status:
      return status(options, terminal);
    case Command::metrics:
      return metrics(options, terminal);
    case Command::reload:
      return reload(options, terminal);
    case Command::reopen:
      return reopen(options, terminal);
    case Command::stop:
      return stop(options, terminal);
    case Command::spawn:
      return spawn(options, terminal);
    case Command::maintenance:
      return maintenance(options, terminal);
    case Command::pages:
      return pages(options, terminal);
    case Command::spf:
      return spf(options, terminal);
    case Command::stats:
      return stats(options, terminal);
    case Command::report:
      return report(options, terminal);
    case Command::journal:
      return journal(options, terminal);
    case Command::import_rules:
      return import_rules(options, terminal);
  }
  return EX_SOFTWARE;
}

}  // namespace

int run_command(const Options& options, Terminal terminal) noexcept {
  try {
    auto found = options;
    found.journal = behind_links(options.journal);
    const int status = dispatch(found, terminal);
    terminal.out.flush();
    // A full disk behind standard output must not look like success.
    return status == EX_OK && !terminal.out.good() ? EX_IOERR : status;
  } catch (const std::exception& error) {
    terminal.err << "postern: internal error: " << error.what() << '\n';
  } catch (...) {
    terminal.err << "postern: internal error\n";
  }
  return EX_SOFTWARE;
}

}  // namespace postern::cli

// postern stats: what the journal's decisions come to, in tables.

#include "journal/stats.h"

#include "cli/commands.h"
#include "cli/summed_journal.h"

#include <ostream>
#include <sysexits.h>

namespace postern::cli {

int stats(const Options& options, Terminal terminal) {
  const auto read = sum_journal(options, TimeBefore::passed_over, terminal);
  if (const auto* status = std::get_if<int>(&read)) return *status;
  const auto& summed = *std::get<std::unique_ptr<SummedJournal>>(read);
  StatsOptions how;
  how.by = options.stats.by;
  how.most = options.stats.most;
  how.glyphs = terminal.glyphs;
  if (terminal.has_colours) {
    how.paint = Paint::ansi;
    how.sparks = terminal.glyphs == Glyphs::utf8 ? Sparks::shown : Sparks::none;
  }
  terminal.out << (options.format == Format::json ? stats_json(summed.now, how)
                                                  : stats_text(summed.now, how));
  if (summed.now.decisions() > 0) return EX_OK;
  terminal.err << "postern: there is no decision in " << summed.source.journal << " in that time\n";
  return EX_DATAERR;
}

}  // namespace postern::cli

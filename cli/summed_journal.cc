#include "cli/summed_journal.h"

#include "cli/progress.h"
#include "journal/journal_walk.h"
#include "journal/segment.h"
#include "model/shown_text.h"
#include "model/time_text.h"

#include <chrono>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::hours usual_length{7 * 24};

/// nullopt, and told, when a bound is no time.
std::optional<TimeSpan> span_of(const StatsRequest& request, Terminal terminal) {
  const auto now = system_clock::now();
  const auto read = [&](const std::string& text, const char* option,
                        system_clock::time_point& bound) {
    if (text.empty()) return true;
    const auto time = past_time_from_text(text, now);
    if (time) {
      bound = *time;
      return true;
    }
    terminal.err << "postern: " << option << " \"" << shown_text(text, terminal.glyphs)
                 << "\": a time is a length such as 2d, 36h or 90m before now, a day, or as in "
                    "2026-11-21T14:00:00Z\n";
    return false;
  };
  TimeSpan span;
  span.until = now;
  if (!read(request.until, "--until", span.until)) return std::nullopt;
  span.since = span.until - usual_length;
  if (!read(request.since, "--since", span.since)) return std::nullopt;
  if (span.since < span.until) return span;
  terminal.err << "postern: there is no time from " << utc_text(span.since) << " to "
               << utc_text(span.until) << '\n';
  return std::nullopt;
}

void tell_gaps(const SummedJournal& summed, Terminal terminal) {
  tell_counts(summed.counts, terminal);
  terminal.err << render(summed.unread, terminal.glyphs);
}

}  // namespace

std::variant<std::unique_ptr<SummedJournal>, int> sum_journal(const Options& options,
                                                              TimeBefore before,
                                                              Terminal terminal) {
  const auto span = span_of(options.stats, terminal);
  if (!span) return EX_USAGE;
  auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  const TimeSpan earlier{span->since - span->length(), span->since};
  const auto from = before == TimeBefore::summed ? earlier.since : span->since;
  JournalWalk walk(source.journal, ReadOrder::oldest_first, {from, span->until});
  if (walk.files() == 0 && segments_of(source.journal).empty()) {
    if (const auto opened = JournalReader::open(source.journal, ReadOrder::oldest_first); !opened) {
      terminal.err << render(opened.problems(), terminal.glyphs);
      return EX_NOINPUT;
    }
  }
  auto summed = std::make_unique<SummedJournal>(SummedJournal{
      std::move(source), RecordSums(*span), RecordSums(earlier), {}, {}, std::nullopt, {}});
  Progress progress(terminal, "records");
  std::uint64_t count = 0;
  while (const auto record = walk.next()) {
    const auto time = record->transaction.time;
    if (!summed->oldest || time < *summed->oldest) summed->oldest = time;
    if (record->kind == RecordKind::decision) summed->newest_policy = record->policy_digest;
    (time < span->since ? summed->before : summed->now).add(*record);
    ++count;
    if (progress.wants(count)) progress.at(count, walk.done());
  }
  progress.clear();
  summed->counts = walk.counts();
  summed->unread = walk.unread();
  tell_gaps(*summed, terminal);
  return summed;
}

}  // namespace postern::cli

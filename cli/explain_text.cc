#include "cli/asked_text.h"
#include "cli/explain.h"
#include "journal/find_in_journal.h"
#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <ctime>
#include <ostream>
#include <set>
#include <sysexits.h>
#include <utility>

namespace postern::cli {
namespace {

// What a help desk need not know of how the journal was read, unless that took long. Seconds of
// the processor: a machine that is busy with other things is no news of the journal.
constexpr std::clock_t worth_a_note{1};

/// Why nothing may have been found, and what else there is to look at.
void tell_nothing(const JournalSource& source, std::size_t older, const std::string& text,
                  Terminal terminal) {
  terminal.err << "postern: nothing in " << looked_into(source, older) << " about "
               << clean_for_terminal(text) << '\n';
  if (!find_reference(text) && looks_like_reference(text)) {
    terminal.err << "  It looks like a reference, but one of its characters was misread or\n"
                    "  mistyped: the last one checks the others, and does not fit.\n";
    return;
  }
  if (source.policy && source.policy->settings().journal.accepts == AcceptRecords::none) {
    terminal.err << "  Mail that passes is not recorded (journal.accepts = \"none\").\n";
  } else if (source.policy && source.policy->settings().journal.accepts_share != 0) {
    terminal.err << "  Of mail that passes " << source.policy->settings().journal.accepts_share
                 << " messages in a hundred are recorded (journal.accepts_share).\n";
  }
  terminal.err
      << "  Its record may have been lost, if the disk was full or too slow: `postern status`"
         " counts\n  those under journal.lost. The mail log has a line for every refusal, "
         "journal or not.\n";
}

void tell_left_out(std::size_t count, const std::string& text, Terminal terminal) {
  terminal.err << "postern: "
               << (count == 1 ? "the decision"
                              : "none of the " + std::to_string(count) + " decisions")
               << " about " << clean_for_terminal(text) << (count == 1 ? " does not fit" : " fits")
               << " --client, --from, --to, --since and --until as they are given\n";
}

}  // namespace

Story story_of(std::vector<Record> records, const JournalQuery& query, Voice voice) {
  Story story;
  const auto is = [](RecordKind kind) {
    return [kind](const Record& record) { return record.kind == kind; };
  };
  story.repeats = static_cast<std::uint64_t>(
      std::count_if(records.begin(), records.end(), is(RecordKind::repeat)));
  // A copy of a file beside the journal has records a second time.
  std::set<std::string> known;
  for (auto& record : records) {
    if (record.kind == RecordKind::decision && known.insert(to_json(record)).second) {
      story.decisions.push_back(std::move(record));
    }
  }
  story.has_equal_references =
      std::holds_alternative<ByReference>(query) && story.decisions.size() > 1;
  if (!story.decisions.empty()) return story;
  for (const auto kind : {RecordKind::repeat, RecordKind::join}) {
    const auto last = std::find_if(records.rbegin(), records.rend(), is(kind));
    if (last == records.rend() || (kind == RecordKind::join && voice == Voice::sender)) continue;
    story.decisions.push_back(std::move(*last));
    story.without_decision = true;
    break;
  }
  return story;
}

void tell_notes(const Story& story, Terminal terminal) {
  if (story.has_equal_references) {
    terminal.err << "postern: " << story.decisions.size()
                 << " decisions have this reference, of servers that do not know of each other; "
                    "host, time,\n  sender and recipient tell which one is meant\n";
  }
  if (story.without_decision && story.decisions.front().kind == RecordKind::repeat) {
    terminal.err << "postern: the decision itself is no longer in the journal; this is what was "
                    "answered when the\n  same was asked again\n";
  }
}

int explain_text(const Options& options, const std::string& text, const RecordFilter& filter,
                 Terminal terminal) {
  const auto asked = asked_by(text);
  if (auto filters = filters_for(asked, filter); !filters.empty()) {
    terminal.err << "postern: looking for mail "
                 << (asked.client ? "of the client " : "from or to ")
                 << clean_for_terminal(asked.text) << '\n';
    return explain_search(options, std::move(filters), terminal);
  }
  const auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  const auto begun = std::clock();
  auto searched = find_in_journal(source.journal, asked.query, filter.since);
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  auto how = explain_options(options, terminal);
  terminal.err << render(searched->unread);
  if (how.voice == Voice::admin || (std::clock() - begun) / CLOCKS_PER_SEC >= worth_a_note) {
    terminal.err << render(searched->notes);
  }
  auto story = story_of(std::move(searched->found.records), asked.query, how.voice);
  how.repeats = story.repeats;
  const auto found = story.without_decision ? 0 : story.decisions.size();
  if (!story.without_decision) {
    std::erase_if(story.decisions,
                  [&filter](const Record& record) { return !filter.fits(record); });
  }
  tell_notes(story, terminal);
  tell_all(story.decisions, source, options, how, terminal);
  tell_counts(searched->found.counts, terminal);
  if (searched->cut) terminal.err << "postern: there may be more; the newest are shown\n";
  if (!story.decisions.empty()) return EX_OK;
  if (found > 0) {
    tell_left_out(found, text, terminal);
    return EX_DATAERR;
  }
  tell_nothing(source, searched->older, text, terminal);
  if (filter.since) terminal.err << "  Files that ended before --since were left out.\n";
  return nothing_found(searched->unread, terminal);
}

}  // namespace postern::cli

#include "bounce/read_reply.h"
#include "cli/asked_text.h"
#include "cli/explain.h"
#include "cli/explain_limits.h"
#include "journal/explain_bounce.h"
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

namespace {

/// What a text without a reference of ours says by the catalogue, where it has a reply in it; the
/// journal knows nothing of it.
bool tell_reply(const Options& options, const std::string& text, Terminal terminal) {
  if (find_reference(text) || looks_like_reference(text)) return false;
  const auto reply = read_reply(text);
  if (!reply) return false;
  terminal.out << explain_bounce(*reply, explain_options(options, terminal));
  return true;
}

/// A queue id or an instance is one word.
bool may_be_looked_up(const JournalQuery& query, const std::string& text) {
  return std::holds_alternative<ByReference>(query) ||
         text.find_first_of(" \t\r\n") == std::string::npos;
}

int explain_one(const Options& options, const JournalSource& source, const JournalQuery& query,
                const std::string& text, const RecordFilter& filter, Terminal terminal) {
  const auto begun = std::clock();
  auto searched = find_in_journal(source.journal, query, filter.since);
  if (!searched) {
    if (tell_reply(options, text, terminal)) return EX_OK;
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  auto how = explain_options(options, terminal);
  terminal.err << render(searched->unread);
  if (how.voice == Voice::admin || (std::clock() - begun) / CLOCKS_PER_SEC >= worth_a_note) {
    terminal.err << render(searched->notes);
  }
  auto story = story_of(std::move(searched->found.records), query, how.voice);
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
  if (tell_reply(options, text, terminal)) return EX_OK;
  tell_nothing(source, searched->older, text, terminal);
  if (filter.since) terminal.err << "  Files that ended before --since were left out.\n";
  return nothing_found(searched->unread, terminal);
}

}  // namespace

int explain_text(const Options& options, const std::string& text, const RecordFilter& filter,
                 Terminal terminal) {
  const auto references = find_references(text, most_references);
  const auto asked = asked_by(text);
  if (auto filters = filters_for(asked, filter); references.empty() && !filters.empty()) {
    terminal.err << "postern: looking for mail "
                 << (asked.client ? "of the client " : "from or to ")
                 << clean_for_terminal(asked.text) << '\n';
    return explain_search(options, std::move(filters), terminal);
  }
  // A sentence is no queue id, and what it means hangs on no journal.
  if (!may_be_looked_up(asked.query, asked.text) && tell_reply(options, text, terminal)) {
    return EX_OK;
  }
  const auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    if (tell_reply(options, text, terminal)) return EX_OK;
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  if (references.size() < 2) {
    return explain_one(options, source, asked.query, text, filter, terminal);
  }
  int status = EX_OK;
  for (const auto& reference : references) {
    if (reference != references.front() && options.format == Format::text) terminal.out << '\n';
    const auto one =
        explain_one(options, source, ByReference{reference}, reference.text(), filter, terminal);
    if (status == EX_OK) status = one;
  }
  return status;
}

}  // namespace postern::cli

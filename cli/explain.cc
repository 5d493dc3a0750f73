#include "journal/explain.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "journal/rotated.h"
#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// Where the journal is and what the records' policy says of itself. A story must be told also
/// while somebody has the configuration open in an editor.
struct Source {
  std::shared_ptr<const Policy> policy;  ///< none: it cannot be loaded
  std::string journal;
};

Source source_of(const Options& options, Terminal terminal) {
  Source source;
  auto loaded = load_policy(options.place);
  auto settings = Settings();
  if (loaded) {
    source.policy = loaded->policy;
    settings = source.policy->settings();
  }
  source.journal = options.journal.empty()
                       ? settings_on_disk(settings, options.place.root).journal.path
                       : options.journal;
  if (!loaded) {
    terminal.err << "postern: the policy has problems, \"postern check\" lists them; looking into "
                 << source.journal << '\n';
  }
  return source;
}

/// Why nothing may have been found, and what else there is to look at.
void tell_nothing(const Source& source, const FoundInJournal& searched, const std::string& text,
                  Terminal terminal) {
  terminal.err << "postern: nothing in " << source.journal;
  if (searched.rotated > 0) {
    terminal.err << " and " << searched.rotated << " older "
                 << (searched.rotated == 1 ? "file" : "files");
  }
  terminal.err << " about " << text << '\n';
  if (!find_reference(text) && looks_like_reference(text)) {
    terminal.err << "  It looks like a reference, but one of its characters was misread or\n"
                    "  mistyped: the last one checks the others, and does not fit.\n";
    return;
  }
  if (source.policy && source.policy->settings().journal.accepts == AcceptRecords::none) {
    terminal.err << "  Mail that passes is not recorded (journal.accepts = \"none\").\n";
  }
  terminal.err
      << "  Its record may have been lost, if the disk was full or too slow: `postern status`"
         " counts\n  those under journal.lost. The mail log has a line for every refusal, "
         "journal or not.\n";
}

void tell_gaps(const FoundInJournal& searched, Terminal terminal) {
  const auto& counts = searched.found.counts;
  if (counts.unreadable > 0) {
    terminal.err << "postern: " << counts.unreadable << " of " << counts.lines
                 << " lines cannot be read; the first: " << counts.first_fault << '\n';
  }
  if (searched.cut) terminal.err << "postern: there may be more; the newest are shown\n";
}

}  // namespace

int explain(const Options& options, Terminal terminal) {
  const auto source = source_of(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  // "ref", "K7Q2-9FXA-11BC" as two words of a command line are one thing.
  const auto text = joined(options.words, " ");
  auto searched = find_in_journal(source.journal, query_from_text(text));
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  terminal.err << render(searched->unread);
  auto& records = searched->found.records;
  ExplainOptions how;
  how.format = options.format == Format::json ? ExplainFormat::json : ExplainFormat::text;
  how.repeats = static_cast<std::uint64_t>(
      std::count_if(records.begin(), records.end(),
                    [](const Record& record) { return record.kind == RecordKind::repeat; }));
  std::size_t told = 0;
  for (auto& record : records) {
    if (record.kind != RecordKind::decision) continue;
    if (source.policy) expand(record, *source.policy);
    if (told++ > 0 && options.format == Format::text) terminal.out << '\n';
    terminal.out << postern::explain(record, how);
  }
  tell_gaps(*searched, terminal);
  if (told > 0) return EX_OK;
  tell_nothing(source, *searched, text, terminal);
  return EX_DATAERR;
}

}  // namespace postern::cli

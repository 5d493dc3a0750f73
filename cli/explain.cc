#include "journal/explain.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "journal/find_in_journal.h"
#include "journal/kept_policy.h"
#include "model/reference_in_text.h"
#include "model/text.h"
#include "runtime/files.h"

#include <algorithm>
#include <map>
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
  if (searched.older > 0) {
    terminal.err << " and " << searched.older << " older "
                 << (searched.older == 1 ? "file" : "files");
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

/// Makes compact records whole again, with the policy that each was made under.
class Expander {
 public:
  Expander(const Source& source, const Options& options, Terminal terminal)
      : source_(source), options_(options), store_(source.journal), terminal_(terminal) {}

  void expand(Record& record) {
    if (record.detail != RecordDetail::compact) return;
    if (source_.policy && postern::expand(record, *source_.policy)) return;
    const auto& digest = record.policy_digest;
    auto found = kept_.find(digest);
    if (found == kept_.end()) {
      found = kept_.emplace(digest, kept_policy(store_, digest, disk_reader(options_.place))).first;
    }
    const auto& kept = found->second;
    if (!kept || expand_with(record, *kept) != Expanded::partly) return;
    std::string names;
    for (const auto& table : kept->changed) names += (names.empty() ? "" : ", ") + table;
    terminal_.err << "postern: what tables held then is not kept; left out are rules that said no "
                     "after looking into "
                  << names << ", which "
                  << (kept->changed.size() == 1 ? "has changed" : "have changed") << " since\n";
  }

 private:
  const Source& source_;
  const Options& options_;
  PolicyStore store_;
  Terminal terminal_;
  std::map<std::string, Result<KeptPolicy>> kept_;
};

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
  terminal.err << render(searched->unread) << render(searched->notes);
  auto& records = searched->found.records;
  ExplainOptions how;
  how.format = options.format == Format::json ? ExplainFormat::json : ExplainFormat::text;
  how.repeats = static_cast<std::uint64_t>(
      std::count_if(records.begin(), records.end(),
                    [](const Record& record) { return record.kind == RecordKind::repeat; }));
  Expander expander(source, options, terminal);
  std::size_t told = 0;
  for (auto& record : records) {
    if (record.kind != RecordKind::decision) continue;
    expander.expand(record);
    if (told++ > 0 && options.format == Format::text) terminal.out << '\n';
    terminal.out << postern::explain(record, how);
  }
  tell_gaps(*searched, terminal);
  if (told > 0) return EX_OK;
  tell_nothing(source, *searched, text, terminal);
  return EX_DATAERR;
}

}  // namespace postern::cli

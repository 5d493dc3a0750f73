#include "journal/explain.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "journal/rotated.h"

#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

/// "ref", "K7Q2-9FXA-11BC" as two words of a command line are one thing.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

int explain(const Options& options, Terminal terminal) {
  const auto loaded = load_policy(options.place);
  if (!loaded) {
    terminal.err << render(loaded.problems(), terminal.glyphs);
    return EX_CONFIG;
  }
  const auto path = settings_on_disk(loaded->policy->settings(), options.place.root).journal.path;
  if (path.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  const auto text = joined(options.words);
  auto searched = find_in_journal(path, query_from_text(text));
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  terminal.err << render(searched->unread);
  auto* const found = &searched->found;
  ExplainOptions how;
  how.format = options.format == Format::json ? ExplainFormat::json : ExplainFormat::text;
  std::size_t told = 0;
  for (const auto& record : found->records) {
    if (record.kind == RecordKind::repeat) ++how.repeats;
  }
  for (auto& record : found->records) {
    if (record.kind != RecordKind::decision) continue;
    expand(record, *loaded->policy);
    if (told++ > 0 && options.format == Format::text) terminal.out << '\n';
    terminal.out << postern::explain(record, how);
  }
  if (found->counts.unreadable > 0) {
    terminal.err << "postern: " << found->counts.unreadable << " of " << found->counts.lines
                 << " lines of " << searched->file
                 << " cannot be read; the first: " << found->counts.first_fault << '\n';
  }
  if (told > 0) return EX_OK;
  terminal.err
      << "postern: nothing in " << path
      << (searched->rotated > 0 ? " and " + std::to_string(searched->rotated) + " older " +
                                      (searched->rotated == 1 ? "file" : "files")
                                : "")
      << " about " << text << '\n'
      << "  Its record may have been lost, if the disk was full or too slow: `postern status`"
         " counts\n  those under journal.lost. The mail log has a line for every refusal, "
         "journal or not.\n";
  return EX_DATAERR;
}

}  // namespace postern::cli

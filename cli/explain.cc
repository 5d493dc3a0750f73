#include "journal/explain.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "journal/reader.h"

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
  auto found = find_records(path, query_from_text(text));
  if (!found) {
    terminal.err << render(found.problems());
    return EX_NOINPUT;
  }
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
                 << " lines of " << path
                 << " cannot be read; the first: " << found->counts.first_fault << '\n';
  }
  if (told > 0) return EX_OK;
  terminal.err << "postern: nothing in " << path << " about " << text << '\n';
  return EX_DATAERR;
}

}  // namespace postern::cli

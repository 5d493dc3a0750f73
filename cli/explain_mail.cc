#include "bounce/bounce.h"
#include "cli/apart.h"
#include "cli/explain.h"
#include "journal/explain_bounce.h"
#include "journal/find_in_journal.h"

#include <algorithm>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

// A bounce is about one mail; who pastes a folder of them gets the first.
constexpr std::size_t most_references = 10;

void tell_reference(const Reference& reference, const JournalSource& source, const Options& options,
                    const ExplainOptions& how, Terminal terminal) {
  auto searched = find_in_journal(source.journal, ByReference{reference});
  if (!searched) {
    terminal.err << render(searched.problems());
    return;
  }
  terminal.err << render(searched->unread) << render(searched->notes);
  auto& records = searched->found.records;
  auto shown = how;
  shown.repeats = static_cast<std::uint64_t>(
      std::count_if(records.begin(), records.end(),
                    [](const Record& record) { return record.kind == RecordKind::repeat; }));
  std::erase_if(records, [](const Record& record) { return record.kind != RecordKind::decision; });
  if (records.empty()) {
    terminal.err << "postern: the reference " << reference.text() << " is not in " << source.journal
                 << ": it is of another of our servers, or its record is gone\n";
    return;
  }
  if (shown.format == ExplainFormat::text) terminal.out << '\n';
  tell_all(records, source, options, shown, terminal);
}

}  // namespace

int explain_mail(const Options& options, std::string_view mail, Terminal terminal) {
  const auto parts = take_apart(mail);
  if (!parts) {
    terminal.err << render(parts.problems(), terminal.glyphs);
    return EX_UNAVAILABLE;
  }
  const auto bounce = read_bounce(*parts);
  const auto how = explain_options(options, terminal);
  terminal.out << explain_bounce(bounce, how);
  if (!bounce.references.empty()) {
    const auto source = journal_source(options, terminal);
    if (source.journal.empty()) {
      terminal.err
          << "postern: it carries a reference of Postern, but this policy keeps no journal\n";
    } else {
      const auto count = std::min(bounce.references.size(), most_references);
      for (std::size_t i = 0; i < count; ++i) {
        tell_reference(bounce.references[i], source, options, how, terminal);
      }
    }
  }
  return bounce.kind == Bounce::Kind::none && bounce.references.empty() ? EX_DATAERR : EX_OK;
}

}  // namespace postern::cli

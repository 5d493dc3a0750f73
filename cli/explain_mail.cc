#include "bounce/bounce.h"
#include "bounce/read_reply.h"
#include "cli/apart.h"
#include "cli/explain.h"
#include "cli/explain_limits.h"
#include "journal/explain_bounce.h"
#include "journal/find_in_journal.h"
#include "model/reference_in_text.h"

#include <algorithm>
#include <ostream>
#include <string_view>
#include <sysexits.h>
#include <utility>
#include <vector>

namespace postern::cli {
namespace {

/// A bounce is about one mail: whoever pastes a folder of them gets the first.
void tell_other_references(const Bounce& bounce, std::string_view mail, Terminal terminal) {
  std::string others;
  for (const auto& each : find_references(mail)) {
    const auto& told = bounce.references;
    if (std::find(told.begin(), told.end(), each) != told.end()) continue;
    others += (others.empty() ? "" : ", ") + each.text();
  }
  if (others.empty()) return;
  terminal.err << "postern: only the first mail is read; what follows, or what it returns, has "
                  "references too: "
               << others << '\n';
}

/// What the references in the mail lead to; says on standard error what could not be read.
std::vector<Story> look_up(const Bounce& bounce, const JournalSource& source,
                           const ExplainOptions& how, BounceReferences& known, Terminal terminal) {
  std::vector<Story> found;
  const auto count = std::min(bounce.references.size(), most_references);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& reference = bounce.references[i];
    const JournalQuery query = ByReference{reference};
    auto searched = find_in_journal(source.journal, query);
    if (!searched) {
      terminal.err << render(searched.problems());
      known[reference.text()] = ReferenceState::not_read;
      continue;
    }
    terminal.err << render(searched->unread);
    if (how.voice == Voice::admin) terminal.err << render(searched->notes);
    auto story = story_of(std::move(searched->found.records), query, how.voice);
    if (!story.decisions.empty()) {
      known[reference.text()] = ReferenceState::found;
      found.push_back(std::move(story));
    } else {
      known[reference.text()] =
          searched->unread.empty() ? ReferenceState::not_found : ReferenceState::not_read;
    }
  }
  return found;
}

}  // namespace

int explain_mail(const Options& options, std::string_view mail, Terminal terminal) {
  const auto parts = take_apart(mail);
  if (!parts) {
    terminal.err << render(parts.problems(), terminal.glyphs);
    return EX_UNAVAILABLE;
  }
  auto bounce = read_bounce(*parts);
  if (bounce.kind == Bounce::Kind::none && !looks_like_mail(mail)) {
    // Whoever says that it is one has pasted what it said.
    if (auto reply = read_reply(mail)) bounce = std::move(*reply);
  }
  const auto how = explain_options(options, terminal);
  JournalSource source;
  BounceReferences known;
  std::vector<Story> found;
  if (!bounce.references.empty()) {
    source = journal_source(options, terminal);
    if (source.journal.empty()) {
      terminal.err
          << "postern: it carries a reference of Postern, but this policy keeps no journal\n";
    } else {
      found = look_up(bounce, source, how, known, terminal);
    }
  }
  terminal.out << explain_bounce(bounce, how, known);
  tell_other_references(bounce, mail, terminal);
  for (auto& story : found) {
    auto shown = how;
    shown.repeats = story.repeats;
    tell_notes(story, terminal);
    if (shown.format == ExplainFormat::text) terminal.out << '\n';
    tell_all(story.decisions, source, options, shown, terminal);
  }
  return bounce.kind == Bounce::Kind::none && bounce.references.empty() ? EX_DATAERR : EX_OK;
}

}  // namespace postern::cli

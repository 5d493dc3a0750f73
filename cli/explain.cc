#include "cli/explain.h"

#include "bounce/mail_parts.h"
#include "cli/expander.h"
#include "cli/known_addresses.h"
#include "cli/load.h"
#include "journal/find_in_journal.h"
#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <istream>
#include <ostream>
#include <sysexits.h>
#include <utility>

namespace postern::cli {
namespace {

/// Why nothing may have been found, and what else there is to look at.
void tell_nothing(const JournalSource& source, std::size_t older, const std::string& text,
                  Terminal terminal) {
  terminal.err << "postern: nothing in " << source.journal;
  if (older > 0) {
    terminal.err << " and " << older << " older " << (older == 1 ? "file" : "files");
  }
  terminal.err << " about " << clean_for_terminal(text) << '\n';
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

/// At most as much as is looked at, and one octet that tells that there is more.
std::string read_some(std::istream& from) {
  std::string text;
  std::string block(65'536, '\0');
  while (text.size() <= longest_bounce && from) {
    from.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block, 0, static_cast<std::size_t>(from.gcount()));
  }
  return text;
}

int explain_bounce_file(const Options& options, Terminal terminal) {
  const auto& name = options.explain.bounce;
  if (name == "-")
    return explain_mail(options, read_some(terminal.in ? *terminal.in : std::cin), terminal);
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    terminal.err << "postern: cannot read " << clean_for_terminal(name) << '\n';
    return EX_NOINPUT;
  }
  return explain_mail(options, read_some(file), terminal);
}

int ask_what(Terminal terminal) {
  terminal.err
      << "postern: say what to explain: a reference, a queue id, --bounce FILE, or --from, "
         "--to, --client, --since;\npostern explain --help has them all\n";
  return EX_USAGE;
}

}  // namespace

JournalSource journal_source(const Options& options, Terminal terminal) {
  JournalSource source;
  auto loaded = load_policy(options.place);
  auto settings = Settings();
  if (loaded) {
    source.policy = loaded->policy;
    settings = source.policy->settings();
  }
  auto journal = settings_on_disk(settings, options.place.root).journal;
  source.journal = options.journal.empty() ? journal.path : options.journal;
  source.address_key = address_key_of(journal, source.journal);
  if (!loaded) {
    terminal.err << "postern: the policy has problems, \"postern check\" lists them; looking into "
                 << source.journal << '\n';
  }
  return source;
}

ExplainOptions explain_options(const Options& options, Terminal terminal) {
  ExplainOptions how;
  how.format = options.format == Format::json ? ExplainFormat::json : ExplainFormat::text;
  how.voice = options.explain.voice;
  const auto colour = options.explain.colour;
  const bool paints =
      colour == Colour::always || (colour == Colour::automatic && terminal.has_colours);
  how.paint = paints ? Paint::ansi : Paint::none;
  return how;
}

void tell_all(std::vector<Record>& decisions, const JournalSource& source, const Options& options,
              const ExplainOptions& how, Terminal terminal) {
  Expander expander(source, options, terminal);
  bool first = true;
  for (auto& record : decisions) {
    expander.expand(record);
    if (!std::exchange(first, false) && how.format == ExplainFormat::text) {
      terminal.out << '\n';
    }
    terminal.out << postern::explain(record, how);
  }
}

void tell_counts(const ReadCounts& counts, Terminal terminal) {
  if (counts.unreadable == 0) return;
  terminal.err << "postern: " << counts.unreadable << " of " << counts.lines
               << " lines cannot be read; the first: " << counts.first_fault << '\n';
}

int explain_text(const Options& options, const std::string& text, const RecordFilter& filter,
                 Terminal terminal) {
  const auto source = journal_source(options, terminal);
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  auto searched = find_in_journal(source.journal, query_from_text(text));
  if (!searched) {
    terminal.err << render(searched.problems());
    return EX_NOINPUT;
  }
  terminal.err << render(searched->unread) << render(searched->notes);
  auto& records = searched->found.records;
  auto how = explain_options(options, terminal);
  how.repeats = static_cast<std::uint64_t>(
      std::count_if(records.begin(), records.end(),
                    [](const Record& record) { return record.kind == RecordKind::repeat; }));
  std::erase_if(records, [&filter](const Record& record) { return !filter.fits(record); });
  tell_all(records, source, options, how, terminal);
  tell_counts(searched->found.counts, terminal);
  if (searched->cut) terminal.err << "postern: there may be more; the newest are shown\n";
  if (!records.empty()) return EX_OK;
  tell_nothing(source, searched->older, text, terminal);
  return EX_DATAERR;
}

int explain(const Options& options, Terminal terminal) {
  const auto& request = options.explain;
  if (!request.bounce.empty()) {
    if (options.words.empty() && !request.searches()) return explain_bounce_file(options, terminal);
    terminal.err
        << "postern: --bounce stands alone; what else you look for needs a call of its own\n";
    return EX_USAGE;
  }
  const auto filter = filter_of(request, terminal);
  if (!filter) return EX_USAGE;
  if (!options.words.empty()) {
    // "ref", "K7Q2-9FXA-11BC" as two words of a command line are one thing.
    return explain_text(options, joined(options.words, " "), *filter, terminal);
  }
  if (!filter->empty()) return explain_search(options, *filter, terminal);
  if (terminal.in == nullptr) return ask_what(terminal);
  const auto piped = read_some(*terminal.in);
  if (looks_like_mail(piped)) return explain_mail(options, piped, terminal);
  if (piped.find_first_not_of(" \t\r\n") == std::string::npos) return ask_what(terminal);
  return explain_text(options, piped.substr(0, piped.find_last_not_of(" \t\r\n") + 1), *filter,
                      terminal);
}

}  // namespace postern::cli

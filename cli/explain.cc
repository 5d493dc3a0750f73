#include "cli/explain.h"

#include "bounce/mail_parts.h"
#include "cli/expander.h"
#include "cli/known_addresses.h"
#include "cli/load.h"
#include "model/text.h"
#include "runtime/control.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>
#include <ostream>
#include <string_view>
#include <sysexits.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern::cli {
namespace {

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

bool is_blank(std::string_view text) {
  return text.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == text.npos;
}

int explain_bounce_file(const Options& options, Terminal terminal) {
  const auto& name = options.explain.bounce;
  std::string mail;
  if (name == "-") {
    mail = read_some(terminal.in ? *terminal.in : std::cin);
  } else {
    // A stream opens folders too, and then finds them empty.
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(name, ignored);
    std::ifstream file(name, std::ios::binary);
    if (folder || !file) {
      terminal.err << "postern: cannot read " << clean_for_terminal(name)
                   << (folder ? ": it is a folder" : "") << '\n';
      return EX_NOINPUT;
    }
    mail = read_some(file);
  }
  if (!is_blank(mail)) return explain_mail(options, mail, terminal);
  terminal.err << "postern: "
               << (name == "-" ? std::string("standard input") : clean_for_terminal(name))
               << " is empty; nothing can be told of it\n";
  return EX_NOINPUT;
}

/// A server that runs writes to the journal of its start: a change of journal.path waits for the
/// next one, and until then the configuration names a file that is not there.
std::string path_in_force(const std::string& configured,
                          const std::optional<ListenAddress>& control, Terminal terminal) {
  if (configured.empty() || !control || ::access(configured.c_str(), F_OK) == 0) return configured;
  constexpr std::chrono::milliseconds patience{2'000};
  const auto answer = ask_control(*control, ControlCommand::status, patience);
  if (!answer || answer->exit_code != EX_OK) return configured;
  const auto status = StatusText::decode(answer->text);
  for (const auto& item : status.items()) {
    if (item.name != "journal.file" || item.value.empty() || item.value == configured) continue;
    terminal.err << "postern: " << configured << " is not there; the server that runs writes to "
                 << clean_for_terminal(item.value)
                 << ", and journal.path counts from its restart\n";
    return item.value;
  }
  return configured;
}

/// A reference as a word of its own is all that is meant: what else was typed goes unheeded.
void tell_ignored(const std::vector<std::string>& words, Terminal terminal) {
  const auto is_reference = [](const std::string& word) {
    return Reference::parse(word).has_value();
  };
  if (!std::any_of(words.begin(), words.end(), is_reference)) return;
  for (const auto& word : words) {
    if (is_reference(word) || word == "ref" || word == "(ref") continue;
    terminal.err << "postern: " << clean_for_terminal(word) << " is not looked for\n";
  }
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
  if (loaded) source.policy = loaded->policy;
  // Whatever is wrong with the rest: another journal would tell of somebody else's mail.
  const auto settings = loaded ? source.policy->settings() : settings_alone(options.place);
  const auto on_disk = settings_on_disk(settings, options.place.root);
  auto journal = on_disk.journal;
  if (options.journal.empty()) {
    journal.path = path_in_force(journal.path, on_disk.listen.control, terminal);
  }
  source.configured = journal.path;
  source.journal = options.journal.empty() ? journal.path : options.journal;
  source.address_key = address_key_of(journal, source.journal);
  source.addresses = journal.addresses;
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
  Expander expander(source, options);
  bool first = true;
  for (auto& record : decisions) {
    const auto gaps = expander.expand(record);
    if (!std::exchange(first, false) && how.format == ExplainFormat::text) {
      terminal.out << '\n';
    }
    terminal.out << postern::explain(record, how, gaps);
  }
}

void tell_counts(const ReadCounts& counts, Terminal terminal) {
  if (counts.unreadable == 0) return;
  terminal.err << "postern: " << counts.unreadable << " of " << counts.lines
               << " lines cannot be read; the first: " << counts.first_fault << '\n';
}

std::string looked_into(const JournalSource& source, std::size_t older) {
  auto text = source.journal;
  if (older > 0) {
    text += " and " + std::to_string(older) + " older " + (older == 1 ? "file" : "files");
  }
  return text;
}

int nothing_found(const Problems& unread, Terminal terminal) {
  if (unread.empty()) return EX_DATAERR;
  terminal.err << "  That is not to say that there is nothing: what is named above could not be "
                  "read.\n";
  return EX_IOERR;
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
    tell_ignored(options.words, terminal);
    // "ref", "K7Q2-9FXA-11BC" as two words of a command line are one thing.
    return explain_text(options, joined(options.words, " "), *filter, terminal);
  }
  if (!filter->empty()) return explain_search(options, {*filter}, terminal);
  if (terminal.in == nullptr) return ask_what(terminal);
  const auto piped = read_some(*terminal.in);
  if (looks_like_mail(piped)) return explain_mail(options, piped, terminal);
  if (is_blank(piped)) return ask_what(terminal);
  return explain_text(options, piped.substr(0, piped.find_last_not_of(" \t\r\n") + 1), *filter,
                      terminal);
}

}  // namespace postern::cli

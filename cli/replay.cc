// postern replay: what another policy would have done to the mail that the journal tells of.

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/known_addresses.h"
#include "cli/live_facts.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "journal/address_mask.h"
#include "journal/journal_parts.h"
#include "journal/journal_walk.h"
#include "journal/kept_policies.h"
#include "journal/replay_report.h"
#include "model/shown_text.h"
#include "model/text.h"
#include "model/time_text.h"
#include "rules/settings.h"
#include "tables/entries.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <sysexits.h>
#include <system_error>
#include <utility>
#include <vector>

namespace postern::cli {
namespace {

using std::chrono::system_clock;

/// A gate is closed: as `postern test` has it for a test that failed.
constexpr int gate_closed = 1;

/// The main file of the policy to try.
ConfigPlace tried_place(const Options& options) {
  auto place = options.place;
  if (options.replay.policy.empty()) return place;
  place.config = options.replay.policy;
  place.explicit_config = true;
  std::error_code error;
  if (std::filesystem::is_directory(place.config, error)) {
    place.config = (std::filesystem::path(place.config) / "postern.toml").string();
  }
  return place;
}

/// The journal is that of the policy in force, whatever the one to be tried says of its own.
std::string journal_of(const Options& options, const Policy* tried) {
  if (!options.journal.empty()) return options.journal;
  const bool is_in_force = options.replay.policy.empty() && tried != nullptr;
  const auto settings = is_in_force ? tried->settings() : settings_alone(options.place);
  return settings_on_disk(settings, options.place.root).journal.path;
}

/// False, and told: it is no time.
bool read_bound(const std::string& text, std::string_view option,
                std::optional<system_clock::time_point>& bound, Terminal terminal) {
  if (text.empty()) return true;
  bound = past_time_from_text(text, system_clock::now());
  if (bound) return true;
  terminal.err << "postern: " << option << " \"" << shown_text(text, terminal.glyphs)
               << "\": a time is a length such as 2d, 36h or 90m before now, a day, or as in "
                  "2026-11-21T14:00:00Z\n";
  return false;
}

AddressMask addresses_of(const Options& options, const std::string& journal, Terminal terminal) {
  const auto settings = settings_on_disk(settings_alone(options.place), options.place.root).journal;
  return known_addresses(address_key_of(settings, journal), terminal);
}

/// What closes the gate of that name, in words; empty: it is open.
std::string closed_by(const std::string& gate, const ReplayCounts& counts) {
  const auto words = [](std::uint64_t count, const char* what) {
    return count == 0 ? std::string() : grouped(count) + " " + what;
  };
  const auto sum = [&](std::uint64_t ReplayChanges::*kind) {
    return counts.*kind + counts.today.*kind;
  };
  if (gate == "new-rejects")
    return words(sum(&ReplayChanges::new_rejects), "newly refused for good");
  if (gate == "new-refusals") {
    return words(sum(&ReplayChanges::new_rejects) + sum(&ReplayChanges::new_defers) +
                     sum(&ReplayChanges::new_holds),
                 "newly refused, put off or held");
  }
  if (gate == "changes") return words(sum(&ReplayChanges::changed), "changed");
  return words(counts.undecided, "cannot be decided");
}

bool lets_pass(const Decision& decision) {
  return decision.verdict == Verdict::pass || decision.verdict == Verdict::accept;
}

/// What asks now, if that is wanted.
using Live = std::unique_ptr<LiveFacts>;

/// Looks at all records of a journal.
class Replay {
 public:
  Replay(const Options& options, std::shared_ptr<const Policy> tried, const std::string& journal,
         const JournalWalk::Span& span, Live live, Terminal terminal)
      : options_(options),
        tried_(std::move(tried)),
        journal_(journal),
        terminal_(terminal),
        live_(std::move(live)),
        store_(journal),
        kept_(store_, disk_reader(options.place)),
        report_(report_options()),
        walk_(journal, ReadOrder::oldest_first, span) {}

  int run() {
    read();
    tell_gaps();
    if (report_.counts().decisions == 0) return tell_nothing();
    tell_blindness();
    const auto gates = asked_gates();
    tell_live();
    if (options_.format == Format::json) {
      terminal_.out << to_json(report_, gates);
    } else {
      terminal_.out << title() << to_text(report_);
    }
    return judge(gates);
  }

 private:
  ReplayOptions report_options() {
    ReplayOptions how;
    how.examples = options_.replay.examples;
    how.tables = options_.replay.rules_only ? TableChanges::apart : TableChanges::counted;
    how.recorded_tables =
        options_.replay.recorded_tables ? RecordedTables::used : RecordedTables::left_out;
    if (live_) {
      how.ask_now = [this](const std::vector<Question>& questions) {
        return live_->ask(questions);
      };
    }
    how.addresses = addresses_of(options_, journal_, terminal_);
    how.policy_of_then = [this](const std::string& digest) { return kept_.of(digest); };
    return how;
  }

  void read() {
    Progress progress(terminal_, "decisions");
    while (const auto record = walk_.next()) {
      if (record->kind != RecordKind::decision) continue;
      if (tried_) {
        report_.add(*tried_, *record);
      } else {
        report_.verify(*record);
      }
      any_passed_ = any_passed_ || lets_pass(record->decision);
      const auto count = report_.counts().decisions;
      if (progress.wants(count)) progress.at(count, walk_.done());
    }
  }

  void tell_gaps() const {
    tell_counts(walk_.counts(), terminal_);
    terminal_.err << render(walk_.unread(), terminal_.glyphs);
  }

  /// Perhaps of another time.
  bool is_there() const {
    const auto parts = parts_of(journal_);
    return std::any_of(parts.begin(), parts.end(), [](const JournalPart& part) {
      std::error_code error;
      return part.segment || std::filesystem::exists(part.path, error);
    });
  }

  int tell_nothing() const {
    if (walk_.files() == 0 && !is_there()) {
      terminal_.err << "postern: there is no journal at " << shown_text(journal_, terminal_.glyphs)
                    << '\n';
      return EX_NOINPUT;
    }
    if (const auto why = unread(); !why.empty()) {
      terminal_.err << "postern: " << why << '\n';
      return EX_NOINPUT;
    }
    terminal_.err << "postern: no decision in " << shown_text(journal_, terminal_.glyphs)
                  << " is of that time\n";
    return EX_DATAERR;
  }

  /// Whoever trusts a gate has to know what it cannot see.
  void tell_blindness() const {
    if (any_passed_ || !tried_) return;
    terminal_.err << "postern: none of these records is of mail that passed (journal.accepts, "
                     "journal.keep_accepts);\n  what else the policy would refuse cannot be told\n";
  }

  /// Whoever reads the result has to know that it is not of the record alone.
  void tell_live() const {
    if (!live_) return;
    for (const auto& message : live_->said()) {
      terminal_.err << "postern: " << clean_for_terminal(message) << '\n';
    }
    const auto& counts = live_->counts();
    terminal_.err << "postern: --live asked " << grouped(counts.asked)
                  << (counts.asked == 1 ? " question" : " questions") << " of DNS now, "
                  << grouped(counts.answered) << " of them with an answer\n";
    if (counts.not_asked > 0) {
      terminal_.err
          << "postern: --live asked no further, because it may ask for so long (--live-for) "
             "and 100,000 questions\n";
    }
  }

  std::string title() const {
    if (!tried_) return "Each record under the policy of its day\n\n";
    return shown_text(tried_place(options_).config, terminal_.glyphs) + ": " +
           summary_line(*tried_) + "\n\n";
  }

  /// What closes every gate, in words; empty: nothing does.
  std::string closed_for_all() const {
    const auto& counts = report_.counts();
    if (counts.contradictions > 0) {
      return grouped(counts.contradictions) +
             (counts.contradictions == 1 ? " record is" : " records are") +
             " not as the policy of that day decides; what cannot be trusted opens no gate";
    }
    if (counts.undecided * 2 > counts.decisions - counts.in_trouble) {
      return grouped(counts.undecided) + " of " + grouped(counts.decisions) +
             " cannot be decided; what proves nothing opens no gate";
    }
    return {};
  }

  /// What of the journal was not looked at, in words, but for lines that a crash has torn; empty:
  /// nothing.
  std::string unread() const {
    if (!walk_.unread().empty()) return "not all of the journal can be read";
    const auto counts = walk_.counts();
    if (counts.foreign > 0) {
      return grouped(counts.foreign) +
             (counts.foreign == 1 ? " line of the journal is" : " lines of the journal are") +
             " whole, and no " + (counts.foreign == 1 ? "record" : "records") +
             " that this version can read";
    }
    if (counts.unreadable * 2 > counts.lines) {
      return "more than half of the lines of the journal cannot be read";
    }
    return {};
  }

  std::vector<ReplayGate> asked_gates() const {
    std::vector<ReplayGate> gates;
    auto for_all = closed_for_all();
    if (for_all.empty()) for_all = unread();
    for (const auto& gate : options_.replay.fail_on) {
      auto why = closed_by(gate, report_.counts());
      if (why.empty()) why = for_all;
      gates.push_back({gate, std::move(why)});
    }
    return gates;
  }

  int judge(const std::vector<ReplayGate>& gates) const {
    const auto& counts = report_.counts();
    const auto not_read = unread();
    int status = EX_OK;
    bool open = false;
    for (const auto& [gate, why] : gates) {
      open = open || why.empty();
      if (why.empty()) continue;
      terminal_.err << "postern: " << why << " (--fail-on " << gate << ")\n";
      if (why != not_read) {
        status = gate_closed;
      } else if (status == EX_OK) {
        status = EX_NOINPUT;
      }
    }
    if (counts.contradictions > 0) {
      if (gates.empty()) terminal_.err << "postern: " << closed_for_all() << '\n';
      status = gate_closed;
    }
    if (open && counts.undecided > 0) {
      terminal_.err << "postern: " << grouped(counts.undecided) << " of "
                    << grouped(counts.decisions)
                    << " cannot be decided, and these gates do not see them (--fail-on undecided "
                       "does)\n";
    }
    return status;
  }

  const Options& options_;
  std::shared_ptr<const Policy> tried_;
  std::string journal_;
  Terminal terminal_;
  Live live_;
  PolicyStore store_;
  KeptPolicies kept_;
  ReplayReport report_;
  JournalWalk walk_;
  bool any_passed_ = false;
};

}  // namespace

int replay(const Options& options, Terminal terminal) {
  JournalWalk::Span span;
  LiveLimits limits;
  if (!options.replay.live_for.empty()) {
    const auto time = parse_duration(options.replay.live_for);
    if (!time) {
      terminal.err << "postern: --live-for takes a time such as \"30m\", not "
                   << quoted(options.replay.live_for) << '\n';
      return EX_USAGE;
    }
    limits.time = *time;
  }
  if (!read_bound(options.replay.since, "--since", span.since, terminal) ||
      !read_bound(options.replay.until, "--until", span.until, terminal)) {
    return EX_USAGE;
  }
  std::shared_ptr<const Policy> tried;
  if (!options.replay.verify) {
    const auto loaded = load_policy(tried_place(options));
    if (!loaded) {
      terminal.err << render(loaded.problems(), terminal.glyphs);
      return EX_CONFIG;
    }
    tried = loaded->policy;
  }
  const auto journal = journal_of(options, tried.get());
  if (journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  Live live;
  if (options.replay.live && tried) {
    live = std::make_unique<LiveFacts>(tried, options.place.root, limits);
  }
  return Replay(options, std::move(tried), journal, span, std::move(live), terminal).run();
}

}  // namespace postern::cli

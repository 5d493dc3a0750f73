// postern log: what has been decided, and what is being decided now.

#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/known_addresses.h"
#include "cli/progress.h"
#include "cli/record_line.h"
#include "journal/journal_follower.h"
#include "journal/journal_walk.h"
#include "journal/log_filter.h"
#include "journal/record_parser.h"
#include "journal/segment.h"
#include "model/text.h"
#include "runtime/file_watch.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <iostream>
#include <ostream>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>
#include <utility>

namespace postern::cli {
namespace {

/// Decisions told before following begins, as tail(1) and journalctl(1) have it.
constexpr std::size_t told_before_following = 10;

/// Where the kernel tells nothing of a file, it is looked at this often.
constexpr std::chrono::milliseconds between_looks{1000};

/// SIGINT and SIGTERM end the following; one object at a time.
class StopSignals {
 public:
  explicit StopSignals(FileWatch& watch) {
    watch_ = &watch;
    stopped_ = 0;
    struct sigaction action {};
    action.sa_handler = [](int) {
      stopped_ = 1;
      watch_->wake();
    };
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
  }
  ~StopSignals() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
    watch_ = nullptr;
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool stopped() noexcept { return stopped_ != 0; }

 private:
  static FileWatch* watch_;
  static volatile std::sig_atomic_t stopped_;
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

FileWatch* StopSignals::watch_ = nullptr;
volatile std::sig_atomic_t StopSignals::stopped_ = 0;

class LogReader {
 public:
  LogReader(const Options& options, LogFilter filter, std::string journal, Terminal terminal)
      : options_(options),
        filter_(std::move(filter)),
        sieve_(filter_.sieve()),
        journal_(std::move(journal)),
        terminal_(terminal),
        paint_(explain_options(options, terminal).paint) {}

  int search() {
    JournalWalk walk(journal_, order(), span());
    if (walk.files() == 0 && segments_of(journal_).empty()) return no_journal();
    history(walk, nullptr, options_.log.most);
    tell_gaps(walk);
    if (told_ > 0) return EX_OK;
    terminal_.err << "postern: no decision in " << journal_;
    if (walk.files() > 1) {
      terminal_.err << " and " << walk.files() - 1 << " older "
                    << (walk.files() == 2 ? "file" : "files");
    }
    terminal_.err << " fits\n";
    return nothing_found(walk.unread(), terminal_);
  }

  int follow() {
    FileWatch watch;
    watch.set({journal_});
    const StopSignals signals(watch);
    JournalFollower follower(journal_);
    // Unless told otherwise, the last few show what there is.
    const bool all = options_.log.most == 0 && filter_.records.since;
    const auto most = options_.log.most != 0 ? options_.log.most : told_before_following;
    constexpr int most_looks = 5;
    for (int i = 0; i < most_looks; ++i) {
      JournalWalk walk(journal_, all ? ReadOrder::oldest_first : ReadOrder::newest_first, span());
      // A segment that was closed in between would be told of twice, or not at all.
      if (!follower.is_current() && i + 1 < most_looks) {
        follower = JournalFollower(journal_);
        continue;
      }
      history(walk, &follower, all ? 0 : most);
      tell_gaps(walk);
      break;
    }
    terminal_.out.flush();
    if (!follower.has_file()) {
      terminal_.err << "postern: there is no journal at " << journal_
                    << " yet; waiting for its first record\n";
    }
    while (!StopSignals::stopped() && terminal_.out.good()) {
      follower.read([this](std::string_view line) { tell_line(line); });
      terminal_.out.flush();
      tell_trouble(follower);
      if (StopSignals::stopped()) break;
      // A pipe whose reader has gone shows at the next write, which may never come.
      if (nobody_reads()) return EX_OK;
      watch.wait(between_looks, std::chrono::milliseconds(0));
    }
    return terminal_.out.good() ? EX_OK : EX_IOERR;
  }

 private:
  bool nobody_reads() const {
    if (&terminal_.out != &std::cout) return false;
    struct pollfd out {
      STDOUT_FILENO, 0, 0
    };
    return ::poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
  }
  ReadOrder order() const {
    return options_.log.most != 0 ? ReadOrder::newest_first : ReadOrder::oldest_first;
  }
  JournalWalk::Span span() const {
    return {filter_.records.since, filter_.records.until, sieve_.keys()};
  }

  int no_journal() {
    // What is wrong with it is told by who opens it.
    const auto opened = JournalReader::open(journal_, ReadOrder::newest_first);
    if (!opened) terminal_.err << render(opened.problems(), terminal_.glyphs);
    return EX_NOINPUT;
  }

  /// Tells of all that fit, or of the newest `most`, the oldest first. What `follower` will hand
  /// out is left to it.
  void history(JournalWalk& walk, const JournalFollower* follower, std::size_t most) {
    const bool newest_first = most != 0;
    std::deque<std::string> kept;
    Progress progress(terminal_, "lines");
    std::uint64_t lines = 0;
    while (const auto line = walk.next_line()) {
      if (++lines; progress.wants(lines)) progress.at(lines, walk.done());
      if (follower != nullptr && StopSignals::stopped()) break;
      const auto active = newest_first ? 0 : walk.files() - 1;
      if (follower != nullptr && follower->has_file() && walk.files_done() == active &&
          line->offset >= follower->start()) {
        continue;
      }
      // Those that are too old may stand before others, where a clock was set late: files without
      // any that fits are not opened, and in the others the rest is quickly looked at.
      if (sieve_.look(line->text) != LineSieve::Answer::parse) continue;
      const auto record = walk.parse(*line);
      if (!record) continue;
      if (!filter_.fits(*record)) {
        if (filter_.hangs_on_hidden(*record)) ++hidden_;
        continue;
      }
      if (!newest_first) {
        progress.clear();
        tell(text_of(*record, line->text));
        continue;
      }
      kept.push_front(text_of(*record, line->text));
      if (kept.size() == most) break;
    }
    progress.clear();
    for (const auto& text : kept) tell(text);
    if (hidden_ == 0) return;
    terminal_.err << "postern: of " << hidden_ << (hidden_ == 1 ? " decision" : " decisions")
                  << " it cannot be told, because what is asked is hidden there "
                     "(journal.addresses)\n";
  }

  void tell_line(std::string_view line) {
    if (sieve_.look(line) != LineSieve::Answer::parse) return;
    const auto record = parser_.parse(line);
    if (record && filter_.fits(*record)) tell(text_of(*record, line));
  }

  std::string text_of(const Record& record, std::string_view line) const {
    return options_.format == Format::json ? std::string(line) : record_line(record, paint_);
  }
  void tell(const std::string& text) {
    terminal_.out << text << '\n';
    ++told_;
  }

  void tell_gaps(const JournalWalk& walk) {
    tell_counts(walk.counts(), terminal_);
    terminal_.err << render(walk.unread(), terminal_.glyphs);
  }
  void tell_trouble(const JournalFollower& follower) {
    for (; troubles_told_ < follower.trouble().size(); ++troubles_told_) {
      terminal_.err << render(follower.trouble()[troubles_told_], terminal_.glyphs);
    }
  }

  const Options& options_;
  LogFilter filter_;
  LineSieve sieve_;
  std::string journal_;
  Terminal terminal_;
  Paint paint_;
  RecordParser parser_;
  std::size_t told_ = 0;
  std::uint64_t hidden_ = 0;  // decisions of which it cannot be told whether they fit
  std::size_t troubles_told_ = 0;
};

bool read_reasons(const std::vector<std::string>& words, LogFilter& filter, Terminal terminal) {
  std::vector<std::string> known;
  for (const auto& reason : all_reasons()) known.emplace_back(reason.id);
  for (const auto& word : words) {
    filter.reasons.push_back(find_reason(word));
    if (filter.reasons.back() != nullptr) continue;
    const auto nearest = nearest_name(word, known);
    terminal.err << "postern: --reason " << clean_for_terminal(word) << ": there is no such reason"
                 << (nearest.empty() ? "; \"postern codes\" lists them"
                                     : "; did you mean \"" + nearest + "\"?")
                 << '\n';
    return false;
  }
  return true;
}

}  // namespace

int log(const Options& options, Terminal terminal) {
  const auto& request = options.log;
  const auto records = filter_of(options.explain, terminal);
  if (!records) return EX_USAGE;
  LogFilter filter;
  filter.records = *records;
  filter.rules = request.rules;
  for (const auto& word : request.verdicts) {
    if (const auto verdict = verdict_from_text(word)) filter.verdicts.push_back(*verdict);
  }
  if (!read_reasons(request.reasons, filter, terminal)) return EX_USAGE;
  if (request.follow && records->until) {
    terminal.err << "postern: --follow has no end, so --until does not go with it\n";
    return EX_USAGE;
  }
  const auto source = journal_source(options, terminal);
  std::vector<RecordFilter> wanted{filter.records};
  look_for_hidden_too(wanted, source, terminal);
  filter.records = wanted.front();
  if (!options.words.empty()) {
    Problems warnings;
    const auto condition = RecordCondition::compile(
        joined(options.words, " "), source.policy ? &source.policy->tables() : nullptr,
        source.policy ? &source.policy->checks() : nullptr, warnings);
    terminal.err << render(warnings, terminal.glyphs);
    if (!condition) {
      terminal.err << render(condition.problems(), terminal.glyphs);
      return EX_USAGE;
    }
    filter.condition = *condition;
    filter.condition->reveal(known_addresses(source.address_key, terminal));
  }
  if (source.journal.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  LogReader reader(options, std::move(filter), source.journal, terminal);
  return request.follow ? reader.follow() : reader.search();
}

}  // namespace postern::cli

#include "runtime/table_keeper.h"

#include "checks/check.h"
#include "model/geo.h"
#include "model/shown_text.h"
#include "model/time_text.h"
#include "rules/settings.h"
#include "tables/table.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace postern {
namespace {

// Hexadecimal digits of a digest that people are shown.
constexpr std::size_t shown_digits = 12;

/// What one file throws, out of memory say, keeps none of the others from being read.
Result<std::shared_ptr<const Policy>> taken(std::shared_ptr<const Policy> policy,
                                            const std::string& path, const FileReader& reader) {
  const CheckRegistry checks;
  try {
    return Policy::with_table_file(std::move(policy), path, reader, checks);
  } catch (const std::exception& error) {
    return plain_problem("cannot read " + path + ": " + error.what());
  }
}

/// What the policy asks the file about addresses `path` for; nothing: it is none.
std::vector<GeoFact> of_geo(const Policy& policy, const std::string& path) {
  std::vector<GeoFact> facts;
  for (const auto fact : geo_facts) {
    if (policy.settings().geo.file(fact) == path) facts.push_back(fact);
  }
  return facts;
}

/// The first of them in one line.
std::string in_one_line(const Problems& problems) {
  const auto first = std::find_if(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.severity == Severity::error;
  });
  if (first == problems.end()) return "it cannot be taken";
  std::string text;
  if (first->position.line > 0) {
    text = first->position.file + ':' + std::to_string(first->position.line) + ": ";
  }
  return shown_text(text + first->message, Glyphs::ascii);
}

}  // namespace

std::shared_ptr<const Policy> with_current_tables(std::shared_ptr<const Policy> policy,
                                                  const FileReader& reader) {
  for (const auto& path : policy->table_files()) {
    if (auto newer = taken(policy, path, reader)) policy = std::move(*newer);
  }
  return policy;
}

TableKeeper::TableKeeper(PolicyHolder& policy, const ConfigPlace& place, const Clock& clock,
                         Say say, Exchanged exchanged, TableKeeperSettings settings)
    : policy_(policy),
      reader_(disk_reader(place)),
      on_disk_(paths_on_disk(place)),
      clock_(clock),
      say_(std::move(say)),
      exchanged_(std::move(exchanged)),
      settings_(settings) {
  watch();
}

TableKeeper::~TableKeeper() { stop(); }

void TableKeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void TableKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  watch_.wake();
  if (thread_.joinable()) thread_.join();
}

Problems TableKeeper::change(const PolicyChange& make, TableFiles files) {
  {
    const std::lock_guard exchange(exchange_);
    auto made = make(policy_.get());
    if (!made) return made.problems();
    policy_.set(*made);
    if (files == TableFiles::as_in_force) return {};
    const std::lock_guard lock(mutex_);
    states_.clear();
    for (const auto& path : (*made)->table_files()) states_[path].taken = clock_.system();
  }
  replaced_ = true;
  watch_.wake();
  return {};
}

void TableKeeper::run() noexcept {
  auto pause = settings_.pause;
  while (!stopping_) {
    try {
      look();
      tell_trouble({});
      pause = settings_.pause;
      continue;
    } catch (const std::exception& error) {
      tell_trouble(error.what());
    } catch (...) {
      tell_trouble("an exception of an unknown kind");
    }
    // What was seen before it may not have been taken.
    look_at_all_ = true;
    rest(pause);
    pause = std::min(2 * pause, settings_.retry_every);
  }
}

void TableKeeper::look() {
  // At the start, too: the files may have changed since the policy was read, and workers begin with
  // the policy that the parent holds.
  if (look_at_all_) {
    watch();
    // What has changed between their reading and this is not seen by the watch.
    for (const auto& [disk, path] : paths_) take(path);
    look_at_all_ = false;
  }
  tell_exchanged();
  for (const auto& disk : watch_.wait(settings_.look_every, settings_.settle)) {
    if (stopping_) return;
    take(paths_[disk]);
  }
  look_at_all_ = replaced_.exchange(false);
  if (!look_at_all_) retry();
  tell_exchanged();
}

void TableKeeper::tell_exchanged() {
  if (!untold_) return;
  exchanged_(*policy_.get());
  untold_ = false;
}

void TableKeeper::tell_trouble(const std::string& trouble) noexcept {
  try {
    {
      const std::lock_guard lock(mutex_);
      if (trouble == trouble_) return;
      trouble_ = trouble;
    }
    say_(trouble.empty() ? LogLevel::info : LogLevel::error,
         trouble.empty() ? std::string("tables are watched again")
                         : "tables are not watched for a while: " + trouble);
  } catch (...) {
    // There is nobody left to tell; the next look tries again.
  }
}

void TableKeeper::rest(std::chrono::milliseconds pause) noexcept {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, pause, [this] { return stopping_.load(); });
}

void TableKeeper::watch() {
  paths_.clear();
  std::vector<std::string> names;
  const auto policy = policy_.get();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& path : policy->table_files()) {
      names.push_back(on_disk_(path));
      paths_[names.back()] = path;
      if (states_.find(path) == states_.end()) states_[path].taken = clock_.system();
    }
  }
  watch_.set(names);
}

void TableKeeper::take(const std::string& path) {
  const std::lock_guard exchange(exchange_);
  const auto before = policy_.get();
  const auto files = before->table_files();
  // A reload may have given it up.
  if (std::find(files.begin(), files.end(), path) == files.end()) return;
  const auto after = taken(before, path, reader_);
  std::string trouble;
  bool recovered = false;
  if (!after) {
    trouble = in_one_line(after.problems());
  } else if (*after != before) {
    policy_.set(*after);
  }
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    auto& state = states_[path];
    tell = !trouble.empty() && trouble != state.trouble;
    recovered = trouble.empty() && !state.trouble.empty();
    state.trouble = trouble;
    state.tried = FileWatch::Clock::now();
    if (after && *after != before) state.taken = clock_.system();
  }
  const bool geo = !of_geo(*before, path).empty();
  const auto file = (geo ? "geo file " : "table file ") + path;
  if (tell) {
    say_(LogLevel::error, file +
                              (geo ? " is not taken, what it held stays in force\n"
                                   : " is not taken, its tables stay as they were\n") +
                              render(after.problems()));
  }
  if (!after) return;
  if (*after == before) {
    if (recovered) say_(LogLevel::info, file + " is again what is in force");
    return;
  }
  untold_ = true;
  say_(LogLevel::info, file + " has changed and is in force");
}

void TableKeeper::retry() {
  std::vector<std::string> due;
  {
    const std::lock_guard lock(mutex_);
    const auto now = FileWatch::Clock::now();
    for (const auto& [path, state] : states_) {
      if (!state.trouble.empty() && now - state.tried >= settings_.retry_every) due.push_back(path);
    }
  }
  for (const auto& path : due) take(path);
}

void TableKeeper::report_file(ServiceReport& report, const std::string& prefix, const State& state,
                              FileMetrics metrics, const std::string& of) {
  report.text(prefix + "taken_at", utc_text(state.taken));
  if (!state.trouble.empty()) report.text(prefix + "trouble", state.trouble);
  report.sample(metrics.taken,
                static_cast<double>(std::chrono::system_clock::to_time_t(state.taken)), {of});
  report.sample_if(metrics.trouble, !state.trouble.empty(), {of});
}

void TableKeeper::report(ServiceReport& report) const {
  const auto policy = policy_.get();
  const auto sources = policy->table_sources();
  const std::lock_guard lock(mutex_);
  const auto in_trouble = std::count_if(states_.begin(), states_.end(), [](const auto& state) {
    return !state.second.trouble.empty();
  });
  report.number("tables.in_trouble", static_cast<std::uint64_t>(in_trouble),
                Metric::tables_in_trouble);
  if (!trouble_.empty()) report.text("tables.not_watched", trouble_);
  for (const auto& [name, table] : policy->tables()) {
    const auto prefix = "tables." + name + '.';
    report.number(prefix + "entries", static_cast<std::uint64_t>(table->size()),
                  Metric::table_entries, {name});
    report.text(prefix + "digest", table->digest().substr(0, shown_digits));
    const auto source = sources.find(name);
    if (source == sources.end()) continue;
    report.text(prefix + "file", source->second);
    const auto state = states_.find(source->second);
    if (state == states_.end()) continue;
    report_file(report, prefix, state->second, {Metric::table_taken, Metric::table_trouble}, name);
  }
  for (const auto fact : geo_facts) {
    const auto file = policy->geo(fact);
    if (!file) continue;
    const auto& path = policy->settings().geo.file(fact);
    const auto prefix = "geo." + std::string(to_text(fact)) + '.';
    report.text(prefix + "file", path);
    report.text(prefix + "holds", file->title());
    report.text(prefix + "digest", file->digest().substr(0, shown_digits));
    const auto state = states_.find(path);
    if (state == states_.end()) continue;
    report_file(report, prefix, state->second, {Metric::geo_taken, Metric::geo_trouble},
                std::string(to_text(fact)));
  }
}

}  // namespace postern

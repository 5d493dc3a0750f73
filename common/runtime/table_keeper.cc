#include "runtime/table_keeper.h"

#include "checks/check.h"
#include "model/shown_text.h"
#include "tables/table.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <utility>

namespace postern {
namespace {

// Hexadecimal digits of a digest that people are shown.
constexpr std::size_t shown_digits = 12;

Result<std::shared_ptr<const Policy>> taken(std::shared_ptr<const Policy> policy,
                                            const std::string& path, const FileReader& reader) {
  const CheckRegistry checks;
  return Policy::with_table_file(std::move(policy), path, reader, checks);
}

std::string utc(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
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
  stopping_ = true;
  watch_.wake();
  if (thread_.joinable()) thread_.join();
}

void TableKeeper::replace(std::shared_ptr<const Policy> policy) {
  {
    const std::lock_guard exchange(exchange_);
    policy_.set(std::move(policy));
    const std::lock_guard lock(mutex_);
    // All files were read for it, and all were good.
    states_.clear();
    for (const auto& path : policy_.get()->table_files()) states_[path].taken = clock_.system();
  }
  replaced_ = true;
  watch_.wake();
}

void TableKeeper::run() {
  try {
    // The files may have changed since the policy was read: workers begin with the policy that the
    // parent holds.
    for (const auto& [disk, path] : paths_) take(path);
    while (!stopping_) {
      for (const auto& disk : watch_.wait(settings_.look_every, settings_.settle)) {
        if (stopping_) return;
        take(paths_[disk]);
      }
      if (replaced_.exchange(false)) {
        watch();
        // What has changed between their reading and this is not seen by the watch.
        for (const auto& [disk, path] : paths_) take(path);
      }
      retry();
    }
  } catch (const std::exception& error) {
    say_(LogLevel::error, std::string("tables are no longer watched: ") + error.what() +
                              "; a reload still brings them in");
  }
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
  if (tell) {
    say_(LogLevel::error, "table file " + path + " is not taken, its tables stay as they were\n" +
                              render(after.problems()));
  }
  if (!after) return;
  if (*after == before) {
    if (recovered) say_(LogLevel::info, "table file " + path + " is again what is in force");
    return;
  }
  say_(LogLevel::info, "table file " + path + " has changed and is in force");
  exchanged_(**after);
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

void TableKeeper::report(StatusText& status) const {
  const auto policy = policy_.get();
  const auto sources = policy->table_sources();
  const std::lock_guard lock(mutex_);
  const auto in_trouble = std::count_if(states_.begin(), states_.end(), [](const auto& state) {
    return !state.second.trouble.empty();
  });
  status.add("tables.in_trouble", static_cast<std::uint64_t>(in_trouble));
  for (const auto& [name, table] : policy->tables()) {
    const auto prefix = "tables." + name + '.';
    status.add(prefix + "entries", static_cast<std::uint64_t>(table->size()));
    status.add(prefix + "digest", table->digest().substr(0, shown_digits));
    const auto source = sources.find(name);
    if (source == sources.end()) continue;
    status.add(prefix + "file", source->second);
    const auto state = states_.find(source->second);
    if (state == states_.end()) continue;
    status.add(prefix + "taken_at", utc(state->second.taken));
    if (!state->second.trouble.empty()) status.add(prefix + "trouble", state->second.trouble);
  }
}

}  // namespace postern

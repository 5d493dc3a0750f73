#include "journal/journal_keeper.h"

#include <exception>
#include <utility>

namespace postern {
namespace {

using Steady = std::chrono::steady_clock;

// Records get older by the day.
constexpr std::chrono::minutes between_rounds{10};
// What went wrong is tried again sooner, so that trouble is not told of long after it is over.
constexpr std::chrono::minutes between_tries{1};
// Of its time the thread works a quarter, by sleeping after each block of text three times as long
// as the block took. Priorities would be the system's way, but the unit's system call filter ends a
// process that sets them.
constexpr int rest_for_work = 3;

}  // namespace

JournalKeeper::JournalKeeper(const JournalSettings& settings, PolicyStore& policies, Notice notice)
    : policies_(policies),
      notice_(std::move(notice)),
      settings_(settings),
      thread_([this] { run(); }) {}

JournalKeeper::~JournalKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void JournalKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_all();
}

void JournalKeeper::change(const JournalSettings& settings) {
  {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
    wanted_ = true;
  }
  changed_.notify_all();
}

SegmentTotals JournalKeeper::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void JournalKeeper::run() noexcept {
  SegmentCare care(
      policies_, [this](const std::string& message) { tell(message); },
      [this](bool behind) { return go_on(behind); });
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto rest = totals_.trouble.empty() ? between_rounds : between_tries;
    changed_.wait_for(lock, rest, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    auto totals = one_round(care);
    lock.lock();
    if (totals) totals_ = std::move(*totals);
  }
}

// nullopt: memory is too short even to say what went wrong. The thread lives on and tries again.
std::optional<SegmentTotals> JournalKeeper::one_round(SegmentCare& care) noexcept {
  try {
    SegmentTotals totals;
    try {
      auto settings = settings_now();
      worked_since_ = Steady::now();
      if (!settings.path.empty()) {
        count(settings);
        counted_ = false;
        const auto now = std::chrono::system_clock::now();
        totals = care.round(settings, now, clock_.look(now, Steady::now()));
      }
    } catch (const std::exception& error) {
      totals.trouble = error.what();
    }
    return totals;
  } catch (...) {
    return std::nullopt;
  }
}

JournalSettings JournalKeeper::settings_now() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

/// Work may take long, and what has been closed is to be seen at once.
void JournalKeeper::count(const JournalSettings& settings) {
  auto totals = totals_of(settings);
  const std::lock_guard lock(mutex_);
  totals.trouble = std::move(totals_.trouble);
  totals_ = std::move(totals);
}

bool JournalKeeper::go_on(bool behind) {
  const auto worked = Steady::now() - worked_since_;
  std::unique_lock lock(mutex_);
  if (wanted_ && !std::exchange(counted_, true)) {
    const auto settings = settings_;
    lock.unlock();
    count(settings);
    lock.lock();
  }
  if (!behind) changed_.wait_for(lock, worked * rest_for_work, [this] { return stopping_; });
  worked_since_ = Steady::now();
  return !stopping_;
}

void JournalKeeper::tell(const std::string& message) const noexcept {
  try {
    notice_(message);
  } catch (...) {
    // The log's trouble must not end the thread.
  }
}

}  // namespace postern

// JournalKeeper: the thread that looks after a journal's closed segments, out of the way of all
// that is in a hurry. Thread-safe.
#pragma once

#include "journal/clock_watch.h"
#include "journal/policy_store.h"
#include "journal/segment_care.h"
#include "rules/settings.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace postern {

class JournalKeeper {
 public:
  using Notice = std::function<void(const std::string& message)>;

  /// `notice` is called from the keeper's thread. Throws std::system_error if no thread can be
  /// started.
  JournalKeeper(const JournalSettings& settings, PolicyStore& policies, Notice notice);
  /// Ends within a few milliseconds: whatever it is at may be left at any point.
  ~JournalKeeper();
  JournalKeeper(const JournalKeeper&) = delete;
  JournalKeeper& operator=(const JournalKeeper&) = delete;

  /// There is something to do: a segment has been closed.
  void wake();
  void change(const JournalSettings& settings);
  SegmentTotals totals() const;

 private:
  void run() noexcept;
  std::optional<SegmentTotals> one_round(SegmentCare& care) noexcept;
  JournalSettings settings_now() const;
  bool go_on(bool behind);
  void count(const JournalSettings& settings);
  void tell(const std::string& message) const noexcept;

  PolicyStore& policies_;
  const Notice notice_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  JournalSettings settings_;
  bool wanted_ = true;
  bool stopping_ = false;
  SegmentTotals totals_;
  bool counted_ = false;  // what was closed since the round began, the thread's own
  std::chrono::steady_clock::time_point worked_since_{};  // the thread's own
  ClockWatch clock_;                                      // as well
  std::thread thread_;
};

}  // namespace postern

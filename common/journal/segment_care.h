// SegmentCare: what becomes of closed segments: they are compressed, get an index, lose the records
// of mail that passed when these are to be kept no longer, and go when their time is over. One
// thread at a time; several processes keep out of each other's way.
#pragma once

#include "journal/clock_watch.h"
#include "journal/policy_store.h"
#include "journal/segment.h"
#include "postern/result.h"
#include "rules/settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace postern {

/// What lies there, for `postern status`.
struct SegmentTotals {
  std::uint64_t segments = 0;
  std::uint64_t octets = 0;   ///< with all indexes
  std::uint64_t waiting = 0;  ///< not compressed or without an index yet
  std::string trouble;        ///< the last; empty: all well
};

/// But for trouble.
SegmentTotals totals_of(const JournalSettings& settings);

class SegmentCare {
 public:
  using Say = std::function<void(const std::string& message)>;
  /// Called often in between; may sleep. `behind`: more segments are waiting than usual. False: end
  /// the round.
  using GoOn = std::function<bool(bool behind)>;

  SegmentCare(PolicyStore& policies, Say say, GoOn go_on);

  /// One round over the segments of settings.path, at the time `now`. By a clock that has not
  /// proved itself nothing is taken for too old.
  SegmentTotals round(const JournalSettings& settings, std::chrono::system_clock::time_point now,
                      ClockTrust trust = ClockTrust::settled);

 private:
  using Time = std::chrono::system_clock::time_point;

  void clear_up(const std::string& journal);
  void clear_up_twofold(const Segment& segment);
  bool tend(const Segment& segment, const JournalSettings& settings, Time now);
  void bound_size(const JournalSettings& settings);
  void sweep_policies(const JournalSettings& settings, Time now);
  bool is_over(std::int64_t ended, const std::optional<std::chrono::milliseconds>& keep,
               Time now) const;
  bool remove(const Segment& segment);
  void trouble(const std::string& path, const std::string& message);
  bool go_on() const { return go_on_(behind_); }

  PolicyStore& policies_;
  Say say_;
  GoOn go_on_;
  bool behind_ = false;
  ClockTrust trust_ = ClockTrust::settled;
  std::set<std::string> in_trouble_;  // paths: told already
  std::string last_trouble_;
};

}  // namespace postern

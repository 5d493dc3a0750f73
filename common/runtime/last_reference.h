// LastReference: the time of the last reference handed out, in memory that a process shares with
// those it forks later. A worker that follows a crashed one reads there where to go on: by the
// clock alone it could give old references again, when the clock was set back meanwhile.
//
// Thread-safe; meant for one writer at a time.
#pragma once

#include "system/shared_page.h"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace postern {

class LastReference {
 public:
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;

  /// Throws std::system_error when the system has no page for it.
  LastReference() : shared_("memory for references") {}

  /// 1970 when there was none yet.
  Time get() const noexcept {
    return Time(std::chrono::milliseconds(shared_->load(std::memory_order_relaxed)));
  }
  void set(Time time) noexcept {
    shared_->store(time.time_since_epoch().count(), std::memory_order_relaxed);
  }

 private:
  using Milliseconds = std::atomic<std::int64_t>;
  static_assert(Milliseconds::is_always_lock_free, "a lock is of one process only");

  SharedPage<Milliseconds> shared_;
};

}  // namespace postern

// ServiceCounts: what the parent process counts, in memory that it shares with its workers, so that
// status and metrics tell the same whichever of them answers. Thread-safe; the parent writes.
#pragma once

#include "runtime/service_report.h"
#include "system/shared_page.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern {

class ServiceCounts {
 public:
  using Time = std::chrono::system_clock::time_point;
  enum class Reload : std::uint8_t { none, ok, refused, failed };

  /// Throws std::system_error when the system has no page for it.
  explicit ServiceCounts(Time start);

  void worker_restarted() noexcept { shared_->restarts.fetch_add(1, std::memory_order_relaxed); }
  void reloaded(Reload result, Time now) noexcept;
  Reload last_reload() const noexcept;

  void report(ServiceReport& report) const;

 private:
  static constexpr std::size_t result_count = 4;
  struct Shared {
    std::atomic<std::uint64_t> restarts{0};
    std::array<std::atomic<std::uint64_t>, result_count> reloads{};
    std::atomic<std::uint64_t> last{0};
    std::atomic<std::int64_t> succeeded{0};  // Unix time
    std::atomic<std::int64_t> started{0};    // Unix time
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a lock is of one process only");

  SharedPage<Shared> shared_;
};

/// "none yet", "ok", "refused", "failed".
std::string_view to_text(ServiceCounts::Reload result) noexcept;

}  // namespace postern

#include "runtime/log_limit.h"

namespace postern {

std::optional<std::uint64_t> LogLimit::pass(Time now) noexcept {
  const auto at = now.time_since_epoch().count();
  auto next = next_.load();
  if (at < next || !next_.compare_exchange_strong(next, at + interval_.count())) {
    ++kept_back_;
    return std::nullopt;
  }
  return kept_back_.exchange(0);
}

std::string kept_back_text(std::uint64_t count) {
  if (count == 0) return {};
  return " (" + std::to_string(count) + " like it " + (count == 1 ? "was" : "were") +
         " not logged)";
}

}  // namespace postern

// Resolver: answers questions about DNS. Thread-safe.
#pragma once

#include "dns/answer.h"
#include "model/dns_question_view.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace postern {

/// Where an answer may come from.
enum class Freshness : std::uint8_t {
  cached,
  afresh,  ///< from the servers, whatever is in the cache: to see how they are now
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  /// What ask() would say at once, from what is kept; nothing: it would ask. Never waits.
  virtual std::optional<DnsReply> known(const DnsQuestionView& /*question*/) { return {}; }
  /// Calls `done` exactly once: before ask() returns, in this thread, when the answer is in the
  /// cache or cannot be asked for; otherwise from another thread, at `deadline` at the latest (by
  /// the resolver's clock) with an answer that is unavailable. Any number may wait for one
  /// question. What comes after the deadline still fills the cache. `done` must not throw and must
  /// not wait for anything; it may ask.
  virtual void ask(const DnsQuestion& question, std::chrono::steady_clock::time_point deadline,
                   std::function<void(DnsReply)> done, Freshness freshness = Freshness::cached) = 0;
  /// Drops what the cache holds of the zone and all below it: its answers were found to be wrong.
  /// "." is everything.
  virtual void forget(std::string_view zone) = 0;
};

}  // namespace postern

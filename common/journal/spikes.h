// Spikes: what has become much more frequent than it was in the time before. Pure.
#pragma once

#include "journal/record_sums.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// Of what there is more.
enum class SpikeKind : std::uint8_t {
  reason,         ///< refusals with a reason
  rule,           ///< decisions by a rule
  sender_domain,  ///< mail from a domain that was not let in
  network,        ///< mail from a network that was not let in
  dependency,     ///< answers that did not come
};
/// "reason", "rule", "sender domain", "network", "answers missing from".
std::string_view to_text(SpikeKind kind) noexcept;

struct Spike {
  SpikeKind kind = SpikeKind::reason;
  std::string name;
  std::uint64_t now = 0;     ///< at least
  std::uint64_t before = 0;  ///< at most
  double expected = 0;       ///< now, if all were as before
  Series over_time = {};     ///< now; nothing where it is not counted
};

/// What counts as a spike: all three.
inline constexpr std::uint64_t spike_least = 10;  ///< now; fewer are no matter to look into
inline constexpr double spike_factor = 2;         ///< as many as expected; mail comes in bursts
inline constexpr double spike_chance = 0.001;     ///< of one false spike in the whole comparison

/// What is compared, and whether that can be done.
struct SpikeReport {
  bool is_compared = false;   ///< false: there is too little of the time before
  TimeSpan before;            ///< the part of the time before that there are records of
  std::size_t compared = 0;   ///< names that occur often enough to be looked at
  std::vector<Spike> spikes;  ///< the most unusual first
};

/// Compares with the time right before `now`, of which `before` are the sums; `oldest` is the time
/// of the oldest record of all, if the journal begins within that. With records for less than half
/// of that time nothing is compared.
SpikeReport find_spikes(const RecordSums& now, const RecordSums& before,
                        std::optional<TimeSpan::Time> oldest);

/// The chance that of `all` things that fall into one of two times at random, `share` of them into
/// the first, at least `first` do (the upper tail of the binomial distribution).
double chance_of_at_least(std::uint64_t first, std::uint64_t all, double share);

}  // namespace postern

// DnsCache: answers of DNS, kept while they are good, within a fixed amount of memory. Thread-safe;
// reads no clock: whoever asks brings the time.
//
// What was used longest ago goes first. The memory is shared out to shards, each with its own lock,
// so that a find() in one thread seldom waits for another.
#pragma once

#include "dns/answer.h"
#include "model/dns_question_view.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace postern {

class DnsCache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Hit {
    std::shared_ptr<const DnsAnswer> answer;
    std::chrono::seconds age{0};
  };
  struct Numbers {
    std::size_t entries = 0;
    std::size_t octets = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t dropped = 0;  ///< before their time, for want of memory
  };

  /// `most_octets` is never exceeded; 0 keeps nothing.
  explicit DnsCache(std::size_t most_octets);

  enum class Look : std::uint8_t {
    first,
    again,  ///< for the same asker: its miss has been counted
  };
  /// Counts as a use, and as a hit or miss.
  std::optional<Hit> find(const DnsQuestionView& question, Time now, Look look = Look::first);
  /// Keeps it for its TTL; one with a TTL of 0 or larger than a shard is not kept. Takes the place
  /// of what is there; but trouble never of something that is still good.
  void put(const DnsQuestion& question, std::shared_ptr<const DnsAnswer> answer, Time now);
  void clear();
  /// Drops what is about names of the zone; "." clears.
  void forget(std::string_view zone);

  Numbers numbers() const;
  /// What an entry is counted as: an estimate on the high side, of its heap blocks too.
  static std::size_t octets_of(const DnsQuestion& question, const DnsAnswer& answer) noexcept;

 private:
  struct Entry {
    DnsQuestion question;
    std::shared_ptr<const DnsAnswer> answer;
    Time came;
    Time until;
    std::size_t octets = 0;
  };
  struct Hash {
    std::size_t operator()(const DnsQuestionView& key) const noexcept {
      return std::hash<std::string_view>()(key.name) * 31 + static_cast<std::size_t>(key.type);
    }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;  ///< the one used last stands first
    std::unordered_map<DnsQuestionView, std::list<Entry>::iterator, Hash> index;
    std::size_t octets = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t dropped = 0;
  };
  static constexpr std::size_t shard_count = 16;

  Shard& shard_of(const DnsQuestionView& key) noexcept {
    // The low bits choose the bucket inside the shard.
    return shards_[Hash()(key) >> 24 & (shard_count - 1)];
  }
  static void drop(Shard& shard, std::list<Entry>::iterator entry);

  std::size_t most_octets_;  ///< of a shard
  std::array<Shard, shard_count> shards_;
};

}  // namespace postern

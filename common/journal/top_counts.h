// TopCounts: how often each of many keys occurred, in bounded memory however many there are. Keys
// come from strangers, who may send a million of them; those that occur often stay, and what is not
// known of the others has a bound. Not synchronised.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace postern {

/// Octets of a key that are told apart: the longest domain name (RFC 1035 2.3.4).
inline constexpr std::size_t longest_counted_key = 255;

/// `value` belongs to the key since it has been held; what it counts is never too much.
template <typename Value>
class TopCounts {
 public:
  /// At least `most` keys are held once there are so many, and at most twice as many.
  explicit TopCounts(std::size_t most) : most_(most) {}

  struct Entry {
    Value value;
    std::uint64_t hits = 0;   ///< since it has been held: at least so often
    std::uint64_t error = 0;  ///< and at most so often besides, before that
  };

  /// The key has occurred once more, or so often.
  Value& count(std::string_view key, std::uint64_t times = 1) {
    total_ += times;
    const bool is_long = key.size() > longest_counted_key;
    auto name =
        is_long ? std::string(key.substr(0, longest_counted_key - 3)) + "..." : std::string(key);
    auto found = entries_.find(name);
    if (found == entries_.end()) {
      if (entries_.size() >= 2 * most_) leave_the_most();
      found = entries_.emplace(std::move(name), Entry{{}, 0, missed_}).first;
    }
    found->second.hits += times;
    return found->second.value;
  }

  /// How often all keys occurred.
  std::uint64_t total() const noexcept { return total_; }
  /// A key that is not held occurred at most so often; never more than total() / most.
  std::uint64_t missed() const noexcept { return missed_; }
  std::size_t size() const noexcept { return entries_.size(); }

  const Entry* find(std::string_view key) const {
    const auto found = entries_.find(std::string(key));
    return found == entries_.end() ? nullptr : &found->second;
  }

  struct Row {
    std::string_view key;  ///< good until the next count()
    const Entry* entry = nullptr;
  };
  /// The first `number` keys by what `rank` makes of their entries, the highest first, without
  /// those of rank 0; equal ones by their names.
  template <typename Rank>
  std::vector<Row> top(std::size_t number, Rank rank) const {
    std::vector<std::pair<std::uint64_t, Row>> ranked;
    for (const auto& [key, entry] : entries_) {
      if (const std::uint64_t value = rank(entry); value > 0) {
        ranked.emplace_back(value, Row{key, &entry});
      }
    }
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second.key < b.second.key;
    });
    std::vector<Row> rows;
    for (std::size_t i = 0; i < std::min(number, ranked.size()); ++i) {
      rows.push_back(ranked[i].second);
    }
    return rows;
  }
  std::vector<Row> top(std::size_t number) const {
    return top(number, [](const Entry& entry) { return entry.hits; });
  }

 private:
  // Half of the keys go at once, so that a key costs the same on average however many come. Each
  // of the kept ones may have occurred at least as often as `missed_` then says, and the sum of all
  // such bounds never grows beyond total(): hence the bound of missed().
  void leave_the_most() {
    std::vector<std::pair<std::uint64_t, const std::string*>> bounds;
    bounds.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) {
      bounds.emplace_back(entry.hits + entry.error, &key);
    }
    const auto cut = bounds.begin() + static_cast<std::ptrdiff_t>(most_);
    std::nth_element(bounds.begin(), cut, bounds.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : *a.second < *b.second;
    });
    std::vector<std::string> going;
    for (auto each = cut; each != bounds.end(); ++each) {
      missed_ = std::max(missed_, each->first);
      going.push_back(*each->second);
    }
    for (const auto& key : going) entries_.erase(key);
  }

  std::size_t most_;
  std::uint64_t total_ = 0;
  std::uint64_t missed_ = 0;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace postern

// TallyTable: counts by a few words, such as verdict and rule. Counting what was counted before
// takes a hash and two atomic operations, and no lock; only a combination that is new takes one.
// Memory is bounded: when there are too many combinations, the last word of a new one becomes
// "(other)".
//
// Thread-safe.
#pragma once

#include "runtime/metric_catalogue.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class TallyTable {
 public:
  using Words = std::array<std::string_view, most_labels>;
  /// Combinations held before "(other)". A policy of a thousand rules that refuse at two stages
  /// each has as many.
  static constexpr std::size_t most_rows = 2048;

  TallyTable();

  /// Without memory for a combination that is new, it is not counted.
  void count(const Words& words) noexcept;
  /// The same for who has a hash of its words at hand already; `make_words` is called, and must not
  /// throw, when they are new. Not both ways in one table.
  template <typename MakeWords>
  void count(std::uint64_t hash, const MakeWords& make_words) noexcept {
    const auto key = hash == 0 ? 1 : hash;
    if (!count_known(key)) count_new(key, make_words());
  }

  struct Row {
    std::vector<std::string> words;
    std::uint64_t count = 0;
  };
  /// Sorted by words.
  std::vector<Row> rows() const;

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};  // hash of the words; 0: free
    std::atomic<std::uint64_t> count{0};
  };
  // A quarter always stays free, so that probing ends soon; the second one is for "(other)".
  static constexpr std::size_t slot_count = 4096;
  static_assert(most_rows <= slot_count / 2);

  Slot* find(std::uint64_t key) const noexcept;
  bool count_known(std::uint64_t key) noexcept;
  void count_new(std::uint64_t key, const Words& words) noexcept;
  bool add(std::uint64_t key, const Words& words) noexcept;

  const std::unique_ptr<std::array<Slot, slot_count>> slots_;
  std::atomic<bool> full_{false};
  mutable std::mutex mutex_;  // guards what follows, and the making of keys
  std::vector<std::pair<std::size_t, std::vector<std::string>>> words_;  // by slot
};

}  // namespace postern

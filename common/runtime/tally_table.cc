#include "runtime/tally_table.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace postern {
namespace {

constexpr std::string_view others = "(other)";

/// Two combinations of one hash would be counted as one. Their words come from the policy and from
/// registries, so nobody outside can look for such a pair, and by chance there is none: of two
/// thousand, one time in 10^13.
std::uint64_t key_of(const TallyTable::Words& words) noexcept {
  std::uint64_t key = 0;
  for (const auto word : words) {
    key = (key ^ std::hash<std::string_view>()(word)) * 0x9E37'79B9'7F4A'7C15U;
    key ^= key >> 29U;
  }
  return key == 0 ? 1 : key;
}

}  // namespace

TallyTable::TallyTable() : slots_(std::make_unique<std::array<Slot, slot_count>>()) {}

/// Its slot, or the free one where it belongs; nullptr: there is neither.
TallyTable::Slot* TallyTable::find(std::uint64_t key) const noexcept {
  auto at = static_cast<std::size_t>(key) % slot_count;
  for (std::size_t i = 0; i < slot_count; ++i, at = (at + 1) % slot_count) {
    auto& slot = (*slots_)[at];
    const auto there = slot.key.load(std::memory_order_acquire);
    if (there == key || there == 0) return &slot;
  }
  return nullptr;
}

void TallyTable::count(const Words& words) noexcept {
  count(key_of(words), [&] { return words; });
}

void TallyTable::count_new(std::uint64_t key, const Words& words) noexcept {
  if (!full_.load(std::memory_order_relaxed) && add(key, words)) return;
  auto cut = words;
  cut.back() = others;
  const auto cut_key = key_of(cut);
  if (!count_known(cut_key)) add(cut_key, cut);
}

bool TallyTable::count_known(std::uint64_t key) noexcept {
  auto* const slot = find(key);
  if (slot == nullptr || slot->key.load(std::memory_order_acquire) != key) return false;
  slot->count.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool TallyTable::add(std::uint64_t key, const Words& words) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    auto* const slot = find(key);
    if (slot == nullptr) return false;
    if (slot->key.load(std::memory_order_relaxed) != key) {
      const bool is_full = words_.size() >= most_rows;
      full_.store(is_full, std::memory_order_relaxed);
      if (is_full && (words.back() != others || words_.size() >= slot_count / 4 * 3)) return false;
      words_.emplace_back(static_cast<std::size_t>(slot - slots_->data()),
                          std::vector<std::string>(words.begin(), words.end()));
      slot->key.store(key, std::memory_order_release);
    }
    slot->count.fetch_add(1, std::memory_order_relaxed);
    return true;
  } catch (...) {
    return false;
  }
}

std::vector<TallyTable::Row> TallyTable::rows() const {
  std::vector<Row> rows;
  {
    const std::lock_guard lock(mutex_);
    rows.reserve(words_.size());
    for (const auto& [slot, words] : words_) {
      rows.push_back({words, (*slots_)[slot].count.load(std::memory_order_relaxed)});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.words < b.words; });
  return rows;
}

}  // namespace postern

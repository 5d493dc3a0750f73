#include "tables/text_index.h"

#include <functional>

namespace postern {
namespace {

constexpr std::size_t fewest_slots = 16;

}  // namespace

void TextIndex::reserve(std::size_t keys) {
  std::size_t slots = fewest_slots;
  while (slots < keys * 2) slots *= 2;
  if (slots > slots_.size()) grow(slots);
}

std::optional<std::uint32_t> TextIndex::add(std::string_view key, std::uint32_t entry) {
  if ((used_ + 1) * 2 > slots_.size()) reserve(used_ + 1);
  auto& slot = slots_[slot_of(key)];
  if (slot.entry != empty) return slot.entry;
  slot = {keys_.size(), static_cast<std::uint32_t>(key.size()), entry};
  keys_.append(key);
  ++used_;
  return {};
}

std::optional<std::uint32_t> TextIndex::find(std::string_view key) const {
  if (slots_.empty()) return {};
  const auto& slot = slots_[slot_of(key)];
  if (slot.entry == empty) return {};
  return slot.entry;
}

/// The key's slot, or the empty one where it would go. At most half of the slots are used, so that
/// the search ends.
std::size_t TextIndex::slot_of(std::string_view key) const {
  const auto mask = slots_.size() - 1;
  auto at = std::hash<std::string_view>{}(key)&mask;
  while (slots_[at].entry != empty) {
    if (std::string_view(keys_).substr(slots_[at].begin, slots_[at].length) == key) break;
    at = (at + 1) & mask;
  }
  return at;
}

void TextIndex::grow(std::size_t slots) {
  const auto old = std::move(slots_);
  slots_.assign(slots, Slot{});
  for (const auto& slot : old) {
    if (slot.entry == empty) continue;
    slots_[slot_of(std::string_view(keys_).substr(slot.begin, slot.length))] = slot;
  }
}

}  // namespace postern

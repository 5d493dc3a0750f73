#include "tables/text_index.h"

#include <functional>
#include <utility>

namespace postern {
namespace {

constexpr std::size_t fewest_slots = 16;

}  // namespace

std::uint32_t TextIndex::tag_of(std::string_view key) noexcept {
  const std::uint64_t hash = std::hash<std::string_view>{}(key);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

void TextIndex::reserve(std::size_t keys) {
  std::size_t slots = fewest_slots;
  while (slots < keys * 2) slots *= 2;
  if (slots > slots_.size()) grow(slots);
}

void TextIndex::keep(std::string_view key, std::uint32_t entry) {
  own_.resize(std::size_t{entry} + 1);
  own_[entry] = {static_cast<std::uint32_t>(keys_.size()), static_cast<std::uint32_t>(key.size())};
  keys_.append(key);
}

void TextIndex::grow(std::size_t slots) {
  const auto old = std::exchange(slots_, std::vector<Slot>(slots));
  marks_.assign(slots, empty);
  const auto mask = slots - 1;
  for (const auto& slot : old) {
    if (slot.entry == none) continue;
    std::size_t at = slot.tag & mask;
    while (marks_[at] != empty) at = (at + 1) & mask;
    marks_[at] = mark_of(slot.tag);
    slots_[at] = slot;
  }
}

}  // namespace postern

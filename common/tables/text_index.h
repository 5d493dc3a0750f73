// TextIndex: a hash index from texts to entry numbers. Built once, then read by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Open addressing. A slot has the key's hash, so that a look-up of what is not there touches one
/// cache line, and keys that are spelled like their entries are not kept twice: a million
/// addresses cost 16 MB besides their text and places.
class TextIndex {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  void reserve(std::size_t keys);
  /// Entries are numbered in the order of calls, `entry` being the next number; `as_written` is its
  /// text. The first entry of a key stays; a second one changes nothing and is told the first.
  template <typename TextOf>
  std::optional<std::uint32_t> add(std::string_view key, std::uint32_t entry,
                                   std::string_view as_written, const TextOf& text_of) {
    if ((used_ + 1) * 2 > slots_.size()) reserve(used_ + 1);
    const auto tag = tag_of(key);
    auto& slot = slots_[slot_of(key, tag, text_of)];
    if (slot.entry != none) return slot.entry;
    slot = {tag, entry};
    if (key != as_written) keep(key, entry);
    ++used_;
    return {};
  }
  /// The entry's number or `none`. `text_of(number)` gives an entry as written.
  template <typename TextOf>
  std::uint32_t find(std::string_view key, const TextOf& text_of) const {
    if (slots_.empty()) return none;
    return slots_[slot_of(key, tag_of(key), text_of)].entry;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t entry = none;
  };
  /// A key that is spelled otherwise than its entry.
  struct OwnKey {
    std::uint32_t begin = none;
    std::uint32_t length = 0;
  };

  static std::uint32_t tag_of(std::string_view key) noexcept;
  void keep(std::string_view key, std::uint32_t entry);
  void grow(std::size_t slots);

  /// The key's slot, or the empty one where it would go. At most half of the slots are used, so
  /// that the search ends.
  template <typename TextOf>
  std::size_t slot_of(std::string_view key, std::uint32_t tag, const TextOf& text_of) const {
    const auto mask = slots_.size() - 1;
    std::size_t at = tag & mask;
    for (; slots_[at].entry != none; at = (at + 1) & mask) {
      if (slots_[at].tag != tag) continue;
      const auto entry = slots_[at].entry;
      const bool own = entry < own_.size() && own_[entry].begin != none;
      const auto known = own ? std::string_view(keys_).substr(own_[entry].begin, own_[entry].length)
                             : std::string_view(text_of(entry));
      if (known == key) break;
    }
    return at;
  }

  std::string keys_;
  std::vector<OwnKey> own_;  ///< of the first entries
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace postern

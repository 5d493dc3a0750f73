// TextIndex: a hash index from texts to entry numbers. Built once, then read by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Open addressing. An octet of the key's hash for each slot stands apart: a look-up of what is not
/// there, the usual case, reads one line of two megabytes for a million keys, which the processor's
/// cache may hold, and only what is there waits for memory. Keys that are spelled like their
/// entries are not kept twice: a million addresses cost 18 MB besides their text and places.
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
    const auto at = slot_of(key, tag, text_of);
    if (marks_[at] != empty) return slots_[at].entry;
    marks_[at] = mark_of(tag);
    slots_[at] = {tag, entry};
    if (key != as_written) keep(key, entry);
    ++used_;
    return {};
  }
  /// The entry's number or `none`. `text_of(number)` gives an entry as written.
  template <typename TextOf>
  std::uint32_t find(std::string_view key, const TextOf& text_of) const {
    if (slots_.empty()) return none;
    const auto at = slot_of(key, tag_of(key), text_of);
    return marks_[at] == empty ? none : slots_[at].entry;
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

  static constexpr std::uint8_t empty = 0;

  static std::uint32_t tag_of(std::string_view key) noexcept;
  /// The bits of a tag that say least about where its slot is.
  static std::uint8_t mark_of(std::uint32_t tag) noexcept {
    const auto mark = static_cast<std::uint8_t>(tag >> 24U);
    return mark == empty ? 1 : mark;
  }
  void keep(std::string_view key, std::uint32_t entry);
  void grow(std::size_t slots);

  /// The key's slot, or the empty one where it would go. At most half of the slots are used, so
  /// that the search ends.
  template <typename TextOf>
  std::size_t slot_of(std::string_view key, std::uint32_t tag, const TextOf& text_of) const {
    const auto mask = slots_.size() - 1;
    const auto mark = mark_of(tag);
    std::size_t at = tag & mask;
    for (; marks_[at] != empty; at = (at + 1) & mask) {
      if (marks_[at] != mark || slots_[at].tag != tag) continue;
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
  std::vector<std::uint8_t> marks_;  ///< of the slots
  std::size_t used_ = 0;
};

}  // namespace postern

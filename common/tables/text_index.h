// TextIndex: a hash index from texts to entry numbers. Built once, then read by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Open addressing over one block of text: a million addresses cost two allocations instead of a
/// million, and a look-up touches two cache lines.
class TextIndex {
 public:
  void reserve(std::size_t keys);
  /// The first entry of a key stays; a second one changes nothing and is told the first.
  std::optional<std::uint32_t> add(std::string_view key, std::uint32_t entry);
  std::optional<std::uint32_t> find(std::string_view key) const;

 private:
  struct Slot {
    std::size_t begin = 0;
    std::uint32_t length = 0;
    std::uint32_t entry = empty;
  };
  static constexpr std::uint32_t empty = 0xFFFFFFFFU;

  std::size_t slot_of(std::string_view key) const;
  void grow(std::size_t slots);

  std::string keys_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace postern

#include "state/store.h"

#include <array>

namespace postern {

std::string_view to_text(StoreFault fault) noexcept {
  static constexpr std::array<std::string_view, 7> words{"none",    "down",    "slow",   "full",
                                                         "damaged", "version", "invalid"};
  const auto index = static_cast<std::size_t>(fault);
  return index < words.size() ? words[index] : "?";
}

}  // namespace postern

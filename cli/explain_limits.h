// Limits of `postern explain`.
#pragma once

#include <cstddef>

namespace postern::cli {

/// As many records as explain holds at once, some kilobytes each.
inline constexpr std::size_t most_explained = 1000;

}  // namespace postern::cli

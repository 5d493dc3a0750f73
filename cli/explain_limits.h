// Limits of `postern explain`.
#pragma once

#include <cstddef>

namespace postern::cli {

/// As many records as explain holds at once, some kilobytes each.
inline constexpr std::size_t most_explained = 1000;

/// References of one text or mail that are followed. Ours: a bounce is about one mail, and nobody
/// reads more at once.
inline constexpr std::size_t most_references = 10;

}  // namespace postern::cli

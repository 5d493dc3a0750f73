// The word for trouble, among the values of checks.
#pragma once

#include <string_view>

namespace postern {

/// The word of the standards (RFC 7208 2.6.6, RFC 8601 2.7): it is an answer, and yet says nothing
/// about anything but itself (semantics 20).
inline constexpr std::string_view trouble_word = "temperror";

}  // namespace postern

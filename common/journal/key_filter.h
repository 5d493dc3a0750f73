// KeyFilter: tells in two octets a key that a block of records certainly does not hold it (a Bloom
// filter). One key in some two thousand it calls possible in vain. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// The filter of these keys (numbers of key_number()), each counted once. Sorts them.
std::string make_key_filter(std::vector<std::uint64_t>& keys);

/// False: the filter was not made of it. An empty filter holds nothing.
bool may_hold(std::string_view filter, std::uint64_t key) noexcept;

}  // namespace postern

// Mmdb: files in MaxMind's format (MaxMind DB 2.0), read by libmaxminddb, which one file knows. A
// file may be broken or made to do harm: what the library is given to read is bounded before, and
// it reads a copy of our own, because a file that is cut while it is mapped ends the process.
#pragma once

#include "model/geo.h"
#include "postern/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postern {

/// False in a program that was built without libmaxminddb.
bool has_mmdb() noexcept;

/// A file with these octets, which says `fact` of addresses; `path` is what answers call it.
/// Problems, without a position: it is not one, it is broken, it says something else of addresses,
/// or the program was built without the library. Takes as much memory as the file has octets.
Result<std::shared_ptr<const GeoDatabase>> mmdb_of(std::string_view octets, GeoFact fact,
                                                   const std::string& path);

/// Whether the value at `offset` of a data section, with all that it points to, lies within the
/// section and is no larger than a record of an address may be: maps within maps at most 16 deep,
/// 20,000 values. Never reads elsewhere.
bool is_bounded_value(std::string_view section, std::size_t offset) noexcept;

}  // namespace postern

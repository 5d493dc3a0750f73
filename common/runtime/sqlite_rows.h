// Rows of an SQLite file for a table. Functions without state; any thread.
#pragma once

#include "postern/policy.h"

#include <chrono>
#include <cstddef>

namespace postern {

/// What reading a table from a data base may cost.
struct DatabaseLimits {
  std::size_t rows = 20'000'000;
  std::size_t octets = std::size_t{1} << 30U;  ///< of keys, values and notes together
  std::chrono::seconds time{60};               ///< a query without an index over millions of rows
};

/// Runs `query`, one SELECT, on the file at `path`, which is opened read-only. The first column is
/// the entry, columns named value, until and note the rest. A writer that holds the file is waited
/// for, five seconds at most.
Problems sqlite_rows(const std::string& path, const std::string& query, const FileReader::Row& row,
                     const DatabaseLimits& limits = {});

}  // namespace postern

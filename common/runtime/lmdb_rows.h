// Keys and values of an LMDB file for a table. Functions without state; any thread.
#pragma once

#include "runtime/sqlite_rows.h"

namespace postern {

/// All pairs of the LMDB environment at `path` (a file as postmap(1) makes it, or a folder), in the
/// order of their keys, as they were at one moment. `database`: one with a name; empty: the main
/// one. Postfix ends keys and values with a zero octet or not; one is taken off. Opened read-only.
Problems lmdb_rows(const std::string& path, const std::string& database, const FileReader::Row& row,
                   const DatabaseLimits& limits = {});

}  // namespace postern

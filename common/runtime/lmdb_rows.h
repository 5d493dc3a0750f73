// Keys and values of an LMDB file for a table. Functions without state; any thread.
#pragma once

#include "runtime/sqlite_rows.h"

namespace postern {

/// All pairs of the LMDB environment at `path` (a file as postmap(1) makes it, or a folder), in the
/// order of their keys, as they were at one moment. `database`: one with a name; empty: the main
/// one. Postfix ends keys and values with a zero octet or not; one is taken off. Opened read-only.
/// LMDB trusts the pages of a file, and a damaged one ends the process that reads it. So a child
/// reads; when it ends without a last word, that is a problem like any other.
Problems lmdb_rows(const std::string& path, const std::string& database, const FileReader::Row& row,
                   const DatabaseLimits& limits = {});

}  // namespace postern

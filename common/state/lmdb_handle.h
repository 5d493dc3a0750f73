// Owners of LMDB's handles. A transaction is ended before its environment is closed: declare them
// in that order.
#pragma once

#include <lmdb.h>
#include <memory>
#include <string_view>

namespace postern {

struct LmdbClose {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using LmdbEnvironment = std::unique_ptr<MDB_env, LmdbClose>;
using LmdbTransaction = std::unique_ptr<MDB_txn, LmdbClose>;
using LmdbCursor = std::unique_ptr<MDB_cursor, LmdbClose>;

/// LMDB takes pointers to what may change, and changes none that it is given.
inline MDB_val lmdb_value(std::string_view octets) noexcept {
  return {octets.size(), const_cast<char*>(octets.data())};
}
inline std::string_view lmdb_octets(const MDB_val& value) noexcept {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace postern

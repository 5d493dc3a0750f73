#include "state/state_file.h"

#include "ledger/entry_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/stat.h>

namespace postern {
namespace {

constexpr std::string_view format = "postern state 1";
constexpr std::string_view format_key = "format";
constexpr const char* about_table = "about";
constexpr const char* entries_table = "entries";
constexpr const char* ends_table = "ends";

/// An index by minutes need not be written anew each time an entry lives on.
constexpr LedgerTime minute = 60'000;
constexpr std::size_t minute_size = 4;
/// An entry whose end comes earlier by so much is put where it belongs.
constexpr std::uint32_t tolerated_minutes = 60;
/// Erased in one commit, so that a million that expire together keep nobody waiting.
constexpr std::size_t swept_at_once = 2000;
constexpr std::size_t evicted_at_once = 1000;
/// Beyond the bound: pages that readers still see, and what erasing itself needs.
constexpr std::uint64_t headroom = std::uint64_t{16} << 20U;

std::array<char, minute_size> to_octets(std::uint32_t number) {
  return {static_cast<char>(number >> 24U), static_cast<char>(number >> 16U),
          static_cast<char>(number >> 8U), static_cast<char>(number)};
}

std::uint32_t from_octets(std::string_view octets) {
  std::uint32_t number = 0;
  for (const char each : octets.substr(0, minute_size)) {
    number = (number << 8U) | static_cast<unsigned char>(each);
  }
  return number;
}

std::uint32_t end_minute(LedgerTime expires) {
  return static_cast<std::uint32_t>(
      std::min<LedgerTime>(expires / minute + 1, std::uint32_t{0xFFFFFFFF}));
}

std::string end_key(std::uint32_t at, std::string_view key) {
  const auto octets = to_octets(at);
  std::string made(octets.data(), octets.size());
  made += key;
  return made;
}

/// In the file: the minute the index has for it, then the entry.
std::string stored(std::uint32_t at, const LedgerEntry& entry) {
  const auto octets = to_octets(at);
  std::string made(octets.data(), octets.size());
  made += pack(entry);
  return made;
}

std::optional<LedgerEntry> entry_of(const MDB_val& value) {
  const auto octets = lmdb_octets(value);
  return octets.size() < minute_size ? std::nullopt : unpack(octets.substr(minute_size));
}

FileFault fault_of(int status) {
  switch (status) {
    case 0:
      return {};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_INVALID:
    case MDB_CURSOR_FULL:
    case MDB_BAD_TXN:
    case MDB_BAD_DBI:
    case MDB_INCOMPATIBLE:
      return {StoreFault::damaged, mdb_strerror(status)};
    case MDB_VERSION_MISMATCH:
      return {StoreFault::version, mdb_strerror(status)};
    case MDB_MAP_FULL:
      return {StoreFault::full, "the file is full; does a process read in it for long?"};
    default:
      return {StoreFault::down, mdb_strerror(status)};
  }
}

}  // namespace

struct StateFile::Writing {
  MDB_txn* transaction;
  MDB_dbi entries;
  MDB_dbi ends;

  int remove(std::uint32_t at, std::string_view key) const {
    auto name = lmdb_value(key);
    if (const int status = mdb_del(transaction, entries, &name, nullptr);
        status != 0 && status != MDB_NOTFOUND) {
      return status;
    }
    return remove_end(at, key);
  }
  int remove_end(std::uint32_t at, std::string_view key) const {
    const auto end = end_key(at, key);
    auto name = lmdb_value(end);
    const int status = mdb_del(transaction, ends, &name, nullptr);
    return status == MDB_NOTFOUND ? 0 : status;
  }
  int put(std::uint32_t at, std::string_view key, const LedgerEntry& entry) const {
    const auto octets = stored(at, entry);
    auto name = lmdb_value(key);
    auto value = lmdb_value(octets);
    return mdb_put(transaction, entries, &name, &value, 0);
  }
  int put_end(std::uint32_t at, std::string_view key) const {
    const auto end = end_key(at, key);
    auto name = lmdb_value(end);
    auto value = lmdb_value({});
    return mdb_put(transaction, ends, &name, &value, 0);
  }
};

StateFile::~StateFile() = default;

std::unique_ptr<StateFile> StateFile::open(const std::string& path, std::uint64_t bound,
                                           Access access, FileFault& fault) {
  std::unique_ptr<StateFile> file(new StateFile);
  file->path_ = path;
  file->bound_ = bound;
  MDB_env* made = nullptr;
  int status = mdb_env_create(&made);
  if (status == 0) {
    file->environment_.reset(made);
    status = mdb_env_set_maxdbs(made, 3);
  }
  if (status == 0 && access == Access::write) {
    status = mdb_env_set_mapsize(made, bound + bound / 4 + headroom);
  }
  if (status == 0) {
    // Read-ahead would fetch pages of entries that nobody asked for.
    const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD |
                           (access == Access::read ? unsigned{MDB_RDONLY} : 0U);
    status = mdb_env_open(made, path.c_str(), flags, 0640);
  }
  fault = status == 0 ? file->open_tables(access) : fault_of(status);
  if (fault) return nullptr;
  return file;
}

FileFault StateFile::open_tables(Access access) {
  const bool writes = access == Access::write;
  MDB_txn* begun = nullptr;
  int status =
      mdb_txn_begin(environment_.get(), nullptr, writes ? 0 : unsigned{MDB_RDONLY}, &begun);
  if (status != 0) return fault_of(status);
  LmdbTransaction transaction(begun);
  const unsigned create = writes ? unsigned{MDB_CREATE} : 0U;
  MDB_dbi about = 0;
  status = mdb_dbi_open(begun, about_table, create, &about);
  if (status == 0) status = mdb_dbi_open(begun, entries_table, create, &entries_);
  if (status == 0) status = mdb_dbi_open(begun, ends_table, create, &ends_);
  if (status == MDB_NOTFOUND) return {StoreFault::damaged, "it holds something else"};
  if (status != 0) return fault_of(status);
  auto key = lmdb_value(format_key);
  MDB_val value{};
  status = mdb_get(begun, about, &key, &value);
  if (status == MDB_NOTFOUND && writes) {
    MDB_stat table{};
    mdb_stat(begun, entries_, &table);
    if (table.ms_entries > 0)
      return {StoreFault::version, "it does not say of which version it is"};
    value = lmdb_value(format);
    status = mdb_put(begun, about, &key, &value, 0);
  } else if (status == 0 && lmdb_octets(value) != format) {
    return {StoreFault::version, "it was written by another version of this program"};
  }
  if (status != 0) return fault_of(status);
  // Handles of tables outlive a transaction only if it is committed.
  transaction.release();
  return fault_of(mdb_txn_commit(begun));
}

FileFault StateFile::read(const std::vector<std::string>& keys,
                          std::vector<std::optional<LedgerEntry>>& entries,
                          std::uint64_t& damaged) {
  entries.clear();
  int status = 0;
  if (reading_) {
    status = mdb_txn_renew(reading_.get());
  } else {
    MDB_txn* begun = nullptr;
    status = mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &begun);
    reading_.reset(begun);
  }
  if (status != 0) {
    reading_.reset();
    return fault_of(status);
  }
  for (const auto& key : keys) {
    auto name = lmdb_value(key);
    MDB_val value{};
    status = mdb_get(reading_.get(), entries_, &name, &value);
    if (status != 0 && status != MDB_NOTFOUND) break;
    entries.push_back(status == 0 ? entry_of(value) : std::nullopt);
    if (status == 0 && !entries.back()) ++damaged;
    status = 0;
  }
  // Its pages may be used again; the reader's place stays ours.
  mdb_txn_reset(reading_.get());
  return fault_of(status);
}

FileFault StateFile::list(std::string_view prefix, std::string_view from, std::size_t most,
                          LedgerTime now, std::vector<StoredEntry>& entries, std::string& more) {
  MDB_txn* begun = nullptr;
  int status = mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &begun);
  if (status != 0) return fault_of(status);
  const LmdbTransaction transaction(begun);
  MDB_cursor* opened = nullptr;
  status = mdb_cursor_open(begun, entries_, &opened);
  if (status != 0) return fault_of(status);
  const LmdbCursor cursor(opened);
  auto key = lmdb_value(std::max(prefix, from));
  MDB_val value{};
  // LMDB has no empty keys, not even to look for.
  status = mdb_cursor_get(opened, &key, &value, key.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE);
  for (; status == 0; status = mdb_cursor_get(opened, &key, &value, MDB_NEXT)) {
    const auto name = lmdb_octets(key);
    if (!name.starts_with(prefix)) return {};
    if (entries.size() >= most) {
      more = name;
      return {};
    }
    auto entry = entry_of(value);
    if (entry && entry->expires > now) entries.push_back({std::string(name), *std::move(entry)});
  }
  return fault_of(status == MDB_NOTFOUND ? 0 : status);
}

int StateFile::put(const Writing& in, const FileWrite& write) {
  auto name = lmdb_value(write.key);
  MDB_val value{};
  const int status = mdb_get(in.transaction, entries_, &name, &value);
  if (status != 0 && status != MDB_NOTFOUND) return status;
  const bool there = status == 0 && value.mv_size >= minute_size;
  const auto before = there ? from_octets(lmdb_octets(value)) : 0;
  if (!write.entry) return there ? in.remove(before, write.key) : 0;
  const auto at = end_minute(write.entry->expires);
  // The index may be early: who sweeps puts it right. Too late would keep it for too long.
  if (there && before <= at + tolerated_minutes) return in.put(before, write.key, *write.entry);
  if (there) {
    if (const int failed = in.remove_end(before, write.key); failed != 0) return failed;
  }
  if (const int failed = in.put_end(at, write.key); failed != 0) return failed;
  return in.put(at, write.key, *write.entry);
}

int StateFile::sweep(const Writing& in, LedgerTime now, FileCare& care) {
  for (std::size_t i = 0; i < swept_at_once; ++i) {
    MDB_cursor* opened = nullptr;
    if (const int status = mdb_cursor_open(in.transaction, ends_, &opened); status != 0) {
      return status;
    }
    const LmdbCursor cursor(opened);
    MDB_val end{};
    MDB_val nothing{};
    const int found = mdb_cursor_get(opened, &end, &nothing, MDB_FIRST);
    if (found != 0) return found == MDB_NOTFOUND ? 0 : found;
    const std::string name(lmdb_octets(end));
    const auto at = from_octets(name);
    if (LedgerTime{at} * minute > now) return 0;
    const auto key = std::string_view(name).substr(std::min(minute_size, name.size()));
    auto looked_for = lmdb_value(key);
    MDB_val value{};
    int status = mdb_get(in.transaction, entries_, &looked_for, &value);
    if (status != 0 && status != MDB_NOTFOUND) return status;
    const auto entry = status == 0 ? entry_of(value) : std::nullopt;
    if (entry && entry->expires > now) {
      const auto later = end_minute(entry->expires);
      status = in.remove_end(at, key);
      if (status == 0) status = in.put_end(later, key);
      if (status == 0) status = in.put(later, key, *entry);
    } else {
      status = in.remove(at, key);
      ++care.expired;
    }
    if (status != 0) return status;
  }
  return 0;
}

int StateFile::evict(const Writing& in, std::size_t written, FileCare& care) {
  const auto most = evicted_at_once + 2 * written;
  for (std::size_t i = 0; i < most; ++i) {
    if (i % 64 == 0 && used(in.transaction) <= bound_) return 0;
    MDB_cursor* opened = nullptr;
    if (const int status = mdb_cursor_open(in.transaction, ends_, &opened); status != 0) {
      return status;
    }
    const LmdbCursor cursor(opened);
    MDB_val end{};
    MDB_val nothing{};
    const int found = mdb_cursor_get(opened, &end, &nothing, MDB_FIRST);
    if (found != 0) return found == MDB_NOTFOUND ? 0 : found;
    const std::string name(lmdb_octets(end));
    const auto key = std::string_view(name).substr(std::min(minute_size, name.size()));
    if (const int status = in.remove(from_octets(name), key); status != 0) return status;
    ++care.evicted;
  }
  return 0;
}

std::uint64_t StateFile::used(MDB_txn* transaction) const {
  std::uint64_t octets = 0;
  for (const auto table : {entries_, ends_}) {
    MDB_stat stat{};
    if (mdb_stat(transaction, table, &stat) != 0) continue;
    octets += (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
              std::uint64_t{stat.ms_psize};
  }
  return octets;
}

FileFault StateFile::write(const std::vector<FileWrite>& writes, LedgerTime now, FileCare& care) {
  MDB_txn* begun = nullptr;
  int status = mdb_txn_begin(environment_.get(), nullptr, 0, &begun);
  if (status != 0) return fault_of(status);
  LmdbTransaction transaction(begun);
  const Writing in{begun, entries_, ends_};
  FileCare done;
  // Room is made first: what is written now is not what goes at once.
  status = sweep(in, now, done);
  if (status == 0) status = evict(in, writes.size(), done);
  for (std::size_t i = 0; i < writes.size() && status == 0; ++i) status = put(in, writes[i]);
  if (status != 0) return fault_of(status);
  transaction.release();
  status = mdb_txn_commit(begun);
  if (status == 0) {
    care.expired += done.expired;
    care.evicted += done.evicted;
  }
  return fault_of(status);
}

FileSize StateFile::size() {
  MDB_txn* begun = nullptr;
  if (mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &begun) != 0) return {};
  const LmdbTransaction transaction(begun);
  MDB_stat stat{};
  if (mdb_stat(begun, entries_, &stat) != 0) return {};
  return {stat.ms_entries, used(begun)};
}

void StateFile::check_readers() {
  int dead = 0;
  mdb_reader_check(environment_.get(), &dead);
}

}  // namespace postern

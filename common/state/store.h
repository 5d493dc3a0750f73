// StateStore: who keeps the ledger (ledger/): one interface for the embedded store and for Redis.
// Thread-safe.
//
// A store never stands in mail's way: what it cannot do at once it refuses with a value, and the
// caller's rule decides what that means. Requests are carried out in one step each; a request whose
// reply got lost may have been carried out, which is why operations have the id of their
// transaction: asked again, they count once.
#pragma once

#include "ledger/operation.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Why a store has not done what it was asked.
enum class StoreFault : std::uint8_t {
  none,
  down,     ///< it cannot be reached or opened, or is being stopped
  slow,     ///< not before the deadline; what was sent may still be carried out
  full,     ///< too many requests wait already
  damaged,  ///< what it holds, or said, makes no sense
  version,  ///< it belongs to another version of this program
  invalid,  ///< the request is not in order (fault_of()): a mistake of ours
};
/// "down", "slow", ...
std::string_view to_text(StoreFault fault) noexcept;

struct StoreReply {
  StoreFault fault = StoreFault::none;
  std::string why;                       ///< for people; empty without a fault
  std::vector<OperationResult> results;  ///< one for each operation; none after a fault
};

struct StoredEntry {
  std::string key;
  LedgerEntry entry;

  friend bool operator==(const StoredEntry&, const StoredEntry&) = default;
};

struct StorePage {
  StoreFault fault = StoreFault::none;
  std::string why;
  std::vector<StoredEntry> entries;  ///< those whose time is not over
  std::string next;                  ///< where the next page begins; empty: this was the last
};

/// Which entries to list.
struct StoreQuery {
  std::string prefix;      ///< of their keys; empty: all
  std::string from;        ///< `next` of the page before; empty: the first page
  std::size_t most = 100;  ///< entries of the page; Redis may give some more, or fewer, or none
};

/// For `postern status` and metrics. Counted since the store was made.
struct StoreStatus {
  std::string kind;     ///< "embedded", "redis"
  std::string trouble;  ///< what is wrong now, for people; empty: nothing
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;     ///< of these, with any fault
  std::size_t waiting = 0;      ///< requests that wait now
  std::uint64_t entries = 0;    ///< stored; 0 when the store cannot say
  std::uint64_t octets = 0;     ///< of these; 0 when the store cannot say
  std::uint64_t expired = 0;    ///< erased because their time was over
  std::uint64_t evicted = 0;    ///< erased before their time because the store was full
  std::size_t unsaved = 0;      ///< entries that are in memory only, now
  std::uint64_t lost = 0;       ///< changed entries that never got to the disk
  std::uint64_t damaged = 0;    ///< entries that could not be read
  std::uint64_t set_aside = 0;  ///< files that were damaged or of another version
  std::chrono::microseconds last_commit{0};
};

class StateStore {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using Done = std::function<void(StoreReply)>;
  using PageDone = std::function<void(StorePage)>;

  virtual ~StateStore() = default;

  /// Calls `done` exactly once: before it returns, in this thread, when the reply needs no waiting,
  /// otherwise from another one. A request that could not begin before the deadline is not carried
  /// out. `done` must not throw and must not wait for anything; it may ask again.
  virtual void perform(Request request, Deadline deadline, Done done) = 0;

  // For administrators; `done` as above.
  virtual void list(StoreQuery query, Deadline deadline, PageDone done) = 0;
  /// The page has the entry, or nothing.
  virtual void find(std::string key, Deadline deadline, PageDone done) = 0;
  /// Puts an entry in the place of whatever is there; nothing: erases it. One that is not sound is
  /// `invalid`.
  virtual void set(std::string key, std::optional<LedgerEntry> entry, Deadline deadline,
                   Done done) = 0;

  virtual StoreStatus status() const = 0;
};

}  // namespace postern

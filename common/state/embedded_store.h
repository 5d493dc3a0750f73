// EmbeddedStore: the ledger of one host, in memory and in a file of LMDB.
//
// What is in memory is answered in the caller's thread, at once. What is not is read by one thread;
// another one writes what has changed, in batches, each on the disk when it is done. So nobody
// waits for the disk but who asks for what has not been asked for lately, and a power failure or a
// kill costs what has changed since the last batch: less than a second of it.
#pragma once

#include "state/store.h"
#include "system/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace postern {

struct EmbeddedSettings {
  std::string folder;                              ///< must be there; ours to write to
  std::uint64_t octets = std::uint64_t{2} << 30U;  ///< of the file; beyond, entries are evicted
  std::size_t memory = std::size_t{64} << 20U;     ///< octets of entries kept in memory
  std::size_t waiting = 20'000;                    ///< requests that wait for the disk at most
  /// From one batch to the next. What a power failure costs is this and the time of one commit.
  std::chrono::milliseconds interval{250};
  /// A file that cannot be opened or written is tried again so often.
  std::chrono::milliseconds retry{5000};
};

class EmbeddedStore final : public StateStore {
 public:
  /// Told once when something goes wrong and once when it is over. Called from the store's threads;
  /// must not call back.
  using Say = std::function<void(const std::string&)>;

  /// Opens the file in the caller's thread, which may take seconds after a crash. Never fails: a
  /// store that has no file says so in status() and to every request, and goes on trying.
  /// The clock lives longer; its steady time counts for deadlines, its system time for entries.
  EmbeddedStore(EmbeddedSettings settings, const Clock& clock, Say say);
  /// Answers what waits with `down`, writes what has changed.
  ~EmbeddedStore() override;
  EmbeddedStore(const EmbeddedStore&) = delete;
  EmbeddedStore& operator=(const EmbeddedStore&) = delete;

  void perform(Request request, Deadline deadline, Done done) override;
  void list(StoreQuery query, Deadline deadline, PageDone done) override;
  void find(std::string key, Deadline deadline, PageDone done) override;
  void set(std::string key, std::optional<LedgerEntry> entry, Deadline deadline,
           Done done) override;
  StoreStatus status() const override;

  /// Writes what has changed now, and waits for it. False: it did not get to the disk.
  bool flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a page of a store's file while another process may keep it, or when none does. For
/// programs that end soon: a damaged file may end the one that reads it.
StorePage list_state_file(const std::string& folder, const StoreQuery& query,
                          std::chrono::system_clock::time_point now);

}  // namespace postern

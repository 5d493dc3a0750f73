// EntryCache: the entries of the embedded store that are in memory: those that were asked for
// lately, and all that have changed since they were last written. Not thread-safe.
//
// Two generations instead of a list by last use: what is asked for moves to the younger one; when
// that is full, the older one goes and the younger one takes its place. Entries that are not on the
// disk yet are carried along.
#pragma once

#include "ledger/entry.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern {

class EntryCache {
 public:
  /// `bound`: octets of both generations, as far as they can be counted, besides those that have
  /// changed; of these `most_unsaved` are held at most.
  EntryCache(std::size_t bound, std::size_t most_unsaved)
      : bound_(bound), most_unsaved_(most_unsaved) {}

  struct Slot {
    std::optional<LedgerEntry> entry;  ///< nothing: it is known that there is none
    bool changed = false;              ///< since it was last taken for writing
    bool being_written = false;
    std::size_t octets = 0;  ///< as they were counted
  };
  struct Found {
    const std::string* key = nullptr;  ///< the cache's own; nullptr: it is not known what is there
    Slot* slot = nullptr;
  };

  Found find(const std::string& key);
  /// What the disk has under a key that find() does not know.
  Found insert(std::string key, std::optional<LedgerEntry> entry);
  /// Changes a slot; it stays in memory until a batch with it is done.
  void change(const Found& found, std::optional<LedgerEntry> entry);

  struct Taken {
    std::string key;
    std::optional<LedgerEntry> entry;
  };
  /// Copies up to `most` changed entries into the batch that is being written, of which there is
  /// one at a time; false when no more are left. One that changes meanwhile may be taken twice, and
  /// the later one holds.
  bool take_changed(std::size_t most, std::vector<Taken>& into);
  /// The batch is on the disk.
  void batch_done();
  /// It is not: all of it counts as changed again.
  void batch_failed();
  /// A new and empty file: everything has to be written.
  void change_all();

  /// Lets go of what has not been asked for lately, if there is too much. Returns what is to be
  /// destroyed, which takes long: not under a lock. `lost` counts changed entries that had to go.
  using Generation = std::unordered_map<std::string, Slot>;
  Generation make_room(std::uint64_t& lost);

  /// Entries that are not on the disk.
  std::size_t unsaved() const noexcept { return changed_.size() + being_written_.size(); }
  /// Calls with each entry that is not on the disk yet: key and slot.
  template <typename Call>
  void each_unsaved(const Call& call) const {
    for (const auto* list : {&being_written_, &changed_}) {
      for (const auto* key : *list) call(*key, at(*key));
    }
  }

 private:
  const Slot& at(const std::string& key) const;
  void count(const std::string& key, Slot& slot);

  const std::size_t bound_;
  const std::size_t most_unsaved_;
  Generation young_;
  Generation old_;
  std::size_t octets_ = 0;  ///< of the young one
  /// Keys of the maps' own, which stay where they are when an entry moves from one to the other.
  std::vector<const std::string*> changed_;
  std::vector<const std::string*> being_written_;
};

}  // namespace postern

#include "state/entry_cache.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Of the map's node, the slot and what the allocator adds; measured with five million entries.
constexpr std::size_t overhead = 200;

}  // namespace

const EntryCache::Slot& EntryCache::at(const std::string& key) const {
  const auto found = young_.find(key);
  return found != young_.end() ? found->second : old_.at(key);
}

void EntryCache::count(const std::string& key, Slot& slot) {
  octets_ -= slot.octets;
  slot.octets = overhead + key.size();
  if (slot.entry) {
    slot.octets += slot.entry->numbers.size() * sizeof(std::int64_t) +
                   slot.entry->reserved.size() * sizeof(Reservation) +
                   slot.entry->counted.size() * sizeof(CountedTransaction);
  }
  octets_ += slot.octets;
}

EntryCache::Found EntryCache::find(const std::string& key) {
  if (const auto found = young_.find(key); found != young_.end()) {
    return {&found->first, &found->second};
  }
  const auto found = old_.find(key);
  if (found == old_.end()) return {};
  const auto moved = young_.insert(old_.extract(found)).position;
  octets_ += moved->second.octets;
  return {&moved->first, &moved->second};
}

EntryCache::Found EntryCache::insert(std::string key, std::optional<LedgerEntry> entry) {
  const auto added = young_.try_emplace(std::move(key)).first;
  added->second.entry = std::move(entry);
  count(added->first, added->second);
  return {&added->first, &added->second};
}

void EntryCache::change(const Found& found, std::optional<LedgerEntry> entry) {
  auto& slot = *found.slot;
  slot.entry = std::move(entry);
  count(*found.key, slot);
  if (std::exchange(slot.changed, true)) return;
  changed_.push_back(found.key);
}

bool EntryCache::take_changed(std::size_t most, std::vector<Taken>& into) {
  for (; most > 0 && !changed_.empty(); --most) {
    const auto* key = changed_.back();
    changed_.pop_back();
    auto& slot = const_cast<Slot&>(at(*key));
    slot.changed = false;
    if (!std::exchange(slot.being_written, true)) being_written_.push_back(key);
    into.push_back({*key, slot.entry});
  }
  return !changed_.empty();
}

void EntryCache::batch_done() {
  for (const auto* key : being_written_) const_cast<Slot&>(at(*key)).being_written = false;
  being_written_.clear();
}

void EntryCache::batch_failed() {
  for (const auto* key : being_written_) {
    auto& slot = const_cast<Slot&>(at(*key));
    slot.being_written = false;
    if (!std::exchange(slot.changed, true)) changed_.push_back(key);
  }
  being_written_.clear();
}

void EntryCache::change_all() {
  for (auto* generation : {&young_, &old_}) {
    for (auto& [key, slot] : *generation) {
      if (!std::exchange(slot.changed, true)) changed_.push_back(&key);
    }
  }
}

EntryCache::Generation EntryCache::make_room(std::uint64_t& lost) {
  if (octets_ <= bound_ / 2) return {};
  auto gone = std::exchange(old_, std::exchange(young_, {}));
  octets_ = 0;
  std::size_t carried = 0;
  const auto carry = [&](const std::string* key) {
    if (++carried > most_unsaved_) return false;
    const auto found = gone.find(*key);
    if (found == gone.end()) return true;
    octets_ += found->second.octets;
    young_.insert(gone.extract(found));
    return true;
  };
  // With a disk that takes nothing any more, memory has to end somewhere.
  for (auto* list : {&being_written_, &changed_}) {
    lost += std::erase_if(*list, [&](const std::string* key) { return !carry(key); });
  }
  return gone;
}

}  // namespace postern

#include "ledger/apply_parts.h"

#include <algorithm>
#include <utility>

namespace postern {

Transactions::Transactions(const LedgerEntry* entry, LedgerTime now) : now_(now) {
  if (entry == nullptr) return;
  reserved_.reserve(entry->reserved.size() + 1);
  for (auto each : entry->reserved) {
    if (each.until <= now) continue;
    each.until = std::min(each.until, now + longest_hold);
    reserved_.push_back(each);
  }
  const auto first = std::find_if(entry->counted.begin(), entry->counted.end(),
                                  [&](const CountedTransaction& each) {
                                    return each.until > now && each.until <= now + usual_hold;
                                  });
  counted_.reserve(static_cast<std::size_t>(entry->counted.end() - first) + 1);
  counted_.assign(first, entry->counted.end());
}

bool Transactions::recognises(std::uint64_t id) const noexcept {
  return id != 0 && std::any_of(counted_.begin(), counted_.end(),
                                [&](const CountedTransaction& each) { return each.id == id; });
}

void Transactions::remember(std::uint64_t id) {
  if (id == 0) return;
  if (counted_.size() >= most_recognised) counted_.erase(counted_.begin());
  counted_.push_back({id, now_ + usual_hold});
}

Reservation* Transactions::find(std::uint64_t id) noexcept {
  if (id == 0) return nullptr;
  const auto found = std::find_if(reserved_.begin(), reserved_.end(),
                                  [&](const Reservation& each) { return each.id == id; });
  return found == reserved_.end() ? nullptr : &*found;
}

std::int64_t Transactions::take(std::uint64_t id) {
  const auto* found = find(id);
  if (found == nullptr) return 0;
  const auto amount = found->amount;
  reserved_.erase(reserved_.begin() + (found - reserved_.data()));
  return amount;
}

std::int64_t Transactions::reserve(const Reservation& reservation) {
  std::int64_t counted = 0;
  if (reserved_.size() >= most_reservations) {
    const auto oldest = reserved_.front().id;
    counted = take(oldest);
    remember(oldest);
  }
  reserved_.push_back(reservation);
  return counted;
}

std::int64_t Transactions::sum() const noexcept {
  std::int64_t sum = 0;
  for (const auto& each : reserved_) sum += each.amount;
  return sum;
}

void Transactions::keep_in(LedgerEntry& entry) && {
  for (const auto& each : reserved_) entry.expires = std::max(entry.expires, each.until);
  if (!counted_.empty()) entry.expires = std::max(entry.expires, counted_.back().until);
  entry.reserved = std::move(reserved_);
  entry.counted = std::move(counted_);
}

}  // namespace postern

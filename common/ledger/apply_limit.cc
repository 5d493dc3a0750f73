// Limits: buckets, windows and leases. What is reserved stands in the items and does not drain;
// what is counted stands in the numbers. Together they never exceed the capacity, whatever is
// committed.
#include "ledger/apply_parts.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

std::int64_t up(std::int64_t number, std::int64_t by) noexcept { return (number + by - 1) / by; }

/// What has been counted for good, at one moment.
class Counted {
 public:
  Counted(const LedgerEntry* entry, const Limit& limit, LedgerTime now) : limit_(limit), now_(now) {
    if (limit.method == EntryKind::bucket) fill_bucket(entry);
    if (limit.method == EntryKind::window) fill_window(entry);
  }

  /// Rounded up to what is counted.
  std::int64_t used() const noexcept {
    if (limit_.method == EntryKind::bucket) return up(level_, limit_.scale);
    std::int64_t sum = 0;
    for (const auto each : slots_) sum += each;
    return sum;
  }

  /// Though it may not fit: what cannot be in it any more is let go.
  void add(std::int64_t amount) {
    amount = std::min(amount, limit_.capacity);
    if (limit_.method == EntryKind::bucket) {
      level_ = std::min(level_ + amount * limit_.scale, limit_.capacity * limit_.scale);
    }
    if (limit_.method == EntryKind::window) {
      slots_.front() = std::min(slots_.front() + amount, most_counted);
    }
  }

  bool fits(std::int64_t more) const noexcept {
    if (more > limit_.capacity) return false;
    if (limit_.method == EntryKind::bucket) {
      return level_ + more * limit_.scale <= limit_.capacity * limit_.scale;
    }
    return used() + more <= limit_.capacity;
  }

  /// Until `more` fits if nothing is added; `more` is not above the capacity.
  std::int64_t wait(std::int64_t more) const noexcept {
    if (limit_.method == EntryKind::bucket) {
      const auto over = level_ + more * limit_.scale - limit_.capacity * limit_.scale;
      return over <= 0 ? 0 : up(over, limit_.flow);
    }
    auto over = used() + more - limit_.capacity;
    for (std::size_t i = slots_.size(); i > 0 && over > 0; --i) {
      over -= slots_[i - 1];
      if (over <= 0) return leaves(i - 1) - now_;
    }
    return 0;
  }

  /// When nothing will be left of it.
  LedgerTime ends() const noexcept {
    if (limit_.method == EntryKind::bucket) return now_ + up(level_, limit_.flow);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] > 0) return leaves(i);
    }
    return now_;
  }

  std::vector<std::int64_t> numbers() const {
    if (limit_.method == EntryKind::bucket) return {now_, level_, limit_.scale};
    if (limit_.method != EntryKind::window) return {};
    std::vector<std::int64_t> all{limit_.slot, newest_};
    const auto last =
        std::find_if(slots_.rbegin(), slots_.rend(), [](std::int64_t count) { return count > 0; });
    all.insert(all.end(), slots_.begin(), last.base());
    return all;
  }

 private:
  void fill_bucket(const LedgerEntry* entry) {
    if (entry == nullptr) return;
    const auto at = entry->numbers[0];
    level_ = entry->numbers[1];
    const auto scale = entry->numbers[2];
    const auto full = limit_.capacity * limit_.scale;
    if (scale != limit_.scale) {
      // Another limit than the one it was counted under: whole ones are carried over.
      level_ = std::min(up(level_, scale), limit_.capacity) * limit_.scale;
    }
    level_ = std::min(level_, full);
    const auto passed = std::max<LedgerTime>(now_ - at, 0);
    // Compared before it is multiplied, which may be more than a number holds.
    level_ = passed > level_ / limit_.flow ? 0 : level_ - passed * limit_.flow;
  }

  void fill_window(const LedgerEntry* entry) {
    slots_.assign(static_cast<std::size_t>(window_slots) + 1, 0);
    newest_ = now_ / limit_.slot;
    if (entry == nullptr) return;
    const auto& numbers = entry->numbers;
    if (numbers[0] != limit_.slot) {
      // Of other slots: nobody knows when it was, so all of it was now.
      for (std::size_t i = 2; i < numbers.size(); ++i) slots_.front() += numbers[i];
      slots_.front() = std::min(slots_.front(), most_counted);
      return;
    }
    const auto shift = static_cast<std::size_t>(
        std::clamp<std::int64_t>(newest_ - numbers[1], 0, window_slots + 1));
    for (std::size_t i = 2; i < numbers.size() && i - 2 + shift < slots_.size(); ++i) {
      slots_[i - 2 + shift] = numbers[i];
    }
  }

  /// When the slot does not count any more.
  LedgerTime leaves(std::size_t slot) const noexcept {
    return (newest_ - static_cast<std::int64_t>(slot) + window_slots + 1) * limit_.slot;
  }

  const Limit limit_;
  const LedgerTime now_;
  std::int64_t level_ = 0;
  std::int64_t newest_ = 0;
  std::vector<std::int64_t> slots_;
};

/// What one operation does with a limit.
class LimitStep {
 public:
  LimitStep(const LedgerEntry* entry, const Operation& operation, LedgerTime now)
      : operation_(operation),
        now_(now),
        limit_(limit_of(operation)),
        amount_(operation.arguments[4]),
        until_(now + operation.arguments[5]),
        counted_(entry, limit_, now) {
    if (entry != nullptr) items_ = live_items(*entry, now);
  }

  Applied take() {
    switch (operation_.kind) {
      case OperationKind::reserve:
        reserve();
        break;
      case OperationKind::count:
        count(Must::fit);
        break;
      case OperationKind::add:
        count(Must::be_counted);
        break;
      case OperationKind::commit:
        commit();
        break;
      case OperationKind::release:
        release();
        break;
      default:
        look();
        break;
    }
    auto& result = applied_.result;
    result.used = std::min(counted_.used() + reserved(), most_counted);
    result.limit = limit_.capacity;
    if (applied_.changed) keep();
    return std::move(applied_);
  }

 private:
  enum class Must : std::uint8_t { fit, be_counted };

  std::int64_t reserved() const noexcept {
    std::int64_t sum = 0;
    for (const auto& item : items_) sum += item.state == ItemState::reserved ? item.amount : 0;
    return sum;
  }

  /// What is missing of the amount after what the transaction has already.
  std::int64_t missing(const EntryItem* item) const noexcept {
    return item == nullptr ? amount_ : std::max<std::int64_t>(amount_ - item->amount, 0);
  }

  /// The result says whether it fits and, if not, when it would.
  bool fits(std::int64_t more) {
    auto& result = applied_.result;
    const auto all = reserved() + more;
    if (counted_.fits(all)) {
      result.outcome = OperationOutcome::fits;
      return true;
    }
    result.outcome = OperationOutcome::refused;
    if (more > limit_.capacity) {
      result.wait = -1;
    } else if (all <= limit_.capacity) {
      result.wait = counted_.wait(all);
    } else {
      // Others hold so much that it cannot fit before one of them lets go.
      LedgerTime first = now_ + longest_hold;
      for (const auto& item : items_) {
        if (item.state == ItemState::reserved) first = std::min(first, item.until);
      }
      result.wait = first - now_;
    }
    return false;
  }

  bool is_repeated(const EntryItem* item, std::int64_t more) {
    if (item == nullptr || more > 0) return false;
    applied_.result.outcome = OperationOutcome::fits;
    applied_.result.repeated = true;
    return true;
  }

  void reserve() {
    auto* item = find_item(items_, operation_.id);
    const auto more = missing(item);
    if (is_repeated(item, more)) {
      renew(*item);
      return;
    }
    if (!fits(more)) return;
    applied_.changed = true;
    if (item == nullptr) {
      push(ItemState::reserved);
      return;
    }
    if (item->state == ItemState::counted) counted_.add(more);
    item->amount += more;
    item->until = std::max(item->until, until_);
  }

  /// A lease lasts as long as it is asked for; what waits for its commit does not.
  void renew(EntryItem& item) {
    if (limit_.method != EntryKind::lease || item.until >= until_) return;
    item.until = until_;
    applied_.changed = true;
  }

  void count(Must must) {
    auto* item = find_item(items_, operation_.id);
    const auto more = missing(item);
    const bool was_reserved = item != nullptr && item->state == ItemState::reserved;
    if (!was_reserved && is_repeated(item, more)) return;
    if (!fits(more) && must == Must::fit) return;
    applied_.result.outcome = OperationOutcome::fits;
    applied_.result.wait = 0;
    applied_.changed = true;
    counted_.add(was_reserved ? item->amount + more : more);
    if (item != nullptr) {
      item->amount += more;
      item->state = ItemState::counted;
      item->until = std::max(item->until, until_);
    } else if (operation_.id != 0) {
      push(ItemState::counted);
    }
  }

  void commit() {
    auto* item = find_item(items_, operation_.id);
    applied_.result.outcome = OperationOutcome::done;
    const bool was_counted = item != nullptr && item->state == ItemState::counted;
    const auto amount = amount_ > 0 || item == nullptr ? amount_ : item->amount;
    if (was_counted || amount == 0) {
      applied_.result.repeated = was_counted;
      return;
    }
    applied_.changed = true;
    counted_.add(amount);
    if (item == nullptr) {
      push(ItemState::counted);
      return;
    }
    item->amount = amount;
    item->state = ItemState::counted;
    item->until = std::max(item->until, until_);
  }

  void release() {
    const auto* item = find_item(items_, operation_.id);
    applied_.result.outcome = OperationOutcome::done;
    if (item == nullptr || item->state != ItemState::reserved) {
      applied_.result.repeated = true;
      return;
    }
    applied_.changed = true;
    items_.erase(items_.begin() + (item - items_.data()));
  }

  void look() { fits(amount_); }

  void push(ItemState state) {
    if (items_.size() >= most_items) {
      auto goes = std::find_if(items_.begin(), items_.end(), [](const EntryItem& item) {
        return item.state == ItemState::counted;
      });
      if (goes == items_.end()) {
        goes = items_.begin();
        counted_.add(goes->amount);
      }
      items_.erase(goes);
    }
    items_.push_back({operation_.id, amount_, until_, state});
  }

  void keep() {
    LedgerEntry made;
    made.kind = limit_.method;
    made.numbers = counted_.numbers();
    made.expires = counted_.ends();
    for (const auto& item : items_) made.expires = std::max(made.expires, item.until);
    made.items = std::move(items_);
    if (made.expires > now_) applied_.entry = std::move(made);
  }

  const Operation& operation_;
  const LedgerTime now_;
  const Limit limit_;
  const std::int64_t amount_;
  const LedgerTime until_;
  Counted counted_;
  std::vector<EntryItem> items_;
  Applied applied_;
};

}  // namespace

Applied apply_limit(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  return LimitStep(entry, operation, now).take();
}

}  // namespace postern

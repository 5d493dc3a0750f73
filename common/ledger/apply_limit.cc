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
        counted_(entry, limit_, now),
        transactions_(entry, now) {}

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
        fits(amount_);
        break;
    }
    auto& result = applied_.result;
    result.used = std::min(counted_.used() + transactions_.sum(), most_counted);
    result.limit = limit_.capacity;
    if (applied_.changed) keep();
    return std::move(applied_);
  }

 private:
  enum class Must : std::uint8_t { fit, be_counted };

  /// The result says whether it fits and, if not, when it would.
  bool fits(std::int64_t more) {
    auto& result = applied_.result;
    const auto all = transactions_.sum() + more;
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
      for (const auto& each : transactions_.reserved()) first = std::min(first, each.until);
      result.wait = first - now_;
    }
    return false;
  }

  bool is_repeated(bool repeated) {
    if (!repeated) return false;
    applied_.result.outcome = OperationOutcome::fits;
    applied_.result.repeated = true;
    return true;
  }

  /// What is missing of the amount after what the transaction has already.
  std::int64_t missing(const Reservation* own) const noexcept {
    return own == nullptr ? amount_ : std::max<std::int64_t>(amount_ - own->amount, 0);
  }

  void reserve() {
    auto* own = transactions_.find(operation_.id);
    const auto more = missing(own);
    if (is_repeated(transactions_.recognises(operation_.id))) return;
    if (is_repeated(own != nullptr && more == 0)) {
      // A lease lasts as long as it is asked for; what waits for its commit does not.
      if (limit_.method != EntryKind::lease || own->until >= until_) return;
      own->until = until_;
      applied_.changed = true;
      return;
    }
    if (!fits(more)) return;
    applied_.changed = true;
    if (own == nullptr) {
      if (const auto gone = transactions_.reserve({operation_.id, amount_, until_}); gone > 0) {
        counted_.add(gone);
      }
      return;
    }
    own->amount += more;
    own->until = std::max(own->until, until_);
  }

  void count(Must must) {
    if (is_repeated(transactions_.recognises(operation_.id))) return;
    const auto more = missing(transactions_.find(operation_.id));
    if (!fits(more) && must == Must::fit) return;
    applied_.result.outcome = OperationOutcome::fits;
    applied_.result.wait = 0;
    count_for_good(transactions_.take(operation_.id) + more);
  }

  void commit() {
    applied_.result.outcome = OperationOutcome::done;
    applied_.result.repeated = transactions_.recognises(operation_.id);
    if (applied_.result.repeated) return;
    const auto* own = transactions_.find(operation_.id);
    const auto amount = amount_ > 0 || own == nullptr ? amount_ : own->amount;
    if (amount == 0) return;
    transactions_.take(operation_.id);
    count_for_good(amount);
  }

  void count_for_good(std::int64_t amount) {
    applied_.changed = true;
    counted_.add(amount);
    transactions_.remember(operation_.id);
  }

  void release() {
    applied_.result.outcome = OperationOutcome::done;
    applied_.changed = transactions_.take(operation_.id) > 0;
    applied_.result.repeated = !applied_.changed;
  }

  void keep() {
    LedgerEntry made;
    made.kind = limit_.method;
    made.numbers = counted_.numbers();
    made.expires = counted_.ends();
    std::move(transactions_).keep_in(made);
    if (made.expires > now_) applied_.entry = std::move(made);
  }

  const Operation& operation_;
  const LedgerTime now_;
  const Limit limit_;
  const std::int64_t amount_;
  const LedgerTime until_;
  Counted counted_;
  Transactions transactions_;
  Applied applied_;
};

}  // namespace

Applied apply_limit(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  return LimitStep(entry, operation, now).take();
}

}  // namespace postern

#include "ledger/apply_parts.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

/// A half-life in so many steps.
constexpr std::int64_t ticks = 16;
constexpr std::int64_t one = std::int64_t{1} << 20U;
/// round(2^20 * 2^(-n/16)).
constexpr std::array<std::int64_t, ticks> factors{1048576, 1004120, 961548, 920782, 881744, 844361,
                                                  808563,  774282,  741455, 710020, 679917, 651091,
                                                  623487,  597053,  571740, 547500};

std::int64_t faded(std::int64_t value, std::int64_t passed_ticks) noexcept {
  const auto halves = passed_ticks / ticks;
  // More halvings than a weight has binary digits leave nothing.
  if (halves >= 40) return 0;
  const auto part = value * factors[static_cast<std::size_t>(passed_ticks % ticks)] / one;
  return part >> static_cast<unsigned>(halves);
}

}  // namespace

Applied apply_tally(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  const auto add = operation.arguments[0];
  const auto lifetime = operation.arguments[1];
  const auto threshold = operation.arguments[2];
  Applied applied;
  auto& result = applied.result;
  Transactions transactions(entry, now);
  LedgerEntry made;
  made.kind = EntryKind::counter;
  made.numbers = {now, now, 0};
  if (entry != nullptr) {
    made.numbers = entry->numbers;
    made.numbers[0] = std::min(made.numbers[0], now);
    result.since = made.numbers[0];
  }
  if (add > 0) {
    if (transactions.recognises(operation.id)) {
      result.repeated = true;
    } else {
      made.numbers[1] = now;
      made.numbers[2] = std::min(made.numbers[2] + add, most_counted);
      made.expires = now + lifetime;
      transactions.remember(operation.id);
      applied.changed = true;
    }
  }
  result.used = made.numbers[2];
  result.limit = threshold;
  result.outcome =
      made.numbers[2] >= threshold ? OperationOutcome::reached : OperationOutcome::below;
  if (!applied.changed) return applied;
  std::move(transactions).keep_in(made);
  applied.entry = std::move(made);
  return applied;
}

Applied apply_weigh(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  const auto tick = (operation.arguments[0] + ticks - 1) / ticks;
  const auto index = static_cast<std::size_t>(operation.arguments[1]);
  const auto add = operation.arguments[2];
  Applied applied;
  auto& result = applied.result;
  Transactions transactions(entry, now);
  LedgerEntry made;
  made.kind = EntryKind::decay;
  made.numbers = {now, tick};
  if (entry != nullptr) {
    made.numbers = entry->numbers;
    auto& at = made.numbers[0];
    at = std::min(at, now);
    const auto passed = (now - at) / made.numbers[1];
    for (std::size_t i = 2; i < made.numbers.size(); ++i) {
      made.numbers[i] = faded(made.numbers[i], passed);
    }
    at += passed * made.numbers[1];
    // From here on they fade as the setting of today says.
    made.numbers[1] = tick;
  }
  if (add > 0) {
    if (transactions.recognises(operation.id)) {
      result.repeated = true;
    } else {
      if (made.numbers.size() < index + 3) made.numbers.resize(index + 3, 0);
      transactions.remember(operation.id);
      made.numbers[index + 2] = std::min(made.numbers[index + 2] + add, most_weight);
      applied.changed = true;
    }
  }
  result.outcome = OperationOutcome::done;
  result.values.assign(made.numbers.begin() + 2, made.numbers.end());
  if (!applied.changed) return applied;
  std::int64_t halves = 1;
  for (auto most = *std::max_element(made.numbers.begin() + 2, made.numbers.end()); most > 0;
       most /= 2) {
    ++halves;
  }
  made.expires = now + halves * ticks * tick;
  std::move(transactions).keep_in(made);
  applied.entry = std::move(made);
  return applied;
}

}  // namespace postern

#include "ledger/apply_parts.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::size_t first_seen = 0;
constexpr std::size_t last_seen = 1;
constexpr std::size_t passed_at = 2;
constexpr std::size_t attempts = 3;
/// Attempts are told to people; nobody needs more of them.
constexpr std::int64_t most_attempts = 1'000'000'000;
/// Most mail is of those who are known. Their entries are written anew when such a part of the
/// lifetime has passed, and live for so much longer, so that most mail is not written at all.
constexpr std::int64_t refreshed_in = 32;

}  // namespace

Applied apply_greylist(const LedgerEntry* entry, const Operation& operation, LedgerTime now) {
  const auto delay = operation.arguments[0];
  const auto window = operation.arguments[1];
  const auto lifetime = operation.arguments[2];
  const auto slack = lifetime / refreshed_in;
  Applied applied;
  auto& result = applied.result;
  applied.changed = true;
  LedgerEntry made;
  made.kind = EntryKind::greylist;
  if (entry != nullptr) made.numbers = entry->numbers;
  auto& numbers = made.numbers;
  if (entry != nullptr) {
    numbers[first_seen] = std::min(numbers[first_seen], now);
    numbers[last_seen] = std::min(numbers[last_seen], now);
  }
  // An entry is kept for the length of the window after its time, so that who comes too late can
  // be told from who comes for the first time.
  const bool late =
      entry != nullptr && (numbers[passed_at] > 0 ? now - numbers[last_seen] > lifetime + slack
                                                  : now - numbers[first_seen] > window);
  if (entry == nullptr || late) {
    numbers = {now, now, 0, 1};
    made.expires = now + 2 * window;
    result.outcome = late ? OperationOutcome::expired : OperationOutcome::wait;
    result.wait = delay;
    result.used = 1;
    if (delay == 0) {
      result.outcome = OperationOutcome::passed;
      numbers[passed_at] = now;
      made.expires = now + lifetime + slack + window;
    }
    applied.entry = std::move(made);
    return applied;
  }
  if (numbers[passed_at] > 0 && now - numbers[last_seen] <= slack) {
    applied.changed = false;
    result.outcome = OperationOutcome::known;
    result.used = numbers[attempts];
    result.since = numbers[first_seen];
    return applied;
  }
  numbers[last_seen] = now;
  numbers[attempts] = std::min(numbers[attempts] + 1, most_attempts);
  result.used = numbers[attempts];
  result.since = numbers[first_seen];
  if (numbers[passed_at] > 0) {
    result.outcome = OperationOutcome::known;
  } else if (now - numbers[first_seen] < delay) {
    result.outcome = OperationOutcome::wait;
    result.wait = delay - (now - numbers[first_seen]);
    made.expires = numbers[first_seen] + 2 * window;
    applied.entry = std::move(made);
    return applied;
  } else {
    result.outcome = OperationOutcome::passed;
    numbers[passed_at] = now;
  }
  made.expires = now + lifetime + slack + window;
  applied.entry = std::move(made);
  return applied;
}

}  // namespace postern

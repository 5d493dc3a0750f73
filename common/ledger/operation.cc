#include "ledger/operation.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace postern {
namespace {

/// Products of two numbers below it stay exact with one addition more.
constexpr std::int64_t largest_level = std::int64_t{1} << 51U;

bool is_amount(std::int64_t number) noexcept { return number > 0 && number <= most_counted; }
bool is_period(std::int64_t number) noexcept { return number > 0 && number <= longest_period; }

Operation about_limit(OperationKind kind, std::string key, const Limit& limit, std::int64_t amount,
                      std::uint64_t id, std::int64_t hold) {
  Operation made;
  made.kind = kind;
  made.key = std::move(key);
  made.id = id;
  const bool window = limit.method == EntryKind::window;
  made.arguments = {static_cast<std::int64_t>(limit.method),
                    limit.capacity,
                    window ? limit.slot : limit.flow,
                    window ? 0 : limit.scale,
                    amount,
                    hold};
  return made;
}

std::string fault_of_limit(const Operation& operation) {
  const auto limit = limit_of(operation);
  const auto amount = operation.arguments[4];
  const auto hold = operation.arguments[5];
  const auto kind = operation.kind;
  if (!is_amount(limit.capacity)) return "the capacity is out of range";
  switch (limit.method) {
    case EntryKind::bucket:
      if (limit.flow <= 0 || limit.scale <= 0 || limit.flow > most_counted ||
          limit.scale > largest_level / (limit.capacity + 1)) {
        return "the bucket cannot be calculated exactly";
      }
      break;
    case EntryKind::window:
      if (!is_period(limit.slot)) return "the window's slot is out of range";
      break;
    case EntryKind::lease:
      if (limit.capacity > static_cast<std::int64_t>(most_reservations)) return "too many leases";
      if (kind != OperationKind::reserve && kind != OperationKind::release &&
          kind != OperationKind::look) {
        return "a lease is reserved, released or looked at";
      }
      break;
    default:
      return "no kind of limit";
  }
  const bool may_be_none = kind == OperationKind::commit || kind == OperationKind::release ||
                           kind == OperationKind::look;
  if (!is_amount(amount) && !(may_be_none && amount == 0)) return "the amount is out of range";
  const bool named = kind == OperationKind::reserve || kind == OperationKind::commit ||
                     kind == OperationKind::release;
  if (named && operation.id == 0) return "a reservation needs the id of its transaction";
  if (hold < 0 || hold > longest_hold) return "it is held for too long";
  return {};
}

std::string fault_of_one(const Operation& operation, std::size_t index) {
  if (operation.key.empty() || operation.key.size() > longest_ledger_key) {
    return "the key is empty or too long";
  }
  if (operation.only_if && operation.only_if->operation >= index) {
    return "its condition is not about an earlier operation";
  }
  const auto& arguments = operation.arguments;
  switch (operation.kind) {
    case OperationKind::greylist:
      return arguments[0] >= 0 && arguments[0] <= arguments[1] && is_period(arguments[1]) &&
                     is_period(arguments[2])
                 ? ""
                 : "the times of greylisting are out of range";
    case OperationKind::tally:
      return arguments[0] >= 0 && arguments[0] <= most_counted && is_period(arguments[1]) &&
                     arguments[2] >= 0 && arguments[2] <= most_counted
                 ? ""
                 : "the counter's numbers are out of range";
    case OperationKind::weigh:
      return is_period(arguments[0]) && arguments[1] >= 0 &&
                     arguments[1] < static_cast<std::int64_t>(most_values) && arguments[2] >= 0 &&
                     arguments[2] <= most_weight
                 ? ""
                 : "the numbers of the fading counter are out of range";
    case OperationKind::reserve:
    case OperationKind::count:
    case OperationKind::add:
    case OperationKind::commit:
    case OperationKind::release:
    case OperationKind::look:
      return fault_of_limit(operation);
  }
  return "no kind of operation";
}

}  // namespace

std::string_view to_text(OperationOutcome outcome) noexcept {
  static constexpr std::array<std::string_view, 10> words{"skipped", "wait",   "passed",  "known",
                                                          "expired", "fits",   "refused", "done",
                                                          "below",   "reached"};
  const auto index = static_cast<std::size_t>(outcome);
  return index < words.size() ? words[index] : "?";
}

std::optional<Limit> bucket_limit(std::int64_t burst, std::int64_t amount, std::int64_t period) {
  if (!is_amount(burst) || !is_amount(amount) || !is_period(period)) return std::nullopt;
  const auto common = std::gcd(amount, period);
  Limit made;
  made.capacity = burst;
  made.flow = amount / common;
  made.scale = period / common;
  if (made.scale > largest_level / (burst + 1)) return std::nullopt;
  return made;
}

std::optional<Limit> window_limit(std::int64_t amount, std::int64_t period) {
  if (!is_amount(amount) || !is_period(period)) return std::nullopt;
  Limit made;
  made.method = EntryKind::window;
  made.capacity = amount;
  made.slot = (period + window_slots - 1) / window_slots;
  return made;
}

std::optional<Limit> lease_limit(std::int64_t amount) {
  if (amount <= 0 || amount > static_cast<std::int64_t>(most_reservations)) return std::nullopt;
  Limit made;
  made.method = EntryKind::lease;
  made.capacity = amount;
  return made;
}

Operation Operation::greylist(std::string key, const GreylistTimes& times) {
  Operation made;
  made.kind = OperationKind::greylist;
  made.key = std::move(key);
  made.arguments = {times.delay, times.window, times.lifetime, 0, 0, 0};
  return made;
}

Operation Operation::reserve(std::string key, const Limit& limit, std::int64_t amount,
                             std::uint64_t id, std::int64_t hold) {
  return about_limit(OperationKind::reserve, std::move(key), limit, amount, id, hold);
}

Operation Operation::count(std::string key, const Limit& limit, std::int64_t amount,
                           std::uint64_t id) {
  return about_limit(OperationKind::count, std::move(key), limit, amount, id, 0);
}

Operation Operation::add(std::string key, const Limit& limit, std::int64_t amount,
                         std::uint64_t id) {
  return about_limit(OperationKind::add, std::move(key), limit, amount, id, 0);
}

Operation Operation::commit(std::string key, const Limit& limit, std::int64_t amount,
                            std::uint64_t id) {
  return about_limit(OperationKind::commit, std::move(key), limit, amount, id, 0);
}

Operation Operation::release(std::string key, const Limit& limit, std::uint64_t id) {
  return about_limit(OperationKind::release, std::move(key), limit, 0, id, 0);
}

Operation Operation::look(std::string key, const Limit& limit, std::int64_t amount) {
  return about_limit(OperationKind::look, std::move(key), limit, amount, 0, 0);
}

Operation Operation::tally(std::string key, std::int64_t add, std::int64_t lifetime,
                           std::int64_t threshold, std::uint64_t id) {
  Operation made;
  made.kind = OperationKind::tally;
  made.key = std::move(key);
  made.id = id;
  made.arguments = {add, lifetime, threshold, 0, 0, 0};
  return made;
}

Operation Operation::weigh(std::string key, std::int64_t half_life, std::size_t index,
                           std::int64_t thousandths, std::uint64_t id) {
  Operation made;
  made.kind = OperationKind::weigh;
  made.key = std::move(key);
  made.id = id;
  made.arguments = {half_life, static_cast<std::int64_t>(index), thousandths, 0, 0, 0};
  return made;
}

Operation Operation::when(std::size_t operation, OperationOutcome outcome) && {
  only_if = OnlyIf{operation, outcome};
  return std::move(*this);
}

Limit limit_of(const Operation& operation) noexcept {
  Limit limit;
  // What is no EntryKind stays none: the numbers came through a cast.
  limit.method = static_cast<EntryKind>(operation.arguments[0]);
  limit.capacity = operation.arguments[1];
  if (limit.method == EntryKind::window) {
    limit.slot = operation.arguments[2];
  } else {
    limit.flow = operation.arguments[2];
    limit.scale = operation.arguments[3];
  }
  return limit;
}

std::string fault_of(const Request& request) {
  if (request.operations.size() > most_operations) return "too many operations";
  for (std::size_t i = 0; i < request.operations.size(); ++i) {
    if (auto fault = fault_of_one(request.operations[i], i); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace postern

#include "ledger/entry.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::pair<EntryKind, std::string_view>, 6> names{{
    {EntryKind::greylist, "greylist"},
    {EntryKind::bucket, "bucket"},
    {EntryKind::window, "window"},
    {EntryKind::lease, "lease"},
    {EntryKind::counter, "counter"},
    {EntryKind::decay, "decay"},
}};

bool in_range(std::int64_t number) noexcept { return number >= 0 && number < ledger_number_end; }

bool is_count(std::int64_t number) noexcept { return number <= most_counted; }

bool fits_kind(const LedgerEntry& entry) noexcept {
  const auto& numbers = entry.numbers;
  switch (entry.kind) {
    case EntryKind::greylist:
      return numbers.size() == 4 && entry.reserved.empty() && entry.counted.empty();
    case EntryKind::bucket:
      return numbers.size() == 3 && numbers[2] > 0;
    case EntryKind::window:
      return numbers.size() >= 2 && numbers.size() <= most_numbers && numbers[0] > 0 &&
             std::all_of(numbers.begin() + 2, numbers.end(), is_count);
    case EntryKind::lease:
      return numbers.empty();
    case EntryKind::counter:
      return numbers.size() == 3;
    case EntryKind::decay:
      return numbers.size() >= 2 && numbers.size() <= 2 + most_values && numbers[1] > 0 &&
             std::all_of(numbers.begin() + 2, numbers.end(),
                         [](std::int64_t weight) { return weight <= most_weight; });
  }
  return false;
}

}  // namespace

std::string_view to_text(EntryKind kind) noexcept {
  for (const auto& [each, name] : names) {
    if (each == kind) return name;
  }
  return "?";
}

std::optional<EntryKind> entry_kind_from_text(std::string_view text) noexcept {
  for (const auto& [each, name] : names) {
    if (name == text) return each;
  }
  return std::nullopt;
}

bool is_sound(const LedgerEntry& entry) noexcept {
  return fits_kind(entry) && in_range(entry.expires) &&
         entry.reserved.size() <= most_reservations && entry.counted.size() <= most_recognised &&
         std::all_of(entry.numbers.begin(), entry.numbers.end(), in_range) &&
         std::all_of(entry.reserved.begin(), entry.reserved.end(),
                     [](const Reservation& each) {
                       return each.id != 0 && each.amount >= 0 && is_count(each.amount) &&
                              in_range(each.until);
                     }) &&
         std::all_of(
             entry.counted.begin(), entry.counted.end(),
             [](const CountedTransaction& each) { return each.id != 0 && in_range(each.until); });
}

}  // namespace postern

#include "state/redis_script.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace postern {
namespace {

std::string id_text(std::uint64_t id) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(id));
  return text.data();
}

/// Outcome, repeated, used, limit, wait, since.
constexpr std::size_t fixed_numbers = 6;

}  // namespace

std::vector<std::string> redis_arguments(const Request& request, std::string_view prefix,
                                         LedgerTime now) {
  std::vector<std::string_view> keys;
  std::vector<std::string> operations;
  operations.reserve(1 + request.operations.size() * 11);
  operations.push_back(std::to_string(now));
  for (const auto& operation : request.operations) {
    auto place = std::find(keys.begin(), keys.end(), operation.key);
    if (place == keys.end()) place = keys.insert(keys.end(), operation.key);
    operations.push_back(std::to_string(place - keys.begin() + 1));
    operations.push_back(std::to_string(static_cast<unsigned>(operation.kind)));
    operations.push_back(id_text(operation.id));
    for (const auto number : operation.arguments) operations.push_back(std::to_string(number));
    const auto& only_if = operation.only_if;
    operations.push_back(std::to_string(only_if ? only_if->operation + 1 : 0));
    operations.push_back(std::to_string(only_if ? static_cast<unsigned>(only_if->outcome) : 0U));
  }
  std::vector<std::string> arguments;
  arguments.reserve(1 + keys.size() + operations.size());
  arguments.push_back(std::to_string(keys.size()));
  for (const auto key : keys) arguments.push_back(std::string(prefix) + std::string(key));
  std::move(operations.begin(), operations.end(), std::back_inserter(arguments));
  return arguments;
}

std::optional<OperationResult> redis_result(const std::vector<std::int64_t>& numbers) {
  if (numbers.size() < fixed_numbers || numbers.size() > fixed_numbers + most_values ||
      numbers[0] < 0 || numbers[0] > static_cast<std::int64_t>(OperationOutcome::reached)) {
    return std::nullopt;
  }
  OperationResult result;
  result.outcome = static_cast<OperationOutcome>(numbers[0]);
  result.repeated = numbers[1] != 0;
  result.used = numbers[2];
  result.limit = numbers[3];
  result.wait = numbers[4];
  result.since = numbers[5];
  result.values.assign(numbers.begin() + fixed_numbers, numbers.end());
  return result;
}

}  // namespace postern

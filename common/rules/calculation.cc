#include "rules/calculation.h"

#include <array>
#include <cstddef>

namespace postern::expression {

CalculationResult calculate(const CalculationSide& side, const Transaction& transaction,
                            Reach reach) {
  using State = CalculationResult::State;
  using Kind = CalculationStep::Kind;
  // A condition with n operators has n + 1 values.
  std::array<WideNumber, most_calculations + 1> stack;
  std::size_t size = 0;
  CalculationResult result;
  for (const auto& step : side) {
    switch (step.kind) {
      case Kind::constant:
        stack[size++] = step.constant;
        continue;
      case Kind::name: {
        const auto reading = read_number(step.name, transaction, reach);
        using Told = decltype(reading.state);
        if (reading.state == Told::not_told) return {State::not_told, 0, step.name};
        if (reading.state == Told::absent) result.state = State::absent;
        stack[size++] = reading.value;
        continue;
      }
      case Kind::add:
      case Kind::subtract:
      case Kind::multiply:
        break;
    }
    const auto right = stack[--size];
    auto& left = stack[size - 1];
    if (step.kind == Kind::add) left += right;
    if (step.kind == Kind::subtract) left -= right;
    if (step.kind == Kind::multiply) left *= right;
  }
  result.value = stack.front();
  return result;
}

}  // namespace postern::expression

#include "rules/condition.h"

#include "rules/compiler.h"
#include "rules/program.h"

#include <algorithm>
#include <utility>

namespace postern {

struct Condition::Program : expression::Program {};

Condition::Condition(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Condition::~Condition() = default;
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;

std::variant<Condition, std::vector<ExpressionProblem>> Condition::compile(std::string_view source,
                                                                           const Scope& scope) {
  auto result = expression::compile(source, scope);
  if (auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    return std::move(*problems);
  }
  auto program = std::make_unique<Program>();
  static_cast<expression::Program&>(*program) = std::move(std::get<expression::Program>(result));
  return Condition(std::move(program));
}

Condition Condition::always() { return Condition(std::make_unique<Program>()); }

Stage Condition::earliest_stage() const noexcept { return program_->earliest; }
const Subjects& Condition::subjects() const noexcept { return program_->subjects; }
const std::string& Condition::source() const noexcept { return program_->source; }

bool Condition::looks_at(std::string_view name) const noexcept {
  const auto is_it = [name](const std::optional<expression::Name>& used) {
    return used && expression::row_of(*used).name == name;
  };
  return std::any_of(
      program_->tests.begin(), program_->tests.end(),
      [&](const expression::Test& test) { return is_it(test.name) || is_it(test.other); });
}

ConditionOutcome Condition::evaluate(const Transaction& transaction, const Facts& facts) const {
  ConditionOutcome outcome;
  expression::run(*program_, transaction, facts, &outcome);
  return outcome;
}

Truth Condition::truth(const Transaction& transaction, const Facts& facts) const {
  return expression::run(*program_, transaction, facts, nullptr);
}

}  // namespace postern

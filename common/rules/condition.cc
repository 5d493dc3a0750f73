#include "rules/condition.h"

#include "rules/compiler.h"
#include "rules/program.h"

#include <utility>

namespace postern {

struct Condition::Program : expression::Program {};

namespace {

bool bound(const expression::Program& program, const expression::Step& step) {
  using Kind = expression::Step::Kind;
  if (step.kind == Kind::test) {
    return program.tests[step.first].name == expression::Name::client_ip;
  }
  if (step.kind != Kind::all_of) return false;
  for (std::uint32_t i = 0; i < step.count; ++i) {
    if (bound(program, program.steps[program.children[step.first + i]])) return true;
  }
  return false;
}

}  // namespace

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
const std::vector<ConditionName>& Condition::names() const noexcept { return program_->names; }

bool Condition::bound_to_networks() const noexcept {
  return !program_->steps.empty() && bound(*program_, program_->steps.back());
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

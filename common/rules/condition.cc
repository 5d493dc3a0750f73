#include "rules/condition.h"

#include "rules/compiler.h"
#include "rules/needs.h"
#include "rules/program.h"

#include <algorithm>
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

bool always_finds(const expression::Program& program, const expression::Step& step,
                  std::string_view table) {
  using Kind = expression::Step::Kind;
  const auto finds = [&](std::uint32_t child) {
    return always_finds(program, program.steps[program.children[child]], table);
  };
  switch (step.kind) {
    case Kind::test: {
      const auto& test = program.tests[step.first];
      return test.comparison == expression::Comparison::in_table && test.table_name == table;
    }
    case Kind::all_of:
      for (auto i = step.first; i < step.first + step.count; ++i) {
        if (finds(i)) return true;
      }
      return false;
    case Kind::any_of:
      for (auto i = step.first; i < step.first + step.count; ++i) {
        if (!finds(i)) return false;
      }
      return step.count > 0;
    case Kind::negate:
    case Kind::constant:
      break;
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

const std::vector<ExpressionProblem>& Condition::warnings() const noexcept {
  return program_->warnings;
}

bool Condition::bound_to_networks() const noexcept {
  return !program_->steps.empty() && bound(*program_, program_->steps.back());
}

bool Condition::asks(QuestionKind kind) const noexcept {
  using expression::Name;
  return std::any_of(program_->tests.begin(), program_->tests.end(), [&](const auto& test) {
    if (test.check) return test.check->description().kind == kind;
    // What the mail server simply tells is of kind upstream; nobody was asked for it.
    const auto told = [&](Name name) {
      return name == Name::macro ||
             (kind != QuestionKind::upstream && expression::row_of(name).kind == kind);
    };
    return (test.name && told(*test.name)) || (test.other && told(*test.other));
  });
}

std::string Condition::limit() const {
  using expression::Comparison;
  using expression::Name;
  using Kind = expression::Step::Kind;
  const auto& program = *program_;
  if (program.steps.empty()) return {};
  const auto& whole = program.steps.back();
  std::vector<const expression::Step*> needed;
  if (whole.kind == Kind::all_of) {
    for (std::uint32_t i = 0; i < whole.count; ++i) {
      needed.push_back(&program.steps[program.children[whole.first + i]]);
    }
  } else {
    needed.push_back(&whole);
  }
  std::string limit;
  for (const auto* step : needed) {
    if (step->kind != Kind::test) continue;
    const auto& test = program.tests[step->first];
    const bool size = test.name == Name::size || test.name == Name::declared_size;
    const bool count = test.name == Name::recipient_count;
    if ((!size && !count) || test.comparison != Comparison::greater) continue;
    if (!limit.empty() || test.numbers.size() != 1) return {};
    limit = std::to_string(test.numbers.front()) + (size ? " octets" : "");
  }
  return limit;
}

const expression::Program& Condition::program() const noexcept { return *program_; }

Condition::LookUp Condition::looks_up(std::string_view table) const noexcept {
  const auto& program = *program_;
  if (program.steps.empty()) return LookUp::never;
  if (always_finds(program, program.steps.back(), table)) return LookUp::always;
  const bool any =
      std::any_of(program.tests.begin(), program.tests.end(), [&](const expression::Test& test) {
        return test.comparison == expression::Comparison::in_table && test.table_name == table;
      });
  return any ? LookUp::perhaps : LookUp::never;
}

std::optional<std::string> Condition::mapped(std::string_view map, const Transaction& transaction,
                                             const Facts& facts) const {
  for (auto& evidence : evaluate(transaction, facts).evidence) {
    // Without an entry nothing was found.
    if (evidence.name == map && !evidence.value.empty()) return std::move(evidence.source.mapped);
  }
  return std::nullopt;
}

std::optional<std::vector<expression::Need>> Condition::needs() const {
  return expression::needs_of(*program_);
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

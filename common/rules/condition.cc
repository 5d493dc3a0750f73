#include "rules/condition.h"

#include "rules/compiler.h"
#include "rules/map_values.h"
#include "rules/needs.h"
#include "rules/program.h"
#include "rules/score_reader.h"

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

Condition::Condition(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
Condition::~Condition() = default;
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;

std::variant<Condition, std::vector<ExpressionProblem>> Condition::compile(std::string_view source,
                                                                           const Scope& scope) {
  auto result = expression::compile(source, scope);
  if (auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    return std::move(*problems);
  }
  auto program = std::make_shared<Program>();
  static_cast<expression::Program&>(*program) = std::move(std::get<expression::Program>(result));
  return Condition(std::move(program));
}

Condition Condition::always() { return Condition(std::make_shared<Program>()); }

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

bool Condition::asks(QuestionKind kind) const noexcept { return expression::asks(*program_, kind); }

bool Condition::asks_dns() const noexcept {
  const auto is_client_name = [](const std::optional<expression::Name>& name) {
    return name && expression::row_of(*name).kind == QuestionKind::reverse_dns;
  };
  const auto& tests = program_->tests;
  return std::any_of(tests.begin(), tests.end(), [&](const expression::Test& test) {
    return test.check ? is_dns(test.check->description().kind)
                      : is_client_name(test.name) || is_client_name(test.other);
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
std::shared_ptr<const expression::Program> Condition::shared_program() const noexcept {
  return program_;
}

const std::vector<std::string>& Condition::scores() const noexcept { return program_->scores; }

void Condition::bind_scores(
    const std::function<expression::BoundScore(const std::string&)>& sum_of) {
  if (program_->scores.empty()) return;
  auto bound = std::make_shared<Program>(*program_);
  for (auto& test : bound->tests) {
    if (test.score.empty()) continue;
    test.sum = sum_of(test.score);
    if (!test.sum.sum) continue;
    // Whoever looks for a name in this condition is to find what its scores rest on.
    for (const auto& named : test.sum.sum->names) {
      if (named.second >= test.sum.adders) break;
      const ConditionName& name = named.first;
      const bool known =
          std::any_of(bound->names.begin(), bound->names.end(),
                      [&](const ConditionName& each) { return each.name == name.name; });
      if (!known) bound->names.push_back(name);
    }
  }
  program_ = std::move(bound);
}

std::string Condition::yes_but_for(const Transaction& transaction, const Facts& facts,
                                   expression::ScoreReader* scores) const {
  using expression::Unanswered;
  if (program_->scores.empty()) return {};
  std::optional<expression::ScoreReader> own;
  if (scores == nullptr) scores = &own.emplace(transaction, facts);
  const auto truth =
      expression::run(*program_, transaction, facts, nullptr, Unanswered::nothing, scores);
  if (truth != Truth::yes) return {};
  for (const auto& test : program_->tests) {
    if (!test.sum.sum) continue;
    const auto reading = scores->read(test.sum, expression::ScoreDetail::sum);
    if (reading.unavailable) return std::string(reading.unanswered_rule);
  }
  return {};
}

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

std::shared_ptr<const expression::Program> Condition::look_up(std::string_view table) const {
  using expression::Step;
  for (const auto& test : program_->tests) {
    if (test.comparison != expression::Comparison::in_table || test.table_name != table) continue;
    auto alone = std::make_shared<expression::Program>();
    alone->tests.push_back(test);
    alone->steps.push_back({Step::Kind::test, Truth::yes, 0, 0});
    return alone;
  }
  return nullptr;
}

std::optional<std::string> Condition::mapped(std::string_view map, const Transaction& transaction,
                                             const Facts& facts) const {
  const auto outcome = evaluate(transaction, facts);
  const auto* found = entry_found(outcome.evidence, map);
  return found != nullptr ? std::optional(found->source.mapped) : std::nullopt;
}

std::optional<std::vector<expression::Need>> Condition::needs() const {
  return expression::needs_of(*program_);
}

ConditionOutcome Condition::evaluate(const Transaction& transaction, const Facts& facts,
                                     expression::ScoreReader* scores) const {
  ConditionOutcome outcome;
  expression::run(*program_, transaction, facts, &outcome, expression::Unanswered::open, scores);
  return outcome;
}

Truth Condition::truth(const Transaction& transaction, const Facts& facts,
                       expression::ScoreReader* scores) const {
  return expression::run(*program_, transaction, facts, nullptr, expression::Unanswered::open,
                         scores);
}

Truth Condition::truth(const Transaction& transaction, const Facts& facts,
                       const expression::FurtherValues& further) const {
  return expression::run(*program_, transaction, facts, nullptr, expression::Unanswered::open,
                         nullptr, &further);
}

}  // namespace postern

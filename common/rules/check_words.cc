#include "rules/check_words.h"

#include "checks/check.h"
#include "checks/client_names.h"
#include "rules/check_weights.h"
#include "rules/program.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace postern {
namespace {

bool speaks_of(const Reason& reason, QuestionKind kind) {
  switch (reason.claim) {
    case Claim::block_list:
      return kind == QuestionKind::dns;
    case Claim::spf:
      return kind == QuestionKind::spf;
    case Claim::reverse_name:
      return kind == QuestionKind::reverse_dns;
    case Claim::helo_lookup:
      return kind == QuestionKind::helo_dns;
    case Claim::sender_lookup:
      return kind == QuestionKind::sender_dns;
    default:
      return false;
  }
}

using expression::Program;
using expression::Step;

/// Which checks made the condition true. One that is named beside them must not be told of: the
/// sender would turn to a list that does not have him, or to one that speaks for him.
class Grounds {
 public:
  Grounds(const Program& program, const Transaction& transaction, const Facts& facts)
      : program_(program), transaction_(transaction), facts_(facts) {
    if (!program.steps.empty()) {
      look_at(static_cast<std::uint32_t>(program.steps.size() - 1), Wanted::yes);
    }
  }
  const std::vector<const Check*>& checks() const noexcept { return checks_; }

 private:
  enum class Wanted : std::uint8_t { yes, no };

  void look_at(std::uint32_t at, Wanted wanted) {
    const auto& step = program_.steps[at];
    switch (step.kind) {
      case Step::Kind::constant:
        return;
      case Step::Kind::negate:
        return look_at(step.first, wanted == Wanted::yes ? Wanted::no : Wanted::yes);
      case Step::Kind::test:
        return look_at(program_.tests[step.first], wanted);
      case Step::Kind::all_of:
      case Step::Kind::any_of:
        for (std::uint32_t i = 0; i < step.count; ++i) {
          look_at(program_.children[step.first + i], wanted);
        }
        return;
    }
  }

  void look_at(const expression::Test& test, Wanted wanted) {
    const auto* check = test.check.get();
    if (check == nullptr || transaction_.stage < check->description().earliest) return;
    if (std::find(checks_.begin(), checks_.end(), check) != checks_.end()) return;
    // That a list does not have somebody is not what it says of him.
    if (wanted == Wanted::no && check->description().kind == QuestionKind::dns) return;
    const auto result = check->evaluate(transaction_, facts_);
    if (result.state != CheckOutcome::State::value) return;
    // A weight tells of whom the list has, whatever it says of others.
    if (test.type == expression::ValueType::number) {
      const bool found = weight_of(check->description(), result.values) != 0;
      if (found && wanted == Wanted::yes) checks_.push_back(check);
      return;
    }
    const bool fits = std::any_of(result.values.begin(), result.values.end(), [&](const auto& v) {
      return std::find(test.texts.begin(), test.texts.end(), v) != test.texts.end();
    });
    if (fits == (wanted == Wanted::yes)) checks_.push_back(check);
  }

  const Program& program_;
  const Transaction& transaction_;
  const Facts& facts_;
  std::vector<const Check*> checks_;
};

}  // namespace

namespace {

/// Whether the condition looks at the name that leads back to the client.
bool names_client(const expression::Program& program) {
  const auto is = [](const std::optional<expression::Name>& name) {
    return name == expression::Name::client_name || name == expression::Name::client_org_domain;
  };
  return std::any_of(program.tests.begin(), program.tests.end(),
                     [&](const expression::Test& test) { return is(test.name) || is(test.other); });
}

}  // namespace

FieldValues words_of_checks(const Condition& condition, const Reason& reason,
                            const Transaction& transaction, const Facts& facts) {
  auto checks = Grounds(condition.program(), transaction, facts).checks();
  std::stable_partition(checks.begin(), checks.end(), [&](const Check* check) {
    return speaks_of(reason, check->description().kind);
  });
  FieldValues values;
  // The fields of a transaction have what the mail server told.
  const auto& told = transaction.client.name;
  if (told.state() == Told<std::string>::State::not_told && names_client(condition.program())) {
    auto found = confirmed_client_name(transaction, facts);
    if (found.state == ClientName::State::found) values.emplace_back("client_name", found.name);
  }
  for (const auto* check : checks) {
    for (auto& word : check->words(transaction, facts)) {
      const bool known = std::any_of(values.begin(), values.end(),
                                     [&](const auto& each) { return each.first == word.first; });
      if (!known) values.push_back(std::move(word));
    }
  }
  return values;
}

}  // namespace postern

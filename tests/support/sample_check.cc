#include "support/sample_check.h"

#include <utility>

namespace postern::test {

Question sample_question(const std::string& check, QuestionKind kind, QuestionCost cost) {
  return {kind, check, "key", cost};
}

CheckOutcome SampleCheck::evaluate(const Transaction&, const Facts& facts) const {
  CheckOutcome outcome;
  const auto question = sample_question(description_.name, description_.kind, description_.cost);
  const auto* answer = facts.find(question);
  if (!answer) {
    outcome.state = CheckOutcome::State::open;
    outcome.questions.push_back(question);
  } else if (answer->state == Answer::State::unavailable) {
    outcome.state = CheckOutcome::State::unavailable;
    outcome.cause = answer->cause;
  } else {
    outcome.values = answer->values;
    outcome.source = answer->source;
  }
  return outcome;
}

CheckRegistry sample_checks() {
  CheckRegistry registry;
  const auto add = [&](const char* name, std::vector<std::string> values, QuestionKind kind,
                       QuestionCost cost) {
    CheckDescription description;
    description.name = name;
    description.values = std::move(values);
    description.kind = kind;
    description.cost = cost;
    description.meaning = "a check of the test kit";
    registry.add(std::make_shared<SampleCheck>(std::move(description)));
  };
  const std::vector<std::string> words{"good", "bad", "odd", "temperror"};
  add("sample_a", words, QuestionKind::sample, QuestionCost::free);
  add("sample_b", words, QuestionKind::sample, QuestionCost::free);
  add("sample_spf", words, QuestionKind::spf, QuestionCost::free);
  add("sample_dns", words, QuestionKind::dns, QuestionCost::free);
  add("sample_costly", {"low", "high"}, QuestionKind::store, QuestionCost::costly);
  add("sample_count", {"low", "high"}, QuestionKind::store, QuestionCost::costly);
  return registry;
}

}  // namespace postern::test

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

bool SampleCheck::speaks(FieldForm form) const noexcept {
  return form == FieldForm::authentication_results && description_.cost == QuestionCost::free;
}

FieldText SampleCheck::field_text(FieldForm, const Transaction& transaction,
                                  const Facts& facts) const {
  auto outcome = evaluate(transaction, facts);
  if (outcome.state == CheckOutcome::State::open) {
    return {FieldText::State::open, std::move(outcome.questions), {}};
  }
  const bool known = outcome.state == CheckOutcome::State::value && !outcome.values.empty();
  return {FieldText::State::told,
          {},
          description_.name + '=' + (known ? outcome.values.front() : "temperror")};
}

namespace {

/// `question`'s answer, or what it means for a check that there is none yet, or will be none.
const Answer* ask(const Question& question, const Facts& facts, CheckOutcome& outcome) {
  const auto* answer = facts.find(question);
  if (answer == nullptr) {
    outcome.state = CheckOutcome::State::open;
    outcome.questions.push_back(question);
    return nullptr;
  }
  if (answer->state == Answer::State::unavailable) {
    outcome.state = CheckOutcome::State::unavailable;
    outcome.cause = answer->cause;
    return nullptr;
  }
  outcome.source = answer->source;
  return answer;
}

}  // namespace

SampleList::SampleList()
    : description_{"sample_list",     {"listed", "clear"}, Stage::connect,
                   QuestionKind::dns, QuestionCost::free,  "a list of the test kit"} {}

CheckOutcome SampleList::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome outcome;
  outcome.values = {"clear"};
  if (!transaction.client.address) return outcome;
  const auto& octets = transaction.client.address->bytes();
  std::string name;
  for (int i = 3; i >= 0; --i) name += std::to_string(octets[static_cast<std::size_t>(i)]) + '.';
  const auto* answer =
      ask({QuestionKind::dns, "A", name + "list.example", QuestionCost::free}, facts, outcome);
  if (answer && answer->state == Answer::State::value) outcome.values = {"listed"};
  return outcome;
}

SampleCounter::SampleCounter()
    : description_{"sample_counter",    {"low", "high"},      Stage::connect,
                   QuestionKind::store, QuestionCost::costly, "a counter of the test kit"} {}

CheckOutcome SampleCounter::evaluate(const Transaction& transaction, const Facts& facts) const {
  CheckOutcome outcome;
  outcome.values = {"low"};
  if (!transaction.client.address) return outcome;
  const auto* answer = ask({QuestionKind::store, description_.name,
                            transaction.client.address->text(), QuestionCost::costly},
                           facts, outcome);
  if (answer && answer->state == Answer::State::value && std::stoi(answer->values.front()) >= 10) {
    outcome.values = {"high"};
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
  const auto weigh = [&](const char* name,
                         std::vector<std::pair<std::string, std::int64_t>> weights) {
    auto description = registry.find(name)->description();
    description.weights = std::move(weights);
    registry.add(std::make_shared<SampleCheck>(std::move(description)));
  };
  const std::vector<std::string> words{"good", "bad", "odd", "temperror"};
  add("sample_a", words, QuestionKind::sample, QuestionCost::free);
  add("sample_b", words, QuestionKind::sample, QuestionCost::free);
  add("sample_spf", words, QuestionKind::spf, QuestionCost::free);
  add("sample_dns", words, QuestionKind::dns, QuestionCost::free);
  weigh("sample_a", {{"bad", 2000}, {"odd", -1500}});
  weigh("sample_b", {{"good", 250}, {"bad", 2250}, {"odd", -2250}});
  add("sample_costly", {"low", "high"}, QuestionKind::store, QuestionCost::costly);
  add("sample_count", {"low", "high"}, QuestionKind::store, QuestionCost::costly);
  registry.add(std::make_shared<SampleList>());
  registry.add(std::make_shared<SampleCounter>());
  return registry;
}

}  // namespace postern::test

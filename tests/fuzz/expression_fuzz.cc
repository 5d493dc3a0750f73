// The text of a condition: whatever it is, it compiles or says where it does not; and what compiles
// can be asked.

#include "checks/check.h"
#include "rules/condition.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace postern {
namespace {

class TwoWords final : public Check {
 public:
  TwoWords() {
    description_.name = "sample_a";
    description_.values = {"good", "bad"};
  }
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction&, const Facts&) const override {
    CheckOutcome outcome;
    outcome.values = {"good"};
    return outcome;
  }

 private:
  CheckDescription description_;
};

void try_one(std::string_view text) {
  static const auto checks = [] {
    CheckRegistry registry;
    registry.add(std::make_shared<TwoWords>());
    return registry;
  }();
  static const Tables tables{{"partners", nullptr}};
  auto result = Condition::compile(text, {&checks, &tables, std::nullopt});
  if (const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    if (problems->empty()) std::abort();
    for (const auto& problem : *problems) {
      // The end of the text, where something is missing, is a place too.
      const bool inside = problem.offset + problem.length <= text.size() + 1;
      if (!inside || problem.length == 0 || problem.message.empty()) std::abort();
    }
    return;
  }
  Transaction transaction;
  transaction.stage = Stage::end_of_message;
  transaction.helo = std::string(text);
  transaction.sender = MailAddress::from_envelope(text);
  const auto& condition = std::get<Condition>(result);
  const auto outcome = condition.evaluate(transaction, {});
  if (outcome.truth != condition.truth(transaction, {})) std::abort();
  if (outcome.truth == Truth::unavailable && outcome.cause.empty()) std::abort();
}

}  // namespace
}  // namespace postern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  postern::try_one({reinterpret_cast<const char*>(data), size});
  return 0;
}

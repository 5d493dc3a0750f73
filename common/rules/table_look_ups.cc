#include "rules/table_look_ups.h"

#include "rules/policy_builder.h"
#include "rules/policy_parts.h"
#include "rules/program.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace postern {

TableLookUps::TableLookUps(const std::vector<Rule>& rules) {
  using expression::Step;
  std::map<std::tuple<expression::Name, std::string, std::string>, std::size_t> known;
  for (const auto& rule : rules) {
    for (const auto& test : rule.condition.program().tests) {
      if (test.comparison != expression::Comparison::in_table || !test.name) continue;
      const auto stage = rule.place.stage;
      const auto [at, is_new] =
          known.try_emplace({*test.name, test.macro, test.table_name}, all_.size());
      if (!is_new) {
        auto& look_up = all_[at->second];
        look_up.stage = std::min(look_up.stage, stage);
        continue;
      }
      auto alone = std::make_shared<expression::Program>();
      alone->tests.push_back(test);
      alone->steps.push_back({Step::Kind::test, Truth::yes, 0, 0});
      all_.push_back({stage, std::move(alone)});
    }
  }
}

void TableLookUps::answer(const Transaction& transaction, Facts& facts) const {
  for (const auto& look_up : all_) {
    if (look_up.stage > transaction.stage) continue;
    expression::look_up_in(*look_up.alone, transaction, facts);
  }
}

const TableLookUps& PolicyBuilder::look_ups_of(const Policy& policy) {
  return policy.parts_->look_ups;
}

void answer_from_tables(const Policy& policy, const Transaction& transaction, Facts& facts) {
  PolicyBuilder::look_ups_of(policy).answer(transaction, facts);
}

}  // namespace postern

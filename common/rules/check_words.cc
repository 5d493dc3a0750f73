#include "rules/check_words.h"

#include "checks/check.h"
#include "rules/program.h"

#include <algorithm>
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

}  // namespace

FieldValues words_of_checks(const Condition& condition, const Reason& reason,
                            const Transaction& transaction, const Facts& facts) {
  std::vector<const Check*> checks;
  for (const auto& test : condition.program().tests) {
    if (!test.check || transaction.stage < test.check->description().earliest) continue;
    if (std::find(checks.begin(), checks.end(), test.check.get()) == checks.end()) {
      checks.push_back(test.check.get());
    }
  }
  std::stable_partition(checks.begin(), checks.end(), [&](const Check* check) {
    return speaks_of(reason, check->description().kind);
  });
  FieldValues values;
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

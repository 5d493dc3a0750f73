// Resolver: finds what the words of a condition stand for, and where all of it is known. Collects
// problems; used by the compiler for one condition, then thrown away.
#pragma once

#include "checks/check.h"
#include "rules/condition.h"
#include "rules/further_names.h"
#include "rules/names.h"
#include "rules/syntax.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

/// What a comparison is about: a name of the transaction or a check.
struct Operand {
  const NameRow* row = nullptr;  ///< nullptr: a check or a score
  std::string score;             ///< its name
  std::string macro;
  std::shared_ptr<const Check> check;    ///< of type number: its weight
  const FurtherName* further = nullptr;  ///< `row` is its row
  ValueType type = ValueType::text;
  std::string spelling;  ///< for messages

  /// The closed set of a `choice`.
  const std::vector<std::string>& words() const {
    if (further) return further->words;
    return check ? check->description().values : words_of(row->id);
  }
  /// Whether it can be a word that is not listed there.
  bool takes_further(std::string_view word) const {
    return check && check->description().further_value && check->description().further_value(word);
  }
  /// What tables are asked about it as.
  ValueType looked_up_as() const {
    return check && check->description().further_value ? ValueType::text : type;
  }
};

class Resolver {
 public:
  explicit Resolver(const Condition::Scope& scope) : scope_(scope) {}

  /// A name, macro or check, or nothing and a problem. `wanted`: what it is compared with, if
  /// known, so that a word without quotes is recognised.
  std::optional<Operand> operand(const Node& node, const Operand* wanted = nullptr);
  /// A condition with a name, null if it has errors of its own; nothing and no problem if there is
  /// none of that name.
  std::optional<std::shared_ptr<const Condition>> condition(const Node& node) const;
  /// Notes what a condition with a name needs, that stands at `node`.
  void use(const Node& node, const Program& condition);
  /// A table, or nothing and a problem. A table that failed to load is found and null.
  std::optional<std::shared_ptr<const Table>> table(const Node& node);

  void problem(const Node& node, std::string message, std::string hint = {});
  void problem(std::size_t offset, std::size_t length, std::string message, std::string hint = {});

  /// Something that may be meant but rarely is.
  void warning(const Node& node, std::string message, std::string hint);

  /// Whether what is looked at lies in the past: whoever searches may say what goes without saying.
  bool is_search() const { return scope_.further != nullptr; }

  /// Reports names that are never known at the same stage.
  void check_stages();
  Stage earliest() const { return earliest_; }
  Stage latest() const;
  const Subjects& subjects() const { return subjects_; }
  /// Names of the fixed list, in the order in which they were found.
  const std::vector<ConditionName>& names() const { return names_; }
  /// The scores that are tested, each once.
  const std::vector<std::string>& scores() const { return scores_; }
  std::vector<ExpressionProblem>& problems() { return problems_; }
  std::vector<ExpressionProblem>& warnings() { return warnings_; }

 private:
  void use(const Node& node, std::string_view name, Stage earliest, Stage latest,
           const Subjects& subjects);
  void unknown(const Node& node, const Operand* wanted);
  bool use_score(const Node& node, const std::string& score);

  struct Limited {
    // Not the node: a calculation is compiled from a copy that is gone by the end.
    std::size_t offset;
    std::size_t length;
    std::string name;
    Stage latest;
  };
  std::optional<Stage> stage_for(Stage earliest) const;
  std::string hint_for(const Limited& limited) const;

  const Condition::Scope& scope_;
  Stage earliest_ = Stage::connect;
  std::string earliest_name_;
  std::vector<Limited> limited_;  ///< names that later stages no longer know
  Subjects subjects_;
  std::vector<ConditionName> names_;
  std::vector<std::string> scores_;
  std::vector<ExpressionProblem> problems_;
  std::vector<ExpressionProblem> warnings_;
};

}  // namespace postern::expression

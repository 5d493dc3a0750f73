// Condition: a compiled expression of the policy language, evaluated in four truths.
// Immutable; any thread may evaluate.
#pragma once

#include "postern/decision.h"
#include "postern/facts.h"
#include "postern/transaction.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace postern {

class CheckRegistry;
class Table;
class Condition;
struct Reason;
/// Conditions that have a name of their own, [when.NAME]. Null: one with errors, already reported.
using NamedConditions = std::map<std::string, std::shared_ptr<const Condition>, std::less<>>;
namespace expression {
struct BoundScore;
struct FurtherNames;
class FurtherValues;
struct Need;
struct Program;
class ScoreReader;
}  // namespace expression
using Tables = std::map<std::string, std::shared_ptr<const Table>, std::less<>>;

/// A fault in the text of an expression, by offset so that whoever holds the file can point.
struct ExpressionProblem {
  std::size_t offset = 0;  ///< octets from the start of the expression
  std::size_t length = 1;
  std::string message;
  std::string hint;
};

/// What a condition speaks of: decides which accept scopes are allowed (semantics 2) and which
/// actions make sense.
struct Subjects {
  bool sender = false;
  bool recipient = false;
  bool size = false;    ///< whatever measures or numbers one message: sizes, counts, the queue id
  bool octets = false;  ///< the size of the message itself, not what its sender announced
  bool content = false;
};

/// A name in the text of a condition, by offset as in ExpressionProblem.
struct ConditionName {
  std::string_view name;  ///< of the fixed list; lives as long as the program
  std::size_t offset = 0;
  std::size_t length = 0;
  QuestionKind kind = QuestionKind::upstream;  ///< who could tell it when the MTA does not
};

/// What is known of a score when a condition that tests it is compiled.
struct KnownScore {
  Stage earliest = Stage::connect;  ///< from here on all rules so far have added to it
  Subjects subjects;                ///< what they speak of
  std::vector<ConditionName> names;
};
using KnownScores = std::map<std::string, KnownScore, std::less<>>;

struct ConditionOutcome {
  Truth truth = Truth::no;
  std::vector<Question> questions;       ///< when unknown: what to ask now; costly ones held back
  std::vector<Question> free_questions;  ///< every free question still open in it, for asking ahead
  std::string cause;                     ///< when unavailable: which name, and why
  QuestionKind cause_kind = QuestionKind::sample;  ///< decides the temporary reply (semantics 7)
  std::vector<Evidence> evidence;
};

class Condition {
 public:
  /// The names a condition may use.
  struct Scope {
    const CheckRegistry* checks = nullptr;
    /// Kinds of the tables by name, for type checks; the tables themselves are bound by name.
    const Tables* tables = nullptr;
    /// Stage the rule stands at, if it says so: names not known there are errors.
    std::optional<Stage> stage;
    /// Not all files could be read: a table that is not known may stand in the others.
    bool more_tables = false;
    const NamedConditions* conditions = nullptr;
    /// Those that a condition may test; null: any, and their stages are not looked at.
    const KnownScores* scores = nullptr;
    /// What the rule refuses with; null: nothing, or it is not known. For hints alone.
    const Reason* reason = nullptr;
    /// Names besides those of the transaction; null: none. With them, names are known at any stage:
    /// what is looked at lies in the past. They live longer than the condition.
    const expression::FurtherNames* further = nullptr;
  };

  /// Parses, checks types and names, compiles. All faults at once.
  static std::variant<Condition, std::vector<ExpressionProblem>> compile(std::string_view source,
                                                                         const Scope& scope);

  /// The condition that is always yes: a rule without `when`.
  static Condition always();

  ~Condition();
  Condition(Condition&&) noexcept;
  Condition& operator=(Condition&&) noexcept;

  /// Earliest stage at which everything it names is known.
  Stage earliest_stage() const noexcept;
  const Subjects& subjects() const noexcept;
  const std::string& source() const noexcept;
  /// What may be meant but rarely is. Of its own text, not of named conditions in it.
  const std::vector<ExpressionProblem>& warnings() const noexcept;
  /// Every name of the fixed list that it holds, for reviews.
  const std::vector<ConditionName>& names() const noexcept;
  /// True if `and` joins it with a test that only some client networks pass (`client.ip in ...`),
  /// so that for all other clients it is no whatever else is not known.
  bool bound_to_networks() const noexcept;
  /// True if it asks a check of this kind, or names what the mail server has learned that way, such
  /// as the client's host name for reverse_dns. A milter macro may tell of anything and counts too.
  bool asks(QuestionKind kind) const noexcept;
  /// True if a check in it asks DNS, or a name does where the mail server does not tell (semantics
  /// 16). What scores rest on does not count.
  bool asks_dns() const noexcept;
  /// "10240000 octets", "50": the number above which it says yes, when it needs exactly one size or
  /// count to be greater than a number; else empty. For the field {limit}.
  std::string limit() const;

  /// The scores it tests, each once.
  const std::vector<std::string>& scores() const noexcept;
  /// Binds every test of a score to the sum that `sum_of` gives for the name.
  void bind_scores(const std::function<expression::BoundScore(const std::string&)>& sum_of);
  /// The first rule whose missing answer keeps a test of a score from coming out as yes here; empty
  /// if the condition would not be yes without what such rules add. `scores` as in evaluate().
  std::string yes_but_for(const Transaction& transaction, const Facts& facts,
                          expression::ScoreReader* scores = nullptr) const;

  /// What it was compiled to (rules/program.h), to become part of other conditions.
  const expression::Program& program() const noexcept;
  std::shared_ptr<const expression::Program> shared_program() const noexcept;

  /// How surely something was found in `table` when the condition says yes.
  enum class LookUp : std::uint8_t { never, perhaps, always };
  LookUp looks_up(std::string_view table) const noexcept;
  /// The first look-up in `table` by itself; null: there is none.
  std::shared_ptr<const expression::Program> look_up(std::string_view table) const;
  /// The value of the map's entry that was found while the condition was asked: that of the first
  /// look-up in `map` that found one. nullopt: none did.
  std::optional<std::string> mapped(std::string_view map, const Transaction& transaction,
                                    const Facts& facts) const;
  /// What must hold of a transaction for it to be anything but no (rules/needs.h).
  std::optional<std::vector<expression::Need>> needs() const;

  /// Table answers in `facts` (kind `table`) win over the tables bound at compile time: a replay
  /// brings recorded ones (semantics 23). Whoever evaluates several conditions of one list of rules
  /// gives them one reader of scores, of the same transaction and facts, so that what adds to a
  /// score is asked once and not for each test.
  ConditionOutcome evaluate(const Transaction& transaction, const Facts& facts,
                            expression::ScoreReader* scores = nullptr) const;

  /// The truth alone, as evaluate() finds it, without gathering what only a record needs.
  Truth truth(const Transaction& transaction, const Facts& facts,
              expression::ScoreReader* scores = nullptr) const;
  /// The same of a condition with further names.
  Truth truth(const Transaction& transaction, const Facts& facts,
              const expression::FurtherValues& further) const;

 private:
  struct Program;
  explicit Condition(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
};

}  // namespace postern

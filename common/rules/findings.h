// Findings: what a run of a condition comes across besides its truth, for the record and the
// driver: evidence, what is still open, why nothing can be learned.
#pragma once

#include "rules/condition.h"
#include "rules/program.h"
#include "tables/table.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

/// Octets of a note, of a table or a check, that a record keeps.
inline constexpr std::size_t longest_note = 200;

class Findings {
 public:
  /// `outcome` lives longer. Null: nobody wants to know, and nothing is gathered.
  explicit Findings(ConditionOutcome* outcome) : outcome_(outcome) {}

  bool wanted() const noexcept { return outcome_ != nullptr; }

  /// How much of what can turn out not to matter is there. Evidence always matters.
  struct Mark {
    std::size_t open = 0;
    std::size_t causes = 0;
  };
  Mark mark() const noexcept { return {open_.size(), causes_.size()}; }
  /// Drops what came since: another operand has decided.
  void drop_since(const Mark& mark) {
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(mark.open), open_.end());
    drop_causes_since(mark);
  }
  void drop_causes_since(const Mark& mark) {
    causes_.erase(causes_.begin() + static_cast<std::ptrdiff_t>(mark.causes), causes_.end());
  }

  /// Each once.
  void note(Evidence evidence);
  /// A name and a table for most tests; growing one by one costs more than the rest of a run.
  void reserve(std::size_t tests);
  void note_table(const Test& test, const std::optional<TableHit>& hit);
  void ask(const Test& test, Question question);
  /// Why something cannot be known: `what` ("client.name") and `why`. Truth::unavailable.
  Truth unavailable(QuestionKind kind, std::string_view what, std::string_view why);

  /// Moves all of it into the outcome.
  void finish(Truth truth);

 private:
  struct Open {
    Question question;
    const Test* test;
  };
  struct Cause {
    std::string text;
    QuestionKind kind;
  };

  ConditionOutcome* outcome_;
  std::vector<Open> open_;
  std::vector<Cause> causes_;
};

/// Where the answer of a test's table came from; `hit`: the entry found, if any.
AnswerSource source_of(const Test& test, const std::optional<TableHit>& hit);

}  // namespace postern::expression

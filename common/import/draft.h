// Draft: the tables, conditions and rules of a fragment while it is made, and the remarks. One
// importer fills it; policy_text() writes it down.
#pragma once

#include "import/import.h"
#include "postern/decision.h"
#include "tables/table.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::importer {

/// A statement of the source: where it begins and what stands there.
struct Statement {
  unsigned line = 0;
  std::string text;
};

struct NewTable {
  std::string name;
  std::string about;  ///< a comment
  TableKind kind = TableKind::string;
  std::string delimiter;
  std::vector<std::string> entries;
  std::set<std::string> known;  ///< the same, lower case
};

struct NewCondition {
  std::string name;
  std::string about;
  std::string condition;
};

struct NewRule {
  std::string about;
  std::string name;
  std::string stage;
  std::string when;  ///< empty: always
  Verdict verdict = Verdict::accept;
  std::string reason;   ///< of a refusal
  std::string code;     ///< of a refusal; empty: the reason's own
  std::string text;     ///< of a refusal; empty: the catalogue's
  std::string effect;   ///< "add_header" and the like; with it there is no verdict
  std::string value;    ///< of the effect
  bool shadow = false;  ///< recorded alone: what spared mail from it was left out
};

class Draft {
 public:
  explicit Draft(const Request& request);

  const Request& request() const noexcept { return request_; }
  const std::string& stem() const noexcept { return stem_; }

  /// A statement that let mail pass and is left out: what refuses behind it would now refuse that
  /// mail for good, so that it stands in shadow.
  void leave_out_pass(const Statement& statement, std::string reason);
  /// The same of one that is told of otherwise.
  void lose_pass(unsigned line) { lost_ = lost_ == 0 ? line : std::min(lost_, line); }
  /// Whether one before `line` was lost; 0: anywhere.
  bool pass_lost_before(unsigned line) const { return lost_ != 0 && (line == 0 || lost_ < line); }
  /// Puts a refusal in shadow and says why.
  void shadow(NewRule& rule, const Statement& statement, const std::string& why = {});

  /// Each statement is counted once.
  void count_statement() { ++statements_; }
  /// The statement is not carried over.
  void leave_out(const Statement& statement, std::string reason);
  /// It is, and means something a little different.
  void differ(const Statement& statement, std::string reason);

  /// A new table; `part` becomes the end of its name. Lives as long as the draft.
  NewTable& table(TableKind kind, std::string_view part, std::string about);
  /// Adds an entry if a table of this kind takes it. Otherwise says why not. Repeated entries are
  /// kept once.
  std::string add(NewTable& table, const std::string& entry);
  void condition(std::string_view part, std::string about, std::string condition);
  /// Makes the name its own, if another rule has it.
  void rule(NewRule rule);

  Imported take();

 private:
  friend std::string policy_text(const Draft& draft, const Imported& outcome,
                                 std::vector<TableText>& files);
  void remark(Remark::Kind kind, const Statement& statement, std::string reason);
  std::string own_name(std::string_view part);

  const Request& request_;
  std::string stem_;
  /// Taken names of tables and conditions, and of rules; with the number that is tried next for
  /// one that is to be had again.
  std::map<std::string, unsigned> names_;
  std::map<std::string, unsigned> rule_names_;
  std::deque<NewTable> tables_;
  std::vector<NewCondition> conditions_;
  std::vector<NewRule> rules_;
  std::vector<Remark> remarks_;
  std::size_t more_remarks_ = 0;
  std::size_t statements_ = 0;
  std::size_t left_out_ = 0;
  unsigned lost_ = 0;  ///< the first line that let mail pass and is left out
};

/// The fragment as TOML; long lists go to `files` if the request says so.
std::string policy_text(const Draft& draft, const Imported& outcome, std::vector<TableText>& files);

/// One rule as TOML.
std::string rule_text(const NewRule& rule);

/// A text of the policy language, in quotes.
std::string condition_text(std::string_view text);
/// `text` as a pattern that matches these octets alone.
std::string literal_pattern(std::string_view text);
/// "lines 3, 5 to 9".
std::string lines_text(const std::vector<unsigned>& lines);
/// Why RE2 does not take a pattern; empty: it does.
std::string pattern_fault(const std::string& pattern);

}  // namespace postern::importer

// The parts of the policy compiler, in the order in which policy.cc runs them: settings, tables,
// rules, and a review of the whole. Each reads plain trees and reports to Diagnostics.
#pragma once

#include "rules/condition.h"
#include "rules/loader_values.h"
#include "rules/rule.h"
#include "rules/settings.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace postern {

class CheckRegistry;

/// Sections of the main file that are neither rules nor tables.
Settings read_settings(const Node& root, const ValueReader& values);

/// Reads a file named in `by`; reports at `by` and gives nullptr when it cannot be had.
using SourceLoader = std::function<const SourceFile*(const Node& by, const std::string& name)>;

/// The tables so far. A table that did not load is known by name, so that conditions which look
/// things up in it are not called wrong as well.
struct TableSet {
  Tables tables;
  std::map<std::string, Span> named;  ///< every table's name and where it stands
  std::set<std::string> broken;
};
void read_tables(const Node& root, const ValueReader& values, const CheckRegistry& checks,
                 const SourceLoader& load, TableSet& tables);

/// A rule with what the review needs to point at.
struct DraftRule {
  Rule rule;
  const Node* source = nullptr;
  Span name_span;
  bool always = false;  ///< its condition is always yes
};

/// Compiles [[rule]] sections one after the other.
class RuleCompiler {
 public:
  RuleCompiler(const ValueReader& values, const Settings& settings, const CheckRegistry& checks,
               const TableSet& tables)
      : values_(values), settings_(settings), checks_(checks), tables_(tables) {}

  void add(const Node& source);
  /// In the order in which they are asked. Rules with errors are missing.
  std::vector<DraftRule> take();

 private:
  struct Action;
  std::optional<std::string> read_name(const Node& source);
  std::optional<Action> read_action(const Node& source, const std::string& name) const;
  const Reason* read_reason(const Node& value) const;
  bool read_code(const Node& source, Action& action) const;
  bool check_class(const Node& source, const Action& action) const;
  std::optional<Condition> read_condition(const Node& source, std::optional<Stage> stage) const;
  std::optional<Stage> place(const Node& source, const Action& action, const Condition& condition,
                             std::optional<Stage> wish) const;
  bool check_spoken(const Action& action, Stage stage) const;
  bool check_scope(const Action& action, const Condition& condition) const;
  bool check_text(const Node& source, Stage stage) const;
  bool check_new_address(const Node& source, const Action& action) const;

  const ValueReader& values_;
  const Settings& settings_;
  const CheckRegistry& checks_;
  const TableSet& tables_;
  std::map<std::string, Span> names_;
  std::vector<DraftRule> rules_;
};

/// Warnings about the policy as a whole: verdicts that do not hold where they are spoken, rules
/// that are never reached, refusals that bar postmaster.
void review(const std::vector<DraftRule>& rules, const Settings& settings, const Tables& tables,
            Diagnostics& diagnostics);

}  // namespace postern

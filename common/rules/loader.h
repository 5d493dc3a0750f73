// The parts of the policy compiler, in the order in which policy.cc runs them: settings, tables,
// rules, and a review of the whole. Each reads plain trees and reports to Diagnostics.
#pragma once

#include "postern/policy.h"
#include "rules/condition.h"
#include "rules/loader_values.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "tables/readers.h"
#include "tables/table.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace postern {

class Check;
class CheckRegistry;

/// What syntax errors and missing files have kept from being read. What then only seems to be
/// missing is not reported.
enum class Unread : std::uint8_t { nothing, part_of_included_files, part_of_main_file };

/// Sections of the main file that are neither rules nor tables.
Settings read_settings(const Node& root, const ValueReader& values, Unread unread);

/// The [reason.NAME] sections of the main file.
void read_reasons(const Node& root, const ValueReader& values, Settings& settings);

/// The [dns] section of the main file.
void read_dns(const Node& root, const ValueReader& values, DnsOptions& dns);

/// The [geo] section of the main file.
void read_geo(const Node& root, const ValueReader& values, GeoOptions& geo);
/// The file that it names for `fact`; null, and reported there, when it cannot be had. Null too,
/// and no fault, when `reader` reads no such files.
std::shared_ptr<const GeoDatabase> open_geo(const Node& root, GeoFact fact, const std::string& path,
                                            const FileReader& reader, Diagnostics& diagnostics);

/// Reads [check.NAME] sections into `checks`, over which those of the same name go that every
/// policy has. Names with errors are kept apart, so that conditions are not called wrong as well.
class CheckReader {
 public:
  CheckReader(const ValueReader& values, const IdentitySettings& identity, CheckRegistry& checks);
  void read(const Node& root);
  std::set<std::string, std::less<>> take_broken() { return std::move(broken_); }

 private:
  bool check_name(const Member& section) const;
  std::optional<std::string> read_kind(const Member& section) const;
  std::shared_ptr<const Check> read_check(const Member& section, const std::string& kind) const;
  std::shared_ptr<const Check> read_list(const Member& section, const std::string& kind) const;
  std::shared_ptr<const Check> read_spf(const Member& section, const std::string& kind) const;
  std::shared_ptr<const Check> read_helo(const Member& section) const;

  const ValueReader& values_;
  const IdentitySettings& identity_;
  CheckRegistry& checks_;
  std::map<std::string, Span> named_;
  std::set<std::string, std::less<>> broken_;
};

/// A table and where it came from.
struct LoadedTable {
  std::shared_ptr<const Table> table;  ///< without entries if it did not load; null: kind not known
  std::string path;                    ///< of its file; empty: inline
  std::string origin;  ///< digest of the file's text, of the table for a data base; empty: inline
  std::string domain;  ///< one that it speaks of, in normal form, for reviews; may be empty
  bool database = false;  ///< not a file of text
};

/// Where tables come from.
class TableSources {
 public:
  virtual ~TableSources() = default;
  /// `name` as seen from the file that holds `by`.
  virtual std::string resolve(const Node& by, const std::string& name) const = 0;
  /// The text of a file; reports at `by` and gives nullptr when it cannot be had. Kept until the
  /// policy is made.
  virtual std::shared_ptr<const std::string> text(const Node& by, const std::string& path) = 0;
  /// The text if it has been read.
  virtual std::shared_ptr<const std::string> known_text(const std::string& path) const = 0;
  /// The rows of a data base; false, and reported at `by`, when they cannot be had.
  virtual bool rows(const Node& by, const DatabaseQuery& query, const FileReader::Row& row) = 0;
  /// The table that stands in for that of this name; nullptr: none does.
  virtual std::shared_ptr<const Table> stand_in(const std::string& table) const = 0;
  /// The table of that name as it is already, if its file `path` is not to be read or holds what it
  /// held.
  virtual const LoadedTable* kept(const std::string& table, const std::string& path) = 0;
};

/// The tables so far. One that did not load is there without entries, or null when its kind is not
/// known, so that conditions which look things up in it are checked like all others. A check
/// with errors is known by name, so that conditions are not called wrong as well.
struct TableSet {
  Tables tables;
  std::map<std::string, LoadedTable> loaded;  ///< the same with their origins
  std::map<std::string, Span> named;          ///< every table's name and where it stands
  std::set<std::string, std::less<>> checks;  ///< names of [check.*] sections with errors
  std::set<std::string> domains;  ///< some that tables speak of, in normal form: for reviews
};
void read_tables(const Node& root, const ValueReader& values, const CheckRegistry& checks,
                 TableSources& sources, TableSet& tables);

/// What a [table.NAME] section says about its file.
struct TableFile {
  const Member* member = nullptr;
  TableFormat format = TableFormat::lines;
  CsvColumns csv;
  std::string query;
};
/// The entries of a section, from wherever they come; nullopt: they cannot be had, which has been
/// reported. Bad entries and warnings go to the diagnostics. `loaded` gets path and origin.
std::optional<EntryList> inline_entries(const Node& list, const ValueReader& values);
std::optional<EntryList> file_entries(const TableFile& file, const std::string& path,
                                      TableKind kind, const ValueReader& values,
                                      TableSources& sources, LoadedTable& loaded);

/// A number that a rule may add to a score, in thousandths, as it stands in the file.
std::optional<std::int64_t> points_of(const Node& value);

/// Reports the faults of a condition where it stands.
void report_condition(const Node& value, const std::vector<ExpressionProblem>& problems,
                      const TableSet& tables, Diagnostics& diagnostics);
/// Reports what a condition may not mean as it stands.
void report_warnings(const Node& value, const Condition& condition, Diagnostics& diagnostics);

/// Compiles [when.NAME] sections: all are declared, then each is compiled after those it uses.
class ConditionCompiler {
 public:
  ConditionCompiler(const ValueReader& values, const CheckRegistry& checks, const TableSet& tables,
                    Unread unread)
      : values_(values), checks_(checks), tables_(tables), unread_(unread) {}

  /// `root` outlives this.
  void declare(const Node& root);
  NamedConditions take();

 private:
  bool check_name(const Member& section) const;
  void compile(const std::string& name);
  bool compile_parts(const Member& member);

  const ValueReader& values_;
  const CheckRegistry& checks_;
  const TableSet& tables_;
  Unread unread_;
  std::map<std::string, const Member*> sections_;
  NamedConditions conditions_;
  std::vector<std::string> path_;  // of those being compiled, each used by the one before
};

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
               const TableSet& tables, const TableSources& sources,
               const NamedConditions& conditions, Unread unread)
      : values_(values),
        settings_(settings),
        checks_(checks),
        tables_(tables),
        sources_(sources),
        conditions_(conditions),
        unread_(unread) {}

  void add(const Node& source);
  /// In the order in which they are asked. Rules with errors are missing.
  std::vector<DraftRule> take();

 private:
  /// What a rule does, as far as its source says it clearly.
  struct Action {
    Verdict verdict = Verdict::pass;
    /// accept, reject, defer, discard or quarantine, else the first modifying action; nullptr: none
    const Member* member = nullptr;
    std::optional<AcceptScope> scope;
    const Reason* reason = nullptr;
    std::optional<ReplyForm> form;
    std::string code_map;  ///< code = "{map.NAME}"
    std::string note;      ///< of a discard or quarantine
    std::vector<RuleEffect> effects;
    std::vector<ScorePoints> scores;

    bool accepts() const { return member != nullptr && verdict == Verdict::accept; }
    bool refuses() const { return member != nullptr && verdict != Verdict::accept; }
    /// Has a reply, or will have one once its faults are mended.
    bool speaks() const {
      return member == nullptr || verdict == Verdict::reject || verdict == Verdict::defer;
    }
    bool complete() const { return scope || reason != nullptr || !speaks(); }
  };

  std::optional<std::string> read_name(const Node& source);
  Action read_action(const Node& source, const std::string& name) const;
  const Reason* read_reason(const Node& value) const;
  void read_code(const Node& source, Action& action) const;
  void check_class(const Node& source, Action& action) const;
  void check_companions(const Node& source, const Action& action) const;
  // In loader_trouble.cc.
  void check_trouble(const Node& source, const Action& action, const Condition& condition) const;
  Condition::Scope scope(std::optional<Stage> stage, const Reason* reason) const;
  std::optional<Condition> read_condition(const Node& source, std::optional<Stage> stage,
                                          const Reason* reason) const;
  std::optional<Stage> place(const Node& source, const Action& action, const Condition* condition,
                             std::optional<Stage> wish) const;
  static std::vector<Stage> stages_for_text(const Action& action,
                                            const std::optional<Condition>& condition,
                                            std::optional<Stage> stage);
  void check_spoken(const Action& action, Stage stage) const;
  void check_scope(const Action& action, const Condition& condition) const;
  void check_text(const Node& source, const std::vector<Stage>& stages,
                  const std::optional<Condition>& condition) const;
  void check_new_address(const Node& source, const Action& action) const;
  // What [reason.NAME] says, in loader_reasons.cc.
  std::string text_in_language(const Node& source, const Action& action) const;
  void check_explicit_code(const Node& source, const Action& action) const;

  // Weights of checks, in loader_weights.cc.
  /// Null, and reported, if there is no such check, or none with weights.
  std::shared_ptr<const MapPoints> read_weight(const Node& value, std::string_view check) const;
  /// The earliest stage at which all weights are known.
  static Stage earliest_of_weights(const std::vector<ScorePoints>& scores);
  void check_weight_stages(const Node& source, const std::vector<ScorePoints>& scores,
                           Stage stage) const;
  // Scores, in loader_scores.cc.
  std::vector<ScorePoints> read_scores(const Node& source) const;
  /// What does not go together with adding to a score.
  void check_scores(const Node& source, const Action& action,
                    const std::optional<Condition>& condition) const;
  /// Later rules may test what this one adds to.
  void note_scores(const std::vector<ScorePoints>& scores,
                   const std::optional<Condition>& condition, std::optional<Stage> stage);
  /// Of the rules in the order in which they are asked.
  void check_order_of_scores() const;
  void bind();

  // Maps that texts, codes and scores name, in loader_maps.cc.
  const Table* find_map(std::string_view name, const Span& by) const;
  void check_map_codes(const Node& source, const Action& action,
                       const std::optional<Condition>& condition) const;
  std::vector<std::string> check_map_texts(const Node& source,
                                           const std::optional<Condition>& condition) const;
  /// `scores` with what their maps can add.
  std::vector<ScorePoints> check_map_points(const Node& source, std::vector<ScorePoints> scores,
                                            const std::optional<Condition>& condition) const;
  void report(const Table& map, TableFaults& faults) const;

  const ValueReader& values_;
  const Settings& settings_;
  const CheckRegistry& checks_;
  const TableSet& tables_;
  const TableSources& sources_;
  const NamedConditions& conditions_;
  Unread unread_;
  std::map<std::string, Span> names_;
  std::vector<DraftRule> rules_;
  KnownScores scores_;
};

/// Warnings about the policy as a whole: verdicts that do not hold where they are spoken, rules
/// that are never reached, refusals that bar postmaster.
void review(const std::vector<DraftRule>& rules, const Settings& settings, const TableSet& tables,
            Diagnostics& diagnostics);
/// Those that compare conditions: that can never be true or false, that an earlier rule leaves
/// nothing to, that rest on what the standards forbid to refuse for.
void review_logic(const std::vector<DraftRule>& rules, const Settings& settings,
                  Diagnostics& diagnostics);
/// The last stage of which nothing is asked after `draft`, had it said yes.
Stage silenced_up_to(const DraftRule& draft, const ListenSettings& listen);
/// RFC 5321 4.5.1. One warning each says it of refusals before RCPT, at RCPT, and behind it.
void warn_of_postmaster(const std::vector<DraftRule>& rules, const Settings& settings,
                        const TableSet& tables, Diagnostics& diagnostics);

}  // namespace postern

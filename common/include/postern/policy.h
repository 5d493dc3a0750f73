// Policy: compiled rules and settings. Immutable and shared; a reload makes a new one, a session
// keeps the one it began with. (The folder policy/ is something else: the Postfix policy server.)
#pragma once

#include "postern/decision.h"
#include "postern/result.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace postern {

class CheckRegistry;  // checks/check.h
struct Settings;      // rules/settings.h
struct Rule;          // rules/rule.h
class RuleIndex;      // rules/rule_index.h
class Table;          // tables/table.h
class GeoDatabase;    // model/geo.h
struct PolicyTest;    // kit/policy_test.h
enum class GeoFact : std::uint8_t;

/// What is asked of a data base file for a table.
struct DatabaseQuery {
  enum class Kind : std::uint8_t { sqlite, lmdb };
  Kind kind = Kind::sqlite;
  std::string path;
  /// sqlite: a SELECT. lmdb: the name of a data base in the file; empty: the main one.
  std::string query;
};
/// One row of the answer. The texts live until the call that brings it returns.
struct DatabaseRow {
  std::string_view key;
  std::optional<std::string_view> value;
  std::string_view until;  ///< "2027-01-31"; empty: for ever
  std::string_view note;
};

/// Brings the files of a policy: the core does no I/O. A plain function that reads one file by its
/// path is a FileReader too; `match` is needed only for `include` patterns.
struct FileReader {
  using Read = std::function<Result<std::string>(const std::string& path)>;
  using Match = std::function<Result<std::vector<std::string>>(const std::string& pattern)>;
  using Row = std::function<void(const DatabaseRow&)>;
  using Rows = std::function<Problems(const DatabaseQuery&, const Row&)>;
  using Geo = std::function<Result<std::shared_ptr<const GeoDatabase>>(const std::string& path,
                                                                       GeoFact fact)>;

  template <typename Function, typename = std::enable_if_t<std::is_invocable_r_v<
                                   Result<std::string>, const Function&, const std::string&>>>
  FileReader(Function function) : read(std::move(function)) {}
  FileReader(Read read_file, Match match_names, Rows read_rows = {}, Geo open_geo = {})
      : read(std::move(read_file)),
        match(std::move(match_names)),
        rows(std::move(read_rows)),
        geo(std::move(open_geo)) {}

  /// The bytes of a file. On failure the Problem's message says why ("No such file or directory").
  Read read;
  /// The names of the files that fit a pattern with '*' and '?' in its last part, in any order;
  /// names that begin with a dot do not fit a pattern that does not. None is no failure.
  Match match;
  /// Calls back for each row in the order of the answer; the problems that kept it from the rest.
  /// No more than a policy can hold. Needed only for tables in data bases.
  Rows rows;
  /// Opens a file about addresses. Without it, such files are taken to be there, and nobody can
  /// look into them: who decides from what was recorded needs them no more.
  Geo geo;
};

struct CompiledPolicy;

class Policy {
 public:
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Compiles the policy whose main file is `path`. Includes and table files are read through
  /// `reader`, relative names relative to the file that names them. All problems are collected and
  /// sorted; with any error there is no policy. Never throws except for lack of memory.
  static Result<CompiledPolicy> compile(const std::string& path, const FileReader& reader,
                                        const CheckRegistry& checks);
  /// The same with the checks that Postern brings.
  static Result<CompiledPolicy> compile(const std::string& path, const FileReader& reader);

  /// `policy` with the tables of the file `path` read anew, or with that file about addresses. All
  /// else is as it was, other files and the text of the rules too, whatever has become of their
  /// files: a list that changes must not bring in rules that somebody is editing. The very same
  /// policy if the file holds what it held. Problems: the file is missing or bad, or a rule cannot
  /// use what it holds now.
  static Result<std::shared_ptr<const Policy>> with_table_file(std::shared_ptr<const Policy> policy,
                                                               const std::string& path,
                                                               const FileReader& reader,
                                                               const CheckRegistry& checks);
  /// `policy` with other tables of the same names and kinds in place of its own, for a test. Its
  /// digest is another one only by chance. Problems: a rule cannot use what they hold.
  static Result<std::shared_ptr<const Policy>> with_tables(
      const Policy& policy,
      const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables,
      const CheckRegistry& checks);
  /// The [[test]] sections of one more file, which are about `policy` but no part of it. All
  /// problems are collected, as compile() does.
  static Result<std::vector<PolicyTest>> read_tests(const Policy& policy, const std::string& path,
                                                    const FileReader& reader,
                                                    const CheckRegistry& checks);
  /// The files that tables are read from and those of [geo], by the paths that the reader was asked
  /// for; each once.
  std::vector<std::string> table_files() const;
  /// The file of each table that has one, by the table's name.
  std::map<std::string, std::string> table_sources() const;

  const Settings& settings() const noexcept;
  /// In the order in which they are asked: stage order, then file order.
  const std::vector<Rule>& rules() const noexcept;
  /// Finds among rules() those that may apply to a transaction.
  const RuleIndex& rule_index() const noexcept;
  /// The places in rules() of those that may ask DNS, for their condition, a weight or a header
  /// field, ascending.
  const std::vector<std::size_t>& rules_that_ask_dns() const noexcept;
  const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables() const noexcept;
  /// The file about addresses; null: none.
  std::shared_ptr<const GeoDatabase> geo(GeoFact fact) const noexcept;
  /// Every check that its conditions may name.
  const CheckRegistry& checks() const noexcept;
  /// The [[test]] sections, in file order. Reading them is part of compile(), running them is not.
  const std::vector<PolicyTest>& tests() const noexcept;
  /// SHA-256 over the names and texts of all files of the policy (of a data base, over the rows it
  /// gave), as 64 hexadecimal digits. Records name the policy by it. The files of [geo] are no part
  /// of it: what they said is in the records.
  const std::string& digest() const noexcept;

 private:
  friend class PolicyBuilder;
  struct Parts;
  explicit Policy(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

struct CompiledPolicy {
  std::shared_ptr<const Policy> policy;
  Problems warnings;  ///< sorted; for `check` and the log
};

}  // namespace postern

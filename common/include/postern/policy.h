// Policy: compiled rules and settings. Immutable and shared; a reload makes a new one, a session
// keeps the one it began with. (The folder policy/ is something else: the Postfix policy server.)
#pragma once

#include "postern/decision.h"
#include "postern/result.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace postern {

class CheckRegistry;  // checks/check.h
struct Settings;      // rules/settings.h
struct Rule;          // rules/rule.h
class RuleIndex;      // rules/rule_index.h
class Table;          // tables/table.h

/// Brings the files of a policy: the core does no I/O. A plain function that reads one file by its
/// path is a FileReader too; `match` is needed only for `include` patterns.
struct FileReader {
  using Read = std::function<Result<std::string>(const std::string& path)>;
  using Match = std::function<Result<std::vector<std::string>>(const std::string& pattern)>;

  template <typename Function, typename = std::enable_if_t<std::is_invocable_r_v<
                                   Result<std::string>, const Function&, const std::string&>>>
  FileReader(Function function) : read(std::move(function)) {}
  FileReader(Read read_file, Match match_names)
      : read(std::move(read_file)), match(std::move(match_names)) {}

  /// The bytes of a file. On failure the Problem's message says why ("No such file or directory").
  Read read;
  /// The names of the files that fit a pattern with '*' and '?' in its last part, in any order;
  /// names that begin with a dot do not fit a pattern that does not. None is no failure.
  Match match;
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

  const Settings& settings() const noexcept;
  /// In the order in which they are asked: stage order, then file order.
  const std::vector<Rule>& rules() const noexcept;
  /// Finds among rules() those that may apply to a transaction.
  const RuleIndex& rule_index() const noexcept;
  const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables() const noexcept;
  /// SHA-256 over the names and texts of all files of the policy, as 64 hexadecimal digits. Records
  /// name the policy by it. The texts themselves are not kept: tables may be large.
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

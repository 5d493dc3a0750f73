// TestReader: [[test]] sections of policy files, and files of nothing else. The part of the policy
// compiler that runs last, because tests speak of rules and tables.
#pragma once

#include "kit/policy_test.h"
#include "postern/policy.h"
#include "rules/condition.h"
#include "rules/loader_values.h"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Reads the keys of a [[test]] that tell of the session.
std::optional<Scene> read_scene(const Node& test, const ValueReader& values);
/// Reads "name TYPE" = answer pairs into `world`.
void read_dns(const Node& answers, const ValueReader& values, DnsWorld& world);

/// A whole file of them. All problems are collected.
Result<DnsWorld> read_dns_file(const std::string& path, const FileReader& reader);

class TestReader {
 public:
  /// What tests may speak of. With `complete` false some of it could not be read, and what only
  /// seems to be missing is not reported.
  struct Scope {
    const CheckRegistry& checks;
    const Tables& tables;
    std::set<std::string> rules;
    bool complete = true;
  };

  TestReader(const ValueReader& values, const FileReader& reader, Scope scope)
      : values_(values), reader_(reader), scope_(std::move(scope)) {}

  /// Those of one file. A test with errors is left out.
  void add_all(const Node& root);
  std::vector<PolicyTest> take() { return std::move(tests_); }

 private:
  void add(const Node& source);
  std::optional<std::string> read_name(const Node& source);
  void read_world(const Node& source, PolicyTest& test);
  const DnsWorld* dns_file(const Node& by, const std::string& name);
  void read_tables(const Node& source, PolicyTest& test);
  void read_counters(const Node& source, World& world);
  void read_geo_of_client(const Node& source, World& world);
  void read_expectation(const Node& source, Expectation& expect);
  void read_outcome(const Node& section, Expectation& expect);
  void read_rule_names(const Node& section, Expectation& expect);
  void check_bare_code(const Node& source, Stage stage, const ReplyForm& reply) const;
  void check_rule(const Node& value) const;
  void read_evidence(const Node& section, Expectation& expect);
  void check_evidence_name(const Member& member) const;
  Diagnostics& diagnostics() const { return values_.diagnostics(); }

  const ValueReader& values_;
  const FileReader& reader_;
  Scope scope_;
  std::map<std::string, Span> names_;
  std::map<std::string, std::optional<DnsWorld>> dns_files_;  // by their paths; nullopt: unreadable
  std::deque<Node> documents_;
  std::vector<PolicyTest> tests_;
};

/// Tests in one policy. Ours: running them all must not keep a reload waiting for minutes.
inline constexpr std::size_t most_tests = 10'000;

}  // namespace postern

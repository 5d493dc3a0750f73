#include "postern/policy.h"

#include "checks/check.h"
#include "model/geo.h"
#include "model/text.h"
#include "rules/loader_tests.h"
#include "rules/maintenance.h"
#include "rules/policy_builder.h"
#include "rules/policy_parts.h"

#include <set>
#include <utility>

namespace postern {

Policy::Policy(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Policy::~Policy() = default;

Result<CompiledPolicy> Policy::compile(const std::string& path, const FileReader& reader,
                                       const CheckRegistry& checks) {
  return PolicyBuilder(reader, checks).build(path);
}

Result<CompiledPolicy> Policy::compile(const std::string& path, const FileReader& reader) {
  const CheckRegistry none;  // policies share ownership of the checks they use, so it may go
  return compile(path, reader, none);
}

Result<std::shared_ptr<const Policy>> Policy::with_table_file(std::shared_ptr<const Policy> policy,
                                                              const std::string& path,
                                                              const FileReader& reader,
                                                              const CheckRegistry& checks) {
  auto built = PolicyBuilder(reader, checks, *policy, path).build(policy->parts_->main_file);
  if (!built) return built.problems();
  const auto& parts = *built->policy->parts_;
  if (parts.digest == policy->digest() && parts.geo == policy->parts_->geo) return policy;
  return built->policy;
}

Result<std::shared_ptr<const Policy>> Policy::with_tables(
    const Policy& policy,
    const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables,
    const CheckRegistry& checks) {
  const FileReader nothing_to_read{[](const std::string&) -> Result<std::string> {
    return plain_problem("it was no part of the policy");
  }};
  const std::string no_file;
  auto built = PolicyBuilder(nothing_to_read, checks, policy, no_file, tables)
                   .build(policy.parts_->main_file);
  if (!built) return built.problems();
  return built->policy;
}

Result<std::vector<PolicyTest>> Policy::read_tests(const Policy& policy, const std::string& path,
                                                   const FileReader& reader,
                                                   const CheckRegistry& /*checks*/) {
  const auto text = reader.read(path);
  if (!text) {
    Problem problem = plain_problem("cannot read this file: " + reading_fault(text.problems()));
    problem.position.file = path;
    return problem;
  }
  Diagnostics diagnostics;
  const ValueReader values(diagnostics);
  const auto document = parse_document(diagnostics.add_file(path, *text), diagnostics);
  for (const auto& member : document.root.members) {
    if (member.key == "test") continue;
    diagnostics.error(member.key_span, quoted(member.key) + " has no place in a file of tests",
                      "such a file holds [[test]] only; rules and tables are the policy's");
  }
  TestReader::Scope scope{policy.checks(), policy.tables(), {}, true};
  for (const auto& rule : policy.rules()) scope.rules.insert(rule.place.name);
  TestReader tests(values, reader, std::move(scope));
  tests.add_all(document.root);
  auto problems = diagnostics.take();
  if (has_errors(problems)) return problems;
  return tests.take();
}

Result<std::shared_ptr<const Policy>> with_maintenance(std::shared_ptr<const Policy> policy,
                                                       const Maintenance* maintenance,
                                                       const FileReader& reader,
                                                       const CheckRegistry& checks) {
  if (maintenance != nullptr) {
    if (const auto fault = maintenance_fault(*maintenance); !fault.empty()) {
      return plain_problem("the text of the maintenance: " + fault);
    }
  }
  return PolicyBuilder::with(std::move(policy), maintenance, reader, checks);
}

std::vector<std::string> Policy::table_files() const {
  std::set<std::string> paths;
  for (const auto& [name, table] : parts_->loaded) {
    if (!table.path.empty()) paths.insert(table.path);
  }
  for (const auto& path : parts_->settings.geo.files) {
    if (!path.empty()) paths.insert(path);
  }
  return {paths.begin(), paths.end()};
}

std::map<std::string, std::string> Policy::table_sources() const {
  std::map<std::string, std::string> sources;
  for (const auto& [name, table] : parts_->loaded) {
    if (!table.path.empty()) sources.emplace(name, table.path);
  }
  return sources;
}

const Settings& Policy::settings() const noexcept { return parts_->settings; }
const std::vector<std::size_t>& Policy::rules_that_ask_dns() const noexcept {
  return parts_->ask_dns;
}
const RuleIndex& Policy::rule_index() const noexcept { return parts_->index; }
const std::vector<Rule>& Policy::rules() const noexcept { return parts_->rules; }
const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& Policy::tables()
    const noexcept {
  return parts_->tables;
}
const CheckRegistry& Policy::checks() const noexcept { return parts_->checks; }
std::shared_ptr<const GeoDatabase> Policy::geo(GeoFact fact) const noexcept {
  return parts_->geo[place_of(fact)];
}
const std::string& Policy::digest() const noexcept { return parts_->digest; }
const std::vector<PolicyTest>& Policy::tests() const noexcept { return *parts_->tests; }

}  // namespace postern

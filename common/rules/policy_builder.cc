#include "rules/policy_builder.h"

#include "checks/geo_check.h"
#include "checks/standard_checks.h"
#include "model/text.h"
#include "model/time_text.h"
#include "rules/check_weights.h"
#include "rules/loader_tests.h"
#include "rules/maintenance.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// For its condition, for a weight that it adds, or for a header field that tells what checks have
/// found.
bool asks_dns(const Rule& rule) {
  const auto weighed = checks_of(rule.scores);
  return rule.condition.asks_dns() ||
         std::any_of(weighed.begin(), weighed.end(),
                     [](const auto& check) { return is_dns(check->description().kind); }) ||
         std::any_of(rule.effects.begin(), rule.effects.end(), [](const RuleEffect& effect) {
           return effect.field &&
                  std::any_of(effect.field->checks.begin(), effect.field->checks.end(),
                              [](const auto& check) { return is_dns(check->description().kind); });
         });
}

}  // namespace

PolicyBuilder::PolicyBuilder(const FileReader& reader, const CheckRegistry& checks)
    : reader_(reader), checks_(checks), files_(reader, values_, diagnostics_, nullptr) {}

PolicyBuilder::PolicyBuilder(const FileReader& reader, const CheckRegistry& checks,
                             const Policy& before, const std::string& changed)
    : reader_(reader),
      checks_(checks),
      before_(before.parts_.get()),
      changed_(&changed),
      maintenance_(before.parts_->maintenance),
      files_(reader, values_, diagnostics_, &before.parts_->texts) {}

PolicyBuilder::PolicyBuilder(const FileReader& reader, const CheckRegistry& checks,
                             const Policy& before, const std::string& changed,
                             const Tables& stand_ins)
    : PolicyBuilder(reader, checks, before, changed) {
  stand_ins_ = &stand_ins;
}

Result<std::shared_ptr<const Policy>> PolicyBuilder::with(std::shared_ptr<const Policy> policy,
                                                          const Maintenance* maintenance,
                                                          const FileReader& reader,
                                                          const CheckRegistry& checks) {
  const auto wanted = maintenance == nullptr ? std::nullopt : std::optional(*maintenance);
  if (policy->parts_->maintenance == wanted) return policy;
  const std::string none;  // no file is called so: no table is read anew
  PolicyBuilder builder(reader, checks, *policy, none);
  builder.maintenance_ = wanted;
  auto built = builder.build(policy->parts_->main_file);
  if (!built) return built.problems();
  return built->policy;
}

Result<CompiledPolicy> PolicyBuilder::build(const std::string& path) {
  if (auto problems = files_.open(path); !problems.empty()) return problems;
  const auto& documents = files_.documents();
  values_.check_keys(documents.front(), "");
  const auto settings = read_settings(documents.front(), values_, files_.unread());
  files_.include();

  add_standard_checks(checks_, settings.identity.host);
  auto geo = read_geo_files(documents.front(), settings.geo);
  CheckReader own_checks(values_, settings.identity, checks_);
  for (const auto& root : documents) own_checks.read(root);
  TableSet tables;
  for (const auto& root : documents) read_tables(root, values_, checks_, *this, tables);
  tables.checks = own_checks.take_broken();

  ConditionCompiler named(values_, checks_, tables, files_.unread());
  for (const auto& root : documents) named.declare(root);
  const auto conditions = named.take();

  RuleCompiler compiler(values_, settings, checks_, tables, *this, conditions, files_.unread());
  for (const auto& root : documents) {
    for (const auto* source : values_.list(root, "rule")) compiler.add(*source);
  }
  auto drafts = compiler.take();
  // With errors, rules are missing, and warnings about what is left would mislead.
  // What was reviewed as a whole is not again for each of its tables that changes.
  if (before_ == nullptr && !diagnostics_.any_errors()) {
    review(drafts, settings, tables, diagnostics_);
  }
  auto tests = read_tests(drafts, tables);

  auto problems = diagnostics_.take();
  if (has_errors(problems)) return problems;
  return finish(settings, std::move(drafts), std::move(tables), std::move(geo), std::move(tests),
                std::move(problems));
}

GeoDatabases PolicyBuilder::read_geo_files(const Node& root, const GeoOptions& options) {
  GeoDatabases geo;
  for (const auto fact : geo_facts) {
    const auto& path = options.file(fact);
    if (path.empty()) continue;
    checks_.add(std::make_shared<const GeoCheck>(fact));
    auto& place = geo[place_of(fact)];
    if (before_ != nullptr) place = before_->geo[place_of(fact)];
    if (before_ != nullptr && path != *changed_) continue;
    auto opened = open_geo(root, fact, path, reader_, diagnostics_);
    const bool same = opened && place && opened->digest() == place->digest();
    if (!same) place = std::move(opened);
  }
  return geo;
}

std::string PolicyBuilder::resolve(const Node& by, const std::string& name) const {
  return resolve_path(by.span.file->name(), name);
}

std::shared_ptr<const std::string> PolicyBuilder::text(const Node& by, const std::string& path) {
  if (auto known = known_text(path)) return known;
  auto text = reader_.read(path);
  if (text) return table_texts_[path] = std::make_shared<const std::string>(std::move(*text));
  diagnostics_.error(by.span,
                     "cannot read " + quoted(path) + ": " + reading_fault(text.problems()));
  return nullptr;
}

std::shared_ptr<const std::string> PolicyBuilder::known_text(const std::string& path) const {
  const auto known = table_texts_.find(path);
  return known == table_texts_.end() ? nullptr : known->second;
}

bool PolicyBuilder::rows(const Node& by, const DatabaseQuery& query, const FileReader::Row& row) {
  if (!reader_.rows) {
    diagnostics_.error(by.span, "data bases cannot be read here", "use a file of text");
    return false;
  }
  const auto problems = reader_.rows(query, row);
  if (problems.empty()) return true;
  diagnostics_.error(by.span, "cannot read " + quoted(query.path) + ": " + reading_fault(problems),
                     problems.front().hint);
  return false;
}

std::shared_ptr<const Table> PolicyBuilder::stand_in(const std::string& table) const {
  if (stand_ins_ == nullptr) return nullptr;
  const auto found = stand_ins_->find(table);
  return found == stand_ins_->end() ? nullptr : found->second;
}

const LoadedTable* PolicyBuilder::kept(const std::string& table, const std::string& path) {
  if (before_ == nullptr) return nullptr;
  const auto found = before_->loaded.find(table);
  if (found == before_->loaded.end()) return nullptr;
  if (path != *changed_) return &found->second;
  if (found->second.database) return nullptr;
  auto text = reader_.read(path);
  if (!text) return nullptr;  // whoever reads it next reports it
  if (sha256_hex(*text) == found->second.origin) return &found->second;
  table_texts_[path] = std::make_shared<const std::string>(std::move(*text));
  return nullptr;
}

std::shared_ptr<const std::vector<PolicyTest>> PolicyBuilder::read_tests(
    const std::vector<DraftRule>& drafts, const TableSet& tables) {
  if (before_ != nullptr) return before_->tests;
  TestReader::Scope scope{checks_, tables.tables, {}, !diagnostics_.any_errors()};
  for (const auto& draft : drafts) scope.rules.insert(draft.rule.place.name);
  TestReader tests(values_, reader_, std::move(scope));
  for (const auto& root : files_.documents()) tests.add_all(root);
  return std::make_shared<const std::vector<PolicyTest>>(tests.take());
}

CompiledPolicy PolicyBuilder::finish(Settings settings, std::vector<DraftRule> drafts,
                                     TableSet tables, GeoDatabases geo,
                                     std::shared_ptr<const std::vector<PolicyTest>> tests,
                                     Problems warnings) {
  auto parts = std::make_unique<Policy::Parts>();
  parts->settings = std::move(settings);
  if (maintenance_) parts->rules.push_back(rule_of(*maintenance_));
  for (auto& draft : drafts) parts->rules.push_back(std::move(draft.rule));
  parts->maintenance = maintenance_;
  parts->index = RuleIndex(parts->rules);
  parts->look_ups = TableLookUps(parts->rules);
  for (std::size_t at = 0; at < parts->rules.size(); ++at) {
    if (asks_dns(parts->rules[at])) parts->ask_dns.push_back(at);
  }
  parts->tables = std::move(tables.tables);
  parts->loaded = std::move(tables.loaded);
  parts->geo = std::move(geo);
  parts->tests = std::move(tests);
  parts->checks = std::move(checks_);
  parts->main_file = files_.sources().front()->name();
  parts->texts = files_.take_texts();
  parts->digest = digest(*parts);
  return {std::shared_ptr<const Policy>(new Policy(std::move(parts))), std::move(warnings)};
}

std::string PolicyBuilder::digest(const Policy::Parts& parts) const {
  std::string listing;
  // Names count from the folder of the main file: however that is spelled, it is one policy.
  const auto folder = folder_of(parts.main_file);
  const auto list = [&](std::string_view name, const std::string& digest) {
    if (name.starts_with(folder)) name.remove_prefix(folder.size());
    listing.append(name).append("\n").append(digest).append("\n");
  };
  for (const auto* source : files_.sources()) list(source->name(), sha256_hex(source->text()));
  for (const auto& [name, table] : parts.loaded) {
    if (!table.path.empty()) list(table.path, table.origin);
  }
  if (maintenance_) {
    // The text names its end coarsely; the rule expires to the second.
    list("maintenance", maintenance_text(*maintenance_) +
                            (maintenance_->ends_sessions ? " 421 " : " 451 ") +
                            utc_text(maintenance_->until, Precision::microseconds));
  }
  return sha256_hex(listing);
}

}  // namespace postern

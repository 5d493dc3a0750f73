#include "journal/kept_policy.h"

#include "checks/check.h"
#include "rules/maintenance.h"
#include "tables/table.h"

#include <algorithm>
#include <map>
#include <utility>

namespace postern {
namespace {

enum class TableTexts : std::uint8_t { of_today, empty };

FileReader reader_of(const PolicySource& source, const FileReader& today, TableTexts tables) {
  const auto is_table = [&source](const std::string& path) {
    return std::any_of(source.tables.begin(), source.tables.end(),
                       [&](const auto& table) { return table.path == path; });
  };
  return {[&source, &today, tables, is_table](const std::string& path) -> Result<std::string> {
            const auto kept = source.texts.find(path);
            if (kept != source.texts.end()) return kept->second;
            if (tables == TableTexts::of_today && is_table(path)) {
              if (auto text = today.read(path)) return text;
            }
            // Tables that are gone, and the worlds of tests, which nobody runs here.
            return std::string();
          },
          [&source](const std::string& pattern) -> Result<std::vector<std::string>> {
            const auto kept = source.matches.find(pattern);
            return kept == source.matches.end() ? std::vector<std::string>() : kept->second;
          },
          [&today, tables](const DatabaseQuery& query, const FileReader::Row& row) -> Problems {
            // Whether all rows came is told by the digest.
            if (tables == TableTexts::of_today && today.rows) today.rows(query, row);
            return {};
          }};
}

/// On what a table holds today and did not hold then. What a record tells of it has a short digest.
bool rests_on_today(const TrailEntry& entry, const KeptPolicy& kept) {
  return std::any_of(entry.evidence.begin(), entry.evidence.end(), [&](const Evidence& evidence) {
    if (evidence.source.name != "table" || !kept.changed.contains(evidence.name)) return false;
    const auto table = kept.policy->tables().find(evidence.name);
    return table != kept.policy->tables().end() &&
           table->second->digest() == evidence.source.digest;
  });
}

}  // namespace

Result<std::shared_ptr<const Policy>> policy_of_then(const PolicySource& source,
                                                     const FileReader& today) {
  const CheckRegistry checks;
  const auto with_tables = [&](TableTexts tables) {
    const auto reader = reader_of(source, today, tables);
    return Policy::compile(source.main_file, reader, checks);
  };
  auto compiled = with_tables(TableTexts::of_today);
  if (!compiled) compiled = with_tables(TableTexts::empty);
  if (!compiled) return compiled.problems();
  if (!source.maintenance) return compiled->policy;
  return with_maintenance(compiled->policy, &*source.maintenance, today, checks);
}

std::set<std::string, std::less<>> changed_tables(const PolicySource& source,
                                                  const Policy& policy) {
  std::map<std::string, std::string> now;
  for (const auto& table : source_of(policy).tables) now[table.table] = table.digest;
  std::set<std::string, std::less<>> changed;
  for (const auto& table : source.tables) {
    if (now[table.table] != table.digest) changed.insert(table.table);
  }
  return changed;
}

Result<KeptPolicy> kept_policy(const PolicyStore& store, const std::string& digest,
                               const FileReader& today) {
  const auto source = store.load(digest);
  if (!source) return source.problems();
  auto policy = policy_of_then(*source, today);
  if (!policy) return policy.problems();
  KeptPolicy kept{std::move(*policy), {}};
  kept.changed = changed_tables(*source, *kept.policy);
  if (kept.changed.empty() && kept.policy->digest() != digest) {
    return plain_problem("the policy that was kept is another one by its digest");
  }
  return kept;
}

Expanded expand_with(Record& record, const KeptPolicy& kept) {
  if (record.detail != RecordDetail::compact) return Expanded::no;
  if (kept.changed.empty()) {
    return expand(record, *kept.policy) ? Expanded::whole : Expanded::no;
  }
  // The rules are asked again with tables that are not those of then. What came of it is right
  // where the record tells what such a table said, or where none was looked at, provided that the
  // same rules decided.
  const auto outcome = evaluate(*kept.policy, record.transaction, record.facts);
  const auto* decision = std::get_if<Decision>(&outcome);
  if (decision == nullptr || decision->rule != record.decision.rule) return Expanded::no;
  auto trail = trail_of(*kept.policy, record.transaction, record.facts);
  std::vector<TrailEntry> merged;
  auto expanded = Expanded::whole;
  auto recorded = record.decision.trail.begin();
  const auto end = record.decision.trail.end();
  for (auto& entry : trail) {
    const bool stale = rests_on_today(entry, kept);
    if (recorded != end && recorded->rule == entry.rule) {
      if (!stale && *recorded != entry) return Expanded::no;
      merged.push_back(*recorded++);
    } else if (stale) {
      expanded = Expanded::partly;
    } else {
      if (is_remarkable(entry)) return Expanded::no;
      merged.push_back(std::move(entry));
    }
  }
  if (recorded != end) return Expanded::no;
  record.decision.trail = std::move(merged);
  if (expanded == Expanded::whole) record.detail = RecordDetail::full;
  return expanded;
}

}  // namespace postern

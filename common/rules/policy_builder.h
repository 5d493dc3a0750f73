// PolicyBuilder: runs the parts of the policy compiler over the files of one policy.
#pragma once

#include "checks/check.h"
#include "model/geo.h"
#include "postern/policy.h"
#include "rules/diagnostics.h"
#include "rules/loader.h"
#include "rules/loader_values.h"
#include "rules/policy_files.h"
#include "rules/policy_parts.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern {

struct PolicySource;  // rules/policy_source.h

/// For one policy each. The arguments of the constructors outlive it.
class PolicyBuilder final : private TableSources {
 public:
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks);
  /// All of `before` but the tables of the file `changed`.
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks, const Policy& before,
                const std::string& changed);
  /// All of `before` but some tables.
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks, const Policy& before,
                const std::string& changed, const Tables& stand_ins);

  /// `policy` with another maintenance, or none.
  static Result<std::shared_ptr<const Policy>> with(std::shared_ptr<const Policy> policy,
                                                    const Maintenance* maintenance,
                                                    const FileReader& reader,
                                                    const CheckRegistry& checks);

  /// In policy_source.cc.
  static PolicySource source_of(const Policy& policy);
  /// In table_look_ups.cc.
  static const TableLookUps& look_ups_of(const Policy& policy);

  Result<CompiledPolicy> build(const std::string& path);

 private:
  // TableSources
  std::string resolve(const Node& by, const std::string& name) const override;
  std::shared_ptr<const std::string> text(const Node& by, const std::string& path) override;
  std::shared_ptr<const std::string> known_text(const std::string& path) const override;
  bool rows(const Node& by, const DatabaseQuery& query, const FileReader::Row& row) override;
  std::shared_ptr<const Table> stand_in(const std::string& table) const override;
  const LoadedTable* kept(const std::string& table, const std::string& path) override;

  /// The checks that rest on the files of [geo], and these themselves.
  GeoDatabases read_geo_files(const Node& root, const GeoOptions& options);
  /// Those of all files. What they need besides is not kept, so they are read once.
  std::shared_ptr<const std::vector<PolicyTest>> read_tests(const std::vector<DraftRule>& drafts,
                                                            const TableSet& tables);
  CompiledPolicy finish(Settings settings, std::vector<DraftRule> drafts, TableSet tables,
                        GeoDatabases geo, std::shared_ptr<const std::vector<PolicyTest>> tests,
                        Problems warnings);
  std::string digest(const Policy::Parts& parts) const;

  const FileReader& reader_;
  CheckRegistry checks_;  // those given, of every policy, and of this one
  const Policy::Parts* before_ = nullptr;
  const std::string* changed_ = nullptr;
  std::optional<Maintenance> maintenance_;
  const Tables* stand_ins_ = nullptr;
  std::map<std::string, std::shared_ptr<const std::string>> table_texts_;
  Diagnostics diagnostics_;
  ValueReader values_{diagnostics_};
  PolicyFiles files_;
};

}  // namespace postern

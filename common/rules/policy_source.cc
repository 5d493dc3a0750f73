#include "rules/policy_source.h"

#include "rules/policy_builder.h"
#include "rules/policy_parts.h"

namespace postern {

PolicySource PolicyBuilder::source_of(const Policy& policy) {
  const auto& parts = *policy.parts_;
  PolicySource source{
      parts.main_file, parts.texts.files, parts.texts.matches, {}, parts.maintenance};
  for (const auto& [name, table] : parts.loaded) {
    if (table.path.empty()) continue;
    source.tables.push_back({name, table.path, table.origin, table.table->size()});
  }
  return source;
}

PolicySource source_of(const Policy& policy) { return PolicyBuilder::source_of(policy); }

}  // namespace postern

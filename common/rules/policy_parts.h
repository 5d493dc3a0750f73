// Policy::Parts: what a compiled policy holds. For its builder only.
#pragma once

#include "checks/check.h"
#include "model/geo.h"
#include "postern/policy.h"
#include "rules/loader.h"
#include "rules/maintenance.h"
#include "rules/policy_files.h"
#include "rules/rule.h"
#include "rules/rule_index.h"
#include "rules/settings.h"
#include "rules/table_look_ups.h"
#include "tables/table.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern {

struct Policy::Parts {
  Settings settings;
  std::vector<Rule> rules;
  RuleIndex index{std::vector<Rule>()};
  TableLookUps look_ups;
  std::vector<std::size_t> ask_dns;
  Tables tables;
  GeoDatabases geo;
  CheckRegistry checks;
  std::string digest;
  std::shared_ptr<const std::vector<PolicyTest>> tests;

  // To make the same policy again with another table: the files of rules as they were read, and
  // every table with its origin.
  RuleTexts texts;
  std::map<std::string, LoadedTable> loaded;
  std::string main_file;
  std::optional<Maintenance> maintenance;
};

}  // namespace postern

// PolicySource: what a policy was made of, for whoever keeps it: all but the contents of tables in
// files. Pure.
#pragma once

#include "postern/policy.h"
#include "rules/maintenance.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postern {

struct PolicySource {
  struct TableFile {
    std::string table;
    std::string path;
    std::string digest;  ///< of the file's text, of the rows for a data base
    std::size_t entries = 0;
  };

  std::string main_file;
  std::map<std::string, std::string> texts;  ///< of the main file and all included ones, by path
  std::map<std::string, std::vector<std::string>> matches;  ///< what patterns of names stood for
  std::vector<TableFile> tables;
  std::optional<Maintenance> maintenance;
};

PolicySource source_of(const Policy& policy);

}  // namespace postern

// Files of a policy on disk, optionally below a root directory. Functions without state.
#pragma once

#include "postern/policy.h"
#include "postern/result.h"

#include <functional>
#include <string>

namespace postern {

inline constexpr const char* default_config = "/etc/postern/postern.toml";

/// `path` below `root`: an empty root leaves it alone, a relative path too (it is relative to what
/// names it, which is below the root already).
std::string under_root(const std::string& root, const std::string& path);

/// Which main file is meant, and where the files it names are.
struct ConfigPlace {
  std::string config = default_config;
  std::string root;              ///< before every absolute path of the configuration; may be empty
  bool explicit_config = false;  ///< the user named `config`: it is not below the root
};

/// Where a file of the policy is: absolute paths are below the root, except the directory of a main
/// file that the user named.
std::function<std::string(const std::string&)> paths_on_disk(const ConfigPlace& place);

/// Reads whole regular files, data bases and files about addresses, and finds files of a pattern,
/// for Policy::compile.
/// Thread-safe. Files above 256 MiB are refused: no table is that large, and a policy must not take
/// the memory of the machine.
FileReader disk_reader(const ConfigPlace& place);

/// Reads a whole file, whatever its path. The Problem holds the system's words.
Result<std::string> read_file(const std::string& path);

}  // namespace postern

// PolicyText: compiles a policy from strings, without a file system.
#pragma once

#include "checks/check.h"
#include "postern/policy.h"

#include <map>
#include <memory>
#include <string>

namespace postern::testing {

/// Files by path. Patterns with '*' in the last part are matched.
using Files = std::map<std::string, std::string>;
FileReader memory_reader(Files files);

/// The outcome of compiling `files`, main file "postern.toml".
Result<CompiledPolicy> compile_files(const Files& files, const CheckRegistry& checks = {});

/// The policy of this text; an [identity] is added below it when it has none, so that lines keep
/// their numbers. Fails the running test and gives nullptr when the text has errors.
std::shared_ptr<const Policy> compile_policy(std::string text, const CheckRegistry& checks = {});

/// What a person would read about this text: all problems, or "" when there are none.
std::string diagnostics_of(std::string text, const CheckRegistry& checks = {});

/// Reads files of the disk, for conf/ and golden files.
FileReader disk_reader();

}  // namespace postern::testing

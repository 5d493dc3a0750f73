#include "support/policy_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace postern::testing {
namespace {

std::string with_identity(std::string text) {
  if (text.find("[identity]") != std::string::npos) return text;
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + "[identity]\nhost = \"mx1.example.org\"\n";
}

/// '*' and '?' in the last part of a path, as the contract of FileReader::match says.
bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    if (fits(pattern.substr(1), name)) return true;
    return !name.empty() && name.front() != '/' && fits(pattern, name.substr(1));
  }
  if (name.empty() || (pattern.front() != '?' && pattern.front() != name.front())) return false;
  return fits(pattern.substr(1), name.substr(1));
}

}  // namespace

FileReader memory_reader(Files files) {
  const auto shared = std::make_shared<const Files>(std::move(files));
  return {[shared](const std::string& path) -> Result<std::string> {
            const auto found = shared->find(path);
            if (found == shared->end()) return plain_problem("No such file or directory");
            return found->second;
          },
          [shared](const std::string& pattern) -> Result<std::vector<std::string>> {
            std::vector<std::string> names;
            for (const auto& [name, text] : *shared) {
              if (fits(pattern, name)) names.push_back(name);
            }
            return names;
          }};
}

Result<CompiledPolicy> compile_files(const Files& files, const CheckRegistry& checks) {
  return Policy::compile("postern.toml", memory_reader(files), checks);
}

std::shared_ptr<const Policy> compile_policy(std::string text, const CheckRegistry& checks) {
  auto result = compile_files({{"postern.toml", with_identity(std::move(text))}}, checks);
  EXPECT_TRUE(result.ok()) << render(result.problems());
  if (!result) return nullptr;
  return result->policy;
}

std::string diagnostics_of(std::string text, const CheckRegistry& checks) {
  const auto result = compile_files({{"postern.toml", with_identity(std::move(text))}}, checks);
  return render(result ? result->warnings : result.problems());
}

FileReader disk_reader() {
  return {[](const std::string& path) -> Result<std::string> {
            std::ifstream file(path, std::ios::binary);
            if (!file) return plain_problem("No such file or directory");
            return std::string(std::istreambuf_iterator<char>(file), {});
          },
          [](const std::string& pattern) -> Result<std::vector<std::string>> {
            std::vector<std::string> names;
            const auto folder = std::filesystem::path(pattern).parent_path();
            std::error_code error;
            for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
              if (fits(pattern, entry.path().string())) names.push_back(entry.path().string());
            }
            return names;
          }};
}

}  // namespace postern::testing

#include "support/policy_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace postern {
namespace {

const std::string folder = std::string(POSTERN_SOURCE_DIR) + "/tests/golden/diagnostics";

std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What a person reads about NAME.toml is NAME.expected, to the letter. Files a policy names lie in
/// the folder files/ beside it. To accept a new text, run with POSTERN_WRITE_GOLDEN=1 and read the
/// difference before committing it.
class Diagnostics : public ::testing::TestWithParam<std::string> {};

TEST_P(Diagnostics, ReadAsExpected) {
  const auto path = folder + '/' + GetParam();
  testing::Files files{{"postern.toml", read_file(path + ".toml")}};
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/files")) {
    files["files/" + entry.path().filename().string()] = read_file(entry.path().string());
  }
  const auto result = testing::compile_files(files);
  const auto text = render(result ? result->warnings : result.problems());
  if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path + ".expected", std::ios::binary) << text;
  }
  EXPECT_EQ(text, read_file(path + ".expected"));
  EXPECT_FALSE(text.empty()) << "a case of this folder has something to say";
}

std::string test_name(const ::testing::TestParamInfo<std::string>& tested) {
  auto name = tested.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, Diagnostics, ::testing::ValuesIn(cases()), test_name);

}  // namespace
}  // namespace postern

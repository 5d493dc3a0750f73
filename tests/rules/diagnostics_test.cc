#include "support/policy_text.h"
#include "support/sample_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postern {
namespace {

const std::string folder = std::string(POSTERN_SOURCE_DIR) + "/tests/golden/diagnostics";

std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

CheckRegistry checks_for(const std::string& name) {
  if (!name.starts_with("with-checks")) return {};
  auto checks = test::sample_checks();
  const auto add = [&](const char* of, std::vector<std::string> words, Stage earliest,
                       QuestionKind kind) {
    checks.add(std::make_shared<test::SampleCheck>(CheckDescription{
        of, std::move(words), earliest, kind, QuestionCost::free, "a check of the test kit"}));
  };
  add("arc", {"pass", "fail", "none"}, Stage::end_of_message, QuestionKind::sample);
  add("spf_kit", {"pass", "softfail", "neutral", "none"}, Stage::mail, QuestionKind::spf);
  return checks;
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
/// difference before committing it. A case whose name begins with "with-checks" has the checks of
/// the test kit, and two that are called arc and spf_kit.
class Diagnostics : public ::testing::TestWithParam<std::string> {};

TEST_P(Diagnostics, ReadAsExpected) {
  const auto path = folder + '/' + GetParam();
  testing::Files files{{"postern.toml", read_file(path + ".toml")}};
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/files")) {
    files["files/" + entry.path().filename().string()] = read_file(entry.path().string());
  }
  const auto result = testing::compile_files(files, checks_for(GetParam()));
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

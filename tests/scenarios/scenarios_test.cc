// Every scenario file of this folder, as a test of its own.
#include "scenarios/play.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace postern::scenarios {
namespace {

const std::string folder = std::string(POSTERN_SOURCE_DIR) + "/tests/scenarios";

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ScenarioFile : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioFile, IsDecidedAlikeByTheLibraryAndBothDoors) {
  const auto scenario = read_scenario_file(folder + "/" + GetParam() + ".toml");
  EXPECT_THAT(play(scenario), ::testing::IsEmpty()) << scenario.about;
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioFile, ::testing::ValuesIn(scenario_names()),
                         [](const auto& file) {
                           auto name = file.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// An empty folder would make the suite above pass without a single scenario.
TEST(ScenarioFiles, AreFound) { EXPECT_GE(scenario_names().size(), 25U); }

}  // namespace
}  // namespace postern::scenarios

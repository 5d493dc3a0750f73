// Golden files: what people read is kept word for word under tests/golden. With
// POSTERN_WRITE_GOLDEN=1 in the environment a test writes its file instead, for review.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace postern::testing {

inline void expect_golden(const std::string& name, const std::string& text) {
  const auto path = std::string(POSTERN_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << "there is no " << path;
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << "against " << path;
}

}  // namespace postern::testing

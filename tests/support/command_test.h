// CommandTest: commands called as main() calls them, over a folder of their own.
#pragma once

#include "cli/commands.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace postern::testing {

class CommandTest : public ::testing::Test {
 protected:
  int run(cli::Command command, std::vector<std::string> words = {}) {
    options_.command = command;
    options_.words = std::move(words);
    return run();
  }
  /// What the options say.
  int run() {
    out_.str("");
    err_.str("");
    return cli::run_command(options_, {out_, err_});
  }
  void use(const std::string& policy) {
    options_.place.config = dir_.write("postern.toml", policy);
    options_.place.explicit_config = true;
  }
  /// With the folder as "DIR": it has another name each time.
  std::string shown(const std::ostringstream& stream) const {
    auto text = stream.str();
    for (auto at = text.find(dir_.path()); at != std::string::npos; at = text.find(dir_.path())) {
      text.replace(at, dir_.path().size(), "DIR");
    }
    return text;
  }

  TempDir dir_;
  cli::Options options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace postern::testing

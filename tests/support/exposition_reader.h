// A strict reader of Prometheus' text format 0.0.4, as the format's page describes it: every line
// is looked at, and what is not as it should be is told.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::testing {

struct Exposition {
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
  };
  struct Family {
    std::string help;
    std::string type;
    std::vector<Sample> samples;
  };

  std::map<std::string, Family> families;
  std::vector<std::string> faults;  ///< one for each line that is wrong

  /// The value of the one sample that has these labels, among others; none: there is none.
  std::optional<double> value(const std::string& name, const Labels& labels = {}) const;
  /// Of all of them.
  double sum(const std::string& name, const Labels& labels = {}) const;
};

Exposition read_exposition(std::string_view text);

}  // namespace postern::testing

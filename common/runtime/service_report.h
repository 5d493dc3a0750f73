// ServiceReport: how the service is, told once and rendered twice, for `postern status` and as
// metrics. Who reports adds a number under both its names in one call, so that the two agree.
#pragma once

#include "runtime/control.h"
#include "runtime/metric_catalogue.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class ServiceReport {
 public:
  /// Label values, in the order of the metric's row.
  using Labels = std::vector<std::string>;
  struct Sample {
    Metric metric{};
    Labels labels;
    double value = 0;
  };
  struct Bucket {
    double upto = 0;          ///< seconds
    std::uint64_t count = 0;  ///< of this one alone
  };
  struct Distribution {
    Metric metric{};
    Labels labels;
    std::vector<Bucket> buckets = {};
    std::uint64_t beyond = 0;  ///< above the last one
    double sum = 0;            ///< seconds
  };

  /// For people alone.
  void text(std::string name, std::string value) { status_.add(std::move(name), std::move(value)); }
  /// A number for people alone; nothing that goes up and down on its own account.
  void plain_number(std::string name, std::uint64_t value) { status_.add(std::move(name), value); }
  /// For both.
  void number(std::string name, std::uint64_t value, Metric metric, Labels labels = {}) {
    status_.add(std::move(name), value);
    sample(metric, static_cast<double>(value), std::move(labels));
  }
  /// For metrics alone: what has another form for people.
  void sample(Metric metric, double value, Labels labels = {}) {
    samples_.push_back({metric, std::move(labels), value});
  }
  /// 1 or 0.
  void sample_if(Metric metric, bool value, Labels labels = {}) {
    sample(metric, value ? 1 : 0, std::move(labels));
  }
  void distribution(Distribution distribution) {
    distributions_.push_back(std::move(distribution));
  }

  const StatusText& status() const noexcept { return status_; }
  const std::vector<Sample>& samples() const noexcept { return samples_; }
  const std::vector<Distribution>& distributions() const noexcept { return distributions_; }

 private:
  StatusText status_;
  std::vector<Sample> samples_;
  std::vector<Distribution> distributions_;
};

}  // namespace postern

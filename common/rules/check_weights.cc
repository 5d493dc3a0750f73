#include "rules/check_weights.h"

#include "rules/program.h"

#include <algorithm>
#include <utility>

namespace postern {

std::string weight_name(const CheckDescription& check) {
  return check.name + std::string(weight_ending);
}

std::int64_t weight_of(const CheckDescription& check, const std::vector<std::string>& found) {
  std::int64_t heaviest = 0;
  for (const auto& [value, weight] : check.weights) {
    if (std::find(found.begin(), found.end(), value) == found.end()) continue;
    const auto size = weight < 0 ? -weight : weight;
    const auto most = heaviest < 0 ? -heaviest : heaviest;
    if (size > most || (size == most && weight < heaviest)) heaviest = weight;
  }
  return heaviest;
}

std::shared_ptr<const MapPoints> points_of_weight(std::shared_ptr<const Check> check) {
  const auto& about = check->description();
  MapPoints points{weight_name(about)};
  points.of = MapPoints::Of::check;
  for (const auto& [value, weight] : about.weights) {
    points.least = std::min(points.least, weight);
    points.most = std::max(points.most, weight);
  }
  auto look_up = std::make_shared<expression::Program>();
  look_up->earliest = about.earliest;
  look_up->latest = about.latest;
  expression::Test test;
  test.check = std::move(check);
  test.type = expression::ValueType::number;
  test.comparison = expression::Comparison::holds;
  look_up->tests.push_back(std::move(test));
  look_up->steps.push_back({expression::Step::Kind::test, Truth::yes, 0, 0});
  points.look_up = std::move(look_up);
  return std::make_shared<const MapPoints>(std::move(points));
}

std::vector<std::shared_ptr<const Check>> checks_of(const std::vector<ScorePoints>& scores) {
  std::vector<std::shared_ptr<const Check>> checks;
  for (const auto& added : scores) {
    if (!added.from || added.from->of != MapPoints::Of::check || !added.from->look_up) continue;
    for (const auto& test : added.from->look_up->tests) {
      if (test.check) checks.push_back(test.check);
    }
  }
  return checks;
}

}  // namespace postern

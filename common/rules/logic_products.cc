// A condition as alternatives of tests that must all hold.
#include "rules/logic.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postern::expression {
namespace {

using Products = std::optional<std::vector<Product>>;

/// What a review may hold of one condition. A policy has thousands, and a list of words is one
/// test, so hand-written conditions stay far below.
constexpr std::size_t most_products = 64;

Products joined_by_or(std::vector<Products> parts) {
  std::vector<Product> all;
  for (auto& part : parts) {
    if (!part || all.size() + part->size() > most_products) return std::nullopt;
    std::move(part->begin(), part->end(), std::back_inserter(all));
  }
  return all;
}

Products joined_by_and(const std::vector<Products>& parts) {
  std::vector<Product> all{Product()};
  for (const auto& part : parts) {
    if (!part || all.size() * part->size() > most_products) return std::nullopt;
    std::vector<Product> next;
    for (const auto& left : all) {
      for (const auto& right : *part) {
        auto product = left;
        product.insert(product.end(), right.begin(), right.end());
        next.push_back(std::move(product));
      }
    }
    all = std::move(next);
  }
  return all;
}

Products products_of(const Program& program, const Step& step, bool negated) {
  const auto children = [&] {
    std::vector<Products> parts;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      parts.push_back(
          products_of(program, program.steps[program.children[step.first + i]], negated));
    }
    return parts;
  };
  switch (step.kind) {
    case Step::Kind::all_of:
      return negated ? joined_by_or(children()) : joined_by_and(children());
    case Step::Kind::any_of:
      return negated ? joined_by_and(children()) : joined_by_or(children());
    case Step::Kind::negate:
      return products_of(program, program.steps[step.first], !negated);
    case Step::Kind::test:
      return std::vector<Product>{{Literal{&program.tests[step.first], negated}}};
    case Step::Kind::constant:
      if ((step.truth == Truth::yes) == negated) return std::vector<Product>();
      return std::vector<Product>{Product()};
  }
  return std::nullopt;
}

}  // namespace

Products products_of(const Program& program) {
  if (program.steps.empty()) return std::vector<Product>{Product()};
  return products_of(program, program.steps.back(), false);
}

Products products_of_opposite(const Program& program) {
  if (program.steps.empty()) return std::vector<Product>();
  return products_of(program, program.steps.back(), true);
}

}  // namespace postern::expression

#include "rules/needs.h"

#include "model/text.h"

#include <iterator>
#include <utility>

namespace postern::expression {

namespace {

using Needs = std::optional<std::vector<Need>>;

Needs needs_of_equality(const Test& test) {
  std::vector<Need> needs;
  switch (test.type) {
    case ValueType::ip:
      for (const auto& network : test.networks) {
        needs.push_back({*test.name, Need::Kind::within, {}, network});
      }
      return needs;
    case ValueType::address:
      for (const auto& address : test.addresses) {
        needs.push_back({*test.name, Need::Kind::whole, folded(address), {}});
      }
      return needs;
    case ValueType::text:
    case ValueType::local:
    case ValueType::domain:
    case ValueType::choice:
      for (const auto& text : test.texts) {
        needs.push_back({*test.name, Need::Kind::whole, folded(text), {}});
      }
      return needs;
    case ValueType::boolean:
    case ValueType::number:
    case ValueType::size:
    case ValueType::time_of_day:
    case ValueType::date:
    case ValueType::addresses:
    case ValueType::texts:
      break;
  }
  return std::nullopt;
}

Needs needs_of_part(const Test& test, Need::Kind kind) {
  // Of a list of addresses any one may fit, and an empty text fits everything.
  if (test.type == ValueType::addresses || test.texts.front().empty()) return std::nullopt;
  return std::vector<Need>{{*test.name, kind, folded_start(test.texts.front()), {}}};
}

Needs needs_of_within(const Test& test) {
  std::vector<Need> needs;
  for (const auto& domain : test.texts) {
    needs.push_back({*test.name, Need::Kind::whole, folded(domain), {}});
    needs.push_back({*test.name, Need::Kind::suffix, '.' + folded_start(domain), {}});
    // The final dot of a name counts in a suffix.
    needs.push_back({*test.name, Need::Kind::suffix, '.' + folded_start(domain) + '.', {}});
  }
  return needs;
}

Needs needs_of(const Test& test) {
  if (test.check || !test.name || test.name == Name::macro || test.further != nullptr) {
    return std::nullopt;
  }
  switch (test.comparison) {
    case Comparison::equal:
      return needs_of_equality(test);
    case Comparison::starts_with:
      return needs_of_part(test, Need::Kind::prefix);
    case Comparison::within:
      return needs_of_within(test);
    case Comparison::ends_with:
      return needs_of_part(test, Need::Kind::suffix);
    default:
      return std::nullopt;
  }
}

/// Fewer values let fewer transactions through; a network lets through many.
std::size_t breadth(const std::vector<Need>& needs) {
  constexpr std::size_t of_a_network = 4;
  std::size_t sum = 0;
  for (const auto& need : needs) sum += need.kind == Need::Kind::within ? of_a_network : 1;
  return sum;
}

Needs needs_of(const Program& program, const Step& step) {
  const auto child = [&](std::uint32_t i) {
    return needs_of(program, program.steps[program.children[step.first + i]]);
  };
  switch (step.kind) {
    case Step::Kind::test:
      return needs_of(program.tests[step.first]);
    case Step::Kind::constant:
      if (step.truth == Truth::no) return std::vector<Need>{};
      return std::nullopt;
    case Step::Kind::negate:
      return std::nullopt;
    case Step::Kind::all_of: {
      // Any one that is no makes the whole no, so the narrowest will do.
      Needs narrowest;
      for (std::uint32_t i = 0; i < step.count; ++i) {
        auto needs = child(i);
        if (needs && (!narrowest || breadth(*needs) < breadth(*narrowest))) {
          narrowest = std::move(needs);
        }
      }
      return narrowest;
    }
    case Step::Kind::any_of: {
      std::vector<Need> all;
      for (std::uint32_t i = 0; i < step.count; ++i) {
        auto needs = child(i);
        if (!needs) return std::nullopt;
        all.insert(all.end(), std::make_move_iterator(needs->begin()),
                   std::make_move_iterator(needs->end()));
      }
      return all;
    }
  }
  return std::nullopt;
}

}  // namespace

Needs needs_of(const Program& program) {
  if (program.steps.empty()) return std::nullopt;
  return needs_of(program, program.steps.back());
}

std::string folded(std::string_view value) {
  if (!value.empty() && value.back() == '.') value.remove_suffix(1);
  return lower(value);
}

std::string folded_start(std::string_view value) { return lower(value); }

std::string folded(const MailAddress& address) {
  return lower(address.local()) + '@' + folded(address.domain());
}

}  // namespace postern::expression

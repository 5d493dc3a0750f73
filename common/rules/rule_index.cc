#include "rules/rule_index.h"

#include "rules/needs.h"
#include "rules/values.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace postern {

namespace {

using expression::Name;
using expression::Need;
using expression::ValueType;
using Places = std::vector<std::uint32_t>;

/// With fewer rules that can be found by value, looking at each takes no longer than finding them.
constexpr std::size_t worth_finding = 16;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
using ByText = std::unordered_map<std::string, Places, TextHash, std::equal_to<>>;

struct NetworkHash {
  std::size_t operator()(const Network& network) const noexcept {
    const auto& bytes = network.address().bytes();
    return TextHash{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
};
using ByNetwork = std::unordered_map<Network, Places, NetworkHash>;

void add(Places& places, std::uint32_t place) {
  if (places.empty() || places.back() != place) places.push_back(place);
}

void append(Places& found, const Places& more) {
  found.insert(found.end(), more.begin(), more.end());
}

/// The rules that need one name.
class OfName {
 public:
  void add_need(const Need& need, std::uint32_t place) {
    add(all_, place);
    switch (need.kind) {
      case Need::Kind::whole:
        return add(whole_[need.text], place);
      case Need::Kind::prefix:
        return add(prefixes_[need.text.size()][need.text], place);
      case Need::Kind::suffix:
        return add(suffixes_[need.text.size()][need.text], place);
      case Need::Kind::within:
        // IPv4 and IPv6 have no prefix length in common but by chance.
        return add(
            networks_[{need.network->address().family(), need.network->prefix()}][*need.network],
            place);
    }
  }

  void find(Name name, const Transaction& transaction, Places& found) const {
    switch (row_of(name).type) {
      case ValueType::ip:
        return find_address(name, transaction, found);
      case ValueType::address: {
        const auto reading = read_address(name, transaction);
        if (!reading.value) return append(found, all_);
        find_whole(expression::folded(*reading.value), found);
        return find_parts(name, transaction, found);
      }
      default: {
        expression::TextBuffer buffer;
        const auto reading = read_text(name, {}, transaction, buffer);
        if (reading.state == decltype(reading)::State::not_told) return append(found, all_);
        find_whole(expression::folded(reading.value), found);
        return find_parts(name, transaction, found);
      }
    }
  }

 private:
  void find_whole(const std::string& value, Places& found) const {
    if (const auto hit = whole_.find(value); hit != whole_.end()) append(found, hit->second);
  }

  void find_parts(Name name, const Transaction& transaction, Places& found) const {
    if (prefixes_.empty() && suffixes_.empty()) return;
    expression::TextBuffer buffer;
    const auto value = expression::folded_start(read_text(name, {}, transaction, buffer).value);
    const std::string_view text = value;
    const auto look_up = [&](const auto& by_length, const auto& part) {
      for (const auto& [length, by_text] : by_length) {
        if (length > text.size()) break;
        if (const auto hit = by_text.find(part(length)); hit != by_text.end()) {
          append(found, hit->second);
        }
      }
    };
    look_up(prefixes_, [&](std::size_t length) { return text.substr(0, length); });
    look_up(suffixes_, [&](std::size_t length) { return text.substr(text.size() - length); });
  }

  void find_address(Name name, const Transaction& transaction, Places& found) const {
    const auto reading = read_ip(name, transaction);
    if (reading.state == decltype(reading)::State::not_told) return append(found, all_);
    if (!reading.value) return;
    const auto& address = *reading.value;
    for (const auto& [size, by_network] : networks_) {
      if (size.first != address.family()) continue;
      const auto hit = by_network.find(Network::around(address, size.second));
      if (hit != by_network.end()) append(found, hit->second);
    }
  }

  Places all_;
  ByText whole_;
  std::map<std::size_t, ByText> prefixes_;  // by their lengths
  std::map<std::size_t, ByText> suffixes_;
  std::map<std::pair<IpAddress::Family, unsigned>, ByNetwork> networks_;
};

}  // namespace

struct RuleIndex::Names {
  std::map<Name, OfName> all;
};

namespace {

using Needs = std::optional<std::vector<Need>>;

std::vector<Needs> needs_of(const std::vector<Rule>& rules) {
  std::vector<Needs> needs;
  needs.reserve(rules.size());
  for (const auto& rule : rules) {
    const bool shadow = rule.mode == RuleMode::shadow || rule.share != 0;
    needs.push_back(shadow ? std::nullopt : rule.condition.needs());
  }
  return needs;
}

}  // namespace

RuleIndex::RuleIndex(const std::vector<Rule>& rules) : RuleIndex(needs_of(rules)) {
  any_afterwards_ = std::any_of(rules.begin(), rules.end(),
                                [](const Rule& rule) { return asked_afterwards(rule); });
}

RuleIndex::RuleIndex(const std::vector<Needs>& needs) : end_(needs.size()) {
  auto names = std::make_unique<Names>();
  for (std::uint32_t place = 0; place < needs.size(); ++place) {
    if (!needs[place]) {
      always_.push_back(place);
      continue;
    }
    for (const auto& need : *needs[place]) names->all[need.name].add_need(need, place);
  }
  if (needs.size() - always_.size() >= worth_finding) names_ = std::move(names);
}

RuleIndex::~RuleIndex() = default;
RuleIndex::RuleIndex(RuleIndex&&) noexcept = default;
RuleIndex& RuleIndex::operator=(RuleIndex&&) noexcept = default;

RuleIndex::Finds RuleIndex::finds(const Transaction& transaction) const {
  auto finds = Finds::every(end_);
  if (!names_) return finds;
  finds.always_ = &always_;
  for (const auto& [name, rules] : names_->all) rules.find(name, transaction, finds.found_);
  std::sort(finds.found_.begin(), finds.found_.end());
  return finds;
}

RuleIndex::Finds RuleIndex::Finds::every(std::size_t size) {
  Finds finds;
  finds.end_ = size;
  return finds;
}

std::size_t RuleIndex::Finds::next(std::size_t at) noexcept {
  if (always_ == nullptr) return std::min(at, end_);
  const auto behind = [at](const Places& places, std::size_t& cursor) {
    while (cursor < places.size() && places[cursor] < at) ++cursor;
    return cursor < places.size() ? std::size_t{places[cursor]} : SIZE_MAX;
  };
  return std::min({behind(*always_, in_always_), behind(found_, in_found_), end_});
}

}  // namespace postern

#include "dns/zone_book.h"

#include "model/dns_name.h"
#include "rules/org_domain.h"

#include <algorithm>

namespace postern {
namespace {

/// Zones that are remembered. Senders choose their domains, so there is no end of failing ones;
/// those that matter fail again at once.
constexpr std::size_t most_zones = 4096;

/// The last `labels` labels of a name that ends with `suffix`, and the suffix.
std::string_view last_labels(std::string_view name, std::string_view suffix, std::size_t labels) {
  std::size_t at = name.size() - suffix.size();  // behind the dot
  for (; labels > 0 && at > 1; --labels) {
    const auto dot = name.rfind('.', at - 2);
    if (dot == std::string_view::npos) return name;
    at = dot + 1;
  }
  return name.substr(at);
}

}  // namespace

ZoneBook::ZoneBook(std::vector<std::string> own, const DnsSettings& settings)
    : own_(std::move(own)), settings_(settings) {}

void ZoneBook::set_own(std::vector<std::string> own) {
  own_ = std::move(own);
  forget();
}

std::string_view ZoneBook::zone_of(std::string_view name) const noexcept {
  std::string_view best;
  for (const auto& zone : own_) {
    if (zone.size() > best.size() && is_in_zone(name, zone)) best = zone;
  }
  if (!best.empty()) return best;
  constexpr std::string_view v4 = "in-addr.arpa";
  constexpr std::string_view v6 = "ip6.arpa";
  if (is_in_zone(name, v4)) return last_labels(name, v4, 3);
  if (is_in_zone(name, v6)) return last_labels(name, v6, 12);
  return expression::org_domain(name);
}

std::string_view ZoneBook::part_of(std::string_view name) const noexcept {
  const auto zone = zone_of(name);
  const bool is_registered = zone.size() < name.size() &&
                             std::find(own_.begin(), own_.end(), zone) == own_.end() &&
                             !is_in_zone(zone, "arpa");
  return is_registered ? last_labels(name, zone, 1) : zone;
}

bool ZoneBook::admits(std::string_view name, Time now) {
  if (index_.empty()) return true;
  const auto zone = zone_of(name);
  const auto part = part_of(name);
  return lets_in(zone, now) && (part == zone || lets_in(part, now));
}

bool ZoneBook::lets_in(std::string_view zone, Time now) {
  const auto found = index_.find(zone);
  if (found == index_.end()) return true;
  auto& state = *found->second;
  if (state.failures < settings_.zone_failures) return true;
  if (state.until > now) return false;
  // Should nothing become of this question, the next one is let through after another pause.
  state.until = now + state.pause;
  state.probed = true;
  return true;
}

void ZoneBook::has_answered(std::string_view name) {
  if (index_.empty()) return;
  forget(zone_of(name));
  forget(part_of(name));
}

void ZoneBook::forget(std::string_view zone) {
  const auto found = index_.find(zone);
  if (found == index_.end()) return;
  const auto state = found->second;
  index_.erase(found);
  states_.erase(state);
}

void ZoneBook::has_failed(std::string_view name, Time now) {
  const auto zone = zone_of(name);
  const auto part = part_of(name);
  const bool is_new = count(part, now);
  if (part == zone) return;
  // One dead part is one failure of the whole, however often it is asked about; but a question that
  // was let through to see whether the whole is back counts.
  const auto whole = index_.find(zone);
  if (is_new || (whole != index_.end() && whole->second->probed)) count(zone, now);
}

bool ZoneBook::count(std::string_view zone, Time now) {
  auto found = index_.find(zone);
  const bool is_new = found == index_.end();
  if (is_new) {
    if (states_.size() == most_zones) {
      index_.erase(states_.back().zone);
      states_.pop_back();
    }
    states_.push_front(State{std::string(zone)});
    found = index_.emplace(states_.front().zone, states_.begin()).first;
  } else {
    states_.splice(states_.begin(), states_, found->second);
  }
  auto& state = *found->second;
  ++state.failures;
  if (state.failures < settings_.zone_failures) return is_new;
  // Questions that were under way when it was suspended fail too, and say nothing new.
  if (state.failures > settings_.zone_failures && !state.probed) return is_new;
  state.probed = false;
  state.pause = state.pause == state.pause.zero()
                    ? settings_.first_pause
                    : std::min(state.pause * 2, settings_.longest_pause);
  state.until = now + state.pause;
  return is_new;
}

void ZoneBook::forget() {
  index_.clear();
  states_.clear();
}

std::vector<ZoneBook::Entry> ZoneBook::suspended(Time now) const {
  std::vector<Entry> entries;
  for (const auto& state : states_) {
    if (state.failures >= settings_.zone_failures && state.until > now) {
      entries.push_back({state.zone, state.failures, state.until});
    }
  }
  return entries;
}

}  // namespace postern

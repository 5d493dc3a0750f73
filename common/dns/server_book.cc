#include "dns/server_book.h"

#include <algorithm>

namespace postern {
namespace {

/// Servers are replaced by better ones without our being told.
constexpr std::chrono::minutes without_edns{15};

}  // namespace

ServerBook::ServerBook(std::vector<std::string> names, const DnsSettings& settings)
    : settings_(settings) {
  for (auto& name : names) {
    Server server;
    server.entry.name = std::move(name);
    servers_.push_back(std::move(server));
  }
}

std::optional<std::size_t> ServerBook::choose(std::size_t from) const noexcept {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const auto index = (from + i) % servers_.size();
    if (servers_[index].entry.in_service) return index;
  }
  return {};
}

ServerBook::Change ServerBook::has_answered(std::size_t server) {
  auto& it = servers_[server];
  ++it.entry.answered;
  it.entry.failures = 0;
  it.probe_at = Time::max();
  it.probe_ends = Time::max();
  it.pause = it.pause.zero();
  if (it.entry.in_service) return Change::none;
  it.entry.in_service = true;
  return Change::back;
}

void ServerBook::has_failed(std::size_t server, Time now) {
  auto& it = servers_[server];
  ++it.entry.unanswered;
  ++it.entry.failures;
  const bool probing = it.probe_at != Time::max() || it.probe_ends != Time::max();
  if (it.entry.in_service && !probing && it.entry.failures >= settings_.server_failures) {
    it.probe_at = now;
  }
}

bool ServerBook::speaks_edns(std::size_t server, Time now) {
  auto& it = servers_[server];
  if (!it.entry.edns && now >= it.edns_again) it.entry.edns = true;
  return it.entry.edns;
}

void ServerBook::has_no_edns(std::size_t server, Time now) {
  servers_[server].entry.edns = false;
  servers_[server].edns_again = now + without_edns;
}

std::vector<std::size_t> ServerBook::probes_due(Time now) {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& it = servers_[i];
    if (it.probe_at > now) continue;
    it.probe_at = Time::max();
    it.probe_ends = now + settings_.try_time;
    due.push_back(i);
  }
  return due;
}

ServerBook::Change ServerBook::end_probes(Time now) {
  auto change = Change::none;
  for (auto& it : servers_) {
    if (it.probe_ends > now) continue;
    it.probe_ends = Time::max();
    if (it.entry.in_service) {
      it.entry.in_service = false;
      ++it.entry.went_out;
      change = Change::out_of_service;
    }
    it.pause = it.pause == it.pause.zero() ? settings_.first_pause
                                           : std::min(it.pause * 2, settings_.longest_server_pause);
    it.probe_at = now + it.pause;
  }
  return change;
}

ServerBook::Time ServerBook::next_due() const noexcept {
  auto due = Time::max();
  for (const auto& it : servers_) due = std::min({due, it.probe_at, it.probe_ends});
  return due;
}

std::vector<ServerBook::Entry> ServerBook::entries() const {
  std::vector<Entry> entries;
  for (const auto& it : servers_) entries.push_back(it.entry);
  return entries;
}

}  // namespace postern

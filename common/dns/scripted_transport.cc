#include "dns/scripted_transport.h"

#include <optional>

namespace postern {
namespace {

constexpr std::chrono::milliseconds patience_of_tests{10'000};

}  // namespace

ScriptedTransport::ScriptedTransport(std::vector<ScriptedServer> servers, const Clock& clock)
    : clock_(clock) {
  for (auto& server : servers) servers_.push_back({std::move(server)});
}

std::size_t ScriptedTransport::servers() const noexcept { return servers_.size(); }

std::string ScriptedTransport::server_name(std::size_t server) const {
  return "server " + std::to_string(server + 1);
}

std::chrono::milliseconds ScriptedTransport::patience() const noexcept { return patience_of_tests; }

void ScriptedTransport::send(DnsSend what, std::function<void(DnsArrival)> done) {
  DnsArrival arrival;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    sent_.push_back({what.server, what.carrier, what.packet});
    const auto& server = servers_[what.server];
    const auto way =
        what.carrier == DnsSend::Carrier::tcp ? ScriptedServer::Way::tcp : ScriptedServer::Way::udp;
    auto said = server.script.answer(what.packet, way);
    auto delay = said.delay;
    if (server.reach == Reach::unreachable || said.closes) {
      arrival.kind = DnsArrival::Kind::unreachable;
      delay = delay.zero();
    } else if (!said.anything) {
      delay = patience_of_tests;
    } else if (!said.timeout) {
      arrival = {DnsArrival::Kind::packet, std::move(said.packet)};
    }
    if (delay > delay.zero()) {
      pending_.emplace(clock_.steady() + delay, Pending{std::move(done), std::move(arrival)});
      return;
    }
  }
  done(std::move(arrival));
}

void ScriptedTransport::start(std::function<void()> tick) { tick_ = std::move(tick); }

void ScriptedTransport::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  pending_.clear();
}

void ScriptedTransport::turn() {
  for (;;) {
    std::optional<Pending> due;
    {
      const std::lock_guard lock(mutex_);
      const auto first = pending_.begin();
      if (first == pending_.end() || first->first > clock_.steady()) break;
      due = std::move(first->second);
      pending_.erase(first);
    }
    due->done(std::move(due->arrival));
  }
  tick_();
}

void ScriptedTransport::replace(std::size_t server, ScriptedServer by) {
  const std::lock_guard lock(mutex_);
  servers_[server].script = std::move(by);
}

void ScriptedTransport::set_reach(std::size_t server, Reach reach) {
  const std::lock_guard lock(mutex_);
  servers_[server].reach = reach;
}

std::vector<ScriptedTransport::Sent> ScriptedTransport::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

}  // namespace postern

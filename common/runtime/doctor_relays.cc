#include "runtime/doctor_relays.h"

#include "runtime/postfix_endpoint.h"

#include <algorithm>

namespace postern {
namespace {

/// Whether `service` runs `postern spawn`.
bool is_relay(const SpawnService& service) {
  if (service.program.empty() ||
      std::find(service.program.begin(), service.program.end(), "spawn") == service.program.end())
    return false;
  const auto& program = service.program.front();
  return program.substr(program.rfind('/') + 1) == "postern";
}

}  // namespace

bool DoctorRelays::is_named_by(const std::string& endpoint, const SpawnService& service) const {
  if (!is_relay(service)) return false;
  const auto colon = endpoint.find(':');
  if (colon == std::string::npos || endpoint.substr(0, colon) != service.type) return false;
  auto name = endpoint.substr(colon + 1);
  if (service.type == "inet") {
    return name == service.name || name.substr(name.rfind(':') + 1) == service.name;
  }
  const auto queue = place_.queue_directory + "/";
  if (name.compare(0, queue.size(), queue) == 0) name.erase(0, queue.size());
  return name == "private/" + service.name || name == "public/" + service.name;
}

const ListenAddress* DoctorRelays::goal(const SpawnService& service) const {
  const auto& policy = settings_.listen.policy;
  if (policy.empty()) return nullptr;
  const auto& words = service.program;
  for (std::size_t at = 0; at < words.size(); ++at) {
    std::string to;
    if (words[at] == "--to" && at + 1 < words.size()) to = words[at + 1];
    if (words[at].compare(0, 5, "--to=") == 0) to = words[at].substr(5);
    if (to.empty()) continue;
    const auto found =
        std::find_if(policy.begin(), policy.end(), [&](const ListenAddress& address) {
          return leads_to(to, address, {"/", false}) == Leads::to_us;
        });
    return found == policy.end() ? nullptr : &*found;
  }
  return &policy.front();
}

void DoctorRelays::examine(const SpawnService& service, Findings& findings) const {
  const auto what = "service " + service.name + " of master.cf";
  if (goal(service) == nullptr) {
    findings.problem(what + " relays to a socket where we do not listen",
                     "name one of listen.policy behind --to, or leave --to out");
  }
  if (postfix_.chrooted(service.chroot)) {
    findings.problem(what + " is chrooted, where it finds neither the program nor our socket",
                     "set its chroot column to n");
  }
}

}  // namespace postern

#include "runtime/descriptors.h"

#include <algorithm>
#include <sys/resource.h>

namespace postern {

std::uint64_t wanted_descriptors(const Settings& settings) noexcept {
  const auto& listen = settings.listen;
  return own_descriptors + (listen.milter ? milter_descriptors : 0) +
         (listen.policy.empty() ? 0 : settings.limits.policy_connections);
}

DescriptorShare share_descriptors(const Settings& settings, std::uint64_t limit) {
  const auto& listen = settings.listen;
  DescriptorShare share;
  share.limit = limit;
  const auto configured = settings.limits.policy_connections;
  const std::uint64_t spare = limit > own_descriptors ? limit - own_descriptors : 1;
  const bool policy = !listen.policy.empty();
  if (listen.milter && policy) share.milter_sessions = std::min(milter_descriptors, spare / 2);
  const auto left = std::max<std::uint64_t>(spare - share.milter_sessions, 1);
  share.policy_connections = left < configured ? static_cast<unsigned>(left) : configured;
  // What the policy door does not take is the milter's.
  if (listen.milter) share.milter_sessions = policy ? spare - share.policy_connections : spare;
  if (policy && share.policy_connections < configured) {
    share.warning = "the limit of " + std::to_string(limit) +
                    " file descriptors leaves the policy service " +
                    std::to_string(share.policy_connections) + " connections instead of " +
                    std::to_string(configured) + " (limits.policy_connections)";
  } else if (listen.milter && share.milter_sessions < milter_descriptors) {
    share.warning = "the limit of " + std::to_string(limit) +
                    " file descriptors leaves the milter " + std::to_string(share.milter_sessions) +
                    " sessions";
  }
  if (!share.warning.empty()) {
    share.warning += "; raise it to " + std::to_string(wanted_descriptors(settings)) +
                     " (LimitNOFILE= of the unit, or ulimit -n)";
  }
  return share;
}

std::uint64_t raise_descriptor_limit(std::uint64_t wanted) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur >= wanted || limit.rlim_cur >= limit.rlim_max) return limit.rlim_cur;
  const auto before = limit.rlim_cur;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace postern

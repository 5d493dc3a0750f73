// DescriptorShare: how many file descriptors the process may have, and what each door may take of
// them. A door that took the last one would leave the other deaf: libmilter, which accepts for
// itself, spins over a listener it has no descriptor for.
#pragma once

#include "rules/settings.h"

#include <cstdint>
#include <string>

namespace postern {

/// What listeners, loops, the journal, logs and the files of a reload take, with room to spare.
inline constexpr std::uint64_t own_descriptors = 64;
/// Sessions at the milter that there shall be room for; libmilter has no limit of its own. Postfix
/// runs 100 smtpd processes by default (default_process_limit), large sites a few thousand.
inline constexpr std::uint64_t milter_descriptors = 4096;

struct DescriptorShare {
  std::uint64_t limit = 0;          ///< of the process
  unsigned policy_connections = 0;  ///< limits.policy_connections, or what the limit leaves of it
  std::uint64_t milter_sessions = 0;
  /// For people; empty when the limit leaves all that is configured.
  std::string warning;
};

/// For the listeners of `settings`.
std::uint64_t wanted_descriptors(const Settings& settings) noexcept;

/// When the limit is short of wanted_descriptors(), the milter keeps half of what is left, or all
/// it is meant to have if that is less: only the policy door can refuse connections by itself.
/// Pure.
DescriptorShare share_descriptors(const Settings& settings, std::uint64_t limit);

/// Raises the process's own (soft) limit to `wanted`, as far as the hard limit allows; never lowers
/// it. The limit then in force.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted) noexcept;

}  // namespace postern

// DoctorRelays: services of master.cf that run `postern spawn`, through which Postfix may ask us.
#pragma once

#include "rules/settings.h"
#include "runtime/doctor.h"
#include "runtime/doctor_parts.h"
#include "runtime/postfix_config.h"

#include <string>

namespace postern {

/// Keeps references to what it is made of.
class DoctorRelays {
 public:
  DoctorRelays(const Settings& settings, const DoctorPlace& place, const PostfixConfig& postfix)
      : settings_(settings), place_(place), postfix_(postfix) {}

  /// Whether `endpoint`, of a check_policy_service, is the socket of `service`, and that is a relay
  /// to us.
  bool is_named_by(const std::string& endpoint, const SpawnService& service) const;

  /// Where a relay leads: one of our addresses, or null.
  const ListenAddress* goal(const SpawnService& service) const;

  void examine(const SpawnService& service, Findings& findings) const;

 private:
  const Settings& settings_;
  const DoctorPlace& place_;
  const PostfixConfig& postfix_;
};

}  // namespace postern

// The checks that every policy has without naming them in a section of their own.
#pragma once

#include "checks/check.h"
#include "checks/helo.h"

#include <string>

namespace postern {

/// spf, spf_helo, iprev, rdns, helo_check, helo_dns, sender_domain, recipient_domain. `host` is our
/// own name, in any spelling. One that `checks` has already
/// stays.
void add_standard_checks(CheckRegistry& checks, const std::string& host);

}  // namespace postern

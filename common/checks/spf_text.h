// How a result of SPF is told to others: header fields for the message, a line for the log. Pure;
// texts are printable ASCII whatever came in.
#pragma once

#include "checks/spf.h"

#include <string>
#include <string_view>

namespace postern {

/// The value of a Received-SPF field (RFC 7208 9.1), on one line of at most 998 octets with its
/// name; the field goes above all others. `sender` as text, "" for "<>".
std::string received_spf(const SpfRequest& request, std::string_view sender,
                         const SpfOutcome& outcome);

/// The part of an Authentication-Results field that speaks of SPF (RFC 8601 2.7.2), as
/// "spf=pass smtp.mailfrom=example.net". The identity's domain only: the local part is in the
/// message anyway, for those who may read it. Without a domain, the result alone.
std::string spf_authentication_result(const SpfRequest& request, const SpfOutcome& outcome);

}  // namespace postern

// Organisational domain: what somebody registered, of which a domain name is part. Pure; any
// thread.
#pragma once

#include <string_view>

namespace postern::expression {

/// "example.co.uk" of "mail.example.co.uk": the public suffix and one label more (RFC 7489 3.2), by
/// the list built into libpsl, with the suffixes of its private part. The end of `domain`, which
/// has to live on; all of it if it is no longer than a suffix, no host name, or longer than one can
/// be. A dot at the end is left out.
std::string_view org_domain(std::string_view domain) noexcept;

}  // namespace postern::expression

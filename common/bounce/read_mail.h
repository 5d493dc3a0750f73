// read_mail(): takes a mail apart by a library for MIME. Where that library was not there when this
// was built, there is no such function (CMake: postern_mime).
#pragma once

#include "bounce/mail_parts.h"

#include <string_view>

namespace postern {

/// Whatever the octets are, something comes of them; of a mail longer than longest_bounce, the
/// first part. Its time grows with the length, at most some seconds for the longest and worst; who
/// cannot wait, or trust a foreign library with what anybody may send, calls it in a process of its
/// own. Throws only for lack of memory.
MailParts read_mail(std::string_view mail);

}  // namespace postern

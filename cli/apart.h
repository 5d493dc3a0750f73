// Taking a mail apart in another process: what reads MIME is a foreign library, and the mail may
// come from anybody.
#pragma once

#include "bounce/mail_parts.h"
#include "postern/result.h"

#include <string_view>

namespace postern::cli {

/// The parts of `mail`. A Problem when the program for it is not there, as where it was built
/// without the library, or when it did not come to an end.
Result<MailParts> take_apart(std::string_view mail);

}  // namespace postern::cli

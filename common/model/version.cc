#include "postern/version.h"

namespace postern {

std::string_view version() noexcept { return POSTERN_VERSION; }

}  // namespace postern

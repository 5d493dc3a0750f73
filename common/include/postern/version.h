// The version of this library and program.
#pragma once

#include <string_view>

namespace postern {

/// "0.1.0". Constant.
std::string_view version() noexcept;

}  // namespace postern

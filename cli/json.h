// JSON of what the commands print, for tools. Pure.
#pragma once

#include "runtime/control.h"

#include <string>

namespace postern::cli {

/// One object; names with dots become objects inside it.
std::string to_json(const StatusText& status);

}  // namespace postern::cli

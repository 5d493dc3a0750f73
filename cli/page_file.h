// One page of ours as a file: it appears whole or stays what it was.
#pragma once

#include "postern/result.h"

#include <string>
#include <string_view>

namespace postern::cli {

/// What keeps a report from being written to `path`: there is something else than a report, or no
/// folder. Empty: nothing that can be told beforehand.
Problems page_file_problems(const std::string& path);

/// Replaces a report at once; a new one gets mode 0640, because it names people's addresses, and
/// another one keeps its mode. Follows no link.
Problems write_page_file(const std::string& path, std::string_view text);

}  // namespace postern::cli

// Segments are compressed as gzip files whose members hold whole lines, some hundred of them each:
// any tool unpacks the file, and a reader that knows where a member begins needs only that one.
#pragma once

#include "postern/result.h"
#include "system/unique_fd.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

/// Whether the open file unpacks without a fault up to its end. Reads all of it.
bool is_whole_gzip(const UniqueFd& packed);

/// One member that unpacks to `text`.
Result<std::string> pack_member(std::string_view text);

/// What the member `packed` (of `path`) unpacks to, which has `octets` octets.
Result<std::string> unpack_member(std::string_view packed, std::uint64_t octets,
                                  const std::string& path);

}  // namespace postern

// The key of hashed addresses: a file of its own, which only its owner may read.
#pragma once

#include "postern/result.h"
#include "rules/settings.h"

#include <string>

namespace postern {

/// journal.addresses_key, or where it is when that is not given.
std::string address_key_path(const JournalSettings& settings);

/// The key in the file; a Problem if there is none or it is no key.
Result<std::string> read_address_key(const std::string& path);

/// The same, made first where there is none: 32 octets of the system's randomness as hexadecimal
/// digits, mode 0600, on the disk before it is used. Two processes that make it at the same time
/// have the same in the end.
Result<std::string> find_or_make_address_key(const std::string& path);

}  // namespace postern

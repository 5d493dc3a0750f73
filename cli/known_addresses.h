// The key of a journal's hashed addresses, as far as it is at hand.
#pragma once

#include "cli/commands.h"
#include "journal/address_mask.h"
#include "rules/settings.h"

#include <string>

namespace postern::cli {

/// Where the key is of the journal at `journal`, which may be a copy of the one that `settings`
/// name: beside it, if there is one, else where theirs is.
std::string address_key_of(const JournalSettings& settings, const std::string& journal);

/// With the key in the file `path`; one that hides nothing where there is none, and told, where it
/// cannot be read.
AddressMask known_addresses(const std::string& path, Terminal terminal);

}  // namespace postern::cli

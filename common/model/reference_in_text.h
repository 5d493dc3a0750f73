// References in what people paste: a reply, a line of a log, a whole bounce.
#pragma once

#include "postern/reference.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What Reference::parse reads; else the first reference that stands in `text` as it is written in
/// replies, with both hyphens. nullopt if there is none whose check character agrees.
std::optional<Reference> find_reference(std::string_view text);

/// Every reference that stands in `text` as it is written in replies, each once; at most `most`.
std::vector<Reference> find_references(std::string_view text, std::size_t most = 100);

/// What stands behind "ref" in `text` as our replies have it, and is no reference, because one of
/// its characters was misread or mistyped: each once.
std::vector<std::string> mistyped_references(std::string_view text);

/// True if `text` can only be meant as one reference, "XXXX-XXXX-XXXX" with or without "ref" before
/// it: when find_reference() has none, a character was misread or mistyped.
bool looks_like_reference(std::string_view text) noexcept;

}  // namespace postern

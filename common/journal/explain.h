// explain(): the story of one record in plain words, for a help desk, or as JSON for tools. Pure.
#pragma once

#include "journal/record.h"

#include <cstdint>
#include <string>

namespace postern {

enum class ExplainFormat : std::uint8_t { text, json };

struct ExplainOptions {
  ExplainFormat format = ExplainFormat::text;
  std::uint64_t repeats = 0;  ///< how often the same request was asked again (kind `repeat`)
};

/// Text: lines of at most 78 columns, printable ASCII and line feeds only whatever the record
/// holds; what was sent is shown octet for octet, folded with a mark. JSON: one object with the
/// record (as to_json writes it) and the catalogue's words, and a line feed.
std::string explain(const Record& record, const ExplainOptions& options = {});

}  // namespace postern

// explain(): the story of one record in plain words, for a help desk, or as JSON for tools. Pure.
#pragma once

#include "journal/page.h"
#include "journal/record.h"

#include <cstdint>
#include <string>

namespace postern {

enum class ExplainFormat : std::uint8_t { text, json };

/// For whom a story is told.
enum class Voice : std::uint8_t {
  help_desk,  ///< about a dozen lines that can be read out on the telephone
  admin,      ///< all there is, with file and line of rules and tables
  sender,     ///< what may be told to the outside: nothing of rules, tables, other recipients or
              ///< hosts inside, and nothing of a message that was not refused
};

struct ExplainOptions {
  ExplainFormat format = ExplainFormat::text;
  Voice voice = Voice::help_desk;
  Paint paint = Paint::none;  ///< of text
  std::uint64_t repeats = 0;  ///< how often the same request was asked again (kind `repeat`)
};

/// Text: lines of at most 78 columns, printable ASCII and line feeds only whatever the record
/// holds, and the sequences of `paint`; for the administrator what was sent is shown octet for
/// octet, folded with a mark. JSON: one object and a line feed, as docs/journal-format.md has it;
/// for the sender without the record and all that the text leaves out.
std::string explain(const Record& record, const ExplainOptions& options = {});

}  // namespace postern

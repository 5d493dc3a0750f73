// Readers: from the text of a table's file to its entries. Pure; the text is untrusted octets.
#pragma once

#include "tables/entries.h"

#include <memory>
#include <string>
#include <string_view>

namespace postern {

/// How a file is written.
enum class TableFormat : std::uint8_t {
  lines,   ///< one entry a line, a comment behind it
  hash,    ///< the text form of Postfix's tables: key, white space, value
  csv,     ///< RFC 4180
  sqlite,  ///< rows of a query; not read here
  lmdb,    ///< keys and values; not read here
};

/// Which part of a line is a value.
enum class LineValues : std::uint8_t {
  none,    ///< the whole line is the entry
  behind,  ///< behind the first white space; quotes hold a key or value with spaces together
};

/// One entry per line. '#' at the start of a line or after white space starts a comment; blank
/// lines are ignored. A comment behind an entry is its note, and "until 2027-01-31" at the
/// beginning of it the last day on which the entry counts.
EntryList read_lines(const std::string& file, std::shared_ptr<const std::string> text,
                     LineValues values, TableFaults& faults);

/// The source of postmap(1): "key value"; a line that begins with white space continues the one
/// before; a line whose first character is '#' is ignored, even between these. The value is kept
/// even where the table's kind has no use for it.
EntryList read_hash(const std::string& file, std::string_view text, TableFaults& faults);

/// Columns by their number from 1, or by the name in the first line; empty: none.
struct CsvColumns {
  std::string key = "1";
  std::string value;
  std::string until;
  std::string note;
  enum class Header : std::uint8_t {
    by_names,  ///< there is one if a column is named and not numbered
    yes,
    no,
  };
  Header header = Header::by_names;
  char separator = ',';
};
/// A field may be quoted and then hold separators, line ends and doubled quotes. Empty lines and
/// rows whose key is empty are ignored. The place of an entry is its line and column in the file.
EntryList read_csv(const std::string& file, std::string_view text, const CsvColumns& columns,
                   TableFaults& faults);

/// Adds a row that is not text of a file: of a data base. Empty `until`: for ever.
struct TableRow {
  std::string_view key;
  std::string_view value;
  std::string_view until;
  std::string_view note;
  bool has_value = false;
};
/// `number`: of the row, from 1; stands for the line.
void add_row(EntryList& entries, const TableRow& row, unsigned number, TableFaults& faults);

/// What a comment says about the entry before it.
struct Annotation {
  std::optional<Day> last_day;
  std::string_view note;
};
/// `comment`: without its '#'. A date that is none is a fault: an entry that was to end must not
/// stand for ever. "until further notice" is a note.
Annotation read_annotation(std::string_view comment, const SourcePosition& position,
                           TableFaults& faults);

}  // namespace postern

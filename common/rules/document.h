// Document: a TOML file as a plain tree that remembers where each key and value stands. The only
// door to the TOML library: nothing of it shows outside document.cc.
#pragma once

#include "rules/diagnostics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct Member;

/// A value. Which field counts is told by `kind`.
struct Node {
  enum class Kind : std::uint8_t { string, integer, real, boolean, date, array, table };

  Kind kind = Kind::table;
  Span span;  ///< the literal; of a table with a header, the header
  std::string string;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> items;      ///< of an array
  std::vector<Member> members;  ///< of a table, in file order

  const Member* find(std::string_view key) const noexcept;
  /// Part of a string's value as it stands in the file, escapes and several lines considered.
  Span part(std::size_t offset, std::size_t length) const;
};

struct Member {
  std::string key;
  Span key_span;
  Node value;
};

/// "a string", "a table": for messages.
std::string_view to_text(Node::Kind kind) noexcept;

/// What could be read of a file.
struct Document {
  enum class Extent : std::uint8_t { whole, beginning };
  Node root;  ///< of a beginning: the complete sections before the fault, perhaps none
  Extent extent = Extent::whole;
};

/// Reads a file. A fault of TOML's syntax is one error (the library stops at the first); it says
/// from which line on nothing is read. The file must outlive the document.
Document parse_document(const SourceFile& file, Diagnostics& diagnostics);

/// For each octet of the value of a TOML string, and for its end, the offset in its literal
/// (`literal` begins with the opening quote). Empty if `literal` does not spell `value`.
std::vector<std::size_t> literal_offsets(std::string_view literal, std::string_view value);

}  // namespace postern

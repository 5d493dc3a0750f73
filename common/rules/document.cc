#include "rules/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace postern {
namespace {

Span span_of(const SourceFile& file, const toml::source_region& region) {
  const auto begin = file.offset(region.begin.line, region.begin.column);
  const auto end = file.offset(region.end.line, region.end.column);
  return {&file, begin, std::max(begin + 1, end)};
}

/// Recursion ends: the library refuses nesting deeper than 256.
Node convert(const toml::node& node, const SourceFile& file) {
  Node result;
  result.span = span_of(file, node.source());
  if (const auto* table = node.as_table()) {
    result.kind = Node::Kind::table;
    for (const auto& [key, value] : *table) {
      result.members.push_back(
          {std::string(key.str()), span_of(file, key.source()), convert(value, file)});
    }
    // The library iterates in alphabetical order; people read in file order.
    std::stable_sort(
        result.members.begin(), result.members.end(),
        [](const Member& a, const Member& b) { return a.key_span.begin < b.key_span.begin; });
  } else if (const auto* array = node.as_array()) {
    result.kind = Node::Kind::array;
    for (const auto& item : *array) result.items.push_back(convert(item, file));
  } else if (const auto* string = node.as_string()) {
    result.kind = Node::Kind::string;
    result.string = string->get();
  } else if (const auto* integer = node.as_integer()) {
    result.kind = Node::Kind::integer;
    result.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    result.kind = Node::Kind::boolean;
    result.boolean = boolean->get();
  } else if (node.is_floating_point()) {
    result.kind = Node::Kind::real;
  } else {
    result.kind = Node::Kind::date;
  }
  return result;
}

/// The library's words, shortened: the position is ours to give.
std::string syntax_message(std::string_view description) {
  constexpr std::string_view opening = "Error while parsing ";
  if (description.substr(0, opening.size()) == opening) {
    description.remove_prefix(opening.size());
    const auto colon = description.find(": ");
    if (colon != std::string_view::npos) {
      const bool vowel =
          std::string_view("aeiou").find(description.front()) != std::string_view::npos;
      return "this is not TOML: in " + std::string(vowel ? "an " : "a ") +
             std::string(description.substr(0, colon)) + ", " +
             std::string(description.substr(colon + 2));
    }
  }
  return "this is not TOML: " + std::string(description);
}

std::string syntax_hint(std::string_view description) {
  const auto says = [&](std::string_view words) {
    return description.find(words) != std::string_view::npos;
  };
  if (says("could not determine value type")) return "a text needs quotes";
  if (says("cannot redefine existing array 'rule'")) return "each rule begins with [[rule]]";
  if (says("cannot redefine")) return "each key and each table may appear once in a file";
  if (says("unescaped control") || says("string: encountered end-of-file")) {
    return "the closing quote is missing; a text of several lines needs '''";
  }
  if (says("unknown escape sequence")) return "in '...' a backslash is a plain character";
  if (says("utf-8")) return "policy files are UTF-8";
  return {};
}

/// The complete sections of a file before `fault`, and where what is read ends. A section begins
/// with a line that begins with '['; such a line may also stand inside a text or list that is not
/// closed, so that several are tried.
Node read_beginning(const SourceFile& file, std::size_t fault, std::size_t& read) {
  constexpr int most_attempts = 16;
  const std::string_view text = file.text();
  auto line = file.position(fault).line;
  Node nothing;
  nothing.span = {&file, 0, 1};
  for (int attempts = 0; attempts < most_attempts && line > 0; --line) {
    const auto start = file.offset(line, 1);
    const auto first = file.line(line).find_first_not_of(" \t");
    const bool header = first != std::string_view::npos && file.line(line)[first] == '[';
    if (!header && line != 1) continue;
    // A section is read up to its last line; what stands before the first one is one as well.
    if (!header || start == 0) break;
    ++attempts;
    try {
      auto root = convert(toml::parse(text.substr(0, start), std::string_view(file.name())), file);
      read = start;
      return root;
    } catch (const toml::parse_error&) {
      continue;
    }
  }
  return nothing;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t octet) { out.push_back(static_cast<char>(octet)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

/// Reads a literal again, only to learn where each octet came from. The library has checked it, so
/// that a fault here means giving up, not reporting.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view literal) : literal_(literal) {}

  std::vector<std::size_t> read(std::string_view value) {
    if (literal_.empty()) return {};
    quote_ = literal_.front();
    if (quote_ != '"' && quote_ != '\'') return {};
    several_lines_ = literal_.substr(0, 3) == std::string(3, quote_);
    at_ = several_lines_ ? 3 : 1;
    if (several_lines_) skip_line_end();  // TOML drops a line end right after the opening quotes
    while (value_.size() < value.size() && at_ < literal_.size()) {
      if (literal_[at_] == '\\' && quote_ == '"') {
        if (!escape()) return {};
      } else {
        const auto start = at_;
        if (literal_.substr(at_, 2) == "\r\n") ++at_;  // the library hands over "\n"
        value_.push_back(literal_[at_++]);
        fill(start);
      }
    }
    if (value_ != value) return {};
    offsets_.push_back(at_);
    return std::move(offsets_);
  }

 private:
  void fill(std::size_t start) { offsets_.resize(value_.size(), start); }

  bool skip_line_end() {
    if (literal_.substr(at_, 2) == "\r\n") {
      at_ += 2;
      return true;
    }
    if (literal_.substr(at_, 1) == "\n") {
      ++at_;
      return true;
    }
    return false;
  }

  bool escape() {
    const auto start = at_++;
    if (at_ >= literal_.size()) return false;
    const char kind = literal_[at_];
    if (several_lines_ && (kind == ' ' || kind == '\t' || kind == '\r' || kind == '\n')) {
      // A backslash at the end of a line swallows all white space up to the next character.
      at_ = std::min(literal_.find_first_not_of(" \t\r\n", at_), literal_.size());
      return true;
    }
    ++at_;
    constexpr std::string_view names = "btnfre\"\\";
    constexpr std::string_view meanings = "\b\t\n\f\r\x1b\"\\";
    if (const auto found = names.find(kind); found != std::string_view::npos) {
      value_.push_back(meanings[found]);
      fill(start);
      return true;
    }
    const std::size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : kind == 'x' ? 2 : 0;
    if (digits == 0 || at_ + digits > literal_.size()) return false;
    std::uint32_t point = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      constexpr std::string_view hexadecimal = "0123456789abcdef";
      char digit = literal_[at_ + i];
      if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
      const auto worth = hexadecimal.find(digit);
      if (worth == std::string_view::npos) return false;
      point = point * 16 + static_cast<std::uint32_t>(worth);
    }
    at_ += digits;
    append_utf8(value_, point);
    fill(start);
    return true;
  }

  std::string_view literal_;
  char quote_ = '"';
  bool several_lines_ = false;
  std::size_t at_ = 0;
  std::string value_;
  std::vector<std::size_t> offsets_;
};

}  // namespace

const Member* Node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

Span Node::part(std::size_t offset, std::size_t length) const {
  const auto literal =
      std::string_view(span.file->text()).substr(span.begin, span.end - span.begin);
  const auto offsets = literal_offsets(literal, string);
  if (offsets.empty()) return span;
  offset = std::min(offset, string.size());
  length = std::min(length, string.size() - offset);
  const auto begin = offsets[offset];
  return {span.file, span.begin + begin,
          span.begin + std::max(begin + 1, offsets[offset + length])};
}

std::string_view to_text(Node::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::string:
      return "a string";
    case Node::Kind::integer:
      return "a whole number";
    case Node::Kind::real:
      return "a number with a fraction";
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::date:
      return "a date or time";
    case Node::Kind::array:
      return "a list";
    case Node::Kind::table:
      return "a table";
  }
  return "";
}

Document parse_document(const SourceFile& file, Diagnostics& diagnostics) {
  try {
    return {
        convert(toml::parse(std::string_view(file.text()), std::string_view(file.name())), file),
        Document::Extent::whole};
  } catch (const toml::parse_error& error) {
    const auto span = span_of(file, error.source());
    std::size_t read = 0;
    Document document{read_beginning(file, span.begin, read), Document::Extent::beginning};
    auto hint = syntax_hint(error.description());
    hint += hint.empty() ? "until this" : "; until this";
    hint += " is corrected, nothing ";
    hint += read == 0 ? "in this file is checked"
                      : "from line " + std::to_string(file.position(read).line) + " on is checked";
    diagnostics.error(span, syntax_message(error.description()), std::move(hint));
    return document;
  }
}

std::vector<std::size_t> literal_offsets(std::string_view literal, std::string_view value) {
  return LiteralReader(literal).read(value);
}

}  // namespace postern

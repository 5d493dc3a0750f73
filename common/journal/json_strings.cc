#include "journal/json_strings.h"

#include "journal/json_writer.h"

#include <algorithm>
#include <cstdint>

namespace postern {
namespace {

std::optional<std::uint32_t> four_digits(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    value <<= 4U;
    if (c >= '0' && c <= '9') {
      value += static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value += static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value += static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// `rest` begins behind "\u"; what was read is taken off it. nullopt: no good escape.
std::optional<std::uint32_t> code_point(std::string_view& rest) {
  const auto first = four_digits(rest);
  if (!first || (*first >= 0xDC00 && *first < 0xE000)) return std::nullopt;
  if (*first < 0xD800 || *first >= 0xE000) {
    rest.remove_prefix(4);
    return first;
  }
  if (rest.substr(4, 2) != "\\u") return std::nullopt;
  const auto second = four_digits(rest.substr(6));
  if (!second || *second < 0xDC00 || *second >= 0xE000) return std::nullopt;
  rest.remove_prefix(10);
  return 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00);
}

char short_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    default:
      return c;  // quotes, backslashes, slashes
  }
}

}  // namespace

/// One pass over the octets of a line.
class JsonStrings {
 public:
  JsonStrings(std::string_view line, const JsonStringEdit& edit, std::string& out)
      : rest_(line), edit_(edit), out_(out) {}

  bool run() {
    const char* const begin = rest_.data();
    written_ = begin;
    bool began = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      auto& levels = place_.levels_;
      auto& depth = place_.depth_;
      if (c == '{' || c == '[') {
        if (depth == JsonPlace::deepest || (depth == 0 && (c == '[' || began))) return false;
        began = true;
        levels[depth++] = {c, {}};
      } else if (c == '}' || c == ']') {
        if (depth == 0 || levels[depth - 1].bracket != (c == '}' ? '{' : '[')) return false;
        --depth;
      } else if (c == '"') {
        if (depth == 0 || !string()) return false;
      } else if (depth == 0 && c != ' ' && c != '\t' && c != '\r') {
        return false;
      }
    }
    if (!began || place_.depth_ != 0) return false;
    out_.append(written_, static_cast<std::size_t>(rest_.data() - written_));
    return true;
  }

 private:
  /// Behind its first quote.
  bool string() {
    std::size_t end = 0;
    while (true) {
      end = rest_.find('"', end);
      if (end == std::string_view::npos) return false;
      std::size_t escapes = 0;
      while (escapes < end && rest_[end - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) break;
      ++end;
    }
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    auto& level = place_.levels_[place_.depth_ - 1];
    if (level.bracket == '{' && !rest_.empty() && rest_.front() == ':') {
      level.key = text;
    } else if (const auto other = edit_(place_, text)) {
      const char* const quote = text.data() - 1;
      out_.append(written_, static_cast<std::size_t>(quote - written_));
      append_json_string(out_, *other);
      written_ = rest_.data();
    }
    return true;
  }

  std::string_view rest_;
  const JsonStringEdit& edit_;
  std::string& out_;
  JsonPlace place_;
  const char* written_ = nullptr;  // up to here the line is in `out_`
};

std::string_view JsonPlace::member() const noexcept {
  for (auto level = depth_; level > 0; --level) {
    if (levels_[level - 1].bracket == '{') return levels_[level - 1].key;
  }
  return {};
}

bool edit_json_strings(std::string_view line, const JsonStringEdit& edit, std::string& out) {
  const auto before = out.size();
  if (JsonStrings(line, edit, out).run()) return true;
  out.resize(before);
  return false;
}

std::string octets_from_escaped(std::string_view escaped) {
  if (escaped.find('\\') == std::string_view::npos) return octets_from_json(escaped);
  std::string text;
  text.reserve(escaped.size());
  while (!escaped.empty()) {
    const auto plain = std::min(escaped.find('\\'), escaped.size());
    text.append(escaped.substr(0, plain));
    escaped.remove_prefix(plain);
    if (escaped.size() < 2) {
      text.append(escaped);
      break;
    }
    const char kind = escaped[1];
    auto rest = escaped.substr(2);
    if (kind != 'u') {
      text += short_escape(kind);
    } else if (const auto code = code_point(rest)) {
      append_utf8(text, *code);
    } else {
      text += "\\u";
    }
    escaped = rest;
  }
  return octets_from_json(text);
}

}  // namespace postern

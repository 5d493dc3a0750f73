#include "bounce/report_fields.h"

#include "model/text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace postern {
namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&out, point](unsigned shift) {
    out += static_cast<char>(0x80U | ((point >> shift) & 0x3fU));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// RFC 6533 3: "\x{48E5}" stands for the character.
std::string without_escapes(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto at = text.find("\\x{");
    result += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    const auto end = text.find('}');
    std::uint32_t point = 0;
    const auto digits =
        end == std::string_view::npos ? std::string_view{} : text.substr(3, end - 3);
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
    const bool valid = !digits.empty() && error == std::errc{} &&
                       stop == digits.data() + digits.size() && point <= 0x10ffff &&
                       (point < 0xd800 || point > 0xdfff);
    if (valid) {
      append_utf8(result, point);
      text.remove_prefix(end + 1);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

std::vector<ReportGroup> report_groups(std::string_view text) {
  std::vector<ReportGroup> groups(1);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (trimmed(line).empty()) {
      if (!groups.back().empty()) groups.emplace_back();
      continue;
    }
    auto& group = groups.back();
    if (line.front() == ' ' || line.front() == '\t') {
      if (!group.empty()) (group.back().value += ' ') += trimmed(line);
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      // Some servers fold without the white space that makes it one field.
      if (!group.empty()) (group.back().value += ' ') += trimmed(line);
      continue;
    }
    group.push_back(
        {lower(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
  }
  if (groups.back().empty()) groups.pop_back();
  return groups;
}

std::string field_value(const ReportGroup& group, std::string_view name) {
  const auto found = std::find_if(group.begin(), group.end(),
                                  [name](const ReportField& field) { return field.name == name; });
  return found == group.end() ? std::string() : found->value;
}

TypedValue typed_value(std::string_view field) {
  const auto semicolon = field.find(';');
  const auto type = trimmed(field.substr(0, semicolon));
  const bool is_type = semicolon != std::string_view::npos && !type.empty() && type.size() <= 30 &&
                       type.find_first_of(" <>@\"") == std::string_view::npos;
  if (!is_type) return {{}, std::string(trimmed(field))};
  return {lower(type), std::string(trimmed(field.substr(semicolon + 1)))};
}

std::string report_address(std::string_view field) {
  auto [type, value] = typed_value(field);
  if (type == "utf-8") value = without_escapes(value);
  const auto open = value.find('<');
  const auto close = value.find('>', open == std::string::npos ? 0 : open);
  if (open != std::string::npos && close != std::string::npos) {
    value = value.substr(open + 1, close - open - 1);
  }
  return std::string(trimmed(value));
}

std::string status_code(std::string_view field) {
  field = trimmed(field);
  std::size_t length = 0;
  int dots = 0;
  while (length < field.size() && (is_digit(field[length]) || field[length] == '.')) {
    if (field[length] == '.') ++dots;
    ++length;
  }
  const auto code = field.substr(0, length);
  const bool fits = dots == 2 && length >= 5 && length <= 9 && code[1] == '.' &&
                    (code[0] == '2' || code[0] == '4' || code[0] == '5') && code.back() != '.' &&
                    code.find("..") == std::string_view::npos;
  return fits ? std::string(code) : std::string();
}

}  // namespace postern

#include "model/shown_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postern {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t Count>
bool within(const std::array<Range, Count>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

// Characters a person does not see, and those that change the order or place of others: a policy
// that reads otherwise than it works must not look harmless.
constexpr std::array unseen = {
    Range{0x80, 0x9F},       Range{0xAD, 0xAD},        Range{0x34F, 0x34F},
    Range{0x61C, 0x61C},     Range{0x115F, 0x1160},    Range{0x17B4, 0x17B5},
    Range{0x180B, 0x180F},   Range{0x200B, 0x200F},    Range{0x2028, 0x202E},
    Range{0x2060, 0x206F},   Range{0x3164, 0x3164},    Range{0xE000, 0xF8FF},
    Range{0xFE00, 0xFE0F},   Range{0xFEFF, 0xFEFF},    Range{0xFFA0, 0xFFA0},
    Range{0xFFF0, 0xFFFB},   Range{0xFFFE, 0xFFFF},    Range{0x1BCA0, 0x1BCA3},
    Range{0x1D173, 0x1D17A}, Range{0xE0000, 0x10FFFF},
};

// Marks that stand on the character before them.
constexpr std::array without_width = {
    Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},   Range{0x5BF, 0x5BF},
    Range{0x5C1, 0x5C2},   Range{0x5C4, 0x5C5},   Range{0x610, 0x61A},   Range{0x64B, 0x65F},
    Range{0x670, 0x670},   Range{0x6D6, 0x6DC},   Range{0x93C, 0x93C},   Range{0x941, 0x948},
    Range{0x94D, 0x94D},   Range{0xE31, 0xE31},   Range{0xE34, 0xE3A},   Range{0xE47, 0xE4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF}, Range{0x3099, 0x309A},
    Range{0xFE20, 0xFE2F},
};

// East Asian wide and fullwidth characters (Unicode TR 11), and the pictures terminals draw wide.
constexpr std::array wide = {
    Range{0x1100, 0x115E},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
    Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF01, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
    Range{0x20000, 0x3FFFD},
};

std::string written_out(char octet) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(octet);
  return {'\\', 'x', digits[value >> 4U], digits[value & 0xFU]};
}

}  // namespace

Utf8Character first_character(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = octet(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0U) != 0x80) return {};
    point = point << 6U | (octet(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  return {point, length};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = first_character(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::vector<ShownPiece> shown_pieces(std::string_view text, Glyphs glyphs) {
  std::vector<ShownPiece> pieces;
  pieces.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char octet = text[at];
    if (octet >= ' ' && octet <= '~') {
      pieces.push_back({at++, 1, std::string(1, octet), 1});
      continue;
    }
    if (octet == '\t') {
      pieces.push_back({at++, 1, " ", 1});
      continue;
    }
    const auto [point, length] = first_character(text.substr(at));
    if (glyphs == Glyphs::ascii || length < 2 || within(unseen, point)) {
      pieces.push_back({at++, 1, written_out(octet), 4});
      continue;
    }
    const std::size_t columns = within(without_width, point) ? 0 : within(wide, point) ? 2 : 1;
    pieces.push_back({at, length, std::string(text.substr(at, length)), columns});
    at += length;
  }
  return pieces;
}

std::string shown_text(std::string_view text, Glyphs glyphs) {
  std::string shown;
  shown.reserve(text.size());
  for (const auto& piece : shown_pieces(text, glyphs)) shown += piece.text;
  return shown;
}

}  // namespace postern

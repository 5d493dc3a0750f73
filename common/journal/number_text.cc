#include "journal/number_text.h"

#include <array>
#include <cstdio>

namespace postern {
namespace {

/// With two digits that count, as long as the number is below 100.
std::string digits_of(double number) {
  std::array<char, 32> text{};
  const int behind = number < 0.995 ? 2 : number < 9.95 ? 1 : 0;
  const int length = std::snprintf(text.data(), text.size(), "%.*f", behind, number);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const auto share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part > 0 && share < 0.05) return "<0.1%";
  if (part < whole && share >= 99.95) return ">99.9%";
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.1f%%", share);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string duration_text(std::chrono::microseconds time) {
  const auto milliseconds = static_cast<double>(time.count()) / 1000;
  if (milliseconds < 999.5) return digits_of(milliseconds) + " ms";
  if (milliseconds < 119'500) return digits_of(milliseconds / 1000) + " s";
  return digits_of(milliseconds / 60'000) + " min";
}

}  // namespace postern

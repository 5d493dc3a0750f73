#include "checks/generic_name.h"

#include "model/dns_name.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace postern {
namespace {

/// What providers call lines of customers; as a word of its own, digits apart.
constexpr std::array<std::string_view, 20> words_of_customers{
    "adsl",   "broadband", "cable", "cpe",     "dhcp",  "dial",       "dialin",
    "dialup", "dsl",       "dyn",   "dynamic", "dynip", "ftth",       "pool",
    "ppp",    "pppoe",     "vdsl",  "res",     "wlan",  "residential"};

/// The parts of a name between dots, hyphens and underscores.
std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  while (!name.empty()) {
    const auto end = std::min(name.find_first_of(".-_"), name.size());
    if (end > 0) parts.push_back(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return parts;
}

std::string_view without_digits(std::string_view part) {
  while (!part.empty() && is_digit(part.back())) part.remove_suffix(1);
  while (!part.empty() && is_digit(part.front())) part.remove_prefix(1);
  return part;
}

bool is_number(std::string_view part, unsigned value) {
  while (part.size() > 1 && part.front() == '0') part.remove_prefix(1);
  return part == std::to_string(value);
}

/// Numbers of the name, one for each run of digits.
std::vector<std::string_view> numbers_of(std::string_view name) {
  std::vector<std::string_view> numbers;
  for (std::size_t at = 0; at < name.size();) {
    if (!is_digit(name[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < name.size() && is_digit(name[end])) ++end;
    numbers.push_back(name.substr(at, end - at));
    at = end;
  }
  return numbers;
}

bool holds_in_order(const std::vector<std::string_view>& numbers,
                    const std::array<unsigned, 3>& octets) {
  const auto fits = [](std::string_view number, unsigned octet) {
    return is_number(number, octet);
  };
  return std::search(numbers.begin(), numbers.end(), octets.begin(), octets.end(), fits) !=
         numbers.end();
}

std::string hexadecimal(const std::vector<unsigned>& octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto octet : octets) {
    text += digits[octet >> 4U];
    text += digits[octet & 0xfU];
  }
  return text;
}

std::string padded_decimal(const std::vector<unsigned>& octets) {
  std::string text;
  for (const auto octet : octets) text += padded(octet, 3);
  return text;
}

bool is_made_of_v4(std::string_view name, const std::vector<unsigned>& octets) {
  const auto numbers = numbers_of(name);
  auto reversed = octets;
  std::reverse(reversed.begin(), reversed.end());
  for (const auto& each : {octets, reversed}) {
    if (holds_in_order(numbers, {each[0], each[1], each[2]}) ||
        holds_in_order(numbers, {each[1], each[2], each[3]}) ||
        name.find(hexadecimal(each)) != std::string_view::npos ||
        name.find(padded_decimal(each)) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_generic_name(std::string_view name, const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.family() == IpAddress::Family::v4) {
    if (is_made_of_v4(name, {bytes[0], bytes[1], bytes[2], bytes[3]})) return true;
  } else {
    // With or without hyphens between the groups.
    std::string joined_name(name);
    std::erase_if(joined_name, [](char c) { return c == '-'; });
    // Nearly every server has ::1 or ::25 as its end, and "0000" proves nothing.
    const std::vector<unsigned> end{bytes[12], bytes[13], bytes[14], bytes[15]};
    const bool telling = end[0] != 0 && end[1] != 0;
    if (telling && joined_name.find(hexadecimal(end)) != std::string::npos) return true;
  }
  const bool has_digit = std::any_of(name.begin(), name.end(), is_digit);
  if (!has_digit) return false;
  const auto parts = parts_of(name);
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    const auto word = without_digits(part);
    return std::find(words_of_customers.begin(), words_of_customers.end(), word) !=
           words_of_customers.end();
  });
}

}  // namespace postern

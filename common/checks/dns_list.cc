#include "checks/dns_list.h"

#include "model/dns_name.h"
#include "model/text.h"

#include <algorithm>
#include <charconv>

namespace postern {
namespace {

constexpr std::uint32_t first_code = 0x7f000002;  // 127.0.0.2, RFC 5782 2.1 and 6471 3.5
constexpr std::uint32_t last_code = 0x7ffffeff;   // 127.255.254.255
constexpr std::uint32_t last_usual_code = 0x7f0000fe;

std::optional<std::uint32_t> number_of(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->family() != IpAddress::Family::v4) return {};
  const auto& bytes = address->bytes();
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

std::optional<std::uint32_t> octet(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value > 255) return {};
  return value;
}

bool is_code(std::uint32_t value) noexcept { return value >= first_code && value <= last_code; }
bool is_refusal(std::uint32_t value) noexcept { return value >> 8 == 0x7fffff; }

/// "127.0.*.3", where the star is any octet.
std::optional<DnsListCodes> masked(std::string_view text) {
  DnsListCodes codes;
  codes.kind = DnsListCodes::Kind::mask;
  for (int i = 0; i < 4; ++i) {
    const auto dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return {};
    const auto part = text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
    codes.low <<= 8U;
    codes.high <<= 8U;
    if (part == "*" && i > 0) continue;
    const auto value = octet(part);
    if (!value) return {};
    codes.low |= *value;
    codes.high |= 0xffU;
  }
  if (codes.low >> 24U != 127) return {};
  // From the lowest that fits to the highest there has to be a code; "127.255.255.*" has none.
  if (codes.low > last_code || (codes.low | ~codes.high) < first_code) return {};
  return codes;
}

bool fits(const DnsListCodes& codes, std::uint32_t value) noexcept {
  if (codes.kind == DnsListCodes::Kind::mask) return (value & codes.high) == codes.low;
  if (codes.kind == DnsListCodes::Kind::bits) return (value & codes.low & 0xffU) != 0;
  return value >= codes.low && value <= codes.high;
}

DnsListReading in_error(DnsListReading reading, std::string cause) {
  reading.state = DnsListReading::State::error;
  reading.cause = std::move(cause);
  return reading;
}

}  // namespace

std::string dns_list_name(const IpAddress& address, std::string_view zone) {
  auto name = dns_reversed(address);
  name.reserve(name.size() + 1 + zone.size());
  name += '.';
  name += zone;
  return name;
}

std::optional<std::string> dns_list_name(std::string_view domain, std::string_view zone) {
  const auto name = dns_name_of_octets(domain);
  if (!name || *name == ".") return {};
  return dns_name(*name + '.' + std::string(zone));
}

std::optional<DnsListCodes> dns_list_codes(std::string_view text, std::string meaning) {
  DnsListCodes codes;
  codes.meaning = std::move(meaning);
  if (text.starts_with("bit ") || text.starts_with("bits ")) {
    const auto bits = octet(text.substr(text.find(' ') + 1));
    if (!bits || *bits == 0) return {};
    codes.kind = DnsListCodes::Kind::bits;
    codes.low = *bits;
    return codes;
  }
  if (text.find('*') != std::string_view::npos) {
    auto mask = masked(text);
    if (mask) mask->meaning = std::move(codes.meaning);
    return mask;
  }
  const auto hyphen = text.find('-');
  const auto low = number_of(text.substr(0, hyphen));
  if (!low) return {};
  auto high = low;
  if (hyphen != std::string_view::npos) {
    const auto end = text.substr(hyphen + 1);
    const auto last = octet(end);
    high = last ? std::optional((*low & ~0xffU) | *last) : number_of(end);
  }
  if (!high || *high < *low || !is_code(*low) || !is_code(*high)) return {};
  codes.low = *low;
  codes.high = *high;
  return codes;
}

DnsListCodes usual_dns_list_codes() {
  return {DnsListCodes::Kind::range, first_code, last_usual_code, "listed"};
}

DnsListReading read_dns_list(const Answer& answer, const std::vector<DnsListCodes>& codes) {
  DnsListReading reading;
  if (answer.state == Answer::State::unavailable) return in_error(std::move(reading), answer.cause);
  if (answer.state == Answer::State::empty) return reading;
  reading.values = answer.values;
  std::vector<std::uint32_t> values;
  for (const auto& text : answer.values) {
    const auto value = number_of(text);
    if (value && is_refusal(*value)) {
      return in_error(std::move(reading), "the list refuses to answer us: " + text);
    }
    if (!value || !is_code(*value)) {
      return in_error(std::move(reading), "no list answers " + text);
    }
    values.push_back(*value);
  }
  for (const auto& each : codes) {
    const bool found = std::any_of(values.begin(), values.end(),
                                   [&](std::uint32_t value) { return fits(each, value); });
    const bool known = std::find(reading.meanings.begin(), reading.meanings.end(), each.meaning) !=
                       reading.meanings.end();
    if (found && !known) reading.meanings.push_back(each.meaning);
  }
  if (!reading.meanings.empty()) reading.state = DnsListReading::State::listed;
  return reading;
}

DnsListProbes dns_list_probes(DnsListKind kind, std::string_view zone) {
  const auto both = [&](std::string_view listed, std::string_view unlisted) {
    return DnsListProbes{std::string(listed) + '.' + std::string(zone),
                         std::string(unlisted) + '.' + std::string(zone)};
  };
  switch (kind) {
    case DnsListKind::v4:
      return both("2.0.0.127", "1.0.0.127");
    case DnsListKind::v6:
      // ::FFFF:7F00:2 and ::FFFF:7F00:1.
      return both("2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
                  "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
    case DnsListKind::domains:
      break;
  }
  return both("test", "invalid");
}

std::string_view to_text(DnsListHealth health) noexcept {
  switch (health) {
    case DnsListHealth::good:
      return "good";
    case DnsListHealth::dead:
      return "dead";
    case DnsListHealth::lists_everything:
      return "lists everything";
    case DnsListHealth::refuses:
      return "refuses";
    case DnsListHealth::unknown:
      break;
  }
  return "unknown";
}

DnsListHealth dns_list_health(const Answer& listed, const Answer& unlisted) {
  for (const auto* answer : {&unlisted, &listed}) {
    for (const auto& text : answer->values) {
      const auto value = number_of(text);
      if (value && is_refusal(*value)) return DnsListHealth::refuses;
    }
  }
  // What is certain comes first: one probe may say enough without the other.
  if (unlisted.state == Answer::State::value) return DnsListHealth::lists_everything;
  if (listed.state == Answer::State::empty) return DnsListHealth::dead;
  if (listed.state == Answer::State::unavailable || unlisted.state == Answer::State::unavailable) {
    return DnsListHealth::unknown;
  }
  const bool works = std::all_of(listed.values.begin(), listed.values.end(), [](const auto& text) {
    const auto value = number_of(text);
    return value && is_code(*value);
  });
  return works ? DnsListHealth::good : DnsListHealth::dead;
}

}  // namespace postern

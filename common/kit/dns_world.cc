#include "kit/dns_world.h"

#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <array>
#include <limits>

namespace postern {
namespace {

constexpr std::array<std::string_view, 8> types{"A",   "AAAA",  "MX", "TXT",
                                                "PTR", "CNAME", "NS", "SOA"};

// Octets, RFC 1035 2.3.4.
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_string = 255;
/// As many as common resolvers follow.
constexpr int longest_chain = 16;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

/// In normal spelling; "." is the root. Underscores and slashes are usual in DNS (RFC 8552,
/// RFC 2317), where a host name has none.
std::optional<std::string> dns_name(std::string_view text) {
  if (text == ".") return ".";
  auto name = normal_domain(text);
  if (name.empty() || name.size() > longest_name) return {};
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return {};
      label = 0;
      continue;
    }
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
    if (!plain || ++label > longest_label) return {};
  }
  if (label == 0) return {};
  return name;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t most) {
  if (text.empty() || text.size() > 10) return {};
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > most) return {};
  return static_cast<std::uint32_t>(value);
}

KitFault no_name(std::string_view text) {
  return {quoted(text) + " is not a domain name",
          "letters, digits, hyphens and underscores between dots, as in \"mail.example.com\""};
}

std::variant<std::string, KitFault> address(DnsType type, std::string_view text) {
  // An address of IPv4 in the form of IPv6 would be read as IPv4.
  const bool colons = text.find(':') != std::string_view::npos;
  const auto parsed = text.starts_with("IPv6:") ? std::nullopt : IpAddress::parse(text);
  if (type == DnsType::a) {
    if (parsed && !colons) return parsed->text();
    return KitFault{quoted(text) + " is not an IPv4 address", "as in \"192.0.2.1\""};
  }
  if (parsed && colons && parsed->family() == IpAddress::Family::v6) return parsed->text();
  return KitFault{quoted(text) + " is not an IPv6 address", "as in \"2001:db8::1\""};
}

std::variant<std::string, KitFault> mail_exchanger(std::string_view text) {
  const auto words = words_of(text);
  const auto preference = words.size() == 2
                              ? number(words[0], std::numeric_limits<std::uint16_t>::max())
                              : std::nullopt;
  if (!preference) {
    return KitFault{quoted(text) + " is not an MX record",
                    "a preference and a host, as in \"10 mail.example.com\"; \"0 .\" for a domain "
                    "that takes no mail"};
  }
  const auto host = dns_name(words[1]);
  if (!host) return no_name(words[1]);
  return std::to_string(*preference) + ' ' + *host;
}

std::variant<std::string, KitFault> start_of_authority(std::string_view text) {
  const auto words = words_of(text);
  const KitFault fault{quoted(text) + " is not a SOA record",
                       "two names and five numbers, as in \"ns1.example.com hostmaster.example.com "
                       "1 7200 3600 1209600 3600\""};
  if (words.size() != 7) return fault;
  std::string record;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) record += ' ';
    if (i < 2) {
      const auto name = dns_name(words[i]);
      if (!name) return no_name(words[i]);
      record += *name;
    } else {
      const auto value = number(words[i], std::numeric_limits<std::uint32_t>::max());
      if (!value) return fault;
      record += std::to_string(*value);
    }
  }
  return record;
}

}  // namespace

std::string_view to_text(DnsType type) noexcept { return types[static_cast<std::size_t>(type)]; }

std::optional<DnsType> dns_type_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == text) return static_cast<DnsType>(i);
  }
  return {};
}

std::vector<std::string> dns_type_names() { return {types.begin(), types.end()}; }

std::variant<DnsQuestion, KitFault> dns_question(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() != 2) {
    return KitFault{quoted(text) + " is not a name and a type", "as in \"example.com MX\""};
  }
  const auto type = dns_type_from_text(words[1]);
  if (!type) {
    const auto near = nearest_name(words[1], dns_type_names());
    std::string known;
    for (const auto each : types) known += (known.empty() ? "" : ", ") + std::string(each);
    return KitFault{"there is no type " + quoted(words[1]) + " of records here",
                    near.empty() ? "it is one of " + known : "did you mean " + quoted(near) + '?'};
  }
  const auto name = dns_name(words[0]);
  if (!name) return no_name(words[0]);
  return DnsQuestion{*name, *type};
}

std::variant<std::string, KitFault> dns_record(DnsType type, std::string_view text) {
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa:
      return address(type, text);
    case DnsType::mx:
      return mail_exchanger(text);
    case DnsType::txt:
      return dns_text({std::string(text)});
    case DnsType::soa:
      return start_of_authority(text);
    case DnsType::ptr:
    case DnsType::cname:
    case DnsType::ns:
      break;
  }
  const auto name = dns_name(text);
  if (!name) return no_name(text);
  return *name;
}

std::variant<std::string, KitFault> dns_text(const std::vector<std::string>& strings) {
  if (strings.empty()) {
    return KitFault{"a TXT record has at least one text", "write \"\" for an empty one"};
  }
  std::string joined;
  for (const auto& each : strings) {
    if (each.size() > longest_string) {
      return KitFault{"a text of a TXT record has at most 255 octets, and this one has " +
                          std::to_string(each.size()),
                      "write it in pieces, as a list inside the list: [[\"...\", \"...\"]]"};
    }
    joined += each;
  }
  return joined;
}

std::optional<DnsResult::Kind> dns_trouble_from_text(std::string_view text) noexcept {
  if (text == "NXDOMAIN") return DnsResult::Kind::no_name;
  if (text == "SERVFAIL") return DnsResult::Kind::servfail;
  if (text == "TIMEOUT") return DnsResult::Kind::timeout;
  return {};
}

std::optional<KitFault> DnsWorld::add(const DnsQuestion& question, DnsResult result) {
  using Kind = DnsResult::Kind;
  for (auto same = results_.lower_bound({question.name, DnsType::a});
       same != results_.end() && same->first.name == question.name; ++same) {
    const auto& other = same->first;
    const auto other_text = quoted(other.name + ' ' + std::string(to_text(other.type)));
    if (other.type == question.type) return KitFault{other_text + " has an answer already", ""};
    const bool here = result.kind == Kind::records;
    const bool there = same->second.kind == Kind::records;
    if ((result.kind == Kind::no_name && there) || (here && same->second.kind == Kind::no_name)) {
      return KitFault{
          quoted(question.name) + " cannot both have records and not exist: see " + other_text,
          "an empty list says that the name has no record of a type"};
    }
    if (here && there && (question.type == DnsType::cname || other.type == DnsType::cname)) {
      return KitFault{quoted(question.name) + " has a CNAME, so it has no other records",
                      "give them to the name that the CNAME points to"};
    }
  }
  if (question.type == DnsType::cname && result.records.size() > 1) {
    return KitFault{quoted(question.name) + " can have one CNAME only", ""};
  }
  results_.emplace(question, std::move(result));
  return {};
}

void DnsWorld::add_missing(const DnsWorld& other) {
  for (const auto& [question, result] : other.results_) results_.emplace(question, result);
}

DnsResult DnsWorld::look_up(DnsQuestion question) const {
  using Kind = DnsResult::Kind;
  for (int steps = 0; steps < longest_chain; ++steps) {
    if (const auto found = results_.find(question); found != results_.end()) return found->second;
    const auto alias = results_.find({question.name, DnsType::cname});
    if (alias == results_.end()) {
      const auto exists = [&](const auto& entry) {
        const auto& [known, result] = entry;
        if (result.kind == Kind::no_name) return false;
        return known.name == question.name || known.name.ends_with('.' + question.name);
      };
      const bool there = std::any_of(results_.begin(), results_.end(), exists);
      return {there ? Kind::records : Kind::no_name, {}};
    }
    if (alias->second.kind != Kind::records || alias->second.records.empty()) {
      // Who cannot get the alias cannot get what it would lead to.
      return {alias->second.kind, {}};
    }
    question.name = alias->second.records.front();
  }
  return {Kind::servfail, {}};
}

}  // namespace postern

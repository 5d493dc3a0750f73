#include "dns/scripted_server.h"

#include "dns/message.h"
#include "model/dns_name.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace postern {
namespace {

constexpr std::size_t header_size = 12;
constexpr unsigned opt_type = 41;
constexpr std::size_t plain_udp_size = 512;  // RFC 1035 4.2.1
constexpr unsigned formerr = 1;
constexpr unsigned servfail = 2;
constexpr unsigned nxdomain = 3;
constexpr unsigned refused = 5;
/// More than DnsQuestion's readers take; fits into a TCP message.
constexpr std::size_t huge_count = most_records + 1000;

constexpr std::array<std::pair<DnsType, unsigned>, 8> wire_types{{{DnsType::a, 1},
                                                                  {DnsType::aaaa, 28},
                                                                  {DnsType::mx, 15},
                                                                  {DnsType::txt, 16},
                                                                  {DnsType::ptr, 12},
                                                                  {DnsType::cname, 5},
                                                                  {DnsType::ns, 2},
                                                                  {DnsType::soa, 6}}};

unsigned wire_type(DnsType type) {
  return std::find_if(wire_types.begin(), wire_types.end(),
                      [&](const auto& each) { return each.first == type; })
      ->second;
}

std::string octets16(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
std::string octets32(std::uint32_t value) {
  return octets16(value >> 16) + octets16(value & 0xffff);
}
unsigned read16(std::string_view octets, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(octets[at])) << 8 |
         static_cast<unsigned>(static_cast<unsigned char>(octets[at + 1]));
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string address_data(int family, std::string_view text) {
  std::string octets(family == AF_INET ? 4 : 16, '\0');
  return inet_pton(family, std::string(text).c_str(), octets.data()) == 1 ? octets : std::string();
}

std::string text_data(std::string_view text) {
  std::string data;
  do {
    const auto piece = text.substr(0, 255);
    data += static_cast<char>(piece.size());
    data += piece;
    text.remove_prefix(piece.size());
  } while (!text.empty());
  return data;
}

struct Query {
  std::string_view question;  ///< as it stands in the packet
  std::string name;
  std::optional<DnsType> type;
  bool edns = false;
  std::size_t udp_size = plain_udp_size;
};

std::optional<Query> read_query(std::string_view packet) {
  if (packet.size() < header_size + 5 || read16(packet, 4) != 1) return {};
  std::size_t end = header_size;
  while (end < packet.size() && packet[end] != '\0') {
    end += 1U + static_cast<unsigned char>(packet[end]);
  }
  if (end + 5 > packet.size()) return {};
  const auto name = dns_name_from_wire(packet.substr(header_size, end + 1 - header_size));
  if (!name) return {};
  Query query;
  query.question = packet.substr(header_size, end + 5 - header_size);
  query.name = *name;
  const auto type = read16(packet, end + 1);
  for (const auto& [known, value] : wire_types) {
    if (value == type) query.type = known;
  }
  // OPT: the root, its type, the size in place of a class.
  const auto opt = end + 5;
  if (read16(packet, 10) == 1 && opt + 11 <= packet.size() && packet[opt] == '\0' &&
      read16(packet, opt + 1) == opt_type) {
    query.edns = true;
    query.udp_size = std::max<std::size_t>(read16(packet, opt + 3), plain_udp_size);
  }
  return query;
}

/// An answer in the making.
class Writer {
 public:
  Writer(std::string_view packet, const Query& query) : id_(packet.substr(0, 2)), query_(query) {}

  void set_code(unsigned code) { code_ = code; }
  void ask_instead(std::string question) { question_ = std::move(question); }
  void explain(unsigned info, std::string_view text) {
    option_ = octets16(15) + octets16(static_cast<unsigned>(text.size()) + 2) + octets16(info);
    option_ += text;
  }
  void add(const std::string& owner, DnsType type, std::string_view record) {
    answers_ += this->record(owner, type, record);
    ++answer_count_;
  }
  void add_authority() {
    authority_ = record(".", DnsType::soa, "ns.invalid hostmaster.invalid 1 7200 3600 1209600 60");
  }
  void refer() {
    recursion_ = 0;
    authority_ = record(".", DnsType::ns, "ns.invalid");
  }
  std::size_t answer_count() const noexcept { return answer_count_; }

  std::string packet() const { return whole(0); }
  /// As a server sends it over UDP, where what does not fit is left out altogether.
  std::string udp_packet() const {
    auto all = whole(0);
    return all.size() <= query_.udp_size ? all : truncated();
  }
  std::string truncated() const {
    Writer empty(id_, query_);
    return empty.whole(0x02);
  }

 private:
  static std::string record(const std::string& owner, DnsType type, std::string_view text) {
    const auto data = dns_record_data(type, text);
    return dns_name_to_wire(owner).value_or(std::string(1, '\0')) + octets16(wire_type(type)) +
           octets16(1) + octets32(ScriptedServer::ttl) +
           octets16(static_cast<unsigned>(data.size())) + data;
  }
  std::string whole(unsigned more_flags) const {
    std::string packet(id_);
    packet += static_cast<char>(0x81 | more_flags);  // QR, RD
    packet += static_cast<char>(recursion_ | code_);
    packet += octets16(1) + octets16(static_cast<unsigned>(answer_count_)) +
              octets16(authority_.empty() ? 0 : 1) + octets16(query_.edns ? 1 : 0);
    packet += question_.empty() ? std::string(query_.question) : question_;
    packet += answers_ + authority_;
    if (query_.edns) {
      packet += '\0';
      packet += octets16(opt_type) + octets16(dns_udp_size) + octets32(0) +
                octets16(static_cast<unsigned>(option_.size())) + option_;
    }
    return packet;
  }

  std::string_view id_;
  const Query& query_;
  std::string question_;
  unsigned code_ = 0;
  unsigned recursion_ = 0x80;  // RA
  std::string answers_;
  std::size_t answer_count_ = 0;
  std::string authority_;
  std::string option_;
};

/// What the world says, with its aliases. False: it says TIMEOUT.
bool add_honest(const DnsWorld& world, const Query& query, Writer& writer) {
  if (!query.type) {
    writer.add_authority();
    return true;
  }
  std::string name = query.name;
  if (*query.type != DnsType::cname) {
    for (std::size_t i = 0; i <= longest_alias_chain; ++i) {
      const auto alias = world.look_up({name, DnsType::cname});
      if (alias.kind != DnsResult::Kind::records || alias.records.empty()) break;
      writer.add(name, DnsType::cname, alias.records.front());
      name = alias.records.front();
    }
  }
  const auto result = world.look_up({name, *query.type});
  switch (result.kind) {
    case DnsResult::Kind::timeout:
      return false;
    case DnsResult::Kind::servfail:
      writer.set_code(servfail);
      return true;
    case DnsResult::Kind::no_name:
      writer.set_code(nxdomain);
      break;
    case DnsResult::Kind::records:
      for (const auto& record : result.records) writer.add(name, *query.type, record);
      if (!result.records.empty()) return true;
      break;
  }
  writer.add_authority();
  return true;
}

}  // namespace

std::string dns_record_data(DnsType type, std::string_view text) {
  switch (type) {
    case DnsType::a:
      return address_data(AF_INET, text);
    case DnsType::aaaa:
      return address_data(AF_INET6, text);
    case DnsType::txt:
      return text_data(text);
    case DnsType::mx: {
      const auto words = words_of(text);
      const auto preference = words.size() == 2 ? number<std::uint16_t>(words[0]) : std::nullopt;
      const auto host = preference ? dns_name_to_wire(words[1]) : std::nullopt;
      return host ? octets16(*preference) + *host : std::string();
    }
    case DnsType::soa: {
      const auto words = words_of(text);
      if (words.size() != 7) return {};
      auto data = dns_name_to_wire(words[0]).value_or("") + dns_name_to_wire(words[1]).value_or("");
      for (std::size_t i = 2; i < words.size(); ++i) {
        data += octets32(number<std::uint32_t>(words[i]).value_or(0));
      }
      return data;
    }
    case DnsType::ptr:
    case DnsType::cname:
    case DnsType::ns:
      break;
  }
  return dns_name_to_wire(text).value_or(std::string());
}

const DnsConduct& ScriptedServer::conduct_for(std::string_view name) const {
  static const DnsConduct honest;
  const DnsConduct* best = &honest;
  std::size_t length = 0;
  for (const auto& [zone, conduct] : conducts_) {
    if (is_in_zone(name, zone) && zone.size() >= length) {
      best = &conduct;
      length = zone.size();
    }
  }
  return *best;
}

ScriptedServer::Said ScriptedServer::answer(std::string_view packet, Way way) const {
  using Kind = DnsConduct::Kind;
  const auto query = read_query(packet);
  if (!query) return {};
  const auto& conduct = conduct_for(query->name);
  Writer writer(packet, *query);
  Said said;
  said.anything = true;
  said.delay = conduct.delay;
  switch (conduct.kind) {
    case Kind::silent:
      return {};
    case Kind::servfail:
      writer.set_code(servfail);
      break;
    case Kind::refused:
      writer.set_code(refused);
      break;
    case Kind::bogus:
      writer.set_code(servfail);
      writer.explain(6, "signature crypto failed");
      break;
    case Kind::no_edns:
      if (query->edns) {
        Query plain = *query;
        plain.edns = false;
        Writer without(packet, plain);
        without.set_code(formerr);
        said.packet = without.packet();
        return said;
      }
      said.timeout = !add_honest(world_, *query, writer);
      break;
    case Kind::garbage:
      said.packet = writer.packet();
      said.packet[7] = '\x05';  // five answers, of which there are none
      return said;
    case Kind::wrong_question:
      writer.ask_instead(dns_name_to_wire("not.asked.invalid").value_or("") + octets16(1) +
                         octets16(1));
      writer.add("not.asked.invalid", DnsType::a, "192.0.2.66");
      break;
    case Kind::truncated:
    case Kind::truncated_only:
      if (way == Way::udp) {
        said.packet = writer.truncated();
        return said;
      }
      said.closes = conduct.kind == Kind::truncated_only;
      said.timeout = !add_honest(world_, *query, writer);
      break;
    case Kind::huge:
      for (std::size_t i = 0; i < huge_count; ++i) {
        writer.add(".", DnsType::a, "192.0.2." + std::to_string(i % 256));
      }
      break;
    case Kind::alias_loop:
      writer.add(query->name, DnsType::cname, "loop.invalid");
      writer.add("loop.invalid", DnsType::cname, query->name);
      break;
    case Kind::bare_alias:
      if (const auto alias = world_.look_up({query->name, DnsType::cname});
          !alias.records.empty()) {
        writer.add(query->name, DnsType::cname, alias.records.front());
      } else {
        said.timeout = !add_honest(world_, *query, writer);
      }
      break;
    case Kind::no_name:
      writer.set_code(nxdomain);
      writer.add_authority();
      break;
    case Kind::no_data:
      writer.add_authority();
      break;
    case Kind::referral:
      writer.refer();
      break;
    case Kind::yes:
      if (query->type == DnsType::a) {
        writer.add(query->name, DnsType::a, conduct.record);
        break;
      }
      said.timeout = !add_honest(world_, *query, writer);
      break;
    case Kind::honest:
      said.timeout = !add_honest(world_, *query, writer);
      break;
  }
  said.packet = way == Way::udp ? writer.udp_packet() : writer.packet();
  return said;
}

}  // namespace postern

#include "dns/message.h"

#include "model/dns_name.h"
#include "postern/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <array>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace postern {
namespace {

constexpr std::uint16_t opt_type = 41;        // RFC 6891 6.1.2
constexpr std::uint16_t extended_error = 15;  // RFC 8914 2
constexpr unsigned bad_version = 16;          // BADVERS, RFC 6891 9
constexpr std::size_t longest_note =
    256;  // octets; enough for a sentence, RFC 8914 asks for short ones
constexpr std::uint8_t query_flags_high = 0x01;  // RD
constexpr std::uint8_t query_flags_low = 0x20;   // AD

int wire_type(DnsType type) noexcept {
  switch (type) {
    case DnsType::a:
      return ns_t_a;
    case DnsType::aaaa:
      return ns_t_aaaa;
    case DnsType::mx:
      return ns_t_mx;
    case DnsType::txt:
      return ns_t_txt;
    case DnsType::ptr:
      return ns_t_ptr;
    case DnsType::cname:
      return ns_t_cname;
    case DnsType::ns:
      return ns_t_ns;
    case DnsType::soa:
      break;
  }
  return ns_t_soa;
}

void put16(std::string& to, unsigned value) {
  to += static_cast<char>(value >> 8 & 0xff);
  to += static_cast<char>(value & 0xff);
}

unsigned get16(const unsigned char* at) noexcept {
  return static_cast<unsigned>(at[0]) << 8 | static_cast<unsigned>(at[1]);
}
std::uint32_t get32(const unsigned char* at) noexcept { return get16(at) << 16 | get16(at + 2); }

/// RFC 2181 8: a TTL with its highest bit set is 0.
std::chrono::seconds ttl_of(std::uint32_t value) noexcept {
  return std::chrono::seconds(value > 0x7fffffffU ? 0 : value);
}

/// The resolver library writes names with its own escapes; the root is "" or ".".
std::optional<std::string> own_spelling(const char* name) {
  return *name == '\0' ? std::optional<std::string>(".") : dns_name(name);
}

std::string text_of(const unsigned char* address, int family) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(family, address, buffer.data(), static_cast<socklen_t>(buffer.size()));
  return buffer.data();
}

/// Walks through the data of one record; every step checks that it is there.
class Data {
 public:
  Data(const ns_msg& message, const ns_rr& record)
      : message_(message), at_(ns_rr_rdata(record)), end_(at_ + ns_rr_rdlen(record)) {}

  bool at_end() const noexcept { return at_ == end_; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  const unsigned char* take(std::size_t octets) noexcept {
    if (left() < octets) return nullptr;
    at_ += octets;
    return at_ - octets;
  }
  /// Compressed names may point anywhere into the message, but have to end inside the record.
  std::optional<std::string> name() {
    std::array<unsigned char, longest_dns_wire_name> wire{};
    const int used =
        ns_name_unpack(ns_msg_base(message_), ns_msg_end(message_), at_, wire.data(), wire.size());
    if (used < 0 || static_cast<std::size_t>(used) > left()) return {};
    at_ += used;
    std::size_t size = 0;
    while (size < wire.size() && wire[size] != 0) size += 1U + wire[size];
    if (size >= wire.size()) return {};
    return dns_name_from_wire({reinterpret_cast<const char*>(wire.data()), size + 1});
  }

 private:
  const ns_msg& message_;
  const unsigned char* at_;
  const unsigned char* end_;
};

std::optional<std::string> mail_exchanger(Data& data) {
  const auto* preference = data.take(2);
  if (preference == nullptr) return {};
  const auto value = get16(preference);
  const auto host = data.name();
  if (!host) return {};
  return std::to_string(value) + ' ' + *host;
}

std::optional<std::string> text_record(Data& data) {
  // At least one string, RFC 1035 3.3.14; none at all is not "".
  if (data.at_end()) return {};
  std::string text;
  while (!data.at_end()) {
    const auto* length = data.take(1);
    const auto* octets = data.take(*length);
    if (octets == nullptr) return {};
    text.append(reinterpret_cast<const char*>(octets), *length);
  }
  return text;
}

std::optional<std::string> start_of_authority(Data& data) {
  const auto server = data.name();
  const auto mailbox = data.name();
  const auto* numbers = server && mailbox ? data.take(20) : nullptr;
  if (numbers == nullptr) return {};
  std::string record = *server + ' ' + *mailbox;
  for (int i = 0; i < 5; ++i) record += ' ' + std::to_string(get32(numbers + 4 * i));
  return record;
}

/// nullopt: the record is broken.
std::optional<std::string> record_text(const ns_msg& message, const ns_rr& record, DnsType type) {
  Data data(message, record);
  std::optional<std::string> text;
  switch (type) {
    case DnsType::a:
      if (const auto* octets = data.take(4)) text = text_of(octets, AF_INET);
      break;
    case DnsType::aaaa:
      if (const auto* octets = data.take(16)) text = text_of(octets, AF_INET6);
      break;
    case DnsType::mx:
      text = mail_exchanger(data);
      break;
    case DnsType::txt:
      text = text_record(data);
      break;
    case DnsType::soa:
      text = start_of_authority(data);
      break;
    case DnsType::ptr:
    case DnsType::cname:
    case DnsType::ns:
      text = data.name();
      break;
  }
  if (!data.at_end()) return {};
  return text;
}

struct Alias {
  std::string target;
  std::chrono::seconds ttl{0};
};

class Reader {
 public:
  Reader(const DnsQuestion& question, std::string_view packet)
      : question_(question), packet_(packet) {}

  DnsReading read() {
    if (!begin()) return broken();
    auto code = static_cast<unsigned>(ns_msg_getflag(message_, ns_f_rcode));
    if (!read_options(code)) return broken();
    if (code == bad_version || ((code == ns_r_formerr || code == ns_r_notimpl) && !reading_.edns)) {
      reading_.state = DnsReading::State::no_edns;
      reading_.answer = DnsAnswer::without(DnsTrouble::failed);
      return std::move(reading_);
    }
    if (ns_msg_getflag(message_, ns_f_tc) != 0) {
      reading_.state = DnsReading::State::truncated;
      reading_.answer = DnsAnswer::without(DnsTrouble::truncated);
      return std::move(reading_);
    }
    if (code != ns_r_noerror && code != ns_r_nxdomain) return trouble(code);
    return read_answers(code) ? std::move(reading_) : broken();
  }

 private:
  using Kind = DnsAnswer::Kind;

  bool begin() {
    if (packet_.size() > std::numeric_limits<std::uint16_t>::max()) return false;
    if (ns_initparse(reinterpret_cast<const unsigned char*>(packet_.data()),
                     static_cast<int>(packet_.size()), &message_) != 0) {
      return false;
    }
    if (ns_msg_getflag(message_, ns_f_qr) != 1 || ns_msg_getflag(message_, ns_f_opcode) != 0) {
      return false;
    }
    ns_rr asked;
    if (ns_msg_count(message_, ns_s_qd) != 1 || !parse(ns_s_qd, 0, asked)) return false;
    return ns_rr_type(asked) == wire_type(question_.type) && ns_rr_class(asked) == ns_c_in &&
           own_spelling(ns_rr_name(asked)) == question_.name;
  }

  bool parse(ns_sect section, int number, ns_rr& record) {
    return ns_parserr(&message_, section, number, &record) == 0;
  }

  /// The OPT record and the errors in it (RFC 6891, 8914).
  bool read_options(unsigned& code) {
    for (int i = 0; i < ns_msg_count(message_, ns_s_ar); ++i) {
      ns_rr record;
      if (!parse(ns_s_ar, i, record)) return false;
      if (ns_rr_type(record) != opt_type) continue;
      reading_.edns = true;
      code |= ns_rr_ttl(record) >> 24 << 4;
      Data data(message_, record);
      while (!data.at_end()) {
        const auto* head = data.take(4);
        if (head == nullptr) return false;
        const auto length = get16(head + 2);
        const auto* value = data.take(length);
        if (value == nullptr) return false;
        if (get16(head) == extended_error && length >= 2) note_error(value, length);
      }
    }
    return true;
  }

  void note_error(const unsigned char* value, std::size_t length) {
    const auto info = get16(value);
    // RFC 8914 4.7 to 4.13: from "DNSSEC Bogus" to "NSEC Missing".
    bogus_ = bogus_ || (info >= 6 && info <= 12);
    if (!note_.empty()) return;
    note_ = "EDE " + std::to_string(info);
    const std::size_t text = std::min(length - 2, longest_note);
    if (text == 0) return;
    note_ += ": ";
    note_.append(reinterpret_cast<const char*>(value) + 2, text);
  }

  DnsReading trouble(unsigned code) {
    auto cause = DnsTrouble::failed;
    if (code == ns_r_servfail) cause = bogus_ ? DnsTrouble::bogus : DnsTrouble::servfail;
    if (code == ns_r_refused) cause = DnsTrouble::refused;
    reading_.answer = DnsAnswer::without(cause);
    reading_.answer.note = note_;
    if (cause == DnsTrouble::failed) {
      reading_.answer.note = "RCODE " + std::to_string(code) + (note_.empty() ? "" : ", ") + note_;
    }
    return std::move(reading_);
  }

  DnsReading broken() {
    DnsReading reading;
    reading.edns = reading_.edns;
    reading.answer = DnsAnswer::without(DnsTrouble::malformed);
    return reading;
  }

  bool read_answers(unsigned code) {
    auto& answer = reading_.answer;
    if (ns_msg_count(message_, ns_s_an) > static_cast<int>(most_records)) return false;
    std::string name = question_.name;
    if (!follow_aliases(name)) return false;
    if (name != question_.name) answer.canonical = name;
    if (!take_records(name)) return false;
    if (ns_msg_getflag(message_, ns_f_ad) != 0) {
      answer.authenticity = DnsAnswer::Authenticity::validated;
    }
    if (!answer.records.empty()) {
      answer.kind = Kind::records;
      answer.ttl = least_ttl_.value_or(std::chrono::seconds(0));
      return true;
    }
    // RFC 2308 2.1: NXDOMAIN is about the name at the end of the aliases.
    answer.kind = code == ns_r_nxdomain ? Kind::no_name : Kind::no_data;
    const auto negative = negative_ttl();
    reading_.has_authority = negative.has_value();
    if (!negative && answer.canonical.empty() && is_of_nobody()) {
      reading_.answer = DnsAnswer::without(DnsTrouble::failed);
      reading_.answer.note = "the server does no recursion for us";
      return true;
    }
    answer.ttl = negative.value_or(std::chrono::seconds(0));
    if (least_ttl_) answer.ttl = std::min(answer.ttl, *least_ttl_);
    if (!answer.canonical.empty() && answer.kind == Kind::no_data && !negative) {
      reading_.state = DnsReading::State::alias;
      answer.ttl = *least_ttl_;
    }
    return true;
  }

  /// The records may stand in any order, so all are read before any is followed.
  bool follow_aliases(std::string& name) {
    if (question_.type == DnsType::cname) return true;
    std::unordered_map<std::string, Alias> aliases;
    if (!find_aliases(aliases)) return false;
    if (aliases.empty()) return true;
    for (std::size_t steps = 0; steps <= longest_alias_chain; ++steps) {
      const auto found = aliases.find(name);
      if (found == aliases.end()) return true;
      name = found->second.target;
      lower_ttl(found->second.ttl);
    }
    return false;
  }

  bool find_aliases(std::unordered_map<std::string, Alias>& aliases) {
    for (int i = 0; i < ns_msg_count(message_, ns_s_an); ++i) {
      ns_rr record;
      if (!parse(ns_s_an, i, record)) return false;
      if (ns_rr_type(record) != ns_t_cname || ns_rr_class(record) != ns_c_in) continue;
      auto name = own_spelling(ns_rr_name(record));
      auto target = record_text(message_, record, DnsType::cname);
      if (!name || !target) return false;
      aliases.emplace(std::move(*name), Alias{std::move(*target), ttl_of(ns_rr_ttl(record))});
    }
    return true;
  }

  bool take_records(const std::string& name) {
    auto& records = reading_.answer.records;
    std::unordered_set<std::string> seen;
    for (int i = 0; i < ns_msg_count(message_, ns_s_an); ++i) {
      ns_rr record;
      if (!parse(ns_s_an, i, record)) return false;
      if (ns_rr_type(record) != wire_type(question_.type) || ns_rr_class(record) != ns_c_in) {
        continue;
      }
      if (own_spelling(ns_rr_name(record)) != name) continue;
      auto text = record_text(message_, record, question_.type);
      if (!text) return false;
      lower_ttl(ttl_of(ns_rr_ttl(record)));
      if (seen.insert(*text).second) records.push_back(std::move(*text));
    }
    return true;
  }

  /// Nobody who would know has said anything: a referral to other servers (RFC 2308 2.2.1), or
  /// words without recursion and without authority. Taken for an answer, they would make every name
  /// one that does not exist.
  bool is_of_nobody() {
    const bool may_know =
        ns_msg_getflag(message_, ns_f_ra) != 0 || ns_msg_getflag(message_, ns_f_aa) != 0;
    if (!may_know) return true;
    if (reading_.answer.kind == Kind::no_name) return false;
    for (int i = 0; i < ns_msg_count(message_, ns_s_ns); ++i) {
      ns_rr record;
      if (parse(ns_s_ns, i, record) && ns_rr_type(record) == ns_t_ns) return true;
    }
    return false;
  }

  /// RFC 2308 5: the smaller of the SOA's TTL and its last number.
  std::optional<std::chrono::seconds> negative_ttl() {
    for (int i = 0; i < ns_msg_count(message_, ns_s_ns); ++i) {
      ns_rr record;
      if (!parse(ns_s_ns, i, record)) return {};
      if (ns_rr_type(record) != ns_t_soa || ns_rr_class(record) != ns_c_in) continue;
      Data data(message_, record);
      if (!data.name() || !data.name()) return {};
      const auto* numbers = data.take(20);
      if (numbers == nullptr) return {};
      return std::min(ttl_of(ns_rr_ttl(record)), ttl_of(get32(numbers + 16)));
    }
    return {};
  }

  void lower_ttl(std::chrono::seconds ttl) {
    least_ttl_ = least_ttl_ ? std::min(*least_ttl_, ttl) : ttl;
  }

  const DnsQuestion& question_;
  std::string_view packet_;
  ns_msg message_{};
  DnsReading reading_;
  std::optional<std::chrono::seconds> least_ttl_;
  std::string note_;
  bool bogus_ = false;
};

}  // namespace

std::optional<std::string> dns_query(const DnsQuestion& question, Edns edns) {
  const auto name = dns_name_to_wire(question.name);
  if (!name) return {};
  std::string packet;
  packet.reserve(12 + name->size() + 4 + 11);
  put16(packet, 0);
  packet += static_cast<char>(query_flags_high);
  packet += static_cast<char>(query_flags_low);
  put16(packet, 1);
  put16(packet, 0);
  put16(packet, 0);
  put16(packet, edns == Edns::with ? 1 : 0);
  packet += *name;
  put16(packet, static_cast<unsigned>(wire_type(question.type)));
  put16(packet, ns_c_in);
  if (edns == Edns::with) {
    packet += '\0';  // the root
    put16(packet, opt_type);
    put16(packet, dns_udp_size);
    put16(packet, 0);  // version 0, no flags: the AD bit suffices, DO would bring signatures
    put16(packet, 0);
    put16(packet, 0);
  }
  return packet;
}

DnsReading read_dns_answer(const DnsQuestion& question, std::string_view packet) {
  return Reader(question, packet).read();
}

}  // namespace postern

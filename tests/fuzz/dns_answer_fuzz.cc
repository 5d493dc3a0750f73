// Answers of DNS: whatever comes is read to an end; what is taken from it is well formed, and
// trouble never carries records.
#include "dns/message.h"
#include "model/dns_name.h"
#include "postern/address.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

/// The name that the packet says was asked for, so that most inputs get further than that.
std::string question_name(std::string_view packet) {
  if (packet.size() < 13) return "example.com";
  const auto end = packet.find('\0', 12);
  if (end == std::string_view::npos) return "example.com";
  return dns_name_from_wire(packet.substr(12, end + 1 - 12)).value_or("example.com");
}

void check_record(DnsType type, std::string_view record) {
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa:
      require(IpAddress::parse(record).has_value());
      break;
    case DnsType::mx:
      record.remove_prefix(record.find(' ') + 1);
      require(dns_name(record) == record);
      break;
    case DnsType::ptr:
    case DnsType::cname:
    case DnsType::ns:
      require(dns_name(record) == record);
      break;
    case DnsType::txt:
    case DnsType::soa:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view packet(reinterpret_cast<const char*>(data) + 1, size - 1);
  const DnsQuestion question{question_name(packet), static_cast<DnsType>(data[0] % 8)};
  require(dns_query(question, Edns::with).has_value());
  const auto reading = read_dns_answer(question, packet);
  const auto& answer = reading.answer;
  require(answer.ttl >= answer.ttl.zero());
  require(answer.records.size() <= most_records);
  require(answer.records.empty() == (answer.kind != DnsAnswer::Kind::records));
  require(answer.canonical.empty() || dns_name(answer.canonical) == answer.canonical);
  require(reading.state == DnsReading::State::answer || answer.records.empty());
  for (const auto& record : answer.records) check_record(question.type, record);
  return 0;
}

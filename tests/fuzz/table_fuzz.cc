// Table files: every entry that is taken is found again, and nothing crashes.
#include "tables/table.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = static_cast<postern::TableKind>(data[0] % 4);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto entries = postern::Table::read_lines("t", text);
  const auto table = postern::Table::build("t", kind, entries);
  if (!table.ok()) return 0;
  for (const auto& entry : entries) {
    const auto network = postern::Network::parse(entry.text);
    if (kind == postern::TableKind::cidr && !(*table)->find(network->address())) std::abort();
    if (kind == postern::TableKind::string && !(*table)->find(std::string_view(entry.text))) {
      std::abort();
    }
    static_cast<void>((*table)->find(postern::MailAddress::from_envelope(entry.text)));
    static_cast<void>((*table)->find(std::string_view(entry.text)));
  }
  return 0;
}

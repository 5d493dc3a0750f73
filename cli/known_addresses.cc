#include "cli/known_addresses.h"

#include "journal/address_key.h"

#include <filesystem>
#include <ostream>
#include <system_error>

namespace postern::cli {

std::string address_key_of(const JournalSettings& settings, const std::string& journal) {
  auto of_journal = settings;
  of_journal.path = journal;
  const auto beside = address_key_path(of_journal);
  std::error_code error;
  return std::filesystem::exists(beside, error) ? beside : address_key_path(settings);
}

AddressMask known_addresses(const std::string& path, Terminal terminal) {
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path, error)) return {};
  const auto key = read_address_key(path);
  if (key) return AddressMask::hashed(*key);
  terminal.err << render(key.problems(), terminal.glyphs);
  return {};
}

}  // namespace postern::cli

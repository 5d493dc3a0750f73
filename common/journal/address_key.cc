#include "journal/address_key.h"

#include "journal/segment.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

constexpr std::size_t key_octets = 32;
constexpr std::size_t key_digits = 2 * key_octets;

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + " the key of hashed addresses, " + path + ": " +
                       std::generic_category().message(errno));
}

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string new_key() {
  std::array<unsigned char, key_octets> octets{};
  if (::getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size())) {
    return {};
  }
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  for (const auto octet : octets) {
    text += hex[octet >> 4U];
    text += hex[octet & 15U];
  }
  return text;
}

}  // namespace

std::string address_key_path(const JournalSettings& settings) {
  return settings.addresses_key.empty() ? settings.path + ".key" : settings.addresses_key;
}

Result<std::string> read_address_key(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return failed("read", path);
  std::array<char, key_digits + 2> text{};
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return failed("read", path);
  std::string key(text.data(), static_cast<std::size_t>(got));
  if (!key.empty() && key.back() == '\n') key.pop_back();
  if (key.size() == key_digits && std::all_of(key.begin(), key.end(), is_digit)) return key;
  return plain_problem(path + " is no key of hashed addresses: it has 64 hexadecimal digits",
                       "put the right one back; with another key, addresses of records before it "
                       "are no longer found");
}

Result<std::string> find_or_make_address_key(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0 || errno != ENOENT) return read_address_key(path);
  const auto key = new_key();
  if (key.empty()) return failed("make", path);
  const auto draft = path + '.' + std::to_string(::getpid()) + ".tmp";
  const UniqueFd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failed("make", path);
  const bool written = write_all(file.get(), key + '\n') && ::fsync(file.get()) == 0;
  // link(), unlike rename(), never takes the place of one that another process has made.
  const bool linked = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int number = errno;
  ::unlink(draft.c_str());
  errno = number;
  if (!linked) return failed("make", path);
  if (auto problems = sync_folder_of(path); !problems.empty()) return problems;
  return read_address_key(path);
}

}  // namespace postern

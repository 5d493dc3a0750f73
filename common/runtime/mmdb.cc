#include "runtime/mmdb.h"

#include "model/text.h"
#include "model/time_text.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#ifdef POSTERN_WITH_MAXMINDDB
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#endif

namespace postern {

#ifndef POSTERN_WITH_MAXMINDDB

bool has_mmdb() noexcept { return false; }

Result<std::shared_ptr<const GeoDatabase>> mmdb_of(std::string_view /*octets*/, GeoFact /*fact*/,
                                                   const std::string& /*path*/) {
  auto problem = plain_problem("this Postern was built without libmaxminddb, which reads it");
  problem.hint = "build it again where libmaxminddb-dev is installed, or take [geo] out";
  return problem;
}

#else

namespace {

/// What a record keeps of the name of a country or network.
constexpr std::size_t longest_name = 100;

/// Where the metadata begins: behind the last of these (MaxMind DB 2.0, "Database Metadata").
constexpr std::string_view metadata_marker = "\xAB\xCD\xEFMaxMind.com";

/// A copy in memory that nobody can change.
Result<UniqueFd> copy_of(std::string_view octets) {
  UniqueFd copy(::memfd_create("postern-mmdb", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy || !write_all(copy.get(), octets) ||
      ::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
          0) {
    return plain_problem("no memory for it: " + std::string(std::strerror(errno)));
  }
  return copy;
}

std::string day_of(std::uint64_t seconds) {
  // Beyond the year 9999 it is no date.
  constexpr std::uint64_t latest = 253'402'300'799;
  if (seconds == 0 || seconds > latest) return "no date";
  // Days and not time points of the clock, whose nanoseconds end in the year 2262.
  const std::chrono::seconds since_epoch(static_cast<std::int64_t>(seconds));
  return day_text(std::chrono::sys_days(std::chrono::floor<std::chrono::days>(since_epoch)));
}

class MmdbFile final : public GeoDatabase {
 public:
  MmdbFile(GeoFact fact, std::string path, std::string digest)
      : fact_(fact), path_(std::move(path)), digest_(std::move(digest)) {}
  ~MmdbFile() override {
    if (open_) ::MMDB_close(&file_);
  }
  MmdbFile(const MmdbFile&) = delete;
  MmdbFile& operator=(const MmdbFile&) = delete;

  /// The library's error; MMDB_SUCCESS if there is none.
  int open(const UniqueFd& copy) {
    const auto name = "/proc/self/fd/" + std::to_string(copy.get());
    const int error = ::MMDB_open(name.c_str(), MMDB_MODE_MMAP, &file_);
    open_ = error == MMDB_SUCCESS;
    if (open_) title_ = type() + " of " + day_of(file_.metadata.build_epoch);
    return error;
  }

  /// What the file says it is: "GeoLite2-Country".
  std::string type() const {
    const char* type = file_.metadata.database_type;
    return type == nullptr ? std::string() : clean_for_reply(type, longest_name);
  }

  Answer find(const IpAddress& address) const override {
    auto answer = look_up(address);
    answer.source.name = "geo";
    answer.source.file = path_;
    answer.source.digest = digest_;
    return answer;
  }
  const std::string& digest() const noexcept override { return digest_; }
  const std::string& title() const noexcept override { return title_; }

 private:
  static Answer broken(const char* why) {
    return Answer::unavailable("the file is broken: " + std::string(why));
  }

  ::MMDB_lookup_result_s entry_of(const IpAddress& address, int& error) const {
    const auto& bytes = address.bytes();
    if (address.family() == IpAddress::Family::v4) {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      std::memcpy(&v4.sin_addr, bytes.data(), sizeof v4.sin_addr);
      return ::MMDB_lookup_sockaddr(&file_, reinterpret_cast<const sockaddr*>(&v4), &error);
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, bytes.data(), sizeof v6.sin6_addr);
    return ::MMDB_lookup_sockaddr(&file_, reinterpret_cast<const sockaddr*>(&v6), &error);
  }

  Answer look_up(const IpAddress& address) const {
    int error = MMDB_SUCCESS;
    auto found = entry_of(address, error);
    if (error == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return Answer::nothing();
    if (error != MMDB_SUCCESS) return broken(::MMDB_strerror(error));
    if (!found.found_entry) return Answer::nothing();
    const std::string_view data(reinterpret_cast<const char*>(file_.data_section),
                                file_.data_section_size);
    if (!is_bounded_value(data, found.entry.offset)) return broken("no record of an address");
    return fact_ == GeoFact::country ? country(found.entry) : network(found.entry);
  }

  /// The text at the end of the path, or nothing.
  template <typename... Keys>
  static std::string text_at(::MMDB_entry_s entry, Keys... keys) {
    ::MMDB_entry_data_s data{};
    if (::MMDB_get_value(&entry, &data, keys..., nullptr) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING) {
      return {};
    }
    return {data.utf8_string, data.data_size};
  }

  static std::uint32_t number_at(::MMDB_entry_s entry, const char* key) {
    ::MMDB_entry_data_s data{};
    if (::MMDB_get_value(&entry, &data, key, nullptr) != MMDB_SUCCESS || !data.has_data) return 0;
    if (data.type == MMDB_DATA_TYPE_UINT32) return data.uint32;
    return data.type == MMDB_DATA_TYPE_UINT16 ? data.uint16 : 0;
  }

  static Answer known(std::string value, const std::string& name) {
    auto answer = Answer::found({std::move(value)});
    answer.source.note = clean_for_reply(name, longest_name);
    return answer;
  }
  /// What is no country or network may be a region ("EU") or nonsense; nobody can compare with it.
  static Answer unknown(const std::string& said) {
    auto answer = Answer::nothing();
    if (!said.empty()) {
      answer.source.note = "the file says " + quoted(clean_for_reply(said, longest_name));
    }
    return answer;
  }

  static Answer country(const ::MMDB_entry_s& entry) {
    auto code = text_at(entry, "country", "iso_code");
    if (is_country_code(code)) {
      return known(std::move(code), text_at(entry, "country", "names", "en"));
    }
    // Files without maps, of other makers.
    for (const char* key : {"country_code", "country"}) {
      auto flat = text_at(entry, key);
      if (is_country_code(flat)) return known(std::move(flat), text_at(entry, "country_name"));
      if (code.empty()) code = std::move(flat);
    }
    return unknown(code);
  }

  static Answer network(const ::MMDB_entry_s& entry) {
    const auto number = number_at(entry, "autonomous_system_number");
    if (number != 0) {
      return known(network_text(number), text_at(entry, "autonomous_system_organization"));
    }
    auto flat = text_at(entry, "asn");
    if (is_network_text(flat)) return known(std::move(flat), text_at(entry, "as_name"));
    return unknown(flat);
  }

  const GeoFact fact_;
  const std::string path_;
  const std::string digest_;
  std::string title_;
  ::MMDB_s file_{};
  bool open_ = false;
};

/// Whether its type names the other kind of file and not this one; types nobody knows may be
/// either.
bool is_another(const std::string& type, GeoFact fact) {
  const auto names = [text = lower(type)](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return text.find(word) != std::string::npos; });
  };
  const bool countries = names({"country", "city", "enterprise"});
  const bool networks = names({"asn", "isp", "enterprise"});
  return fact == GeoFact::country ? networks && !countries : countries && !networks;
}

}  // namespace

bool has_mmdb() noexcept { return true; }

Result<std::shared_ptr<const GeoDatabase>> mmdb_of(std::string_view octets, GeoFact fact,
                                                   const std::string& path) {
  const auto at = octets.rfind(metadata_marker);
  if (at == std::string_view::npos) {
    auto problem = plain_problem("it is no file in MaxMind's format, or its end is missing");
    problem.hint = "such files end in .mmdb; one that comes packed has to be unpacked";
    return problem;
  }
  if (!is_bounded_value(octets.substr(at + metadata_marker.size()), 0)) {
    return plain_problem("the file is broken: its metadata cannot be read");
  }
  const auto copy = copy_of(octets);
  if (!copy) return copy.problems();
  auto file = std::make_shared<MmdbFile>(fact, path, sha256_hex(octets));
  if (const int error = file->open(*copy); error != MMDB_SUCCESS) {
    return plain_problem("the file is broken: " + std::string(::MMDB_strerror(error)));
  }
  if (is_another(file->type(), fact)) {
    const bool country = fact == GeoFact::country;
    auto problem = plain_problem("this file, " + quoted(file->type()) + ", knows no " +
                                 (country ? "countries" : "networks"));
    problem.hint = std::string("it belongs to [geo] ") + (country ? "asn" : "country");
    return problem;
  }
  return std::shared_ptr<const GeoDatabase>(std::move(file));
}

#endif

}  // namespace postern

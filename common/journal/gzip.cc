#include "journal/gzip.h"

#include "system/write_all.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>
#include <zlib.h>

namespace postern {
namespace {

constexpr std::size_t block_size = 65'536;

}  // namespace

Result<UniqueFd> unpack_gzip(const UniqueFd& packed, const std::string& path, std::uint64_t limit) {
  const auto failed = [&](const std::string& why) {
    return plain_problem("cannot unpack " + path + ": " + why);
  };
  std::error_code no_folder;
  const auto folder = std::filesystem::temp_directory_path(no_folder);
  UniqueFd unpacked(
      ::open(no_folder ? "/tmp" : folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!unpacked) return failed(std::generic_category().message(errno));
  // gzclose closes the descriptor that it is given.
  UniqueFd own(::fcntl(packed.get(), F_DUPFD_CLOEXEC, 0));
  if (!own) return failed(std::generic_category().message(errno));
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(::gzdopen(own.get(), "rb"), &::gzclose);
  if (!in) return failed("no memory");
  own.release();
  std::vector<char> block(block_size);
  std::uint64_t octets = 0;
  while (true) {
    const int got = ::gzread(in.get(), block.data(), static_cast<unsigned>(block.size()));
    if (got > 0) {
      octets += static_cast<unsigned>(got);
      if (octets > limit) return failed("it is longer than " + std::to_string(limit) + " octets");
      if (write_all(unpacked.get(), {block.data(), static_cast<std::size_t>(got)})) continue;
      return failed("no room in " + folder.string() + ": " +
                    std::generic_category().message(errno));
    }
    int error = Z_OK;
    const char* const text = ::gzerror(in.get(), &error);
    if (error == Z_ERRNO) return failed(std::generic_category().message(errno));
    if (error == Z_BUF_ERROR) return failed("its end is missing");
    if (error != Z_OK || ::gzdirect(in.get()) != 0) {
      return failed(error == Z_OK ? "it is no gzip file" : text);
    }
    return unpacked;
  }
}

}  // namespace postern

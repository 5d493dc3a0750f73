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

// The usual level: records shrink to a tenth, at 130 MB/s. Level 1 is twice as fast and leaves an
// eighth more.
constexpr int level = 6;
// Of zlib.h: the greatest window, with a gzip header instead of zlib's own.
constexpr int window_with_gzip_header = MAX_WBITS + 16;
constexpr int usual_memory = 8;

// zlib does not change what it reads.
Bytef* octets_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

struct EndDeflate {
  void operator()(z_stream* stream) const { ::deflateEnd(stream); }
};
struct EndInflate {
  void operator()(z_stream* stream) const { ::inflateEnd(stream); }
};

}  // namespace

bool is_whole_gzip(const UniqueFd& packed) {
  UniqueFd own(::fcntl(packed.get(), F_DUPFD_CLOEXEC, 0));
  if (!own) return false;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(::gzdopen(own.get(), "rb"), &::gzclose);
  if (!in) return false;
  own.release();
  std::vector<char> block(block_size);
  int got = 0;
  do {
    got = ::gzread(in.get(), block.data(), static_cast<unsigned>(block.size()));
  } while (got > 0);
  int error = Z_OK;
  ::gzerror(in.get(), &error);
  return got == 0 && error == Z_OK && ::gzdirect(in.get()) == 0;
}

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

Result<std::string> pack_member(std::string_view text) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, window_with_gzip_header, usual_memory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    return plain_problem("cannot compress: no memory");
  }
  const std::unique_ptr<z_stream, EndDeflate> end(&stream);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = octets_of(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = octets_of(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) return plain_problem("cannot compress");
  packed.resize(stream.total_out);
  return packed;
}

Result<std::string> unpack_member(std::string_view packed, std::uint64_t octets,
                                  const std::string& path) {
  const auto failed = [&path] {
    return plain_problem("cannot unpack " + path + ": it is damaged, or not what its index is of");
  };
  z_stream stream{};
  if (::inflateInit2(&stream, window_with_gzip_header) != Z_OK) return failed();
  const std::unique_ptr<z_stream, EndInflate> end(&stream);
  std::string text(octets, '\0');
  stream.next_in = octets_of(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = octets_of(text);
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = ::inflate(&stream, Z_FINISH);
  if (result != Z_STREAM_END || stream.total_out != octets || stream.avail_in != 0) {
    return failed();
  }
  return text;
}

}  // namespace postern

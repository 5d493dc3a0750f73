#include "journal/gzip.h"

#include "journal/gzip_text.h"

#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <zlib.h>

namespace postern {
namespace {

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
  struct stat status {};
  if (::fstat(packed.get(), &status) != 0) return false;
  GzipText text(packed.get(), static_cast<std::uint64_t>(status.st_size));
  std::string piece;
  while (text.next(piece)) {
  }
  return text.error().empty() && !text.damage().any();
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

#include "journal/gzip_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace postern {
namespace {

constexpr std::size_t block_size = 65'536;

// Text of a member that waits for its checksum. Ours have a quarter of a megabyte; of a longer one,
// which another program has written, pieces are handed out as they come.
constexpr std::size_t longest_wait = 4 * 1024 * 1024;
// Such pieces end where a block of the packed data does, so that reading can begin there too.
constexpr std::size_t usual_piece = 1024 * 1024;
constexpr std::size_t longest_piece = 8 * 1024 * 1024;

// RFC 1952 2.3: identification, compression method, flags of which three are reserved.
constexpr std::string_view header_begin{"\x1f\x8b\x08", 3};
constexpr unsigned char reserved_flags = 0xe0;
constexpr std::size_t header_octets = 4;
constexpr std::uint64_t trailer_octets = 8;

// Octets after which damage shows at the latest, near enough.
constexpr std::uint64_t search_back = block_size;

// Of zlib.h: the greatest window, with a gzip header instead of zlib's own; negative without any.
constexpr int window_with_gzip_header = MAX_WBITS + 16;
constexpr std::size_t window_octets = std::size_t{1} << MAX_WBITS;
// Of inflate() in zlib.h, data_type: bits of the last octet that are left over; in the last block;
// just behind the end of a block.
constexpr int left_over_bits = 7;
constexpr int in_last_block = 64;
constexpr int at_block_end = 128;

struct EndInflate {
  void operator()(z_stream* stream) const {
    ::inflateEnd(stream);
    delete stream;
  }
};

enum class Step : std::uint8_t { more, member_end, damaged, cut, failed };

}  // namespace

std::string damage_text(const GzipDamage& damage, const std::string& path) {
  if (damage.parts == 0) {
    return damage.end_missing ? "cannot unpack " + path + ": its end is missing" : std::string();
  }
  auto text = path + " is damaged: ";
  if (damage.parts > 1) {
    text += std::to_string(damage.parts) + " parts of it cannot be unpacked, the first is ";
  }
  text += "octets " + std::to_string(damage.begin) + " to " + std::to_string(damage.end);
  if (damage.parts == 1) text += " cannot be unpacked";
  return text + "; the records in " + (damage.parts == 1 ? "it" : "them") + " are left out" +
         (damage.end_missing ? ". Its end is missing" : "");
}

struct GzipText::State {
  State(int fd, std::uint64_t size) : file(fd), octets(size) {}

  int file;
  std::uint64_t octets;

  std::string buffer;  // of the file
  std::uint64_t buffer_offset = 0;
  std::size_t at = 0;  // in buffer

  std::unique_ptr<z_stream, EndInflate> stream;  // of the member under way
  std::uint64_t member_begin = 0;
  bool without_header = false;  // begun in the middle, where zlib looks for no header
  bool is_flowing = false;      // its text is handed out before its end
  std::string held;
  bool any_member = false;

  std::optional<std::uint64_t> lost_from;  // where what cannot be read began
  std::string cut;                         // the text of a member whose end was not found
  std::string error;
  GzipDamage damage;

  std::uint64_t position() const { return buffer_offset + at; }
  void go_to(std::uint64_t offset);
  bool fill();
  bool find_header();
  bool begin(int window_bits);
  bool begin_within(const GzipPlace& from);
  Step inflate_some();
  bool is_at_block_end() const;
  void found_a_member();
  void lose(std::uint64_t from, std::uint64_t search_from);
  bool hand_out(std::string& piece);
  bool finish(std::string& piece);
  bool next(std::string& piece);
};

void GzipText::State::go_to(std::uint64_t offset) {
  if (offset >= buffer_offset && offset <= buffer_offset + buffer.size()) {
    at = static_cast<std::size_t>(offset - buffer_offset);
    return;
  }
  buffer.clear();
  buffer_offset = offset;
  at = 0;
}

/// More octets behind those that are left; false at the end of the file, or when `error` is set.
bool GzipText::State::fill() {
  buffer.erase(0, at);
  buffer_offset += std::exchange(at, 0);
  const auto from = buffer_offset + buffer.size();
  if (from >= octets) return false;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, octets - from));
  const auto before = buffer.size();
  buffer.resize(before + wanted);
  ssize_t got = 0;
  do {
    got = ::pread(file, buffer.data() + before, wanted, static_cast<off_t>(from));
  } while (got < 0 && errno == EINTR);
  buffer.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) error = std::generic_category().message(errno);
  if (got == 0) octets = from;  // it has become shorter
  return got > 0;
}

/// To the next header of a member; false if there is none.
bool GzipText::State::find_header() {
  while (true) {
    while (buffer.size() - at < header_octets && fill()) {
    }
    if (buffer.size() - at < header_octets) return false;
    const auto found = buffer.find(header_begin, at);
    if (found == std::string::npos) {
      at = buffer.size() - (header_begin.size() - 1);
      continue;
    }
    at = found;
    if (buffer.size() - at < header_octets) continue;
    const auto flags = static_cast<unsigned char>(buffer[at + header_begin.size()]);
    if ((flags & reserved_flags) == 0) return true;
    ++at;
  }
}

bool GzipText::State::begin(int window_bits) {
  stream.reset();
  auto made = std::make_unique<z_stream>();
  *made = {};
  if (::inflateInit2(made.get(), window_bits) != Z_OK) {
    error = "no memory";
    return false;
  }
  stream.reset(made.release());
  member_begin = position();
  without_header = window_bits < 0;
  is_flowing = without_header;
  held.clear();
  return true;
}

bool GzipText::State::begin_within(const GzipPlace& from) {
  go_to(from.packed - (from.bits != 0 ? 1 : 0));
  if (!begin(-MAX_WBITS)) return false;
  any_member = true;
  if (from.bits != 0) {
    if (!fill()) return false;
    const auto octet = static_cast<unsigned char>(buffer[at++]);
    ::inflatePrime(stream.get(), from.bits, octet >> (8 - from.bits));
  }
  ::inflateSetDictionary(stream.get(), reinterpret_cast<const Bytef*>(from.window.data()),
                         static_cast<uInt>(from.window.size()));
  return true;
}

Step GzipText::State::inflate_some() {
  if (at == buffer.size() && !fill()) return error.empty() ? Step::cut : Step::failed;
  std::array<char, block_size> out;
  // zlib does not change what it reads.
  stream->next_in = reinterpret_cast<Bytef*>(buffer.data() + at);
  stream->avail_in = static_cast<uInt>(buffer.size() - at);
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(out.size());
  const int result = ::inflate(stream.get(), Z_BLOCK);
  at = buffer.size() - stream->avail_in;
  held.append(out.data(), out.size() - stream->avail_out);
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR:
      return Step::more;
    case Z_STREAM_END:
      return Step::member_end;
    case Z_MEM_ERROR:
      error = "no memory";
      return Step::failed;
    default:
      return Step::damaged;
  }
}

bool GzipText::State::is_at_block_end() const {
  return (stream->data_type & at_block_end) != 0 && (stream->data_type & in_last_block) == 0;
}

void GzipText::State::found_a_member() {
  any_member = true;
  cut.clear();
  if (!lost_from) return;
  if (damage.parts++ == 0) {
    damage.begin = *lost_from;
    damage.end = member_begin;
  }
  lost_from.reset();
}

void GzipText::State::lose(std::uint64_t from, std::uint64_t search_from) {
  if (!lost_from) lost_from = from;
  stream.reset();
  held.clear();
  go_to(search_from);
}

bool GzipText::State::hand_out(std::string& piece) {
  piece = std::exchange(held, {});
  return !piece.empty();
}

/// Nothing more is to be found in the file.
bool GzipText::State::finish(std::string& piece) {
  go_to(octets);
  if (!cut.empty()) {
    piece = std::exchange(cut, {});
    any_member = true;
    damage.end_missing = true;
    lost_from.reset();
    return true;
  }
  if (!any_member) {
    error = "it is no gzip file";
  } else if (lost_from) {
    if (damage.parts++ == 0) {
      damage.begin = *lost_from;
      damage.end = octets;
    }
    lost_from.reset();
  }
  return false;
}

bool GzipText::State::next(std::string& piece) {
  piece.clear();
  while (error.empty()) {
    if (!stream) {
      const auto from = position();
      const bool found = find_header();
      if (!error.empty()) return false;
      if ((found ? position() : octets) > from && !lost_from) lost_from = from;
      if (!found) return finish(piece);
      if (!begin(window_with_gzip_header)) return false;
    }
    switch (inflate_some()) {
      case Step::more:
        if (!is_flowing && held.size() > longest_wait) {
          is_flowing = true;
          found_a_member();
        }
        if (is_flowing &&
            ((held.size() >= usual_piece && is_at_block_end()) || held.size() >= longest_piece)) {
          return hand_out(piece);
        }
        break;
      case Step::member_end:
        if (without_header) go_to(std::min(position() + trailer_octets, octets));
        if (!is_flowing) found_a_member();
        stream.reset();
        if (hand_out(piece)) return true;
        break;
      case Step::damaged:
        // A member that begins before this place may be hidden in what was taken for its text.
        if (is_flowing) {
          const auto here = position();
          hand_out(piece);
          lose(member_begin, std::max(member_begin + 1, here - std::min(here, search_back)));
          if (!piece.empty()) return true;
        } else {
          lose(member_begin, member_begin + 1);
        }
        break;
      case Step::cut:
        if (is_flowing) {
          damage.end_missing = true;
          stream.reset();
          if (hand_out(piece)) return true;
          break;
        }
        if (cut.empty()) cut = held;
        lose(member_begin, member_begin + 1);
        break;
      case Step::failed:
        return false;
    }
  }
  return false;
}

GzipText::GzipText(int file, std::uint64_t octets, const GzipPlace& from)
    : state_(std::make_unique<State>(file, octets)) {
  if (from.in_member) {
    state_->begin_within(from);
  } else {
    state_->go_to(from.packed);
    state_->any_member = from.packed > 0;
  }
}
GzipText::~GzipText() = default;
GzipText::GzipText(GzipText&&) noexcept = default;
GzipText& GzipText::operator=(GzipText&&) noexcept = default;

bool GzipText::next(std::string& piece) { return state_->next(piece); }
const std::string& GzipText::error() const noexcept { return state_->error; }
const GzipDamage& GzipText::damage() const noexcept { return state_->damage; }

std::optional<GzipPlace> GzipText::place() const {
  const auto& state = *state_;
  GzipPlace place;
  place.packed = state.position();
  if (!state.stream) return place;
  if (!state.held.empty() || !state.is_flowing || !state.is_at_block_end()) return std::nullopt;
  place.in_member = true;
  place.bits = state.stream->data_type & left_over_bits;
  place.window.resize(window_octets);
  auto length = static_cast<uInt>(place.window.size());
  ::inflateGetDictionary(state.stream.get(), reinterpret_cast<Bytef*>(place.window.data()),
                         &length);
  place.window.resize(length);
  return place;
}

std::uint64_t GzipText::used() const noexcept { return state_->position(); }

}  // namespace postern

// What the library walks through without a bound of its own: values that contain themselves, or
// that are small and name a large one many times.
#include "runtime/mmdb.h"

namespace postern {
namespace {

// A record of the largest files that are sold has below 200 values, six maps deep; the metadata, a
// description in each of a dozen languages.
constexpr unsigned deepest = 16;
constexpr std::size_t most_values = 20'000;

// Types of MaxMind DB 2.0, "Output Data Section".
constexpr unsigned pointer = 1;
constexpr unsigned text = 2;
constexpr unsigned real = 3;
constexpr unsigned octets = 4;
constexpr unsigned number_16 = 5;
constexpr unsigned number_32 = 6;
constexpr unsigned map = 7;
constexpr unsigned signed_32 = 8;
constexpr unsigned number_64 = 9;
constexpr unsigned number_128 = 10;
constexpr unsigned array = 11;
constexpr unsigned truth = 14;
constexpr unsigned short_real = 15;

class Walk {
 public:
  explicit Walk(std::string_view section) : section_(section) {}

  bool value(std::size_t& at, unsigned depth) {
    if (depth > deepest || ++values_ > most_values) return false;
    unsigned control = 0;
    if (!number(at, 1, control)) return false;
    unsigned type = control >> 5U;
    if (type == pointer) return pointed(at, control, depth);
    if (type == 0) {
      if (!number(at, 1, type)) return false;
      type += 7;
    }
    unsigned size = control & 0x1FU;
    if (size >= 29 && !long_size(at, size)) return false;
    switch (type) {
      case map:
        return values(at, 2U * std::size_t{size}, depth);
      case array:
        return values(at, size, depth);
      case truth:
        return size <= 1;
      case text:
      case octets:
        return skip(at, size);
      case real:
        return size == 8 && skip(at, size);
      case short_real:
        return size == 4 && skip(at, size);
      case number_16:
        return size <= 2 && skip(at, size);
      case number_32:
      case signed_32:
        return size <= 4 && skip(at, size);
      case number_64:
        return size <= 8 && skip(at, size);
      case number_128:
        return size <= 16 && skip(at, size);
      default:
        return false;
    }
  }

 private:
  bool number(std::size_t& at, std::size_t octets_of_it, unsigned& result) const {
    if (at > section_.size() || section_.size() - at < octets_of_it) return false;
    for (std::size_t i = 0; i < octets_of_it; ++i) {
      result = result << 8U | static_cast<unsigned char>(section_[at++]);
    }
    return true;
  }

  bool skip(std::size_t& at, std::size_t size) const {
    if (at > section_.size() || section_.size() - at < size) return false;
    at += size;
    return true;
  }

  bool long_size(std::size_t& at, unsigned& size) const {
    unsigned more = 0;
    const auto following = size - 28;
    if (!number(at, following, more)) return false;
    constexpr unsigned first[] = {29, 285, 65'821};
    size = first[following - 1] + more;
    return true;
  }

  bool values(std::size_t& at, std::size_t count, unsigned depth) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!value(at, depth + 1)) return false;
    }
    return true;
  }

  bool pointed(std::size_t& at, unsigned control, unsigned depth) {
    const unsigned size = control >> 3U & 3U;
    unsigned target = size == 3 ? 0 : control & 7U;
    if (!number(at, size + 1, target)) return false;
    constexpr unsigned first[] = {0, 2048, 526'336, 0};
    auto there = std::size_t{target} + first[size];
    return value(there, depth + 1);
  }

  std::string_view section_;
  std::size_t values_ = 0;
};

}  // namespace

bool is_bounded_value(std::string_view section, std::size_t offset) noexcept {
  return Walk(section).value(offset, 0);
}

}  // namespace postern

#include "journal/duration_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace postern {
namespace {

std::size_t bin_of(std::uint64_t value) {
  if (value < 4) return static_cast<std::size_t>(value);
  const auto doublings = static_cast<unsigned>(std::bit_width(value)) - 1;
  return static_cast<std::size_t>(4 * (doublings - 1) + ((value >> (doublings - 2)) & 3));
}

/// The largest value of a bin.
std::uint64_t end_of(std::size_t bin) {
  if (bin < 4) return bin;
  const auto doublings = bin / 4 + 1;
  return ((4 + bin % 4 + 1) << (doublings - 2)) - 1;
}

}  // namespace

void DurationHistogram::add(Microseconds time, std::uint32_t times) {
  time = std::max(time, Microseconds{0});
  count_ += times;
  longest_ = std::max(longest_, time);
  bins_[std::min(bin_of(static_cast<std::uint64_t>(time.count())), bins_.size() - 1)] += times;
}

DurationHistogram::Microseconds DurationHistogram::quantile(double part) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    seen += bins_[bin];
    if (seen >= wanted && seen > 0) {
      return std::min(longest_, Microseconds(static_cast<std::int64_t>(end_of(bin))));
    }
  }
  return longest_;
}

}  // namespace postern

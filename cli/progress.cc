#include "cli/progress.h"

#include "tables/entries.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

namespace postern::cli {
namespace {

constexpr std::chrono::milliseconds between{500};

/// Before that much is done, an estimate jumps about.
constexpr double told_from = 0.05;

}  // namespace

std::string progress_text(std::uint64_t count, const std::string& what, double done,
                          std::chrono::milliseconds spent) {
  const auto part = std::clamp(done, 0.0, 1.0);
  auto text =
      grouped(count) + " " + what + ", " + std::to_string(static_cast<int>(part * 100)) + "%";
  if (part < told_from) return text;
  const auto left = std::ceil(static_cast<double>(spent.count()) * (1 - part) / part / 1000);
  if (left < 120) return text + ", " + std::to_string(static_cast<long>(left)) + " s left";
  return text + ", " + std::to_string(static_cast<long>(std::ceil(left / 60))) + " min left";
}

Progress::Progress(const Terminal& terminal, std::string what, Now now)
    : out_(terminal.err),
      what_(std::move(what)),
      watched_(terminal.err_is_watched),
      now_(std::move(now)),
      began_(now_()),
      next_(began_ + between) {}

void Progress::at(std::uint64_t count, double done) {
  if (!wants(count)) return;
  const auto now = now_();
  if (now < next_) return;
  next_ = now + between;
  const auto text = progress_text(
      count, what_, done, std::chrono::duration_cast<std::chrono::milliseconds>(now - began_));
  out_ << '\r' << text;
  if (text.size() < shown_) out_ << std::string(shown_ - text.size(), ' ');
  out_.flush();
  shown_ = std::max(shown_, text.size());
}

void Progress::clear() {
  if (shown_ == 0) return;
  out_ << '\r' << std::string(shown_, ' ') << '\r';
  out_.flush();
  shown_ = 0;
}

}  // namespace postern::cli

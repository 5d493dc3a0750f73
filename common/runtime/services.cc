#include "runtime/services.h"

#include <chrono>

namespace postern {

namespace {

constexpr unsigned references_per_millisecond = 256;  // 8 bits of sequence in a reference

}  // namespace

Reference ReferenceSource::next() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(clock_.system());
  const std::lock_guard lock(mutex_);
  // A clock set back must not bring old references again, so time here never goes back; a burst
  // borrows from the milliseconds to come.
  if (now > last_) {
    last_ = now;
    sequence_ = 0;
  } else if (++sequence_ == references_per_millisecond) {
    last_ += std::chrono::milliseconds(1);
    sequence_ = 0;
  }
  return Reference::make(last_, host_, sequence_);
}

}  // namespace postern

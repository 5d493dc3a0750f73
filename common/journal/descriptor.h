// Descriptor: owns one open file. Movable, not shared between threads. (Rooms above have UniqueFd.)
#pragma once

#include <unistd.h>
#include <utility>

namespace postern {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  /// Negative when there is none.
  int number() const noexcept { return number_; }
  /// The caller closes it from now on.
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace postern

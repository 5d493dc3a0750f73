// LastingTrouble: something that goes on being wrong, and when it is to be said again: a log is
// rotated away, and who reads it today has to find it too. Not synchronised.
#pragma once

#include <chrono>
#include <optional>

namespace postern {

class LastingTrouble {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// It is wrong at `now`. True: say so, for the first time or once more.
  bool is_to_be_told(Time now) {
    if (told_ && now < *told_ + between_words) return false;
    told_ = now;
    return true;
  }
  /// It is well. True: it was not.
  bool ends() {
    const bool was = told_.has_value();
    told_.reset();
    return was;
  }

  static constexpr std::chrono::hours between_words{24};

 private:
  std::optional<Time> told_;
};

}  // namespace postern

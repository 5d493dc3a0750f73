// Mailbox: where other threads leave answers for a loop, and wake it. Lives on while anybody holds
// it. Thread-safe.
#pragma once

#include "policy/answer.h"
#include "system/unique_fd.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace postern::policy_door {

class Mailbox {
 public:
  struct Letter {
    std::uint64_t connection;
    PolicyAnswer octets;  ///< none: nothing can be answered
  };

  /// Throws std::system_error when the system gives no event descriptor.
  Mailbox();

  void put(Letter letter);
  void wake() noexcept;
  /// All that is there; sleeps on the descriptor end with it.
  std::vector<Letter> take();
  /// Ready for reading after put() and wake().
  int descriptor() const noexcept { return wake_.get(); }

 private:
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

}  // namespace postern::policy_door

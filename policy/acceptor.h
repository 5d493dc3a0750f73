// Acceptor: takes new clients from the listeners of a loop, and sees to it that one that cannot be
// had, for want of descriptors or memory, does not keep the loop busy. One thread.
#pragma once

#include "policy/poller.h"
#include "system/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postern::policy_door {

class Acceptor {
 public:
  /// What a loop does with what is met here.
  struct Hooks {
    std::function<void(UniqueFd)> admit;               ///< may throw; then this client is gone
    std::function<void(const std::string&)> complain;  ///< of the door itself
    std::function<void()> refused_for_want_of_descriptors;
  };

  /// `listeners` outlive it. The first is number `first_id` in `poller`, and so on.
  Acceptor(Poller& poller, const std::vector<int>& listeners, std::uint64_t first_id, Hooks hooks);

  /// From every listener that rests. One that fails is tried again at the next call; the others
  /// are served meanwhile.
  void start();
  void stop() noexcept;
  bool all_watched() const noexcept;

  /// A listener is ready. Throws what `admit` throws.
  void accept_some(std::uint64_t id);

 private:
  void rest(std::size_t index) noexcept;
  bool refuse_with_spare(int listener);

  Poller& poller_;
  const std::vector<int>& listeners_;
  const std::uint64_t first_id_;
  Hooks hooks_;
  std::vector<bool> watched_;
  UniqueFd spare_;  // given up for a moment to refuse a client when descriptors have run out
};

}  // namespace postern::policy_door

// PolicyAnswer: the octets for a client of the policy service, and how long they are to be kept
// back.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace postern::policy_door {

/// None: nothing can be answered, and the connection is closed.
struct PolicyAnswer : std::optional<std::string> {
  using std::optional<std::string>::optional;

  std::chrono::milliseconds delay{0};  ///< before it is sent
  /// Of a delayed answer: its place among those that may be delayed at a time, given back with it.
  std::shared_ptr<void> place;
};

}  // namespace postern::policy_door

// DecidedRecords: records as a busy server leaves them, for benchmarks: decided by a policy of some
// thirty rules with lists, four in five of them mail that passes.
#pragma once

#include "journal/record.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace postern::bench {

/// `extra`: further rules, for a policy that decides otherwise.
std::shared_ptr<const Policy> some_policy(const std::string& extra = "");

class DecidedRecords {
 public:
  explicit DecidedRecords(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}
  /// As a door hands it to the journal: complete() has not been called.
  Record next();

 private:
  std::string word(int letters);

  std::shared_ptr<const Policy> policy_;
  std::mt19937_64 random_{42};
  std::uint64_t number_ = 0;
  std::chrono::system_clock::time_point time_{std::chrono::seconds(1'790'000'000)};
};

}  // namespace postern::bench

// Library: the scenario seen without any door. It makes the Transaction of every moment from the
// scenario file alone and decides on it by evaluate(), so that what a door makes of its protocol
// has something to be compared with.
#pragma once

#include "postern/policy.h"
#include "postern/transaction.h"
#include "scenarios/scenario.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace postern::scenarios {

/// When a decision is asked for.
struct Moment {
  std::size_t session = 0;
  std::size_t message = 0;
  Stage stage = Stage::connect;
  std::size_t recipient = 0;  ///< at RCPT

  friend bool operator==(const Moment&, const Moment&) = default;
};
/// "session 1, message 2, rcpt <bob@example.org>".
std::string label(const Scenario& scenario, const Moment& moment);
/// What the scenario file says of this moment; nullptr: nothing.
const Expectation* expectation_at(const Scenario& scenario, const Moment& moment);

/// Every moment of which the file says something, in order.
std::vector<Moment> moments_with_expectation(const Scenario& scenario);

/// Our address at every door.
inline constexpr const char* server_address = "203.0.113.1";
inline constexpr std::uint16_t server_port = 25;
/// The MTA has it from the second recipient on, as Postfix does.
std::string queue_id(const Moment& moment);

/// The answer that a scenario gives to a question. What it does not name cannot be had.
Answer answer_to(const std::map<std::string, Answer>& facts, const Question& question);

bool refuses(const Decision& decision) noexcept;

class Library {
 public:
  /// The scenario lives longer than the Library.
  Library(const Scenario& scenario, std::shared_ptr<const Policy> policy)
      : scenario_(scenario), policy_(std::move(policy)) {}

  const Policy& policy() const noexcept { return *policy_; }
  Transaction transaction(const Moment& moment) const;
  /// `known`: answers that earlier decisions about the same message have brought. They do not
  /// change a decision, but its trail may show more of what conditions looked at.
  Decision decide(const Moment& moment, const Reference& reference = {}, Facts known = {}) const;

 private:
  std::vector<AcceptedRecipient> accepted(const Moment& moment, std::size_t before) const;

  const Scenario& scenario_;
  std::shared_ptr<const Policy> policy_;
};

}  // namespace postern::scenarios

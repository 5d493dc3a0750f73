// Maintenance: for a time all mail from the network is put off. A rule at the head of the policy
// says it, so that a decision stays a function of policy, transaction and facts, and the trail, the
// record and explanations need nothing new. Pure.
#pragma once

#include "postern/policy.h"
#include "rules/rule.h"

#include <chrono>
#include <memory>
#include <string>

namespace postern {

struct Maintenance {
  std::chrono::system_clock::time_point until;
  /// True: 421, after which the client's session ends. False: 451.
  bool ends_sessions = true;
  std::string text;  ///< a sentence of the administrator's behind ours; may be empty
  std::string file;  ///< where it is written down, as the place of the rule

  friend bool operator==(const Maintenance&, const Maintenance&) = default;
};

/// The name of its rule in trails and records.
inline constexpr std::string_view maintenance_rule = "maintenance";

/// What senders read: "The mail service is under maintenance until about 14.30 UTC on 21 November."
/// and the text. Rounded up to half an hour: a promise to the minute would bring them all at once.
std::string maintenance_text(const Maintenance& maintenance);
/// Why replies cannot say this text; empty: they can.
std::string maintenance_fault(const Maintenance& maintenance);

/// Its rule. It stands before all others: nothing is asked, and no accept comes first.
Rule rule_of(const Maintenance& maintenance);

/// `policy` with that rule instead of one it may have; null: without. The very same when nothing
/// changes. All else is as it was, whatever has become of the files. Problems: the text.
Result<std::shared_ptr<const Policy>> with_maintenance(std::shared_ptr<const Policy> policy,
                                                       const Maintenance* maintenance,
                                                       const FileReader& reader,
                                                       const CheckRegistry& checks);

}  // namespace postern

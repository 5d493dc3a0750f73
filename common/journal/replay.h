// replay(): decides again what a record tells of, without asking anybody. Pure.
#pragma once

#include "journal/record.h"
#include "postern/policy.h"

#include <string>
#include <vector>

namespace postern {

/// The decision that `policy` makes on the recorded transaction and facts. Under the policy of the
/// record (same digest) it is the recorded one. Under another policy, a question that was never
/// asked is answered unavailable("not recorded"), because asking now would give today's answer to
/// yesterday's mail; `missing`, when given, receives those questions. The trail is as short as that
/// of the record (RecordDetail); with `detail` verdict there is none, which is quicker.
Decision replay(const Policy& policy, const Record& record,
                std::vector<Question>* missing = nullptr, Detail detail = Detail::full);

/// One part of a decision in which a replay differs.
struct Difference {
  std::string what;  ///< "verdict", "rule", "reason", "reply", "trail", ...
  std::string recorded;
  std::string replayed;

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// Empty if and only if the two decisions are equal.
std::vector<Difference> differences(const Decision& recorded, const Decision& replayed);

}  // namespace postern

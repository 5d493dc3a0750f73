// replay(): decides again what a record tells of, without asking anybody. Pure.
#pragma once

#include "journal/record.h"
#include "postern/policy.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postern {

/// Answers questions as of now: as many answers as questions, in their order.
using AskNow = std::function<std::vector<Answer>(const std::vector<Question>&)>;

/// What another policy wanted to know and the record does not tell.
struct Lacking {
  std::vector<Question> missing;    ///< went unanswered, today as then
  std::vector<Question> asked_now;  ///< got today's answer
};

/// Whether tables answer as the record has it, or are asked anew (semantics 23).
enum class RecordedTables : std::uint8_t {
  of_same_policy,  ///< as recorded if the policy is that of the record by its digest
  used,
  left_out,
};

/// The decision that `policy` makes on the recorded transaction and facts. Under the policy of the
/// record (same digest) it is the recorded one. Under another policy, a question that was never
/// asked is answered unavailable("not recorded"), because asking now would give today's answer to
/// yesterday's mail; `missing`, when given, receives those questions. The trail is as short as that
/// of the record (RecordDetail); with `detail` verdict there is none, which is quicker.
Decision replay(const Policy& policy, const Record& record,
                std::vector<Question>* missing = nullptr, Detail detail = Detail::full,
                RecordedTables tables = RecordedTables::of_same_policy);

/// The same, without a trail, with today's answers where `ask_now` is given: to questions that are
/// free. A costly one would count or pay once more, and stays unanswered.
Decision replay(const Policy& policy, const Record& record, Lacking& lacking, const AskNow& ask_now,
                RecordedTables tables = RecordedTables::of_same_policy);

/// It was no policy that decided, but trouble of our own (semantics 14): nothing to decide again.
bool is_own_trouble(const Decision& decision) noexcept;

/// One part of a decision in which a replay differs.
struct Difference {
  std::string what;  ///< "verdict", "rule", "reason", "reply", "trail", ...
  std::string recorded;
  std::string replayed;

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// In what the record says was sent, and does not follow from its decision: codes, text, stage, and
/// that the answer holds the reply that the client saw. Only what follows for sure counts: a reply
/// that may have been shortened behind what the mail server puts before it has its codes looked at.
std::vector<Difference> sent_differences(const Record& record);

/// Empty if and only if the two decisions are equal, wherever the files of their policies are.
std::vector<Difference> differences(const Decision& recorded, const Decision& replayed);

}  // namespace postern

// ToyPolicy: decides like a policy of a few rules written in C++, so that the milter door is tested
// without the policy language. Replies come from the real catalogue and the real composer.
#pragma once

#include "milter/session.h"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace postern::test {

struct ToyRule {
  std::string name;
  Stage stage = Stage::rcpt;
  std::function<bool(const Transaction&)> when;
  Verdict verdict = Verdict::reject;
  std::string reason;  ///< of a refusal
  std::string text;    ///< own text; empty: the catalogue's
  AcceptScope scope = AcceptScope::message;
  std::vector<Effect> effects = {};
  std::string note = {};
};

class ToyPolicy {
 public:
  std::vector<ToyRule> rules;  ///< in stage order
  Speak speak = Speak::rcpt;
  bool content = false;
  std::string remove = "subject";         ///< what rules that remove fields remove
  std::vector<std::string> authserv_ids;  ///< of results that are forged in arriving mail

  milter_door::Plan plan() const;
  /// The first rule up to the transaction's stage that matches.
  Decision decide(const Transaction& transaction) const;
};

/// Keeps records in the order they come. Thread-safe.
class Records {
 public:
  void add(Record record);
  std::vector<Record> all() const;
  std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
};

/// A session's surroundings with a clock that stands still and references in sequence.
/// `policy`, `records` and `counters` must outlive the sessions made from it.
milter_door::SessionSetup toy_setup(const ToyPolicy& policy, Records& records,
                                    DoorCounters& counters);

}  // namespace postern::test

// Memory: what is kept between the requests of one message, which Postfix ties together by their
// `instance` (semantics 10): the policy it began with, the answers given, the recipients that we
// did not refuse. Bounded in number and age. Thread-safe, because Postfix may ask through several
// connections. Forgetting is always allowed: it costs a second count, never a wrong reply.
#pragma once

#include "policy/codec.h"
#include "postern/policy.h"
#include "runtime/clock.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern::policy_door {

struct MemoryLimits {
  /// Messages under way. Postfix runs 100 smtpd processes by default, and large sites a few
  /// thousand, each with one message at a time; the rest is room for those that ended unseen.
  std::size_t instances = 20'000;
  /// Answers of all instances together, about 500 octets each: a message to a thousand recipients
  /// (smtpd_recipient_limit) must not make this grow without bound.
  std::size_t answers = 50'000;
  /// After the last request. An SMTP client has ten minutes for its data (RFC 5321 4.5.3.2), and a
  /// slow one sends a large message in an hour.
  std::chrono::seconds age{3600};
};

/// An answer that was given, and may be asked for again.
struct Given {
  Decision decision;  ///< without its trail
  Reference reference;
  enum class Recorded : std::uint8_t { no, yes } recorded = Recorded::no;
};

class Memory {
 public:
  explicit Memory(const Clock& clock, MemoryLimits limits = {});

  /// The names of a message and of a question about it.
  struct Key {
    std::string message;   ///< empty: nothing is kept (before RCPT Postfix has no instance)
    std::string question;  ///< state, sender, recipient; the restriction list is left out
  };
  static Key key_of(const Request& request);

  struct Recalled {
    std::shared_ptr<const Policy> policy;
    std::shared_ptr<const Given> given;  ///< nullptr: not asked before
    std::vector<AcceptedRecipient> recipients;
    /// The queue id has become known after a record was written without it. Said once a message.
    enum class Join : std::uint8_t { no, yes } join = Join::no;
  };
  /// What is known about the message. `current` becomes its policy if it has none.
  Recalled recall(const Key& key, std::string_view queue_id,
                  const std::shared_ptr<const Policy>& current);

  /// Keeps an answer. `accepted`: the recipient, if the question was about one and did not refuse
  /// it.
  void keep(const Key& key, std::string_view queue_id, std::shared_ptr<const Given> given,
            const AcceptedRecipient* accepted);

  std::size_t size() const;

 private:
  struct Message {
    std::string key;
    std::chrono::steady_clock::time_point used;
    std::shared_ptr<const Policy> policy;
    std::map<std::string, std::shared_ptr<const Given>, std::less<>> answers;
    std::vector<AcceptedRecipient> recipients;
    bool recorded_without_queue_id = false;
    bool joined = false;
  };

  void forget_oldest();

  const Clock& clock_;
  const MemoryLimits limits_;
  mutable std::mutex mutex_;
  std::list<Message> messages_;  // the one used last at the front
  std::unordered_map<std::string_view, std::list<Message>::iterator> by_key_;
  std::size_t answers_ = 0;
};

}  // namespace postern::policy_door

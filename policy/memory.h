// Memory: what is kept between the requests of one message, which Postfix ties together by their
// `instance` (semantics 10): the policy it began with, the answers given, the recipients that we
// did not refuse. Bounded in number and age. Thread-safe, because Postfix may ask through several
// connections. Forgetting is always allowed: it costs a second count, never a wrong reply.
#pragma once

#include "journal/record.h"
#include "policy/codec.h"
#include "postern/policy.h"
#include "reply/render.h"
#include "runtime/clock.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::policy_door {

struct MemoryLimits {
  /// Messages under way. Postfix runs 100 smtpd processes by default, and large sites a few
  /// thousand, each with one message at a time; the rest is room for those that ended unseen. More
  /// would not stay in a processor's cache.
  std::size_t instances = 8'192;
  /// Of all messages together: a message to a thousand recipients (smtpd_recipient_limit) with
  /// addresses of the greatest length must not make this grow without bound. An ordinary message to
  /// one recipient takes 300 octets, one that is refused 1,300.
  std::size_t octets = 64 << 20;
  /// After the last request. An SMTP client has ten minutes for its data (RFC 5321 4.5.3.2), and a
  /// slow one sends a large message in an hour.
  std::chrono::seconds age{3600};
  /// A policy that is no longer in force, after the last request of a message that began with it:
  /// its tables may take hundreds of megabytes. Postfix waits so long for the next command
  /// (smtpd_timeout; RFC 5321 4.5.3.2.7); a message whose data take longer ends under the policy in
  /// force.
  std::chrono::seconds policy_age{300};
  /// Policies, however quickly one reload follows another.
  std::size_t policies = 4;
};

/// An answer that was given, and may be asked for again.
struct Given {
  std::shared_ptr<const Decision> decision;  ///< without its trail; nullptr: no rule applied
  Reference reference;
  Kept kept = Kept::nothing;
  std::size_t carried = 0;  ///< what the answer did besides (policy/carry.h); 0: nothing
};

class Memory {
 private:
  using Place = std::uint32_t;  // of a message in messages_
  static constexpr Place nowhere = ~Place{0};

 public:
  explicit Memory(const Clock& clock, MemoryLimits limits = {});

  /// The names of a message and of a question about it, in one string.
  class Key {
   public:
    Key() = default;  ///< nothing is kept: before RCPT Postfix has no instance
    /// context: the restriction list that asks.
    Key(const Request& request, PolicyContext context);
    bool empty() const noexcept { return text_.empty(); }
    std::string_view message() const noexcept { return {text_.data(), message_size_}; }
    /// State, sender, recipient: the same for every list.
    std::string_view question() const noexcept {
      return std::string_view(text_).substr(message_size_);
    }

    PolicyContext context() const noexcept { return context_; }

   private:
    friend class Memory;
    std::string text_;
    std::size_t message_size_ = 0;
    std::size_t message_hash_ = 0;
    std::size_t question_hash_ = 0;
    PolicyContext context_ = PolicyContext::recipient;
    // Where recall() found the message, so that nobody has to look for it again.
    Place place_ = nowhere;
    std::uint64_t serial_ = 0;
  };

  struct Recalled {
    std::shared_ptr<const Policy> policy;
    std::optional<Given> given;  ///< none: not asked before
    /// Not nothing: the queue id has become known after answers were given without it, of which
    /// this is kept. Said once a message.
    Kept join = Kept::nothing;
  };
  /// What is known about the message. `current` becomes its policy if it has none, or if its own
  /// has been given up.
  Recalled recall(Key& key, std::string_view queue_id,
                  const std::shared_ptr<const Policy>& current);

  /// The recipients of the message that were asked about and not refused, in that order. One that
  /// a list asked about twice was named twice by the client, and the MTA counts it so. (It may also
  /// be Postfix's second try; then we know of one more than the MTA, which is noticed.)
  std::vector<AcceptedRecipient> recipients(const Key& key) const;

  /// Keeps an answer; the first one to a question stays. A question about a recipient
  /// (protocol_state RCPT) whose answer is no refusal makes it one of recipients(). Nothing is kept
  /// of a message that was not recalled before, or has been forgotten since.
  void keep(const Key& key, std::string_view queue_id, Given given);

  /// Things to be done once a message, by their ids: which of them have been done, and the first of
  /// the first `wanted` that has not; it counts as done from now on. Nothing of a message that is
  /// not known.
  struct Claimed {
    std::optional<std::size_t> now;  ///< index in `ids`
    std::vector<bool> before;        ///< one for each id
  };
  Claimed claim(const Key& key, const std::vector<std::size_t>& ids, std::size_t wanted);

  /// What is kept of the decision behind an answer, where that is known only after keep().
  void learn_kept(const Key& key, std::string_view queue_id, Kept kept);

  /// Forgets what is too old though nobody asks. To be called now and then. Says whether there is
  /// anything left to forget.
  enum class Left : std::uint8_t { nothing, something };
  Left tidy();

  /// Messages held.
  std::size_t size() const;
  /// Octets that they take, about; the table of messages itself, of two megabytes at most, is not
  /// among them.
  std::size_t octets() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  using PolicyNumber = std::uint32_t;  // never used again; 0: none

  struct Entry {
    std::size_t hash;  // of the question: told apart without a look at the text
    std::string question;
    Given given;
    std::array<std::uint16_t, policy_context_count> asked{};  // how often, by each list

    std::size_t times() const noexcept;
    std::size_t octets() const noexcept;  // besides the entry itself
  };
  struct Message {
    std::size_t hash = 0;      // of the name
    std::uint64_t serial = 0;  // never used again; 0: the place is free
    Place next = nowhere;      // with a hash of the same bucket; of those that are free
    Place newer = nowhere;     // neighbours in the order of use
    Place older = nowhere;
    PolicyNumber policy = 0;
    Time used;
    std::string name;
    std::vector<Entry> entries;
    std::vector<std::size_t> done;  // ids, once a message
    std::size_t octets = 0;
    Kept without_queue_id = Kept::nothing;  // the most that is kept of an answer
    bool joined = false;
  };
  struct HeldPolicy {
    PolicyNumber number;
    std::shared_ptr<const Policy> policy;
    Time used;
  };
  // Destroyed after the lock is given back: to take a policy with large tables down takes long.
  using GivenUp = std::vector<std::shared_ptr<const Policy>>;

  Place find(const Key& key) const noexcept;
  Place begin_message(const Key& key);
  Place free_place();
  void grow_buckets();
  Place& bucket(std::size_t hash) noexcept { return buckets_[hash & (buckets_.size() - 1)]; }
  void charge(Message& message, std::size_t octets) noexcept;
  void use(Place place, Time now) noexcept;
  void unlink(Place place) noexcept;
  void take_out(Place place) noexcept;
  void forget_oldest() noexcept;
  void forget_old(Time now) noexcept;
  std::shared_ptr<const Policy> policy_of(Message& message,
                                          const std::shared_ptr<const Policy>& current, Time now,
                                          GivenUp& given_up);
  void give_up_policies(Time now, GivenUp& given_up);
  static Entry* find(Message& message, const Key& key) noexcept;
  static void note_kept(Message& message, std::string_view queue_id, Kept kept) noexcept;

  const Clock& clock_;
  const MemoryLimits limits_;
  mutable std::mutex mutex_;
  std::vector<Message> messages_;  // grows to limits_.instances
  std::vector<Place> buckets_;     // a power of two, at least one for each message
  Place free_ = nowhere;
  Place newest_ = nowhere;
  Place oldest_ = nowhere;
  std::size_t size_ = 0;
  std::size_t octets_ = 0;
  std::uint64_t last_serial_ = 0;
  std::vector<HeldPolicy> policies_;
  PolicyNumber last_policy_ = 0;
};

}  // namespace postern::policy_door

// Memory: what is kept between the requests of one message, which Postfix ties together by their
// `instance` (semantics 10): the policy it began with, the answers given, the recipients that we
// did not refuse. Bounded in number and age. Thread-safe, because Postfix may ask through several
// connections. Forgetting is always allowed: it costs a second count, never a wrong reply.
#pragma once

#include "policy/codec.h"
#include "postern/policy.h"
#include "reply/render.h"
#include "runtime/clock.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace postern::policy_door {

struct MemoryLimits {
  /// Messages under way. Postfix runs 100 smtpd processes by default, and large sites a few
  /// thousand, each with one message at a time; the rest is room for those that ended unseen. More
  /// would not stay in a processor's cache.
  std::size_t instances = 8'192;
  /// Of the answers of all instances together: a message to a thousand recipients
  /// (smtpd_recipient_limit) with addresses of the greatest length must not make this grow without
  /// bound. An ordinary answer takes 300 octets, a refusal 1,000.
  std::size_t octets = 64 << 20;
  /// After the last request. An SMTP client has ten minutes for its data (RFC 5321 4.5.3.2), and a
  /// slow one sends a large message in an hour.
  std::chrono::seconds age{3600};
};

/// An answer that was given, and may be asked for again.
struct Given {
  std::shared_ptr<const Decision> decision;  ///< without its trail; nullptr: no rule applied
  Reference reference;
  enum class Recorded : std::uint8_t { no, yes } recorded = Recorded::no;
};

class Memory {
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
    std::size_t message_hash() const noexcept { return message_hash_; }
    /// State, sender, recipient: the same for every list.
    std::string_view question() const noexcept {
      return std::string_view(text_).substr(message_size_);
    }

    PolicyContext context() const noexcept { return context_; }

   private:
    std::string text_;
    std::size_t message_size_ = 0;
    std::size_t message_hash_ = 0;
    PolicyContext context_ = PolicyContext::recipient;
  };

  struct Recalled {
    std::shared_ptr<const Policy> policy;
    std::optional<Given> given;  ///< none: not asked before
    /// The queue id has become known after a record was written without it. Said once a message.
    enum class Join : std::uint8_t { no, yes } join = Join::no;
  };
  /// What is known about the message. `current` becomes its policy if it has none.
  Recalled recall(const Key& key, std::string_view queue_id,
                  const std::shared_ptr<const Policy>& current);

  /// The recipients of the message that were asked about and not refused, in that order. One that
  /// a list asked about twice was named twice by the client, and the MTA counts it so. (It may also
  /// be Postfix's second try; then we know of one more than the MTA, which is noticed.)
  std::vector<AcceptedRecipient> recipients(const Key& key) const;

  /// Keeps an answer; the first one to a question stays. A question about a recipient
  /// (protocol_state RCPT) whose answer is no refusal makes it one of recipients().
  void keep(const Key& key, std::string_view queue_id, Given given);

  /// Messages held.
  std::size_t size() const;
  /// Octets that their answers take, about.
  std::size_t octets() const;

 private:
  struct Entry {
    std::size_t hash;  // of the question: told apart without a look at the text
    std::string question;
    Given given;
    std::array<std::uint16_t, policy_context_count> asked{};  // how often, by each list

    std::size_t times() const noexcept;
    std::size_t octets() const noexcept;
  };
  // A message's name with its hash, which is needed several times and worked out once.
  struct Name {
    std::string text;
    std::size_t hash;
  };
  struct NameView {
    std::string_view text;
    std::size_t hash;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const noexcept { return name.hash; }
    std::size_t operator()(const NameView& name) const noexcept { return name.hash; }
  };
  struct SameName {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.hash == b.hash && a.text == b.text;
    }
  };
  struct Message {
    std::chrono::steady_clock::time_point used;
    std::shared_ptr<const Policy> policy;
    std::vector<Entry> entries;
    std::size_t octets = 0;  // of the entries
    bool recorded_without_queue_id = false;
    bool joined = false;
    // Neighbours in the order of use.
    std::pair<const Name, Message>* newer = nullptr;
    std::pair<const Name, Message>* older = nullptr;
  };
  using Messages = std::unordered_map<Name, Message, NameHash, SameName>;
  using Node = Messages::value_type;

  static NameView name_of(const Key& key) noexcept { return {key.message(), key.message_hash()}; }
  Node& begin_message(NameView name);
  void use(Node& node, std::chrono::steady_clock::time_point now);
  void unlink(Node& node) noexcept;
  void forget_oldest();
  static Entry* find(Message& message, std::string_view question) noexcept;

  const Clock& clock_;
  const MemoryLimits limits_;
  mutable std::mutex mutex_;
  Messages messages_;
  Node* newest_ = nullptr;
  Node* oldest_ = nullptr;
  std::size_t octets_ = 0;
};

}  // namespace postern::policy_door

// Session: one SMTP session at the milter door, as a state machine without libmilter: the MTA's
// events become Transactions, Decisions become answers. One callback at a time, from any thread.
//
// Two lifetimes are kept apart, because mixing them up gives one message the verdict of another:
// what belongs to the session (client, HELO, TLS) and what belongs to the message (sender,
// recipients, facts, queue id). Every MAIL, abort, HELO and end of message begins the latter anew.
#pragma once

#include "milter/carry_out.h"
#include "milter/negotiate.h"
#include "milter/record_slip.h"
#include "milter/session_message.h"
#include "milter/symbols.h"
#include "postern/decision.h"
#include "reply/compose.h"
#include "reply/render.h"
#include "runtime/services.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;

namespace postern::milter_door {

/// What the callback returns.
enum class Status : std::uint8_t {
  proceed,
  no_reply,  ///< the MTA was told at negotiation not to wait here
  reject,    ///< a 5xx reply has just been set
  tempfail,  ///< a 4xx reply has just been set
  discard,   ///< the MTA answers as if it took the message, and drops it
};

/// What a session asks of the protocol library during one callback.
class Link : public MacroSource, public MessageEditor {
 public:
  /// Stores the reply for the status that is returned next. False if the library refused it.
  virtual bool set_reply(const MilterReply& reply) noexcept = 0;
};

/// What a session needs of the rest of the program. The functions are thread-safe.
struct SessionSetup {
  Plan plan;
  ReplyIdentity identity;

  /// Decides and waits; calls its last argument once, from any thread, when the record is complete.
  std::function<Decision(const Transaction&, Facts, std::function<void(Outcome)>)> decide;
  /// Asks ahead what rules will want to know; null: nothing is.
  std::function<void(const Transaction&)> ask_ahead;
  /// Completes the record with what is the same for all of the session, and hands it on if anything
  /// is to be kept of it; says what. Does not throw.
  std::function<Kept(Record)> submit;
  /// Waits before an answer; false: not now, because as many wait already as may.
  std::function<bool(std::chrono::milliseconds)> pause;
  std::function<Reference()> next_reference;
  std::function<std::chrono::system_clock::time_point()> now;
  /// What local time is ahead of UTC at that moment.
  std::function<std::chrono::seconds(std::chrono::system_clock::time_point)> utc_offset;
  std::function<void(std::string_view)> complain;  ///< logs an error of ours
  DoorCounters* counters = nullptr;                ///< never null
};

/// No exception leaves it: trouble of our own becomes a temporary refusal with a reference, at once
/// where the MTA waits for an answer, else at the next RCPT (semantics 14).
class Session {
 public:
  using Parameters = std::span<const std::string_view>;

  explicit Session(SessionSetup setup);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Which steps and replies to agree on. Not called: every step is answered.
  Negotiated negotiate(std::uint32_t offered_actions, std::uint32_t offered_steps) noexcept;

  /// `host` as the MTA names it; `address` null for a local submission. Not called: every recipient
  /// is put off, because nothing is known of the client.
  Status connect(std::string_view host, const sockaddr* address, Link& link) noexcept;
  /// Also again: a second EHLO, or the one after STARTTLS.
  Status helo(std::string_view name, Link& link) noexcept;
  /// The address, then the parameters of MAIL.
  Status mail(Parameters arguments, Link& link) noexcept;
  Status rcpt(Parameters arguments, Link& link) noexcept;
  Status data(Link& link) noexcept;
  Status header(std::string_view name, std::string_view value) noexcept;
  Status end_of_headers(Link& link) noexcept;
  Status body(std::size_t octets) noexcept;
  Status end_of_message(Link& link) noexcept;
  /// RSET, STARTTLS, a lost connection: the message is gone, the session stays.
  void abort() noexcept;

  /// Short and unique on this host; ties the records of one SMTP session together.
  const std::string& tag() const noexcept { return session_.session; }

 private:
  /// A decision about to be answered.
  struct Asked {
    Transaction transaction;
    Decision decision;
    std::shared_ptr<RecordSlip> slip;
    bool undelayed = false;  ///< a delay was wanted and could not be had
  };

  template <typename Work>
  Status guarded(Stage stage, std::size_t prefix, Link& link, Work work) noexcept;

  Status quiet(Stage stage) const noexcept;
  /// Something that a decision on this message needs was not told, or got lost.
  bool in_the_dark() const noexcept;
  void begin_session();
  Status end_message(Link& link);
  void ask_ahead(Stage stage, const Transaction& known);
  Asked ask(Stage stage, Transaction transaction);
  Facts& facts_for(Stage stage);
  void delay(Asked& asked);
  /// Decides on the whole message at a stage after RCPT and speaks a refusal.
  Status decide_content(Stage stage, Link& link);
  /// Lets the message in at its end, with all that is to be done to it, or drops it.
  Status take(Asked asked, Link& link);
  Status refuse(Asked asked, std::size_t prefix, Link& link);
  void record(Asked asked, SentReply sent);
  Record blank_record(Transaction transaction) const;
  void learn_queue_id(Stage stage, Link& link);
  Status trouble(Stage stage, std::size_t prefix, Link& link) noexcept;
  Asked internal_error(Stage stage);

  SessionSetup setup_;
  Negotiated negotiated_;
  Transaction session_;  ///< what every transaction of this session begins with
  Facts session_facts_;
  std::string_view argument_of_rcpt_;  ///< while rcpt() runs
  bool session_trouble_ = false;  ///< an event of the session went wrong or was missed, unanswered
  bool message_trouble_ = false;  ///< an event of the message went wrong, unanswered
  std::optional<SessionMessage> message_;
  std::string last_queue_id_;  ///< of the message before, to know a stale macro by
};

}  // namespace postern::milter_door

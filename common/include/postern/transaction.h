// Transaction: what the MTA has told us so far. One of the three inputs of a decision.
//
// A front end fills it, nobody else writes to it; evaluate() only reads it. It holds the clock
// reading and the reference too, so that a decision needs no clock and a replay renders the same
// bytes. A plain value: copy it to another thread freely.
#pragma once

#include "postern/address.h"
#include "postern/facts.h"
#include "postern/reference.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Where in an SMTP session we are asked, in the order of the session.
enum class Stage : std::uint8_t {
  connect,
  helo,
  mail,
  rcpt,
  data,
  end_of_headers,
  end_of_message,
};
inline constexpr std::size_t stage_count = 7;

/// "connect", "helo", "mail", "rcpt", "data", "end-of-headers", "end-of-message".
std::string_view to_text(Stage stage) noexcept;
std::optional<Stage> stage_from_text(std::string_view text) noexcept;

/// Through which protocol the MTA asks.
enum class Door : std::uint8_t { milter, policy, library };
std::string_view to_text(Door door) noexcept;
std::optional<Door> door_from_text(std::string_view text) noexcept;

/// A value the MTA may have told, may have told to be empty, or could not tell.
/// `absent`: the MTA says there is none (no TLS, no reverse name). `not_told`: the MTA does not or
/// cannot say at this door; a rule that asks gets `unavailable`, but for host names, of which DNS
/// is asked (semantics 16).
template <typename T>
class Told {
 public:
  enum class State : std::uint8_t { not_told, absent, told };

  Told() = default;  ///< not told
  Told(T value) : state_(State::told), value_(std::move(value)) {}
  static Told absent() {
    Told result;
    result.state_ = State::absent;
    return result;
  }

  State state() const noexcept { return state_; }
  bool is_told() const noexcept { return state_ == State::told; }
  bool is_absent() const noexcept { return state_ == State::absent; }
  /// The value, or T{} when there is none.
  const T& value() const noexcept { return value_; }

  friend bool operator==(const Told&, const Told&) = default;

 private:
  State state_ = State::not_told;
  T value_{};
};

/// The host that connected.
struct Client {
  std::optional<IpAddress> address;  ///< none for a local submission (semantics 15)
  std::uint16_t port = 0;            ///< 0 when not told
  Told<std::string> name;            ///< forward-confirmed by the MTA (semantics 16)
  Told<std::string> reverse_name;    ///< the PTR name, unconfirmed
};

struct Tls {
  Told<std::string> version;  ///< "TLSv1.3"; absent on a plain session
  Told<std::string> cipher;
  Told<std::int64_t> bits;
};

struct Authentication {
  Told<std::string> user;  ///< absent: not authenticated
  Told<std::string> mechanism;
};

/// A rule, asked about one recipient, that could not be answered, and what might have become of the
/// recipient otherwise: by that rule, or by one behind it if it acted without its answer
/// (`unavailable = "match"`). It counts when the message is decided on later (semantics 6, 8).
struct HeldBack {
  enum class Would : std::uint8_t {
    accept,  ///< it might have been settled for the rest of the message
    defer,   ///< put off
    reject,  ///< refused, so that only the others would be decided on
  };
  std::string rule;  ///< its name
  Would would = Would::accept;
  QuestionKind missing = QuestionKind::sample;

  friend bool operator==(const HeldBack&, const HeldBack&) = default;
};
/// "accept", "defer", "reject".
std::string_view to_text(HeldBack::Would would) noexcept;
std::optional<HeldBack::Would> would_from_text(std::string_view text) noexcept;

/// A recipient that we did not refuse, as later stages see it.
struct AcceptedRecipient {
  MailAddress address;
  bool settled = false;    ///< a rule accepted it with scope "message" or "session"
  std::string settled_by;  ///< that rule's name
  std::optional<HeldBack> held_back;

  friend bool operator==(const AcceptedRecipient&, const AcceptedRecipient&) = default;
};

struct Transaction {
  // Set for every decision.
  Stage stage = Stage::connect;
  Door door = Door::library;
  Reference reference;
  std::chrono::system_clock::time_point time;  ///< when the MTA asked, UTC
  /// What the host's local time was ahead of UTC then; recorded, so that a replay in another zone
  /// reads the same clock.
  std::chrono::seconds utc_offset{0};

  Client client;
  std::string server_address;  ///< ours, as the MTA names it; may be empty
  std::uint16_t server_port = 0;
  Tls tls;
  Authentication authentication;

  Told<std::string> helo;    ///< from HELO on; absent when the client sent none
  Told<bool> extended_smtp;  ///< EHLO rather than HELO; the milter protocol does not always tell

  Told<MailAddress> sender;                         ///< from MAIL on; told and empty for "<>"
  Told<std::int64_t> declared_size;                 ///< octets of SIZE=; absent when not given
  Told<MailAddress> recipient;                      ///< at RCPT; later only if there is exactly one
  Told<std::vector<AcceptedRecipient>> recipients;  ///< after RCPT, those we did not refuse
  Told<std::int64_t> recipient_count;               ///< after RCPT, as the MTA counts
  Told<std::int64_t> size;                          ///< octets of the message, at end of message

  // Correlation; never an input of a rule's truth except queue_id, which rules may compare.
  std::string queue_id;        ///< empty before the MTA has one
  std::string instance;        ///< Postfix policy protocol
  std::string session;         ///< our own tag of the SMTP session, milter door
  std::string policy_context;  ///< Postfix policy protocol

  std::map<std::string, std::string> macros;  ///< milter macros used, without braces
};

}  // namespace postern

// Codec: the Postfix policy-delegation protocol without any I/O. Decoder turns octets into
// requests, encode_answer turns an action into octets.
//
// Tolerant in what it reads: attributes in any order, unknown ones, repeated ones (the first
// counts, as in Postfix for our answers), empty ones, lines without '=', CRLF line ends, stray
// empty lines. Strict in what it writes, because Postfix takes "550" alone for a permit and hangs
// for 201 seconds on a CRLF. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::policy_door {

/// The attributes we look at, in the order in which Postfix 3.7 sends them.
enum class Attribute : std::uint8_t {
  request,
  protocol_state,
  protocol_name,
  client_address,
  client_name,
  client_port,
  reverse_client_name,
  server_address,
  server_port,
  helo_name,
  sender,
  recipient,
  recipient_count,
  queue_id,
  instance,
  size,
  sasl_method,
  sasl_username,
  encryption_protocol,
  encryption_cipher,
  encryption_keysize,
  policy_context,
};
inline constexpr std::size_t attribute_count = 22;
std::string_view to_text(Attribute attribute) noexcept;

/// A request as it lies in the decoder's buffer: valid until that decoder is used again.
class Request {
 public:
  /// Empty when the client sent it empty or did not send it.
  std::string_view get(Attribute attribute) const noexcept { return values_[at(attribute)]; }
  bool has(Attribute attribute) const noexcept { return values_[at(attribute)].data() != nullptr; }

  /// For tests and for those who build a request themselves; `value` must outlive the request.
  void set_first(Attribute attribute, std::string_view value) noexcept;

 private:
  static constexpr std::size_t at(Attribute attribute) noexcept {
    return static_cast<std::size_t>(attribute);
  }
  std::array<std::string_view, attribute_count> values_{};
};

class Decoder {
 public:
  /// Octets of one request, line ends included. Postfix 3.7 sends 29 attributes and cuts what it
  /// reads from clients at line_length_limit (2,048 octets by default), so an honest request stays
  /// below 64 KiB; a dishonest one must not make us hold more.
  static constexpr std::size_t longest_request = 65'536;

  enum class State : std::uint8_t {
    open,      ///< waits for octets, or has a request ready
    too_long,  ///< a request exceeded longest_request: close without an answer
  };

  /// Takes octets as they come, cut anywhere. Ignored once the state is not `open`.
  void feed(std::string_view octets);
  /// The next complete request, or nullptr when more octets are needed.
  const Request* next();

  State state() const noexcept { return state_; }
  /// A request has begun and its end has not been seen.
  bool partial() const noexcept { return state_ == State::open && start_ < buffer_.size(); }
  /// Octets held that belong to no request given out yet.
  std::size_t held() const noexcept { return buffer_.size() - start_; }

 private:
  void take_line(std::string_view line);

  // Attribute values of the request under way, as places in buffer_, because feed() may move it.
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    bool seen = false;
  };

  std::string buffer_;
  std::size_t start_ = 0;  // of the request under way
  std::size_t line_ = 0;   // of its first line not taken yet
  std::size_t look_ = 0;   // where to look on for that line's end
  std::array<Span, attribute_count> spans_{};
  bool any_line_ = false;
  std::size_t expected_ = 0;  // the attribute that Postfix's order would bring next
  Request request_;
  State state_ = State::open;
};

/// "action=...\n\n", or nullopt for an action that we must never send: anything but DUNNO; a reply
/// of class 4 or 5, explicit or after DEFER_IF_PERMIT, with text; HOLD, DISCARD and WARN with text;
/// PREPEND with a header field; REDIRECT and BCC with an address; all in printable ASCII, at most
/// 1,000 octets. Whoever gets nullopt has met a bug and closes without an answer.
std::optional<std::string> encode_answer(std::string_view action);
/// "action=OK\n\n", which nobody sends by accident: it ends Postfix's restriction list, and in front
/// of reject_unauth_destination opens a relay.
std::string encode_ok();

}  // namespace postern::policy_door

// MilterClient: the MTA's side of the milter protocol, version 6, over a socket. It behaves as
// Postfix and sendmail do: honours what was negotiated (steps left out, answers not waited for, the
// macros asked for) and sends what it is told, however wrong. Blocking; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::test {

/// The connection failed, or the other side broke the protocol.
class MilterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One packet: the command octet and what follows it.
struct MilterPacket {
  char command = 0;
  std::string data;
};

/// What the filter answered to one step.
struct MilterAnswer {
  enum class Kind {
    proceed,     ///< 'c'
    accept,      ///< 'a'
    reject,      ///< 'r', the MTA's own text
    tempfail,    ///< 't', the MTA's own text
    discard,     ///< 'd'
    reply_code,  ///< 'y'
    skip,        ///< 's'
    not_sent,    ///< the step was left out, as negotiated
    no_reply,    ///< sent, and no answer is due, as negotiated
  };
  Kind kind = Kind::proceed;
  std::string text;                   ///< of reply_code: as on the wire, '%' doubled
  std::vector<MilterPacket> changes;  ///< at end of message: what came before the answer

  bool refuses() const noexcept {
    return kind == Kind::reply_code || kind == Kind::reject || kind == Kind::tempfail;
  }
  /// What an SMTP client would be shown: lines with '%' single. For answers without a text of their
  /// own, the word in pointed brackets: "<continue>".
  std::vector<std::string> lines() const;
};
std::string to_text(MilterAnswer::Kind kind);

class MilterClient {
 public:
  using Macros = std::vector<std::pair<std::string, std::string>>;

  /// Both throw MilterError when nobody listens. Every wait ends after `timeout`.
  static MilterClient to_unix(const std::string& path,
                              std::chrono::milliseconds timeout = std::chrono::seconds(20));
  static MilterClient to_tcp(const std::string& address, std::uint16_t port,
                             std::chrono::milliseconds timeout = std::chrono::seconds(20));
  ~MilterClient();
  MilterClient(MilterClient&& other) noexcept;
  MilterClient& operator=(MilterClient&& other) noexcept;

  /// Macros for every later step by name without braces ("i", "client_addr"); only those that the
  /// filter asked for at a step are sent there, all of them if it asked for none anywhere.
  Macros macros;

  /// Option negotiation. The defaults are what Postfix 3.7 and sendmail 8.17 offer.
  void negotiate(std::uint32_t actions = 0x1ff, std::uint32_t steps = 0x1fffff,
                 std::uint32_t version = 6);
  std::uint32_t actions() const noexcept { return actions_; }
  std::uint32_t steps() const noexcept { return steps_; }
  /// What the filter asked for, by stage number of the protocol (0 connect, 1 helo, 2 mail, 3 rcpt,
  /// 4 data, 5 end of message, 6 end of headers).
  const std::map<unsigned, std::string>& symbols() const noexcept { return symbols_; }

  /// `family`: '4', '6', 'L' or 'U' (then port and address are not sent).
  MilterAnswer connect(std::string_view host, char family, std::uint16_t port,
                       std::string_view address);
  MilterAnswer helo(std::string_view name);
  /// The address with its brackets, then ESMTP parameters.
  MilterAnswer mail(const std::vector<std::string>& arguments);
  MilterAnswer rcpt(const std::vector<std::string>& arguments);
  MilterAnswer data();
  MilterAnswer header(std::string_view name, std::string_view value);
  MilterAnswer end_of_headers();
  MilterAnswer body(std::string_view chunk);
  MilterAnswer end_of_message();
  /// No answer is due to these.
  void abort();
  void quit();
  /// Ends this SMTP session; the next begins with connect() on the same connection.
  void quit_but_stay();

  /// Header lines, an empty line, the body: header(), ..., end_of_message(). The first refusal ends
  /// it. `text` has LF line ends.
  MilterAnswer message(std::string_view text);

  /// Raw access, for tests of what no MTA does.
  void send(char command, std::string_view data);
  void send_octets(std::string_view octets);
  MilterPacket receive();
  /// Closes the connection without a word.
  void drop() noexcept;

 private:
  MilterClient(int socket, std::chrono::milliseconds timeout);
  void send_macros(char command, unsigned stage);
  MilterAnswer step(char command, std::string_view data, unsigned stage, std::uint32_t left_out,
                    std::uint32_t no_reply);
  MilterAnswer answer();
  std::string read_octets(std::size_t count);
  void wait_for(short events);

  int socket_ = -1;
  std::chrono::milliseconds timeout_;
  std::uint32_t actions_ = 0;
  std::uint32_t steps_ = 0;
  std::map<unsigned, std::string> symbols_;
};

}  // namespace postern::test

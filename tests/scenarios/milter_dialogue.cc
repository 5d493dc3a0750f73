#include "scenarios/dialogue.h"
#include "support/milter_client.h"

#include <algorithm>
#include <string_view>

namespace postern::scenarios {
namespace {

using postern::test::MilterAnswer;
using postern::test::MilterClient;
using postern::test::MilterError;

constexpr std::string_view header_name = "Subject";
constexpr std::string_view header_value = "x";
/// "Subject: x", the empty line, and CRLF behind both.
constexpr std::int64_t header_octets = 14;
/// Octets of one body packet (MILTER_CHUNK_SIZE of the protocol).
constexpr std::size_t chunk = 65'535;

/// One change of the protocol in words: "insert X-A: b", "add <a@example.org>".
std::string words_of(const postern::test::MilterPacket& change) {
  constexpr std::size_t index_octets = 4;
  const auto text = [&](std::size_t from) {
    std::string words = change.data.substr(std::min(from, change.data.size()));
    if (!words.empty() && words.back() == '\0') words.pop_back();
    std::replace(words.begin(), words.end(), '\0', ':');
    return words;
  };
  switch (change.command) {
    case 'i':
      return "insert " + std::to_string(static_cast<int>(change.data.at(index_octets - 1))) + ' ' +
             text(index_octets);
    case 'm':
      return "change " + std::to_string(static_cast<int>(change.data.at(index_octets - 1))) + ' ' +
             text(index_octets);
    case '+':
      return "add " + text(0);
    case '-':
      return "remove " + text(0);
    case 'q':
      return "quarantine " + text(0);
    default:
      return std::string("unknown change ") + change.command;
  }
}

/// nullopt: the MTA was told not to ask, or not to wait.
std::optional<Observed> observed(const Moment& moment, const MilterAnswer& answer) {
  using Kind = MilterAnswer::Kind;
  if (answer.kind == Kind::not_sent || answer.kind == Kind::no_reply) return std::nullopt;
  Observed seen;
  seen.moment = moment;
  seen.wire = "continue";
  for (const auto& change : answer.changes) {
    seen.edits.push_back(words_of(change));
    if (change.command == 'q') seen.wire = seen.edits.back();
  }
  if (answer.kind == Kind::proceed) return seen;
  if (answer.kind == Kind::discard) {
    seen.wire = "discard";
    return seen;
  }
  seen.refused = true;
  seen.wire = answer.text;
  if (answer.kind != Kind::reply_code) {
    seen.form = "<" + postern::test::to_text(answer.kind) + ">";
    return seen;
  }
  const auto line = answer.lines().front();
  // "550-5.1.1 text" or "554 text".
  const auto digit = line.find_first_not_of("0123456789.", std::min<std::size_t>(4, line.size()));
  const auto codes = std::min(digit, line.size());
  seen.form = line.substr(0, 3);
  if (codes > 4) seen.form += ' ' + line.substr(4, codes - 4);
  seen.first_line = codes < line.size() ? line.substr(codes + (codes > 4 ? 1 : 0)) : "";
  return seen;
}

class Dialogue {
 public:
  Dialogue(const Scenario& scenario, const std::string& socket)
      : scenario_(scenario), socket_(socket) {}

  std::vector<Observed> play() {
    for (std::size_t i = 0; i < scenario_.sessions.size(); ++i) play_session(i);
    return std::move(seen_);
  }

 private:
  /// Keeps the answer; true if it refuses.
  bool keep(const Moment& moment, const MilterAnswer& answer) {
    auto seen = observed(moment, answer);
    if (seen) seen_.push_back(std::move(*seen));
    return answer.refuses();
  }

  void play_session(std::size_t number) {
    const auto& session = scenario_.sessions[number];
    auto client = MilterClient::to_unix(socket_);
    client.negotiate();
    set_macros(client, session, session.messages.front());
    if (keep({number, 0, Stage::connect, 0}, connect(client, session.client))) {
      client.quit();
      return;
    }
    auto helo = session.helo;
    if (!helo.empty() && keep({number, 0, Stage::helo, 0}, client.helo(helo))) {
      client.quit();
      return;
    }
    for (std::size_t i = 0; i < session.messages.size(); ++i) {
      play_message(client, {number, i, Stage::mail, 0});
    }
    client.quit();
  }

  static MilterAnswer connect(MilterClient& client, const ClientSpec& spec) {
    switch (spec.kind) {
      case ClientSpec::Kind::local_sendmail:
        return client.connect("localhost", 'U', 0, {});
      case ClientSpec::Kind::local_postfix:
        return client.connect("localhost", '4', 0, "127.0.0.1");
      case ClientSpec::Kind::network:
        break;
    }
    const auto host = spec.name.empty() ? "[" + spec.ip + "]" : spec.name;
    const bool v6 = spec.ip.find(':') != std::string::npos;
    return client.connect(host, v6 ? '6' : '4', spec.port, (v6 ? "IPv6:" : "") + spec.ip);
  }

  static void set_macros(MilterClient& client, const SessionSpec& session,
                         const MessageSpec& message) {
    client.macros = {{"j", "mx1.example.org"},
                     {"daemon_name", "smtpd"},
                     {"daemon_addr", server_address},
                     {"daemon_port", std::to_string(server_port)}};
    const auto& spec = session.client;
    const auto add = [&](const char* name, const std::string& value) {
      client.macros.emplace_back(name, value);
    };
    if (spec.kind == ClientSpec::Kind::network) {
      add("client_addr", spec.ip);
      add("client_port", std::to_string(spec.port));
      add("client_name", spec.name.empty() ? "unknown" : spec.name);
      add("client_ptr", spec.reverse_name.empty() ? "unknown" : spec.reverse_name);
      add("client_resolve", spec.name.empty() ? "TEMP" : "OK");
    } else if (spec.kind == ClientSpec::Kind::local_postfix) {
      add("client_addr", "127.0.0.1");
      add("client_port", "0");
      add("client_name", "localhost");
      add("client_ptr", "localhost");
      add("client_resolve", "OK");
    }
    if (message.tls) {
      add("tls_version", message.tls->version);
      add("cipher", message.tls->cipher);
      add("cipher_bits", std::to_string(message.tls->bits));
    }
    if (message.auth) {
      add("auth_type", message.auth->method);
      add("auth_authen", message.auth->user);
    }
  }

  void play_message(MilterClient& client, Moment moment) {
    const auto& session = scenario_.sessions[moment.session];
    const auto& message = session.messages[moment.message];
    set_macros(client, session, message);
    // As Postfix does: STARTTLS is an abort and a new HELO, a second EHLO a HELO and an abort.
    if (message.before == Before::starttls) client.abort();
    if (message.before != Before::nothing) {
      moment.stage = Stage::helo;
      keep(moment, client.helo(message.helo));
    }
    if (message.before == Before::helo) client.abort();

    std::vector<std::string> arguments{message.sender};
    if (message.declared_size)
      arguments.push_back("SIZE=" + std::to_string(*message.declared_size));
    moment.stage = Stage::mail;
    if (keep(moment, client.mail(arguments))) {
      client.abort();
      return;
    }
    moment.stage = Stage::rcpt;
    bool accepted = false;
    for (std::size_t i = 0; i < message.recipients.size(); ++i) {
      moment.recipient = i;
      if (keep(moment, client.rcpt({message.recipients[i].to}))) continue;
      if (!accepted) client.macros.emplace_back("i", queue_id(moment));
      accepted = true;
    }
    moment.recipient = 0;
    if (!accepted || message.ending == Ending::rset || !send_content(client, moment))
      client.abort();
  }

  bool send_content(MilterClient& client, Moment moment) {
    const auto& message = scenario_.sessions[moment.session].messages[moment.message];
    moment.stage = Stage::data;
    if (keep(moment, client.data())) return false;
    client.header(header_name, header_value);
    moment.stage = Stage::end_of_headers;
    if (keep(moment, client.end_of_headers())) return false;
    if (message.size < header_octets) throw ScenarioError("no message is that small");
    const std::string body(static_cast<std::size_t>(message.size - header_octets), 'x');
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      client.body(std::string_view(body).substr(at, chunk));
    }
    moment.stage = Stage::end_of_message;
    keep(moment, client.end_of_message());
    return true;
  }

  const Scenario& scenario_;
  const std::string& socket_;
  std::vector<Observed> seen_;
};

}  // namespace

std::vector<Observed> play_through_milter(const Scenario& scenario, const std::string& socket) {
  return Dialogue(scenario, socket).play();
}

}  // namespace postern::scenarios

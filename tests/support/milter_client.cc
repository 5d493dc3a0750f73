#include "support/milter_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern::test {
namespace {

constexpr unsigned no_macros = 99;
/// Octets of one body packet (MILTER_CHUNK_SIZE of the protocol).
constexpr std::size_t chunk = 65'535;

std::string number(std::uint32_t value) {
  const std::uint32_t network = htonl(value);
  std::string octets(sizeof network, '\0');
  std::memcpy(octets.data(), &network, sizeof network);
  return octets;
}

std::uint32_t number_at(std::string_view octets, std::size_t offset) {
  if (offset + 4 > octets.size()) throw MilterError("a packet ends within a number");
  std::uint32_t network = 0;
  std::memcpy(&network, octets.data() + offset, sizeof network);
  return ntohl(network);
}

std::string zero_ended(std::string_view text) { return std::string(text) + '\0'; }

std::string joined(const std::vector<std::string>& arguments) {
  std::string data;
  for (const auto& argument : arguments) data += zero_ended(argument);
  return data;
}

std::string bare(std::string_view name) {
  if (name.size() > 1 && name.front() == '{') name = name.substr(1, name.size() - 2);
  return std::string(name);
}

bool asked_for(const std::string& list, std::string_view name) {
  std::size_t start = 0;
  while (start < list.size()) {
    const auto end = std::min(list.find(' ', start), list.size());
    if (bare(list.substr(start, end - start)) == name) return true;
    start = end + 1;
  }
  return false;
}

[[noreturn]] void fail(const std::string& what) {
  throw MilterError(what + ": " + std::strerror(errno));
}

}  // namespace

std::string to_text(MilterAnswer::Kind kind) {
  constexpr std::array names{"continue", "accept", "reject",   "tempfail", "discard",
                             "reply",    "skip",   "not sent", "no reply"};
  return names.at(static_cast<std::size_t>(kind));
}

std::vector<std::string> MilterAnswer::lines() const {
  if (kind != Kind::reply_code) return {"<" + to_text(kind) + ">"};
  std::vector<std::string> lines{""};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      lines.emplace_back();
      ++i;
    } else {
      // Postfix and sendmail both make one '%' of two.
      if (text[i] == '%' && i + 1 < text.size() && text[i + 1] == '%') ++i;
      lines.back() += text[i];
    }
  }
  return lines;
}

MilterClient MilterClient::to_unix(const std::string& path, std::chrono::milliseconds timeout) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) throw MilterError("socket path too long");
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  MilterClient client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), timeout);
  if (::connect(client.socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    fail("connect to " + path);
  }
  return client;
}

MilterClient MilterClient::to_tcp(const std::string& address, std::uint16_t port,
                                  std::chrono::milliseconds timeout) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) throw MilterError("bad address");
  MilterClient client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), timeout);
  if (::connect(client.socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    fail("connect to " + address);
  }
  const int yes = 1;
  setsockopt(client.socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return client;
}

MilterClient::MilterClient(int socket, std::chrono::milliseconds timeout)
    : socket_(socket), timeout_(timeout) {
  if (socket_ < 0) fail("socket");
}

MilterClient::~MilterClient() { drop(); }

MilterClient::MilterClient(MilterClient&& other) noexcept
    : macros(std::move(other.macros)),
      socket_(std::exchange(other.socket_, -1)),
      timeout_(other.timeout_),
      actions_(other.actions_),
      steps_(other.steps_),
      symbols_(std::move(other.symbols_)) {}

MilterClient& MilterClient::operator=(MilterClient&& other) noexcept {
  if (this == &other) return *this;
  drop();
  macros = std::move(other.macros);
  socket_ = std::exchange(other.socket_, -1);
  timeout_ = other.timeout_;
  actions_ = other.actions_;
  steps_ = other.steps_;
  symbols_ = std::move(other.symbols_);
  return *this;
}

void MilterClient::drop() noexcept {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

// ---- Steps -----------------------------------------------------------------------------------

void MilterClient::negotiate(std::uint32_t actions, std::uint32_t steps, std::uint32_t version) {
  send('O', number(version) + number(actions) + number(steps));
  const auto packet = receive();
  if (packet.command != 'O') throw MilterError("no answer to the negotiation");
  if (number_at(packet.data, 0) > version) throw MilterError("a version that was not offered");
  actions_ = number_at(packet.data, 4);
  steps_ = number_at(packet.data, 8);
  if ((actions_ & ~actions) != 0) throw MilterError("an action that was not offered");
  if ((steps_ & ~steps) != 0) throw MilterError("a step that was not offered");
  symbols_.clear();
  for (std::size_t offset = 12; offset < packet.data.size();) {
    const auto stage = number_at(packet.data, offset);
    const auto end = packet.data.find('\0', offset + 4);
    if (end == std::string::npos) throw MilterError("a list of macros without its end");
    symbols_[stage] = packet.data.substr(offset + 4, end - offset - 4);
    offset = end + 1;
  }
}

MilterAnswer MilterClient::connect(std::string_view host, char family, std::uint16_t port,
                                   std::string_view address) {
  auto data = zero_ended(host) + family;
  if (family != 'U') {
    const std::uint16_t network = htons(port);
    std::string octets(sizeof network, '\0');
    std::memcpy(octets.data(), &network, sizeof network);
    data += octets + zero_ended(address);
  }
  return step('C', data, 0, 0x1, 0x1000);
}

MilterAnswer MilterClient::helo(std::string_view name) {
  return step('H', zero_ended(name), 1, 0x2, 0x2000);
}

MilterAnswer MilterClient::mail(const std::vector<std::string>& arguments) {
  return step('M', joined(arguments), 2, 0x4, 0x4000);
}

MilterAnswer MilterClient::rcpt(const std::vector<std::string>& arguments) {
  return step('R', joined(arguments), 3, 0x8, 0x8000);
}

MilterAnswer MilterClient::data() { return step('T', {}, 4, 0x200, 0x10000); }

MilterAnswer MilterClient::header(std::string_view name, std::string_view value) {
  // Without the option the MTA takes the space after the colon away.
  const bool keep_space = (steps_ & 0x100000) != 0;
  return step('L', zero_ended(name) + zero_ended((keep_space ? " " : "") + std::string(value)),
              no_macros, 0x20, 0x80);
}

MilterAnswer MilterClient::end_of_headers() { return step('N', {}, 6, 0x40, 0x40000); }

MilterAnswer MilterClient::body(std::string_view octets) {
  return step('B', octets, no_macros, 0x10, 0x80000);
}

MilterAnswer MilterClient::end_of_message() { return step('E', {}, 5, 0, 0); }

void MilterClient::abort() { send('A', {}); }
void MilterClient::quit() { send('Q', {}); }
void MilterClient::quit_but_stay() { send('K', {}); }

MilterAnswer MilterClient::message(std::string_view text) {
  auto last = data();
  if (last.refuses()) return last;
  while (!text.empty() && text.front() != '\n') {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    const auto colon = std::min(line.find(':'), line.size());
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    last = header(line.substr(0, colon), value);
    if (last.refuses()) return last;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!text.empty()) text.remove_prefix(1);
  last = end_of_headers();
  if (last.refuses()) return last;
  std::string octets;
  for (const char c : text) octets += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (std::size_t sent = 0; sent < octets.size(); sent += chunk) {
    last = body(std::string_view(octets).substr(sent, chunk));
    if (last.refuses()) return last;
  }
  return end_of_message();
}

// ---- Packets ---------------------------------------------------------------------------------

void MilterClient::send_macros(char command, unsigned stage) {
  if (stage == no_macros) return;
  std::string data(1, command);
  const auto wanted = symbols_.find(stage);
  for (const auto& [name, value] : macros) {
    if (!symbols_.empty() && (wanted == symbols_.end() || !asked_for(wanted->second, name))) {
      continue;
    }
    data += zero_ended(name.size() == 1 ? name : "{" + name + "}") + zero_ended(value);
  }
  if (data.size() > 1) send('D', data);
}

MilterAnswer MilterClient::step(char command, std::string_view data, unsigned stage,
                                std::uint32_t left_out, std::uint32_t no_reply) {
  MilterAnswer result;
  result.kind = MilterAnswer::Kind::not_sent;
  if ((steps_ & left_out) != 0) return result;
  send_macros(command, stage);
  send(command, data);
  result.kind = MilterAnswer::Kind::no_reply;
  if ((steps_ & no_reply) != 0) return result;
  return answer();
}

MilterAnswer MilterClient::answer() {
  using Kind = MilterAnswer::Kind;
  MilterAnswer result;
  for (;;) {
    auto packet = receive();
    switch (packet.command) {
      case 'c':
        result.kind = Kind::proceed;
        return result;
      case 'a':
        result.kind = Kind::accept;
        return result;
      case 'r':
        result.kind = Kind::reject;
        return result;
      case 't':
        result.kind = Kind::tempfail;
        return result;
      case 'd':
        result.kind = Kind::discard;
        return result;
      case 's':
        result.kind = Kind::skip;
        return result;
      case 'y':
        result.kind = Kind::reply_code;
        if (packet.data.empty() || packet.data.back() != '\0') {
          throw MilterError("a reply without its end");
        }
        result.text = packet.data.substr(0, packet.data.size() - 1);
        return result;
      case 'p':
        break;
      default:
        result.changes.push_back(std::move(packet));
    }
  }
}

void MilterClient::send(char command, std::string_view data) {
  send_octets(number(static_cast<std::uint32_t>(data.size() + 1)) + command + std::string(data));
}

void MilterClient::send_octets(std::string_view octets) {
  while (!octets.empty()) {
    wait_for(POLLOUT);
    const auto sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("send");
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
}

MilterPacket MilterClient::receive() {
  const auto length = number_at(read_octets(4), 0);
  if (length == 0 || length > 1U << 20U) throw MilterError("a packet of impossible length");
  auto data = read_octets(length);
  MilterPacket packet{data.front(), {}};
  packet.data = data.substr(1);
  return packet;
}

std::string MilterClient::read_octets(std::size_t count) {
  std::string octets(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    wait_for(POLLIN);
    const auto got = recv(socket_, octets.data() + have, count - have, 0);
    if (got < 0) fail("receive");
    if (got == 0) throw MilterError("the filter closed the connection");
    have += static_cast<std::size_t>(got);
  }
  return octets;
}

void MilterClient::wait_for(short events) {
  pollfd entry{socket_, events, 0};
  const int ready = poll(&entry, 1, static_cast<int>(timeout_.count()));
  if (ready < 0) fail("poll");
  if (ready == 0) throw MilterError("the filter does not answer");
}

}  // namespace postern::test

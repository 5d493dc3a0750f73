// Load on a milter: `milter_load SOCKET CONNECTIONS MESSAGES` plays the MTA's side, protocol 6, as
// Postfix does: one connection is one SMTP session of ten messages, only negotiated steps are sent.
// Prints messages per second. Every answer must be "continue".
#include "connection.h"

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <vector>

using postern::bench::Connection;
using postern::bench::give_up;

namespace {

constexpr unsigned messages_a_session = 10;

// What a filter may ask of the MTA: steps left out, and steps it does not answer.
struct Step {
  char command;
  std::uint32_t left_out;
  std::uint32_t not_answered;
};
constexpr Step connect_step{'C', 0x1, 0x1000};
constexpr Step helo_step{'H', 0x2, 0x2000};
constexpr Step mail_step{'M', 0x4, 0x4000};
constexpr Step rcpt_step{'R', 0x8, 0x8000};
constexpr Step data_step{'T', 0x200, 0x10000};
constexpr Step header_step{'L', 0x20, 0x80};
constexpr Step end_of_headers_step{'N', 0x40, 0x40000};
constexpr Step body_step{'B', 0x10, 0x80000};
constexpr Step end_of_message_step{'E', 0, 0};

std::string packet(char command, const std::string& body) {
  const std::uint32_t length = htonl(static_cast<std::uint32_t>(body.size() + 1));
  std::string result(reinterpret_cast<const char*>(&length), 4);
  return result + command + body;
}

std::string z(const std::string& text) { return text + '\0'; }

// One SMTP session after another over milter connections.
class Session {
 public:
  explicit Session(const std::string& path) : path_(path) { open(); }

  Connection& connection() { return *connection_; }
  unsigned long finished() const { return finished_; }

  /// Reads answers and goes on. True if the connection was replaced by a new one.
  bool advance() {
    connection_->receive();
    auto& input = connection_->input();
    while (input.size() >= 4) {
      std::uint32_t length = 0;
      std::memcpy(&length, input.data(), 4);
      length = ntohl(length);
      if (input.size() < 4 + length) break;
      const std::string answer = input.substr(4, length);
      input.erase(0, 4 + length);
      if (answer.front() == 'O') {
        std::uint32_t protocol = 0;
        std::memcpy(&protocol, answer.data() + 9, 4);
        protocol_ = ntohl(protocol);
        plan_session();
      } else if (answer.front() != 'c') {
        give_up(std::string("unexpected answer ") + answer.front());
      }
      if (send_until_answered()) continue;
      connection_->send(packet('Q', ""));
      open();
      return true;
    }
    return false;
  }

 private:
  void open() {
    connection_ = std::make_unique<Connection>(path_);
    steps_.clear();
    next_ = 0;
    std::string options;
    for (const std::uint32_t word : {6U, 0x1ffU, 0x1fffffU}) {
      const std::uint32_t octets = htonl(word);
      options.append(reinterpret_cast<const char*>(&octets), 4);
    }
    connection_->send(packet('O', options));
  }

  void plan(const Step& step, const std::string& macros, const std::string& body) {
    if ((protocol_ & step.left_out) != 0) return;
    std::string octets;
    if (!macros.empty()) octets = packet('D', step.command + macros);
    octets += packet(step.command, body);
    steps_.push_back({octets, (protocol_ & step.not_answered) == 0,
                      step.command == end_of_message_step.command});
  }

  void plan_session() {
    const std::uint16_t port = htons(41234);
    plan(connect_step,
         z("j") + z("mx1.example.org") + z("{client_addr}") + z("192.0.2.9") +
             z("{client_resolve}") + z("OK") + z("{client_name}") + z("mail.example.net") +
             z("{client_ptr}") + z("mail.example.net") + z("{client_port}") + z("41234"),
         z("mail.example.net") + '4' + std::string(reinterpret_cast<const char*>(&port), 2) +
             z("192.0.2.9"));
    plan(helo_step, "", z("mail.example.net"));
    for (unsigned i = 0; i < messages_a_session; ++i) {
      plan(mail_step, z("{mail_addr}") + z("alice@example.net"),
           z("<alice@example.net>") + z("SIZE=4711"));
      plan(rcpt_step, z("{rcpt_addr}") + z("bob@example.org"), z("<bob@example.org>"));
      plan(data_step, z("i") + z("4ABCDEF" + std::to_string(i)), "");
      for (const char* header : {"From", "To", "Subject", "Date", "Message-Id"}) {
        plan(header_step, "", z(header) + z("some value of usual length <x@example.net>"));
      }
      plan(end_of_headers_step, "", "");
      plan(body_step, "", std::string(2000, 'x'));
      plan(end_of_message_step, z("i") + z("4ABCDEF" + std::to_string(i)), "");
    }
  }

  // Sends steps up to the next one that is answered. False at the end of the session.
  bool send_until_answered() {
    std::string octets;
    while (next_ < steps_.size()) {
      const auto& step = steps_[next_++];
      octets += step.octets;
      if (step.ends_message) ++finished_;
      if (step.answered) {
        connection_->send(octets);
        return true;
      }
    }
    return false;
  }

  struct Planned {
    std::string octets;
    bool answered;
    bool ends_message;
  };
  std::string path_;
  std::unique_ptr<Connection> connection_;
  std::uint32_t protocol_ = 0;
  std::vector<Planned> steps_;
  std::size_t next_ = 0;
  unsigned long finished_ = 0;
};

void watch(int poller, Session& session, std::size_t index) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  epoll_ctl(poller, EPOLL_CTL_ADD, session.connection().descriptor(), &event);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: milter_load SOCKET CONNECTIONS MESSAGES");
  const unsigned long connections = std::strtoul(argv[2], nullptr, 10);
  const unsigned long messages = std::strtoul(argv[3], nullptr, 10);
  std::vector<Session> sessions;
  sessions.reserve(connections);
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  const double begin = postern::bench::seconds_now();
  for (std::size_t i = 0; i < connections; ++i) watch(poller, sessions.emplace_back(argv[1]), i);
  std::vector<epoll_event> events(connections);
  unsigned long finished = 0;
  while (finished < messages) {
    const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), 10'000);
    if (ready <= 0) give_up("no answer within 10 s");
    for (int i = 0; i < ready; ++i) {
      const auto index = events[static_cast<std::size_t>(i)].data.u64;
      if (sessions[index].advance()) watch(poller, sessions[index], index);
    }
    finished = 0;
    for (const auto& session : sessions) finished += session.finished();
  }
  std::printf("%.0f\n", static_cast<double>(finished) / (postern::bench::seconds_now() - begin));
  return 0;
}

#include "runtime/control.h"

#include "runtime/sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/socket.h>
#include <sysexits.h>
#include <utility>

namespace postern {
namespace {

constexpr std::array<std::pair<ControlCommand, std::string_view>, 5> commands{{
    {ControlCommand::status, "status"},
    {ControlCommand::metrics, "metrics"},
    {ControlCommand::reload, "reload"},
    {ControlCommand::reopen, "reopen"},
    {ControlCommand::stop, "stop"},
}};

/// People and scripts at the control socket at one time; more are turned away.
constexpr std::size_t most_clients = 16;
/// Octets: the longest command is 7; a client that sends more is none of ours.
constexpr std::size_t longest_command = 64;
/// For a client to send its command or take its answer. Waiting for a reload has no such limit.
constexpr std::chrono::seconds client_patience{5};
/// Octets of an answer that a client reads: the problems of a policy may be many.
constexpr std::size_t longest_answer = std::size_t{4} * 1024 * 1024;

ControlAnswer no_answer(const std::string& why) { return {EX_TEMPFAIL, "error: " + why + "\n"}; }

}  // namespace

std::string_view to_text(ControlCommand command) noexcept {
  for (const auto& [value, text] : commands) {
    if (value == command) return text;
  }
  return "";
}

std::optional<ControlCommand> control_command_from_text(std::string_view text) noexcept {
  for (const auto& [value, name] : commands) {
    if (name == text) return value;
  }
  return std::nullopt;
}

Result<ControlAnswer> ask_control(const ListenAddress& address, ControlCommand command,
                                  std::chrono::milliseconds limit) {
  auto connected = connect_to(address, limit);
  if (!connected) return connected.problems();
  const int fd = connected->get();
  const std::string request = std::string(to_text(command)) + "\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return no_answer(std::string("the server does not take the command: ") + std::strerror(errno));
  }
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < longest_answer) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return no_answer(errno == EAGAIN ? "the server did not answer in time"
                                       : std::string("no answer: ") + std::strerror(errno));
    }
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto line_end = text.find('\n');
  ControlAnswer answer;
  const char* const end = text.data() + (line_end == std::string::npos ? 0 : line_end);
  const auto [stop, error] = std::from_chars(text.data(), end, answer.exit_code);
  if (error != std::errc{} || stop != end) {
    return no_answer("the server closed the connection without an answer");
  }
  answer.text = text.substr(line_end + 1);
  return answer;
}

void ControlServer::watch(std::vector<pollfd>& fds) const {
  if (listener_ >= 0) fds.push_back({listener_, POLLIN, 0});
  for (const auto& [id, client] : clients_) {
    // A waiting client is watched too: poll tells when it hangs up.
    const short events = client.state == Client::State::writing ? POLLOUT : POLLIN;
    fds.push_back({client.fd.get(), events, 0});
  }
}

void ControlServer::accept_all(std::chrono::steady_clock::time_point now) {
  while (true) {
    UniqueFd fd(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    if (clients_.size() >= most_clients) continue;
    Client client;
    client.fd = std::move(fd);
    client.since = now;
    clients_.emplace(next_++, std::move(client));
  }
}

bool ControlServer::write_some(Client& client) {
  while (!client.out.empty()) {
    const ssize_t sent =
        ::send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    client.out.erase(0, static_cast<std::size_t>(sent));
  }
  return false;
}

std::vector<ControlServer::Request> ControlServer::handle(
    const std::vector<pollfd>& fds, std::chrono::steady_clock::time_point now) {
  std::vector<Request> requests;
  const auto found = [&](int fd) {
    const auto at =
        std::find_if(fds.begin(), fds.end(), [fd](const pollfd& entry) { return entry.fd == fd; });
    return at == fds.end() ? short{0} : at->revents;
  };
  for (auto at = clients_.begin(); at != clients_.end();) {
    auto& [id, client] = *at;
    bool keep = client.state == Client::State::waiting || now - client.since < client_patience;
    if (keep && found(client.fd.get()) != 0) {
      if (client.state == Client::State::writing) {
        keep = write_some(client);
      } else {
        std::array<char, longest_command> buffer{};
        const ssize_t got = ::recv(client.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        keep = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
        if (got > 0 && client.state == Client::State::reading) {
          client.in.append(buffer.data(), static_cast<std::size_t>(got));
          const auto end = client.in.find('\n');
          if (end != std::string::npos) {
            const auto command = control_command_from_text(client.in.substr(0, end));
            client.state = Client::State::waiting;
            if (command) {
              requests.push_back({id, *command});
            } else {
              keep = false;
            }
          } else if (client.in.size() > longest_command) {
            keep = false;
          }
        }
      }
    }
    at = keep ? std::next(at) : clients_.erase(at);
  }
  if (listener_ >= 0 && found(listener_) != 0) accept_all(now);
  return requests;
}

void ControlServer::answer(unsigned client, const ControlAnswer& answer) {
  const auto at = clients_.find(client);
  if (at == clients_.end()) return;
  at->second.out = std::to_string(answer.exit_code) + "\n" + answer.text;
  at->second.state = Client::State::writing;
  at->second.since = std::chrono::steady_clock::now();
  if (!write_some(at->second)) clients_.erase(at);
}

void ControlServer::flush(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (auto at = clients_.begin(); at != clients_.end(); at = clients_.erase(at)) {
    while (at->second.state == Client::State::writing && write_some(at->second)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd wait{at->second.fd.get(), POLLOUT, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    }
  }
}

void ControlServer::abandon() {
  clients_.clear();
  listener_ = -1;
}

std::string StatusText::encode() const {
  std::string text;
  for (const auto& item : items_) {
    text += item.kind == Item::Kind::number ? 'n' : 's';
    text += ' ' + item.name + ' ';
    for (const char c : item.value) text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    text += '\n';
  }
  return text;
}

StatusText StatusText::decode(std::string_view text) {
  StatusText status;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto space = line.find(' ', 2);
    if (line.size() < 3 || line[1] != ' ' || space == std::string_view::npos) continue;
    status.items_.push_back({std::string(line.substr(2, space - 2)),
                             std::string(line.substr(space + 1)),
                             line[0] == 'n' ? Item::Kind::number : Item::Kind::text});
  }
  return status;
}

}  // namespace postern

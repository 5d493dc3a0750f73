#include "support/policy_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern::test {

namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  return result;
}

sockaddr_in loopback(unsigned short port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

std::string policy_request(std::string_view state, const Attributes& changes) {
  const bool after_rcpt = state == "DATA" || state == "END-OF-MESSAGE";
  const bool after_mail = after_rcpt || state == "RCPT";
  Attributes attributes{
      {"request", "smtpd_access_policy"},
      {"protocol_state", std::string(state)},
      {"protocol_name", state == "CONNECT" ? "SMTP" : "ESMTP"},
      {"client_address", "192.0.2.7"},
      {"client_name", "mail.example.org"},
      {"client_port", "40312"},
      {"reverse_client_name", "mail.example.org"},
      {"server_address", "192.0.2.25"},
      {"server_port", "25"},
      {"helo_name", state == "CONNECT" ? "" : "mail.example.org"},
      {"sender", after_mail || state == "MAIL" ? "a@example.org" : ""},
      {"recipient", after_mail ? "b@test.example" : ""},
      {"recipient_count", after_rcpt ? "1" : "0"},
      {"queue_id", after_rcpt ? "4F1C22A0B1" : ""},
      {"instance", after_mail ? "437b.6b009e9b.c35ad.0" : ""},
      {"size", state == "END-OF-MESSAGE" ? "3172" : "0"},
      {"etrn_domain", ""},
      {"stress", ""},
      {"sasl_method", ""},
      {"sasl_username", ""},
      {"sasl_sender", ""},
      {"ccert_subject", ""},
      {"ccert_issuer", ""},
      {"ccert_fingerprint", ""},
      {"ccert_pubkey_fingerprint", ""},
      {"encryption_protocol", ""},
      {"encryption_cipher", ""},
      {"encryption_keysize", "0"},
      {"policy_context", ""},
  };
  for (const auto& change : changes) {
    const auto found = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const auto& a) { return a.first == change.first; });
    if (found == attributes.end()) {
      attributes.push_back(change);
    } else {
      found->second = change.second;
    }
  }
  std::string text;
  for (const auto& [name, value] : attributes) text += name + '=' + value + '\n';
  return text + '\n';
}

TcpListener listen_on_loopback() {
  TcpListener listener;
  listener.descriptor =
      check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  auto address = loopback(0);
  check(::bind(listener.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
  check(::listen(listener.descriptor, 512), "listen");
  socklen_t size = sizeof address;
  check(::getsockname(listener.descriptor, reinterpret_cast<sockaddr*>(&address), &size),
        "getsockname");
  listener.port = ntohs(address.sin_port);
  return listener;
}

int listen_at(const std::string& path) {
  const int descriptor =
      check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  const auto address = unix_address(path);
  check(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  check(::listen(descriptor, 512), "listen");
  return descriptor;
}

PolicyClient::PolicyClient(int descriptor) : descriptor_(descriptor) {
  timeval limit{};
  limit.tv_sec = 10;
  check(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), "setsockopt");
}

PolicyClient PolicyClient::to_port(unsigned short port) {
  const int descriptor = check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const auto address = loopback(port);
  check(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "connect");
  return PolicyClient(descriptor);
}

PolicyClient PolicyClient::to_path(const std::string& path) {
  const int descriptor = check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const auto address = unix_address(path);
  check(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "connect");
  return PolicyClient(descriptor);
}

PolicyClient::PolicyClient(PolicyClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), held_(std::move(other.held_)) {}

PolicyClient::~PolicyClient() { close(); }

void PolicyClient::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void PolicyClient::send(std::string_view octets) {
  while (!octets.empty()) {
    const auto count = ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (count <= 0) return;  // the server has closed; what it says is what the test looks at
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
}

void PolicyClient::end_sending() { ::shutdown(descriptor_, SHUT_WR); }

std::string PolicyClient::answer() {
  std::array<char, 4096> octets{};
  for (;;) {
    const auto end = held_.find("\n\n");
    if (end != std::string::npos) {
      auto answer = held_.substr(0, end + 2);
      held_.erase(0, end + 2);
      return answer;
    }
    const auto count = ::recv(descriptor_, octets.data(), octets.size(), 0);
    if (count <= 0) return std::exchange(held_, {});
    held_.append(octets.data(), static_cast<std::size_t>(count));
  }
}

bool PolicyClient::closed_by_server() {
  if (!held_.empty()) return false;
  char octet = 0;
  const auto count = ::recv(descriptor_, &octet, 1, 0);
  // A server that closes with our octets unread resets the connection.
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

}  // namespace postern::test

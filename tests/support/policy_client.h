// PolicyClient: the other end of the policy protocol, as Postfix's smtpd would be, and the sockets
// a server test needs. Blocking; a test that waits in vain fails by its own time limit.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::test {

/// Attributes in the order in which they are sent.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// A complete request as Postfix 3.7 sends it at `state`, all 29 attributes; `changes` replace
/// values, or add attributes at the end.
std::string policy_request(std::string_view state, const Attributes& changes = {});

/// A socket that listens on a free port of 127.0.0.1, non-blocking; the test's to pass on.
struct TcpListener {
  int descriptor = -1;
  unsigned short port = 0;
};
TcpListener listen_on_loopback();
/// A unix socket that listens at `path`, non-blocking.
int listen_at(const std::string& path);

class PolicyClient {
 public:
  static PolicyClient to_port(unsigned short port);
  static PolicyClient to_path(const std::string& path);
  ~PolicyClient();
  PolicyClient(PolicyClient&& other) noexcept;
  PolicyClient& operator=(PolicyClient&&) = delete;

  void send(std::string_view octets);
  /// "I send no more", while answers can still come.
  void end_sending();
  void close();
  /// One answer up to and with its empty line; what there was when the server closed or ten seconds
  /// passed otherwise.
  std::string answer();
  std::string ask(std::string_view request) {
    send(request);
    return answer();
  }
  /// True once the server has closed without another octet.
  bool closed_by_server();
  int descriptor() const noexcept { return descriptor_; }

 private:
  explicit PolicyClient(int descriptor);
  int descriptor_;
  std::string held_;
};

}  // namespace postern::test

// TestServer: a milter_test_server in a process of its own, in a directory of its own.
#pragma once

#include "support/child_server.h"
#include "support/milter_client.h"
#include "support/temp_dir.h"

#include <cstdint>
#include <string>
#include <vector>

namespace postern::test {

class TestServer {
 public:
  enum class Listen { unix_path, inherited_unix, inherited_tcp };

  /// Starts it and waits until it listens. Throws MilterError if it does not.
  explicit TestServer(const std::string& policy, Listen listen = Listen::unix_path);
  /// Ends it, and expects that it ends well.
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// A negotiated connection.
  MilterClient client() const;
  /// A connection before negotiation.
  MilterClient raw_client() const;
  void tell(const std::string& line) { process_.tell(line); }
  /// The next line of its standard output; empty at its end.
  std::string hear() { return process_.hear(); }
  /// Waits for its end; the status of waitpid().
  int wait() { return process_.wait(); }
  /// The lines of its records so far: "STAGE VERDICT QUEUE-ID SIZE ANSWER".
  std::vector<std::string> records() const;
  const std::string& socket_path() const noexcept { return socket_; }

 private:
  testing::TempDir directory_;
  std::string socket_ = directory_ / "milter.sock";
  ChildServer process_;
  std::uint16_t port_ = 0;
};

}  // namespace postern::test

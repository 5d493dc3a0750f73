// RedisServer: a real Redis server on loopback and a unix socket, for tests.
#pragma once

#include "support/temp_dir.h"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace postern::test {

/// Where the program is; empty: it is not here, scripts/setup.sh fetches it.
std::string redis_program();

class RedisServer {
 public:
  enum class Listens : std::uint8_t { on_socket, on_port, on_tls_port };

  /// `options` as on its command line: {"--requirepass", "secret"}. `runs()` tells whether it does.
  explicit RedisServer(std::vector<std::string> options = {}, Listens listens = Listens::on_socket);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  bool runs() const { return process_ > 0; }
  const std::string& folder() const { return folder_.path(); }
  std::string socket() const { return folder_ / "redis.sock"; }
  std::uint16_t port() const { return port_; }
  /// Ends it at once, as kill -9 does.
  void kill();
  /// Again, at the same place.
  bool start();
  /// SIGSTOP, SIGCONT.
  void signal(int number) const;

 private:
  bool listens();

  testing::TempDir folder_;
  const std::vector<std::string> options_;
  const Listens listens_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace postern::test

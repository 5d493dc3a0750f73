// RedisConnection: one connection to one server, with or without TLS, and the replies that come
// over it. Of one thread.
#pragma once

#include "state/redis_settings.h"
#include "system/unique_fd.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hiredis/read.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What a server said.
struct RedisValue {
  enum class Kind : std::uint8_t { nothing, text, error, number, list } kind = Kind::nothing;
  std::string text;  ///< of text and error
  std::int64_t number = 0;
  std::vector<RedisValue> list;
};

/// A command as it goes over the wire.
std::string redis_command(const std::vector<std::string>& words);

class RedisConnection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Connects, in the time until `until`. nullptr: `why` says why not. Blocks, for a name's look-up
  /// in DNS also longer.
  static std::unique_ptr<RedisConnection> open(const RedisEndpoint& endpoint,
                                               const RedisSettings& settings, Time until,
                                               std::string& why);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// Sends a command and waits for its reply; only while nothing else is under way.
  std::optional<RedisValue> call(const std::vector<std::string>& words, Time until,
                                 std::string& why);

  int fd() const noexcept { return fd_.get(); }
  void send(std::string_view command) { unsent_ += command; }
  bool wants_to_write() const noexcept { return sent_ < unsent_.size() || write_wants_; }
  /// Writes and reads what can be without waiting. False: the connection is over; why() says why.
  bool move();
  /// The next reply; nothing: it has not come. A server that does not keep to the protocol ends the
  /// connection (move() is false then).
  std::optional<RedisValue> next();
  const std::string& why() const noexcept { return why_; }

 private:
  RedisConnection();
  bool connect(const RedisEndpoint& endpoint, Time until);
  bool shake_hands(const RedisEndpoint& endpoint, const RedisTls& tls, Time until);
  bool wait(short events, Time until);
  bool write_some();
  bool read_some();
  bool fail(std::string why);

  struct Tls;
  struct CloseReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  UniqueFd fd_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<redisReader, CloseReader> reader_;
  std::string unsent_;
  std::size_t sent_ = 0;
  bool write_wants_ = false;  ///< TLS has something of its own to send
  bool over_ = false;
  std::string why_;
};

}  // namespace postern

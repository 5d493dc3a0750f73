// Connection: a non-blocking client socket for the load generators, with its unsent and unread
// octets. Used from one thread.
#pragma once

#include <string>
#include <string_view>

namespace postern::bench {

class Connection {
 public:
  /// Connects to a unix socket; ends the program with a message when that fails.
  explicit Connection(const std::string& path);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  /// Queues octets and writes what the socket takes.
  void send(std::string_view octets);
  /// Writes what is queued. True when nothing is left.
  bool flush();
  /// Reads what is there into input(). Ends the program when the server has closed.
  void receive();
  std::string& input() noexcept { return input_; }

 private:
  int descriptor_ = -1;
  std::string output_;
  std::string input_;
};

/// Seconds since some fixed moment.
double seconds_now();

/// Ends the program: a benchmark with an unexpected answer has no result.
[[noreturn]] void give_up(const std::string& why);

}  // namespace postern::bench

// ChildServer: a program in a process of its own, which we talk to in lines: its standard input is
// our word to it, its standard output its word to us. libmilter runs once in a process, so each
// server of a test needs one.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace postern::test {

class ChildServer {
 public:
  /// Throws std::runtime_error when the system has no pipe or no process for it. A program that is
  /// not there ends with status 127.
  ChildServer(const std::string& program, const std::vector<std::string>& arguments);
  /// Ends its input, which ends the server, and waits for it.
  ~ChildServer();
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  /// Throws std::runtime_error when it does not listen any more.
  void tell(const std::string& line);
  /// The next line; empty at its end.
  std::string hear();
  void end_input();
  /// False after wait().
  bool runs() const noexcept { return process_ > 0; }
  /// Waits for its end; the status of waitpid().
  int wait();

 private:
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
};

}  // namespace postern::test

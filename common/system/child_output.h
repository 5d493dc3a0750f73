// ChildOutput: what a child process writes, collected until it ends, or until patience does.
#pragma once

#include "system/unique_fd.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace postern {

class ChildOutput {
 public:
  /// Forks a child that runs `body` with the descriptor to write to, and exits with what that
  /// returns, or with `body_failed` if it throws. nullptr when the system gives no pipe or process.
  static std::unique_ptr<ChildOutput> start(const std::function<int(int writing)>& body);
  static constexpr int body_failed = 1;

  /// Kills the child if it still runs, and waits for it.
  ~ChildOutput();
  ChildOutput(const ChildOutput&) = delete;
  ChildOutput& operator=(const ChildOutput&) = delete;

  struct Result {
    std::string text;
    int status = 0;  ///< of its exit
  };
  /// All it wrote; nullopt when it wrote more than `most` octets, was ended by a signal, or had not
  /// ended within `limit`.
  std::optional<Result> collect(std::chrono::milliseconds limit, std::size_t most);

 private:
  ChildOutput(pid_t child, UniqueFd reading) : child_(child), reading_(std::move(reading)) {}

  pid_t child_;
  UniqueFd reading_;
};

/// Runs a program without a shell, with nothing to read, and its errors dropped. `program` is
/// looked for in the system's folders for programs. Its standard output; nullopt as above, or when
/// it is not there.
std::optional<std::string> output_of(const std::string& program,
                                     const std::vector<std::string>& arguments,
                                     std::chrono::milliseconds limit);

}  // namespace postern

#include "system/child_output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern {
namespace {

using std::chrono::milliseconds;

/// One version line is all we ask programs for.
constexpr std::size_t longest_output = 65'536;
/// As a shell has it.
constexpr int not_started = 127;

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/lib/"}) {
    auto path = folder + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace

std::unique_ptr<ChildOutput> ChildOutput::start(const std::function<int(int writing)>& body) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return nullptr;
  UniqueFd reading(pipe[0]);
  const UniqueFd writing(pipe[1]);
  const pid_t child = ::fork();
  if (child < 0) return nullptr;
  if (child > 0) return std::unique_ptr<ChildOutput>(new ChildOutput(child, std::move(reading)));
  int status = body_failed;
  try {
    status = body(writing.get());
  } catch (...) {
    // The status says it.
  }
  ::_exit(status);
}

ChildOutput::~ChildOutput() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::optional<ChildOutput::Result> ChildOutput::collect(milliseconds limit, std::size_t most) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{reading_.get(), POLLIN, 0};
    const int ready =
        ::poll(&wait, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const ssize_t got = ::read(reading_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most) return std::nullopt;
  }
  // Its end of the pipe closes as it ends; one that lives on without it is ended by the destructor.
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child_, &status, WNOHANG);
    if (ended == child_) break;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    ::poll(nullptr, 0, 1);
  }
  child_ = -1;
  if (!WIFEXITED(status)) return std::nullopt;
  return Result{std::move(text), WEXITSTATUS(status)};
}

std::optional<std::string> output_of(const std::string& program,
                                     const std::vector<std::string>& arguments,
                                     milliseconds limit) {
  const auto path = find_program(program);
  if (path.empty()) return std::nullopt;
  std::vector<char*> words;
  words.push_back(const_cast<char*>(path.c_str()));
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);

  const auto child = ChildOutput::start([&](int writing) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(nothing, STDERR_FILENO) >= 0 &&
        ::dup2(writing, STDOUT_FILENO) >= 0) {
      ::execv(path.c_str(), words.data());
    }
    return not_started;
  });
  if (!child) return std::nullopt;
  auto result = child->collect(limit, longest_output);
  if (!result || result->status == not_started) return std::nullopt;
  return std::move(result->text);
}

}  // namespace postern

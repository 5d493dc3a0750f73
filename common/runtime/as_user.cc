#include "runtime/as_user.h"

#include "runtime/child_output.h"

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace postern {
namespace {

constexpr std::size_t longest_text = 65'536;

/// 0 when all of the text has been written.
int write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written <= 0) return 1;
    done += static_cast<std::size_t>(written);
  }
  return 0;
}

}  // namespace

std::optional<std::string> as_user(const UserIdentity& user, std::chrono::milliseconds limit,
                                   const std::function<std::string()>& work) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::nullopt;
  UniqueFd reading(pipe[0]);
  UniqueFd writing(pipe[1]);
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    int status = 1;
    try {
      if (become(user).empty()) status = write_all(writing.get(), work());
    } catch (...) {
      // The status says it.
    }
    ::_exit(status);
  }
  writing.reset();
  auto result = ChildOutput(child, std::move(reading)).collect(limit, longest_text);
  if (!result || result->status != 0) return std::nullopt;
  return std::move(result->text);
}

}  // namespace postern

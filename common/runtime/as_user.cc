#include "runtime/as_user.h"

#include "runtime/child_output.h"

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
  const auto child = ChildOutput::start([&](int writing) {
    return become(user).empty() ? write_all(writing, work()) : ChildOutput::body_failed;
  });
  if (!child) return std::nullopt;
  auto result = child->collect(limit, longest_text);
  if (!result || result->status != 0) return std::nullopt;
  return std::move(result->text);
}

}  // namespace postern

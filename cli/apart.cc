#include "cli/apart.h"

#include "system/child_output.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace postern::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds patience{30};
// Ours: the longest mail of the worst form takes a few seconds and a fifth of this.
constexpr rlim_t seconds_of_processor = 20;
constexpr rlim_t octets_of_memory = rlim_t{1} << 30U;
/// Texts and fields, both bounded, and what stands between them.
constexpr std::size_t longest_answer = 4 * longest_bounce;
constexpr int not_started = 127;

/// Beside this program, as it is built, or where the installation puts it.
std::string program() {
  std::error_code error;
  const auto own = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  for (const auto& path : {own.parent_path() / "postern-mime",
                           (own.parent_path() / POSTERN_MIME_FROM_PROGRAM).lexically_normal()}) {
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  }
  return {};
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

void bound() {
  const auto set = [](auto which, rlim_t most) {
    const rlimit limit{most, most};
    ::setrlimit(which, &limit);
  };
  set(RLIMIT_CPU, seconds_of_processor);
  set(RLIMIT_CORE, 0);
  set(RLIMIT_FSIZE, 0);
  // A sanitizer's own map of memory is larger than any limit that would be one.
  if constexpr (!sanitized) set(RLIMIT_AS, octets_of_memory);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/// A file in memory that holds `octets`, to be read from its start.
UniqueFd in_memory(std::string_view octets) {
  UniqueFd file(::memfd_create("mail", MFD_CLOEXEC));
  if (file.get() < 0 || !write_all(file.get(), octets) || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return UniqueFd();
  }
  return file;
}

}  // namespace

Result<MailParts> take_apart(std::string_view mail) {
  const auto path = program();
  if (path.empty()) {
    return plain_problem(
        "bounces cannot be read: this Postern was built or installed without postern-mime",
        "install libgmime-3.0-dev, build and install again; or paste the reply that the bounce "
        "quotes, as in: postern explain \"550 5.7.1 ...\"");
  }
  const auto file = in_memory(mail.substr(0, longest_bounce + 1));
  if (file.get() < 0) return plain_problem("there is no memory for the mail");
  std::array<char*, 2> words{const_cast<char*>(path.c_str()), nullptr};
  const auto child = ChildOutput::start([&](int writing) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0 && ::dup2(file.get(), STDIN_FILENO) >= 0 &&
        ::dup2(nothing, STDERR_FILENO) >= 0 && ::dup2(writing, STDOUT_FILENO) >= 0) {
      bound();
      ::execv(path.c_str(), words.data());
    }
    return not_started;
  });
  if (!child) return plain_problem("no process could be started to read the mail");
  const auto answer = child->collect(patience, longest_answer);
  const auto parts = answer && answer->status == 0 ? mail_parts_from(answer->text) : std::nullopt;
  if (!parts) {
    return plain_problem(path + " did not come to an end with this mail, or not to a good one",
                         "paste the reply that the bounce quotes instead, and tell us of the mail");
  }
  return *parts;
}

}  // namespace postern::cli

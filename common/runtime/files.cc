#include "runtime/files.h"

#include "runtime/fd.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

constexpr off_t largest_file = off_t{64} * 1024 * 1024;

Problem system_problem(const std::string& path, int error) {
  auto problem = plain_problem(std::strerror(error));
  problem.position.file = path;
  return problem;
}

bool inside(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.compare(0, directory.size(), directory) == 0 &&
         (directory.back() == '/' || path[directory.size()] == '/');
}

}  // namespace

std::string under_root(const std::string& root, const std::string& path) {
  if (root.empty() || path.empty() || path.front() != '/') return path;
  std::string prefix = root;
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  return prefix + path;
}

Result<std::string> read_file(const std::string& path) {
  // Non-blocking, or a named pipe in the place of a table would stop the reload for ever.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_problem(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_problem(path, errno);
  if (S_ISDIR(status.st_mode)) return system_problem(path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    auto problem = plain_problem("is not a regular file");
    problem.position.file = path;
    return problem;
  }
  if (status.st_size > largest_file) return system_problem(path, EFBIG);
  std::string text;
  text.reserve(static_cast<std::size_t>(status.st_size));
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_problem(path, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > static_cast<std::size_t>(largest_file)) return system_problem(path, EFBIG);
  }
}

FileReader disk_reader(const ConfigPlace& place) {
  std::string as_is;
  if (place.explicit_config) {
    as_is = std::filesystem::path(place.config).parent_path().lexically_normal().string();
  }
  return [root = place.root, as_is](const std::string& path) -> Result<std::string> {
    const bool absolute = !path.empty() && path.front() == '/';
    const bool beside_config = !as_is.empty() && inside(path, as_is);
    return read_file(absolute && !beside_config ? under_root(root, path) : path);
  };
}

}  // namespace postern

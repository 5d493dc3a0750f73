#include "cli/page_file.h"

#include "journal/report_page.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::cli {
namespace {

/// Octets in which the mark of a page of ours has to stand.
constexpr std::size_t head_size = 1024;

Problem failed(const std::string& path, int error) {
  return plain_problem("cannot write " + path + ": " + std::strerror(error));
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

bool is_report(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, head_size> head{};
  const auto read = file ? ::read(file.get(), head.data(), head.size()) : -1;
  if (read < 0) return false;
  const std::string_view text(head.data(), static_cast<std::size_t>(read));
  return text.empty() || text.find(report_mark) != std::string_view::npos;
}

/// Its mode, when a file is there; nullopt: nothing is there.
std::optional<mode_t> mode_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode;
}

}  // namespace

Problems page_file_problems(const std::string& path) {
  const auto mode = mode_of(path);
  if (!mode) {
    struct stat folder {};
    if (::stat(folder_of(path).c_str(), &folder) != 0) return {failed(path, errno)};
    if (!S_ISDIR(folder.st_mode)) return {failed(path, ENOTDIR)};
    return {};
  }
  if (!S_ISREG(*mode)) {
    return {plain_problem(path + " is no plain file; nothing is written",
                          "name a file, or - for standard output")};
  }
  if (!is_report(path)) {
    return {plain_problem(path + " is no report of Postern; nothing is written",
                          "name another file, or remove this one")};
  }
  return {};
}

Problems write_page_file(const std::string& path, std::string_view text) {
  if (auto problems = page_file_problems(path); !problems.empty()) return problems;
  const auto old_mode = mode_of(path);
  auto scratch = folder_of(path) + "/.postern-report-XXXXXX";
  const UniqueFd file(::mkostemp(scratch.data(), O_CLOEXEC));
  if (!file) return {failed(path, errno)};
  const mode_t mode = old_mode ? *old_mode & 0777U : 0640U;
  if (postern::write_all(file.get(), text) && ::fchmod(file.get(), mode) == 0 &&
      ::fsync(file.get()) == 0 && ::rename(scratch.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int error = errno;
  ::unlink(scratch.c_str());
  return {failed(path, error)};
}

}  // namespace postern::cli

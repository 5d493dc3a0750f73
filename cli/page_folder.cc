#include "cli/page_folder.h"

#include "system/write_all.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace postern::cli {
namespace {

constexpr const char* page_name = "index.html";
// Hidden from visitors, and beside the page, so that renaming it is atomic.
constexpr const char* new_name = ".index.html.new";
constexpr mode_t page_mode = 0644;
constexpr mode_t folder_mode = 0755;

Problem system_problem(const std::string& what, int error) {
  return plain_problem(what + ": " + std::strerror(error));
}

UniqueFd open_folder(int at, const char* name) {
  return UniqueFd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// The folder, made where it is missing. -1: errno says why.
UniqueFd make_folder(int at, const char* name) {
  const bool made = ::mkdirat(at, name, folder_mode) == 0;
  if (!made && errno != EEXIST) return {};
  auto folder = open_folder(at, name);
  // The umask has taken from the mode what a web server may need. A folder that was there is left
  // as its owner wants it.
  if (made && folder && ::fchmod(folder.get(), folder_mode) != 0) return {};
  return folder;
}

std::optional<std::vector<std::string>> names_in(int folder) {
  // The directory stream takes the descriptor over.
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  if (!stream) {
    ::close(copy);
    return std::nullopt;
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name(&entry->d_name[0]);
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// At most `most` octets of a regular file; nullopt for anything else.
std::optional<std::string> beginning_of(int folder, const char* name, std::size_t most) {
  const UniqueFd file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string text;
  std::array<char, 8192> buffer{};
  while (text.size() < most) {
    const ssize_t got =
        ::read(file.get(), buffer.data(), std::min(buffer.size(), most - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

bool is_page_of_ours(int folder) {
  constexpr std::size_t head = 1024;  // octets; the mark stands in the first lines
  const auto text = beginning_of(folder, page_name, head);
  return text && text->find(page_mark) != std::string::npos;
}

/// A folder with a help page and nothing else, perhaps of a reason that another version had: old
/// bounces still lead to it. Or one that is empty.
bool is_folder_of_ours(int at, const std::string& name) {
  const auto folder = open_folder(at, name.c_str());
  if (!folder) return false;
  const auto names = names_in(folder.get());
  return names && std::all_of(names->begin(), names->end(), [&](const std::string& each) {
           return each == new_name || (each == page_name && is_page_of_ours(folder.get()));
         });
}

/// False: errno says why.
bool write_page(int folder, const std::string& text) {
  // Left behind by a run that was killed.
  if (::unlinkat(folder, new_name, 0) != 0 && errno != ENOENT) return false;
  const UniqueFd file(
      ::openat(folder, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, page_mode));
  if (!file) return false;
  if (write_all(file.get(), text) && ::fchmod(file.get(), page_mode) == 0 &&
      ::renameat(folder, new_name, folder, page_name) == 0) {
    return true;
  }
  const int error = errno;
  ::unlinkat(folder, new_name, 0);
  errno = error;
  return false;
}

}  // namespace

Result<PageFolder> PageFolder::open(const std::string& path) {
  auto folder = make_folder(AT_FDCWD, path.c_str());
  if (folder) return PageFolder(path, std::move(folder));
  const int error = errno;
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    return plain_problem(path + " is a symbolic link", "name the folder that it leads to");
  }
  if (error == ENOENT) {
    return plain_problem("there is no folder to make " + path + " in", "make that one first");
  }
  return system_problem("cannot open the folder " + path, error);
}

Result<std::vector<std::string>> PageFolder::strangers() const {
  auto names = names_in(folder_.get());
  if (!names) return system_problem("cannot read the folder " + path_, errno);
  std::erase_if(*names, [&](const std::string& name) {
    if (name == new_name) return true;
    if (name == page_name) return is_page_of_ours(folder_.get());
    return is_folder_of_ours(folder_.get(), name);
  });
  return std::move(*names);
}

Result<PageFolder::Written> PageFolder::write(const std::vector<HelpPage>& pages) const {
  Written written;
  for (const auto& page : pages) {
    const auto slash = page.path.find('/');
    UniqueFd below;
    if (slash != std::string::npos) {
      below = make_folder(folder_.get(), page.path.substr(0, slash).c_str());
      if (!below) return system_problem("cannot make " + path_ + '/' + page.path, errno);
    }
    const int folder = below ? below.get() : folder_.get();
    // A page that says what it said keeps its time, by which browsers know that they have it.
    if (beginning_of(folder, page_name, page.text.size() + 1) == page.text) {
      ++written.as_were;
    } else if (write_page(folder, page.text)) {
      ++written.pages;
    } else {
      return system_problem("cannot write " + path_ + '/' + page.path, errno);
    }
  }
  return written;
}

}  // namespace postern::cli

#include "journal/journal_path.h"

#include <filesystem>
#include <system_error>

namespace postern {
namespace {

namespace fs = std::filesystem;

/// Links that are followed; the system's own bound (path_resolution(7)).
constexpr int longest_chain = 40;

/// A link of /proc names its file in words that may be no path.
bool is_the_same(const fs::path& link, const fs::path& target) {
  std::error_code error;
  if (fs::exists(link, error)) return fs::equivalent(link, target, error) && !error;
  return !error;
}

}  // namespace

std::string behind_links(const std::string& path) {
  fs::path at(path);
  std::error_code error;
  for (int i = 0; i < longest_chain && fs::is_symlink(at, error) && !error; ++i) {
    const auto target = fs::read_symlink(at, error);
    if (error) return path;
    // What begins with a slash takes the place of the whole.
    at = (at.parent_path() / target).lexically_normal();
  }
  if (fs::is_symlink(at, error) || !is_the_same(path, at)) return path;
  return at.string();
}

}  // namespace postern

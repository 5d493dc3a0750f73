#include "runtime/files.h"

#include "runtime/lmdb_rows.h"
#include "runtime/mmdb.h"
#include "runtime/sqlite_rows.h"
#include "system/unique_fd.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fnmatch.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

constexpr off_t largest_file = off_t{256} * 1024 * 1024;

Problem system_problem(const std::string& path, int error) {
  auto problem = plain_problem(std::strerror(error));
  problem.position.file = path;
  return problem;
}

bool inside(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.compare(0, directory.size(), directory) == 0 &&
         (directory.back() == '/' || path[directory.size()] == '/');
}

/// The names that fit `pattern`, spelled like it, of the files that are at `on_disk`.
Result<std::vector<std::string>> match_files(const std::string& pattern,
                                             const std::string& on_disk) {
  const auto spelled = std::filesystem::path(pattern);
  auto directory = std::filesystem::path(on_disk).parent_path();
  if (directory.empty()) directory = ".";
  std::error_code error;
  std::vector<std::string> names;
  for (auto at = std::filesystem::directory_iterator(directory, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const auto name = at->path().filename();
    if (::fnmatch(spelled.filename().c_str(), name.c_str(), FNM_PERIOD) == 0) {
      names.push_back((spelled.parent_path() / name).string());
    }
  }
  if (error) return system_problem(directory.string(), error.value());
  return names;
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

std::function<std::string(const std::string&)> paths_on_disk(const ConfigPlace& place) {
  std::string as_is;
  if (place.explicit_config) {
    as_is = std::filesystem::path(place.config).parent_path().lexically_normal().string();
  }
  return [root = place.root, as_is](const std::string& path) {
    const bool beside_config = !as_is.empty() && inside(path, as_is);
    return beside_config ? path : under_root(root, path);
  };
}

FileReader disk_reader(const ConfigPlace& place) {
  const auto on_disk = paths_on_disk(place);
  return {[on_disk](const std::string& path) { return read_file(on_disk(path)); },
          [on_disk](const std::string& pattern) { return match_files(pattern, on_disk(pattern)); },
          [on_disk](const DatabaseQuery& query, const FileReader::Row& row) {
            const auto path = on_disk(query.path);
            return query.kind == DatabaseQuery::Kind::sqlite ? sqlite_rows(path, query.query, row)
                                                             : lmdb_rows(path, query.query, row);
          },
          [on_disk](const std::string& path,
                    GeoFact fact) -> Result<std::shared_ptr<const GeoDatabase>> {
            const auto octets = read_file(on_disk(path));
            if (!octets) return octets.problems();
            return mmdb_of(*octets, fact, path);
          }};
}

}  // namespace postern

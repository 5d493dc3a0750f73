#include "journal/policy_store.h"

#include "journal/policy_list.h"
#include "journal/segment.h"
#include "model/text.h"
#include "system/write_all.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

namespace fs = std::filesystem;

// A policy may hold what is nobody's business but the administrator's.
constexpr mode_t folder_mode = 0750;
constexpr mode_t file_mode = 0640;

constexpr std::string_view list_end = ".policy";
constexpr std::string_view text_end = ".text";
constexpr std::size_t digest_size = 64;

// Records wait in the queue for milliseconds, and sessions go on under the policy that they began
// with; what was used within this time is not looked for in the journal.
constexpr std::chrono::hours lately{1};

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

Result<std::string> whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return plain_problem("cannot read " + path);
  return text;
}

bool is_digest(std::string_view text) {
  return text.size() == digest_size && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

void PolicyStore::move_to(const std::string& journal) {
  const std::lock_guard lock(mutex_);
  auto folder = journal + ".policies";
  if (folder == folder_) return;
  folder_ = std::move(folder);
  current_.clear();
  used_.clear();
}

Problems PolicyStore::keep(const Policy& policy, Time now) {
  const std::lock_guard lock(mutex_);
  const auto& digest = policy.digest();
  std::erase_if(used_, [&](const auto& each) { return each.second + lately < now; });
  if (!current_.empty()) used_[current_] = now;
  const auto list_path = path_of(digest + std::string(list_end));
  if (::access(list_path.c_str(), F_OK) != 0) {
    if (auto problems = make_folder(); !problems.empty()) return problems;
    const auto source = source_of(policy);
    std::map<std::string, std::string> digests;
    for (const auto& [path, text] : source.texts) {
      const auto of_text = sha256_hex(text);
      digests[path] = of_text;
      auto problems = write_new(path_of(of_text + std::string(text_end)), text);
      if (!problems.empty()) return problems;
    }
    const auto list = policy_list(source, digests);
    if (!list) return list.problems();
    if (auto problems = write_new(list_path, *list); !problems.empty()) return problems;
    if (auto problems = sync_folder_of(list_path); !problems.empty()) return problems;
  }
  current_ = digest;
  used_[digest] = now;
  return {};
}

Result<PolicySource> PolicyStore::load(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  if (!is_digest(digest)) return plain_problem("the record names no policy");
  const auto list = whole(path_of(digest + std::string(list_end)));
  if (!list) return list.problems();
  auto source = policy_from_list(*list, [this](const std::string& of_text) -> Result<std::string> {
    if (!is_digest(of_text)) return plain_problem("a text of it has no digest");
    auto text = whole(path_of(of_text + std::string(text_end)));
    if (text && sha256_hex(*text) != of_text) {
      return plain_problem("the text " + path_of(of_text + std::string(text_end)) +
                           " is not what was kept");
    }
    return text;
  });
  return source;
}

PolicyStore::Digests PolicyStore::idle(std::optional<Time> before, Time now) const {
  const std::lock_guard lock(mutex_);
  Digests digests;
  for (const auto& [path, written] : files(list_end)) {
    const auto digest = fs::path(path).stem().string();
    const auto used = used_.find(digest);
    if (written + lately > now || digest == current_) continue;
    if (used != used_.end() && used->second + lately > now) continue;
    if (before && written <= *before) continue;
    digests.insert(digest);
  }
  return digests;
}

Problems PolicyStore::remove(const Digests& digests, Time now) {
  const std::lock_guard lock(mutex_);
  for (const auto& digest : digests) {
    const auto path = path_of(digest + std::string(list_end));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return {failed("delete", path)};
    used_.erase(digest);
  }
  // Which texts the others are made of.
  Digests wanted;
  for (const auto& [path, written] : files(list_end)) {
    const auto list = whole(path);
    if (!list) return list.problems();
    const auto note = [&](const std::string& of_text) -> Result<std::string> {
      wanted.insert(of_text);
      return std::string();
    };
    // One that cannot be read leaves open what it names.
    if (const auto read = policy_from_list(*list, note); !read) return {};
  }
  for (const auto& [path, written] : files(text_end)) {
    const bool new_one = written + lately > now;
    if (new_one || wanted.contains(fs::path(path).stem().string())) continue;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return {failed("delete", path)};
  }
  return {};
}

std::optional<UniqueFd> PolicyStore::lock() const {
  const std::lock_guard guard(mutex_);
  if (!make_folder().empty()) return std::nullopt;
  UniqueFd file(::open(path_of("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
  if (!file) return std::nullopt;
  struct flock whole_file {};
  whole_file.l_type = F_WRLCK;
  whole_file.l_whence = SEEK_SET;
  // Of the open file, so that it ends with it. Where there are no locks, there is one of us.
  if (::fcntl(file.get(), F_OFD_SETLK, &whole_file) == 0 || (errno != EAGAIN && errno != EACCES)) {
    return file;
  }
  return std::nullopt;
}

std::string PolicyStore::path_of(std::string_view name) const {
  return folder_ + '/' + std::string(name);
}

Problems PolicyStore::make_folder() const {
  if (::mkdir(folder_.c_str(), folder_mode) == 0 || errno == EEXIST) return {};
  return {failed("make", folder_)};
}

// Whole or not at all, and not again.
Problems PolicyStore::write_new(const std::string& path, std::string_view octets) const {
  if (::access(path.c_str(), F_OK) == 0) return {};
  const auto temporary = unfinished(path);
  UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!file) return {failed("make", temporary)};
  if (!write_all(file.get(), octets) || ::fsync(file.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto problem = failed("write", temporary);
    ::unlink(temporary.c_str());
    return {problem};
  }
  return {};
}

std::vector<std::pair<std::string, PolicyStore::Time>> PolicyStore::files(
    std::string_view ending) const {
  std::vector<std::pair<std::string, Time>> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto path = entry->path().string();
    if (!path.ends_with(ending) || !is_digest(entry->path().stem().string())) continue;
    std::error_code gone;
    const auto time = entry->last_write_time(gone);
    if (gone) continue;
    found.emplace_back(path, std::chrono::time_point_cast<Time::duration>(
                                 fs::file_time_type::clock::to_sys(time)));
  }
  return found;
}

}  // namespace postern

#include "journal/journal_parts.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace postern {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

/// Clocks that are set, and files whose time was touched on a copy: better to look in vain.
constexpr std::chrono::hours slack{1};

// How often the active segment may be closed while its folder is being read.
constexpr int most_looks = 10;

bool is_rotated(const std::string& name, const std::string& journal) {
  return name.size() > journal.size() + 1 && name.compare(0, journal.size(), journal) == 0 &&
         (name[journal.size()] == '.' || name[journal.size()] == '-') && name != journal + ".key" &&
         !name.ends_with(".tmp") && !closed_time(journal, name);
}

using Dated = std::pair<system_clock::time_point, std::string>;

std::vector<Dated> dated_rotated_files(const std::string& path) {
  const fs::path journal(path);
  std::vector<Dated> files;
  std::error_code error;
  for (fs::directory_iterator entry(journal.parent_path(), error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_rotated(entry->path().filename().string(), journal.filename().string())) continue;
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const auto time = entry->last_write_time(gone);
    if (gone) continue;
    files.emplace_back(std::chrono::time_point_cast<system_clock::duration>(
                           fs::file_time_type::clock::to_sys(time)),
                       entry->path().string());
  }
  std::sort(files.begin(), files.end(), std::greater<>());
  return files;
}

UniqueFd open_active(const std::string& path) {
  // O_NONBLOCK: opening a pipe by mistake must not hang.
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

bool is_named(const UniqueFd& file, const std::string& path) {
  struct stat ours {};
  struct stat named {};
  const bool there = ::stat(path.c_str(), &named) == 0;
  if (!file) return !there;
  return there && ::fstat(file.get(), &ours) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

}  // namespace

std::vector<std::string> rotated_files(const std::string& path,
                                       std::optional<system_clock::time_point> written_since) {
  std::vector<std::string> names;
  for (auto& [time, name] : dated_rotated_files(path)) {
    if (!written_since || time + slack >= *written_since) names.push_back(std::move(name));
  }
  return names;
}

std::vector<JournalPart> parts_of(const std::string& path) {
  UniqueFd active;
  std::vector<Segment> segments;
  std::vector<Dated> rotated;
  for (int i = 0; i < most_looks; ++i) {
    active = open_active(path);
    segments = segments_of(path);
    rotated = dated_rotated_files(path);
    // Closed meanwhile, it might be among the others too, or neither here nor there.
    if (is_named(active, path)) break;
  }
  std::vector<JournalPart> parts;
  parts.push_back({path, std::nullopt, system_clock::time_point::max(), std::move(active)});
  for (auto& segment : segments) {
    const auto file = segment.file();
    const auto until = segment.closed;
    parts.push_back({file, std::move(segment), until, {}});
  }
  for (auto& [time, file] : rotated) parts.push_back({std::move(file), std::nullopt, time, {}});
  std::stable_sort(parts.begin(), parts.end(),
                   [](const JournalPart& a, const JournalPart& b) { return a.until > b.until; });
  return parts;
}

std::optional<Segment> as_it_is_now(const Segment& segment) {
  Segment now = segment;
  now.plain_left = false;
  // The compressed one first: while both are there, it counts.
  for (const auto form : {SegmentForm::gzip, SegmentForm::plain}) {
    struct stat status {};
    if (::stat(segment.file_as(form).c_str(), &status) != 0) continue;
    now.form = form;
    now.octets = static_cast<std::uint64_t>(status.st_size);
    return now;
  }
  return std::nullopt;
}

}  // namespace postern

#include "journal/segment.h"

#include "journal/timestamp.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

constexpr std::string_view packed_end = ".gz";
constexpr std::string_view index_end = ".idx";
constexpr std::string_view unfinished_end = ".tmp";
// "-20261122T022017.123Z"
constexpr std::size_t date_size = 21;

std::string date_text(system_clock::time_point time) {
  // From "2026-11-22T02:20:17.123456Z"; colons are special in names for tar(1) and rsync(1).
  const std::string full = timestamp(time);
  return '-' + full.substr(0, 4) + full.substr(5, 2) + full.substr(8, 5) + full.substr(14, 2) +
         full.substr(17, 6) + 'Z';
}

std::optional<system_clock::time_point> date_from_text(std::string_view text) {
  if (text.size() != date_size || text[0] != '-') return std::nullopt;
  const std::string t(text);
  return timestamp_from_text(t.substr(1, 4) + '-' + t.substr(5, 2) + '-' + t.substr(7, 5) + ':' +
                             t.substr(12, 2) + ':' + t.substr(14, 6) + "000Z");
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::string unfinished(const std::string& path) { return path + std::string(unfinished_end); }

std::string segment_path(const std::string& journal, system_clock::time_point closed) {
  return journal + date_text(closed);
}

std::optional<system_clock::time_point> closed_time(std::string_view journal,
                                                    std::string_view file) {
  const auto base = name_of(journal);
  auto name = name_of(file);
  if (!name.starts_with(base)) return std::nullopt;
  name.remove_prefix(base.size());
  for (const auto end : {unfinished_end, packed_end, index_end}) {
    if (name.ends_with(end)) name.remove_suffix(end.size());
  }
  return date_from_text(name);
}

std::vector<Segment> segments_of(const std::string& journal) {
  std::map<std::string, Segment> found;
  const auto folder = folder_of(journal);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    const auto closed = closed_time(journal, name);
    if (!closed || name.ends_with(index_end) || name.ends_with(unfinished_end)) continue;
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const auto octets = entry->file_size(gone);
    if (gone) continue;
    const bool packed = name.ends_with(packed_end);
    const auto path = segment_path(journal, *closed);
    auto& segment = found[path];
    const bool twice = !segment.path.empty();
    segment.path = path;
    segment.closed = *closed;
    segment.plain_left = twice;
    if (packed || !twice) segment.octets = octets;
    if (packed) segment.form = SegmentForm::gzip;
  }
  std::vector<Segment> segments;
  segments.reserve(found.size());
  for (auto& [path, segment] : found) segments.push_back(std::move(segment));
  return segments;
}

Problems sync_folder_of(const std::string& path) {
  const auto folder = folder_of(path);
  const UniqueFd open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (open && ::fsync(open.get()) == 0) return {};
  const int number = errno;
  // Some network file systems cannot; then there is nothing to be done about it.
  if (open && number == EINVAL) return {};
  return {plain_problem("cannot bring the names in " + folder +
                        " to the disk: " + std::generic_category().message(number))};
}

}  // namespace postern

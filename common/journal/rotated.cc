#include "journal/rotated.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace postern {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

/// Clocks that are set, and files whose time was touched on a copy: better to look in vain.
constexpr std::chrono::hours slack{1};

bool is_rotated(const std::string& name, const std::string& journal) {
  return name.size() > journal.size() + 1 && name.compare(0, journal.size(), journal) == 0 &&
         (name[journal.size()] == '.' || name[journal.size()] == '-');
}

}  // namespace

std::vector<std::string> rotated_files(const std::string& path,
                                       std::optional<system_clock::time_point> written_since) {
  const fs::path journal(path);
  std::vector<std::pair<fs::file_time_type, std::string>> files;
  std::error_code error;
  for (fs::directory_iterator entry(journal.parent_path(), error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_rotated(entry->path().filename().string(), journal.filename().string())) continue;
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    const auto time = entry->last_write_time(gone);
    if (gone) continue;
    if (written_since && fs::file_time_type::clock::to_sys(time) + slack < *written_since) continue;
    files.emplace_back(time, entry->path().string());
  }
  std::sort(files.begin(), files.end(), std::greater<>());
  if (files.size() > most_rotated_files) files.resize(most_rotated_files);
  std::vector<std::string> names;
  names.reserve(files.size());
  for (auto& [time, name] : files) names.push_back(std::move(name));
  return names;
}

Result<FoundInJournal> find_in_journal(const std::string& path, const JournalQuery& query) {
  using Progress = RecordFinder::Progress;
  FoundInJournal result;
  RecordFinder finder(query);
  auto in_journal = finder.search(path);
  std::optional<system_clock::time_point> written_since;
  if (const auto* by_reference = std::get_if<ByReference>(&query)) {
    written_since = by_reference->reference.time();
  }
  for (const auto& file : rotated_files(path, written_since)) {
    const auto before = finder.progress();
    if (before == Progress::all) break;
    const auto unread = finder.search(file);
    result.unread.insert(result.unread.end(), unread.begin(), unread.end());
    if (!unread.empty()) continue;
    ++result.rotated;
    // A decision may lie any number of repeats back, a message does not last that long.
    if (before == Progress::some && !std::holds_alternative<ByReference>(query)) break;
  }
  if (finder.progress() == Progress::nothing && !in_journal.empty()) return in_journal;
  result.cut = finder.progress() == Progress::all && !std::holds_alternative<ByReference>(query);
  result.found = finder.take(ReadOrder::oldest_first);
  return result;
}

}  // namespace postern

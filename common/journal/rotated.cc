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
  FoundInJournal result;
  result.file = path;
  auto in_journal = find_records(path, query);
  if (in_journal && !in_journal->records.empty()) {
    result.found = std::move(*in_journal);
    return result;
  }
  std::optional<system_clock::time_point> written_since;
  if (const auto* by_reference = std::get_if<ByReference>(&query)) {
    written_since = by_reference->reference.time();
  }
  for (const auto& file : rotated_files(path, written_since)) {
    auto in_file = find_records(file, query);
    if (!in_file) {
      result.unread.insert(result.unread.end(), in_file.problems().begin(),
                           in_file.problems().end());
      continue;
    }
    ++result.rotated;
    if (in_file->records.empty()) continue;
    result.found = std::move(*in_file);
    result.file = file;
    return result;
  }
  if (!in_journal) return in_journal.problems();
  result.found = std::move(*in_journal);
  return result;
}

}  // namespace postern

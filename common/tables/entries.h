// EntryList: the entries of one table as its source has them, with their places, values, notes and
// last days, packed for millions of them. Filled by a reader, then kept by the table; once it is
// filled any thread may read it.
#pragma once

#include "postern/result.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

using Day = std::chrono::sys_days;

class EntryList {
 public:
  /// `file`: named as the place of every entry. Texts are copied into the list.
  explicit EntryList(std::string file = {}) : file_(std::move(file)) {}
  /// What is added is part of `text`, which is kept instead of copied.
  EntryList(std::string file, std::shared_ptr<const std::string> text)
      : file_(std::move(file)), shared_(std::move(text)) {}

  void reserve(std::size_t entries) { places_.reserve(entries); }
  /// Line and column count from 1. False: no room, for texts beyond 4 GiB in all.
  bool add(std::string_view text, unsigned line, unsigned column);
  // Of the entry added last.
  void set_value(std::string_view value);
  void set_note(std::string_view note);
  void set_last_day(Day day);

  std::size_t size() const noexcept { return places_.size(); }
  const std::string& file() const noexcept { return file_; }
  /// As written; lives as long as the list.
  std::string_view text(std::size_t entry) const { return slice(places_[entry].text); }
  unsigned line(std::size_t entry) const { return places_[entry].line; }
  SourcePosition position(std::size_t entry) const {
    return {file_, places_[entry].line, places_[entry].column};
  }
  /// nullopt: the source gives it none, which is another thing than an empty one.
  std::optional<std::string_view> value(std::size_t entry) const;
  bool any_values() const noexcept { return !values_.empty(); }
  std::string_view note(std::size_t entry) const;
  /// The last day, in UTC, on which it counts.
  std::optional<Day> last_day(std::size_t entry) const;
  bool ever_expires(std::size_t entry) const noexcept {
    return entry < last_days_.size() && last_days_[entry] != no_day;
  }
  /// Whether it counts at that time.
  bool valid(std::size_t entry, std::chrono::system_clock::time_point at) const noexcept {
    return !ever_expires(entry) ||
           std::chrono::floor<std::chrono::days>(at).time_since_epoch().count() <=
               last_days_[entry];
  }
  /// True if `entry` counts at least as long as `other`.
  bool lasts_as_long(std::size_t entry, std::size_t other) const noexcept {
    return !ever_expires(entry) || (ever_expires(other) && last_days_[other] <= last_days_[entry]);
  }

  /// All that a look-up may tell, in one text: entries, values, last days, notes.
  std::string content() const;

 private:
  struct Slice {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
  };
  struct Place {
    Slice text;
    unsigned line;
    unsigned column;
  };
  struct Note {
    std::uint32_t entry;
    Slice text;
  };
  static constexpr std::int32_t no_day = INT32_MAX;
  static constexpr std::uint32_t no_value = UINT32_MAX;

  const std::string& block() const noexcept { return shared_ ? *shared_ : own_; }
  std::string_view slice(Slice part) const {
    return std::string_view(block()).substr(part.begin, part.length);
  }
  std::optional<Slice> keep(std::string_view text);

  std::string file_;
  std::shared_ptr<const std::string> shared_;
  std::string own_;
  std::vector<Place> places_;
  std::vector<Slice> values_;            ///< of the first entries; begin no_value: none
  std::vector<Note> notes_;              ///< sorted by entry
  std::vector<std::int32_t> last_days_;  ///< of the first entries, since 1970; no_day: for ever
};

/// Collects the faults of one table: the first few with all that a person needs, the rest counted.
/// A list of a million lines in the wrong format must not become a million messages.
class TableFaults {
 public:
  void add(Problem problem);
  bool any() const noexcept { return count_ > 0; }
  /// In the order of their places.
  Problems take();

 private:
  static constexpr std::size_t most_shown = 20;
  Problems shown_;
  std::size_t count_ = 0;
};

/// A problem that underlines an entry.
Problem entry_problem(const EntryList& entries, std::size_t entry, std::string message,
                      std::string hint);
/// Gives problems that stand in `file` the line they speak of. One walk through `text`.
void add_source_lines(Problems& problems, const std::string& file, std::string_view text);
/// "1,234,567".
std::string grouped(std::size_t number);

}  // namespace postern

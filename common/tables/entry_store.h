// EntryStore: the entries of a table as written, with their places, packed for millions of them.
// Immutable once the table is built.
#pragma once

#include "tables/table.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

class EntryStore {
 public:
  void reserve(std::size_t entries) { places_.reserve(entries); }

  /// Returns the entry's number, counted from 0.
  std::uint32_t add(std::string_view text, const SourcePosition& position) {
    if (files_.empty() || files_[last_file_] != position.file) last_file_ = file_number(position);
    places_.push_back(
        {text_.size(), static_cast<std::uint32_t>(text.size()), last_file_, position.line});
    text_.append(text);
    text_.push_back('\n');
    return static_cast<std::uint32_t>(places_.size() - 1);
  }

  std::size_t size() const noexcept { return places_.size(); }
  /// All entries, one a line, in their order: what the digest covers.
  const std::string& lines() const noexcept { return text_; }
  TableHit hit(std::uint32_t number) const {
    const auto& place = places_[number];
    return {std::string_view(text_).substr(place.begin, place.length), files_[place.file],
            place.line};
  }

 private:
  struct Place {
    std::size_t begin;
    std::uint32_t length;
    std::uint32_t file;
    unsigned line;
  };

  std::uint32_t file_number(const SourcePosition& position) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (files_[i] == position.file) return static_cast<std::uint32_t>(i);
    }
    files_.push_back(position.file);
    return static_cast<std::uint32_t>(files_.size() - 1);
  }

  std::string text_;
  std::vector<Place> places_;
  std::vector<std::string> files_;
  std::uint32_t last_file_ = 0;
};

}  // namespace postern

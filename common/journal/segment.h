// Segment: a part of a journal that is closed and lies beside the active file, dated by the moment
// it was closed: "decisions.jsonl-20261122T022017.123Z", with ".gz" behind it once it is
// compressed, and its index in a file with ".idx". Names sort by time.
#pragma once

#include "postern/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// How the lines of a segment lie in its file.
enum class SegmentForm : std::uint8_t {
  plain,
  gzip,  ///< members of about segment_block octets of text each, one behind the other (RFC 1952)
};

struct Segment {
  std::string path;  ///< without the ending of its form
  std::chrono::system_clock::time_point closed;
  SegmentForm form = SegmentForm::plain;
  std::uint64_t octets = 0;  ///< of the file
  /// A kill came between making the compressed file and removing the plain one. The compressed one
  /// counts: it is renamed to its name only when it is whole.
  bool plain_left = false;

  std::string file() const { return file_as(form); }
  std::string file_as(SegmentForm wanted) const {
    return wanted == SegmentForm::gzip ? path + ".gz" : path;
  }
  std::string index() const { return path + ".idx"; }
};

/// What a file is called while it is written: it gets its name when it is whole.
std::string unfinished(const std::string& path);

/// The path of a segment of `journal` that is closed at `closed`, to the millisecond.
std::string segment_path(const std::string& journal, std::chrono::system_clock::time_point closed);

/// Of a file that belongs to a segment of `journal`, whichever part of it; nullopt: it does not.
std::optional<std::chrono::system_clock::time_point> closed_time(std::string_view journal,
                                                                 std::string_view file);

/// The segments beside `journal`, oldest first. None when its folder cannot be read.
std::vector<Segment> segments_of(const std::string& journal);

/// Brings names in the folder of `path` to the disk. A Problem says why it cannot be done.
Problems sync_folder_of(const std::string& path);

}  // namespace postern

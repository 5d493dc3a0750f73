#include "journal/journal_follower.h"

#include "journal/journal_parts.h"
#include "journal/reader.h"
#include "journal/segment.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace postern {
namespace {

/// Octets read at a time.
constexpr std::size_t block_size = 65'536;

/// How often the files are looked at anew when one is closed in between.
constexpr int most_looks = 5;

struct FileId {
  dev_t device = 0;
  ino_t number = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

bool is_file(const std::string& path, const FileId& id) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && id_of(status) == id;
}

std::string newest_segment(const std::string& journal) {
  const auto segments = segments_of(journal);
  return segments.empty() ? std::string() : segments.back().path;
}

std::size_t read_at(int fd, std::uint64_t offset, char* into, std::size_t wanted) {
  for (;;) {
    const auto got = ::pread(fd, into, wanted, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return 0;
  }
}

/// Behind the last line end before `size`.
std::uint64_t begin_of_last_line(int fd, std::uint64_t size) {
  std::array<char, 4096> block;
  while (size > 0) {
    const auto wanted = std::min<std::uint64_t>(block.size(), size);
    const auto got = read_at(fd, size - wanted, block.data(), static_cast<std::size_t>(wanted));
    if (got < wanted) return size;
    const std::string_view text(block.data(), got);
    const auto feed = text.rfind('\n');
    if (feed != std::string_view::npos) return size - wanted + feed + 1;
    size -= wanted;
  }
  return 0;
}

}  // namespace

void JournalFollower::File::read(const Take& take) {
  if (!fd) return;
  struct stat status {};
  // Cut by a rotation that copies: what is there is new.
  if (::fstat(fd.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) < offset) {
    offset = 0;
    rest.clear();
    too_long = false;
  }
  std::vector<char> block(block_size);
  while (const auto got = read_at(fd.get(), offset, block.data(), block.size())) {
    offset += got;
    std::string_view text(block.data(), got);
    for (auto feed = text.find('\n'); feed != std::string_view::npos; feed = text.find('\n')) {
      rest += text.substr(0, feed);
      text.remove_prefix(feed + 1);
      if (!std::exchange(too_long, false) && !rest.empty()) take(rest);
      rest.clear();
    }
    rest += text;
    if (rest.size() > longest_journal_line) {
      too_long = true;
      rest.clear();
    }
  }
}

JournalFollower::JournalFollower(std::string path) : path_(std::move(path)) {
  open();
  if (!now_.fd) return;
  struct stat status {};
  if (::fstat(now_.fd.get(), &status) != 0) return;
  start_ = begin_of_last_line(now_.fd.get(), static_cast<std::uint64_t>(status.st_size));
  now_.offset = start_;
}

/// The active segment from its beginning, and which one had been closed last when it was active.
void JournalFollower::open() {
  for (int i = 0; i < most_looks; ++i) {
    newest_ = newest_segment(path_);
    now_ = File{UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))};
    if (is_current()) return;
  }
}

bool JournalFollower::is_current() const {
  struct stat ours {};
  if (!now_.fd) return ::access(path_.c_str(), F_OK) != 0;
  return ::fstat(now_.fd.get(), &ours) == 0 && is_file(path_, id_of(ours)) &&
         newest_segment(path_) == newest_;
}

void JournalFollower::read(const Take& take) {
  before_.read(take);
  now_.read(take);
  struct stat ours {};
  if (now_.fd && ::fstat(now_.fd.get(), &ours) == 0 && is_file(path_, id_of(ours))) return;
  if (!now_.fd && ::access(path_.c_str(), F_OK) != 0) return;
  // What was written between the last look and the renaming.
  now_.read(take);
  go_on(take);
}

void JournalFollower::go_on(const Take& take) {
  const bool had_file = static_cast<bool>(now_.fd);
  struct stat ours {};
  if (had_file && ::fstat(now_.fd.get(), &ours) != 0) return;
  const auto id = id_of(ours);
  const auto known = newest_;
  auto last = std::move(now_);
  open();
  if (had_file) before_ = std::move(last);
  // Those that were closed since, of which ours is the first unless another hand has renamed it.
  auto closed = segments_of(path_);
  std::erase_if(closed, [&](const Segment& segment) {
    return segment.path <= known || segment.path > newest_;
  });
  if (had_file && !closed.empty()) {
    auto own = std::find_if(closed.begin(), closed.end(), [&id](const Segment& segment) {
      return is_file(segment.file_as(SegmentForm::plain), id);
    });
    const auto rotated = rotated_files(path_);
    const bool by_others = std::any_of(rotated.begin(), rotated.end(),
                                       [&id](const auto& file) { return is_file(file, id); });
    if (own == closed.end() && !by_others) own = closed.begin();
    if (own != closed.end()) closed.erase(own);
  }
  for (const auto& segment : closed) {
    const auto there = as_it_is_now(segment);
    if (!there) continue;
    auto reader = JournalReader::open(there->file(), ReadOrder::oldest_first);
    if (!reader) {
      auto problems = reader.problems();
      trouble_.insert(trouble_.end(), std::make_move_iterator(problems.begin()),
                      std::make_move_iterator(problems.end()));
      continue;
    }
    while (const auto line = reader->next_line()) take(line->text);
  }
  now_.read(take);
}

}  // namespace postern

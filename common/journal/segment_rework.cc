#include "journal/segment_rework.h"

#include "journal/gzip.h"
#include "journal/record.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <zlib.h>

namespace postern {
namespace {

// As the active segment's.
constexpr mode_t segment_mode = 0640;
// Octets that are kept in memory for the end of a line; without one by then they are no record.
constexpr std::size_t longest_wait = longest_journal_line + segment_block;

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

// The text of a segment in blocks of whole lines.
class SegmentText {
 public:
  static Result<SegmentText> open(const Segment& segment) {
    SegmentText text;
    text.path_ = segment.file();
    // "e": not inherited by children. Plain files are read as they are.
    text.file_.reset(::gzopen(text.path_.c_str(), "rbe"));
    if (!text.file_) return failed("open", text.path_);
    return text;
  }

  /// False at the end.
  Result<bool> next(std::string& block) {
    block.clear();
    while (true) {
      if (rest_.size() >= segment_block || at_end_) {
        auto end = rest_.rfind('\n');
        if (at_end_ || (end == std::string::npos && rest_.size() > longest_wait)) {
          end = rest_.size() - (rest_.empty() ? 0 : 1);
        }
        if (rest_.empty()) return false;
        if (end != std::string::npos) {
          block = rest_.substr(0, end + 1);
          rest_.erase(0, end + 1);
          return true;
        }
      }
      if (auto problems = fill(); !problems.empty()) return problems;
    }
  }

 private:
  struct Close {
    void operator()(gzFile file) const { ::gzclose_r(file); }
  };

  Problems fill() {
    const auto before = rest_.size();
    rest_.resize(before + segment_block);
    const int got = ::gzread(file_.get(), rest_.data() + before, segment_block);
    rest_.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    if (got > 0) return {};
    int error = Z_OK;
    ::gzerror(file_.get(), &error);
    if (error == Z_ERRNO) return {failed("read", path_)};
    if (error != Z_OK) {
      return {plain_problem("cannot unpack " + path_ + ": " +
                            (error == Z_BUF_ERROR ? "its end is missing" : "it is damaged"))};
    }
    at_end_ = true;
    return {};
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::string rest_;
  bool at_end_ = false;
};

// A file that is removed unless it is finished.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::string path) : path_(std::move(path)) {}
  ~UnfinishedFile() {
    if (file_) ::unlink(unfinished(path_).c_str());
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  Problems write(std::string_view octets) {
    if (!file_) {
      file_.reset(::open(unfinished(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                         segment_mode));
      if (!file_) return {failed("make", unfinished(path_))};
    }
    if (!write_all(file_.get(), octets)) return {failed("write", unfinished(path_))};
    return {};
  }
  /// To the disk, with the time of the file that it is made from.
  Problems settle(const struct stat& of) {
    if (auto problems = write({}); !problems.empty()) return problems;
    const std::array<timespec, 2> times{of.st_atim, of.st_mtim};
    ::futimens(file_.get(), times.data());
    if (::fsync(file_.get()) != 0) return {failed("write", unfinished(path_))};
    return {};
  }
  Problems take_its_name() {
    if (::rename(unfinished(path_).c_str(), path_.c_str()) != 0) return {failed("make", path_)};
    file_.reset();
    return {};
  }

 private:
  std::string path_;
  UniqueFd file_;
};

// Tells which lines stay when the passes go.
class Sieve {
 public:
  /// Looks through the whole text: a join stays if anything else of its session does.
  Result<bool> look(const Segment& segment, const std::function<bool()>& go_on) {
    auto text = SegmentText::open(segment);
    if (!text) return text.problems();
    std::string block;
    while (true) {
      const auto more = text->next(block);
      if (!more) return more.problems();
      if (!*more) return true;
      each_line(block, [this](std::string_view line) {
        if (!skim(line, line_) || is_of_a_pass(line_) || line_.kind == "join") return;
        for (const auto& key : line_.keys) {
          if (ties(key.kind)) tied_.insert(key_number(key.kind, key.value));
        }
      });
      if (!go_on()) return false;
    }
  }

  /// How many lines it has taken out.
  std::uint64_t drop(std::string& block) {
    std::string left;
    std::uint64_t dropped = 0;
    each_line(block, [&](std::string_view line) {
      if (stays(line)) {
        left.append(line) += '\n';
      } else {
        ++dropped;
      }
    });
    block = std::move(left);
    return dropped;
  }

 private:
  static bool ties(IndexKey kind) {
    return kind == IndexKey::session || kind == IndexKey::queue_id || kind == IndexKey::instance;
  }

  template <typename Visit>
  static void each_line(std::string_view rest, Visit visit) {
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (end > 0) visit(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  bool stays(std::string_view line) {
    if (!skim(line, line_) || is_of_a_pass(line_)) return false;
    if (line_.kind != "join") return true;
    for (const auto& key : line_.keys) {
      if (ties(key.kind) && tied_.contains(key_number(key.kind, key.value))) return true;
    }
    return false;
  }

  SkimmedLine line_;
  std::unordered_set<std::uint64_t> tied_;
};

}  // namespace

Result<Reworked> rework(const Segment& segment, const SegmentWork& work,
                        const std::function<bool()>& go_on) {
  Reworked result;
  Sieve sieve;
  const bool drop = work.passes == Passes::drop;
  const bool index_alone =
      !drop && work.form == SegmentForm::plain && segment.form == SegmentForm::plain;
  if (drop) {
    const auto looked = sieve.look(segment, go_on);
    if (!looked) return looked.problems();
    if (!*looked) return result;
  }
  struct stat before {};
  if (::stat(segment.file().c_str(), &before) != 0) return failed("read", segment.file());
  auto text = SegmentText::open(segment);
  if (!text) return text.problems();

  UnfinishedFile data(segment.file_as(work.form));
  IndexBuilder builder;
  std::string block;
  std::uint64_t offset = 0;
  while (true) {
    const auto more = text->next(block);
    if (!more) return more.problems();
    if (!*more) break;
    if (drop) result.dropped += sieve.drop(block);
    if (!block.empty()) {
      std::uint64_t octets = block.size();
      if (work.form == SegmentForm::gzip) {
        const auto packed = pack_member(block);
        if (!packed) return packed.problems();
        octets = packed->size();
        if (auto problems = data.write(*packed); !problems.empty()) return problems;
      } else if (!index_alone) {
        if (auto problems = data.write(block); !problems.empty()) return problems;
      }
      builder.add_block(block, offset, octets);
      offset += octets;
    }
    if (!go_on()) return result;
  }

  UnfinishedFile index(segment.index());
  auto problems = index.write(builder.finish(work.form));
  if (problems.empty()) problems = index.settle(before);
  if (problems.empty() && !index_alone) problems = data.settle(before);
  // The index first: one that does not fit its segment is not believed, but a segment whose index
  // is missing is read whole until it is made again.
  if (problems.empty()) problems = index.take_its_name();
  if (problems.empty() && !index_alone) problems = data.take_its_name();
  if (problems.empty()) problems = sync_folder_of(segment.path);
  if (!problems.empty()) return problems;
  // Only now that the other one is sure to be there after a power cut.
  if (segment.form != work.form) ::unlink(segment.file().c_str());
  result.finished = true;
  result.summary = builder.summary();
  result.summary.form = work.form;
  return result;
}

}  // namespace postern

#include "journal/erase.h"

#include "journal/gzip.h"
#include "journal/journal_file.h"
#include "journal/journal_parts.h"
#include "journal/policy_store.h"
#include "journal/segment.h"
#include "journal/segment_rework.h"
#include "journal/segment_text.h"
#include "journal/unfinished_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <iterator>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

using std::chrono::system_clock;

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

bool rename_to_new(const std::string& from, const std::string& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ||
         (errno == EINVAL && ::access(to.c_str(), F_OK) != 0 &&
          ::rename(from.c_str(), to.c_str()) == 0);
}

class Eraser {
 public:
  Eraser(const std::string& journal, const AddressEraser& eraser, EraseMode mode,
         const EraseSteps& steps)
      : journal_(journal), eraser_(eraser), mode_(mode), steps_(steps) {}

  Result<Erasure> run() {
    const PolicyStore policies(journal_);
    UniqueFd lock;
    if (mode_ == EraseMode::erase) {
      // Nobody else compresses or deletes meanwhile, nor takes the file that is still written to
      // for a closed one.
      auto held = policies.lock();
      while (!held) {
        if (!steps_.go_on()) {
          return plain_problem("another process is at work on the closed files of " + journal_,
                               "the server compresses them, or somebody else erases; try again");
        }
        held = policies.lock();
      }
      lock = std::move(*held);
      if (auto problems = close_active(); !problems.empty()) return problems;
    }
    auto parts = parts_of(journal_);
    std::reverse(parts.begin(), parts.end());
    for (auto& part : parts) {
      const bool active = part.path == journal_;
      // What has been written since is of a time after the request.
      if (active && mode_ == EraseMode::erase) continue;
      // Its server has just closed the segment and not begun another.
      if (active && is_absent(part) && parts.size() > 1) continue;
      ++result_.looked_into;
      auto done = active         ? count_active(std::move(part.opened))
                  : part.segment ? do_segment(*part.segment)
                                 : do_file(part.path);
      std::move(done.begin(), done.end(), std::back_inserter(result_.problems));
    }
    return std::move(result_);
  }

 private:
  bool is_absent(const JournalPart& part) const {
    return !part.opened && ::access(journal_.c_str(), F_OK) != 0 && errno == ENOENT;
  }

  Problems close_active() const {
    struct stat status {};
    if (::stat(journal_.c_str(), &status) != 0) {
      if (errno != ENOENT) return {failed("open", journal_)};
      return leave_to_us();  // what a killed call has left
    }
    if (!S_ISREG(status.st_mode)) return {plain_problem(journal_ + " is no regular file")};
    if (status.st_size == 0) return leave_to_us();
    auto closed = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
    for (const auto& segment : segments_of(journal_)) {
      const auto other = std::chrono::floor<std::chrono::milliseconds>(segment.closed);
      closed = std::max(closed, other + std::chrono::milliseconds(1));
    }
    const auto name = segment_path(journal_, closed);
    if (!rename_to_new(journal_, name)) {
      // Its server has just closed it.
      if (errno == ENOENT) return leave_to_us();
      return {failed("close", journal_)};
    }
    auto problems = leave_to_us();
    // Back to its name, or the server would go on writing into a file that counts as closed.
    if (!problems.empty() && !rename_to_new(name, journal_)) {
      problems.push_back(failed("rename back", name));
    }
    if (problems.empty()) problems = sync_folder_of(journal_);
    return problems;
  }

  /// Nobody writes to closed segments when this is done.
  Problems leave_to_us() const {
    if (!is_any_written_to()) return {};
    if (auto problems = steps_.reopen(); !problems.empty()) return problems;
    while (is_any_written_to()) {
      if (!steps_.go_on()) {
        return {plain_problem("another process still writes to " + journal_,
                              "end it, or let it open its journal anew")};
      }
    }
    return {};
  }

  bool is_any_written_to() const {
    const auto segments = segments_of(journal_);
    return std::any_of(segments.begin(), segments.end(), [](const Segment& segment) {
      return segment.form == SegmentForm::plain && is_written_to(segment.file());
    });
  }

  /// How many lines hold it.
  Result<std::uint64_t> lines_in(const std::string& path) {
    return lines_in(SegmentText::open(path));
  }

  Result<std::uint64_t> lines_in(Result<SegmentText> text) {
    if (!text) return text.problems();
    std::uint64_t lines = 0;
    std::string block;
    while (true) {
      const auto more = text->next(block);
      if (!more) return more.problems();
      if (!*more) return lines;
      each_line(block, [&](std::string_view line) {
        std::string copy(line);
        if (eraser_.edit(copy)) ++lines;
        if (eraser_.may_be_hidden_in(copy)) ++result_.hidden;
      });
    }
  }

  LineEdit edit() const {
    return [this](std::string& line) { return eraser_.edit(line); };
  }

  Problems do_segment(const Segment& listed) {
    // While we only count, it may be compressed or deleted between two looks.
    constexpr int most_looks = 3;
    std::optional<Segment> now = listed;
    auto lines = lines_in(listed.file());
    for (int i = 1; i < most_looks && !lines; ++i) {
      now = as_it_is_now(listed);
      if (!now) return {};
      lines = lines_in(now->file());
    }
    const auto& segment = *now;
    if (!lines) return lines.problems();
    if (*lines == 0) return {};
    if (mode_ == EraseMode::erase) {
      SegmentWork work;
      work.form = segment.form;
      work.edit = edit();
      const auto done = rework(segment, work, [] { return true; });
      if (!done) return done.problems();
    }
    note(segment.file(), *lines);
    return {};
  }

  /// By its descriptor: its server may give it another name at any moment.
  Problems count_active(UniqueFd opened) {
    const auto lines = opened ? lines_in(SegmentText::of(std::move(opened), journal_))
                              : lines_in(journal_);  // says why it cannot be opened
    if (!lines) return lines.problems();
    if (*lines != 0) note(journal_, *lines);
    return {};
  }

  /// One that another hand has rotated.
  Problems do_file(const std::string& path) {
    const auto lines = lines_in(path);
    if (!lines) return lines.problems();
    if (*lines == 0) return {};
    if (mode_ == EraseMode::erase) {
      if (auto problems = write_anew(path); !problems.empty()) return problems;
    }
    note(path, *lines);
    return {};
  }

  Problems write_anew(const std::string& path) const {
    struct stat before {};
    if (::stat(path.c_str(), &before) != 0) return {failed("read", path)};
    auto text = SegmentText::open(path);
    if (!text) return text.problems();
    UnfinishedFile data(path);
    std::string block;
    while (true) {
      const auto more = text->next(block);
      if (!more) return more.problems();
      if (!*more) break;
      edit_lines(block, edit());
      if (block.empty()) continue;
      if (path.ends_with(".gz")) {
        const auto packed = pack_member(block);
        if (!packed) return packed.problems();
        block = *packed;
      }
      if (auto problems = data.write(block); !problems.empty()) return problems;
    }
    auto problems = data.settle(before);
    if (problems.empty()) problems = data.take_its_name();
    if (problems.empty()) problems = sync_folder_of(path);
    return problems;
  }

  void note(const std::string& path, std::uint64_t lines) {
    result_.files.push_back({path, lines});
    result_.lines += lines;
  }

  const std::string& journal_;
  const AddressEraser& eraser_;
  const EraseMode mode_;
  const EraseSteps& steps_;
  Erasure result_;
};

}  // namespace

Result<Erasure> erase_address(const std::string& journal, const AddressEraser& eraser,
                              EraseMode mode, const EraseSteps& steps) {
  return Eraser(journal, eraser, mode, steps).run();
}

}  // namespace postern

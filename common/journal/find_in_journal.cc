#include "journal/find_in_journal.h"

#include "journal/journal_parts.h"
#include "journal/segment_index.h"

#include <chrono>
#include <optional>
#include <utility>

namespace postern {
namespace {

using std::chrono::system_clock;

/// Clocks that are set: better to look in vain.
constexpr std::chrono::hours slack{1};

void append(Problems& all, Problems more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

class Search {
 public:
  Search(const JournalQuery& query, std::optional<system_clock::time_point> since)
      : finder_(query), since_(since) {
    if (const auto* by_reference = std::get_if<ByReference>(&query)) {
      time_ = by_reference->reference.time();
    }
  }

  Result<FoundInJournal> run(const std::string& path) {
    using Progress = RecordFinder::Progress;
    Problems in_active;
    for (auto& part : parts_of(path)) {
      const auto before = finder_.progress();
      if (before == Progress::all) break;
      if (since_ && part.until < system_clock::time_point::max() - slack &&
          part.until + slack < *since_) {
        continue;
      }
      // Another decision of the reference may stand in a segment that was closed in between; only
      // an index makes it cheap to look.
      const bool has_decision = finder_.has_decision();
      if (has_decision && !part.segment) break;
      if (part.path == path) {
        in_active = look_into_active(part);
        continue;
      }
      // Of a segment its index tells what is in it, even where clocks were set.
      if (time_ && !part.segment && part.until + slack < *time_) continue;
      if (!(part.segment ? look_into(*part.segment) : look_into_file(part.path))) continue;
      ++result_.older;
      // A decision may lie any number of repeats back, a message does not last that long.
      if ((before == Progress::some && !time_) || has_decision) break;
    }
    if (finder_.progress() == Progress::nothing && !in_active.empty()) return in_active;
    result_.cut = finder_.progress() == Progress::all && !time_;
    result_.found = finder_.take(ReadOrder::oldest_first);
    return std::move(result_);
  }

 private:
  Problems look_into_active(JournalPart& part) {
    auto reader =
        part.opened ? JournalReader::of(std::move(part.opened), part.path, ReadOrder::newest_first)
                    : JournalReader::open(part.path, ReadOrder::newest_first);
    if (!reader) return reader.problems();
    append(result_.unread, finder_.search(*reader));
    return {};
  }

  /// Each is false if the file could not be read, or is gone.
  bool look_into_file(const std::string& file) {
    auto reader = JournalReader::open(file, ReadOrder::newest_first);
    if (!reader) {
      append(result_.unread, reader.problems());
      return false;
    }
    append(result_.unread, finder_.search(*reader));
    return true;
  }

  bool look_into(const Segment& listed) {
    // It may be compressed, or lose records, between two looks.
    constexpr int most_looks = 3;
    Problems why;
    std::optional<Segment> segment;
    for (int i = 0; i < most_looks; ++i) {
      segment = as_it_is_now(listed);
      if (!segment) return false;
      auto index = SegmentIndex::open(*segment);
      if (index) {
        look_into_blocks(*segment, *index);
        return true;
      }
      why = index.problems();
    }
    if (finder_.has_decision()) return false;
    for (auto& problem : why) problem.severity = Severity::note;
    append(result_.notes, std::move(why));
    return look_into_file(segment->file());
  }

  void look_into_blocks(const Segment& segment, const SegmentIndex& index) {
    const auto& blocks = index.blocks();
    bool damaged = false;
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      if (finder_.progress() == RecordFinder::Progress::all) break;
      if (time_ && !block->references.holds(index_time(*time_))) continue;
      const auto answer = index.may_hold_any(*block, finder_.keys());
      if (answer == SegmentIndex::Answer::no) continue;
      damaged = damaged || answer == SegmentIndex::Answer::damaged;
      const auto lines = index.read_block(*block);
      if (lines) {
        finder_.search_lines(*lines, segment.file(), block->text_offset);
      } else {
        append(result_.unread, lines.problems());
      }
    }
    if (damaged) {
      auto note = plain_problem("the index " + segment.index() + " is damaged in part");
      note.severity = Severity::note;
      result_.notes.push_back(std::move(note));
    }
  }

  RecordFinder finder_;
  std::optional<system_clock::time_point> since_;
  std::optional<system_clock::time_point> time_;  // of the reference that is looked for
  FoundInJournal result_;
};

}  // namespace

Result<FoundInJournal> find_in_journal(const std::string& path, const JournalQuery& query,
                                       std::optional<system_clock::time_point> since) {
  return Search(query, since).run(path);
}

}  // namespace postern

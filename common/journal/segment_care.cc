#include "journal/segment_care.h"

#include "journal/gzip.h"
#include "journal/journal_parts.h"
#include "journal/line_skim.h"
#include "journal/reader.h"
#include "journal/segment_index.h"
#include "journal/segment_rework.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

namespace fs = std::filesystem;

// Segments that wait to be compressed before it is done without pauses.
constexpr std::uint64_t usual_backlog = 4;

// Clocks of two servers on one journal may differ by so much.
constexpr std::chrono::hours farthest_ahead{24};

std::uint64_t octets_of(const std::string& path) {
  std::error_code gone;
  const auto octets = fs::file_size(path, gone);
  return gone ? 0 : octets;
}

std::string message_of(const Problems& problems) {
  return problems.empty() ? std::string() : problems.front().message;
}

/// When its last record was made, in the index's time. A name can be later: names sort by time even
/// behind one that a wrong clock has dated in the future.
std::int64_t end_of(const Segment& segment, const Result<SegmentIndex>& index) {
  const auto closed = index_time(segment.closed);
  if (!index || index->summary().records == 0) return closed;
  return std::min(closed, index->summary().times.last);
}

}  // namespace

SegmentTotals totals_of(const JournalSettings& settings) {
  SegmentTotals totals;
  for (const auto& segment : segments_of(settings.path)) {
    ++totals.segments;
    const auto index = octets_of(segment.index());
    totals.octets += segment.octets + index;
    if (index == 0 || (settings.compress && segment.form == SegmentForm::plain)) ++totals.waiting;
  }
  return totals;
}

SegmentCare::SegmentCare(PolicyStore& policies, Say say, GoOn go_on)
    : policies_(policies), say_(std::move(say)), go_on_(std::move(go_on)) {}

bool SegmentCare::is_over(std::int64_t ended, const std::optional<std::chrono::milliseconds>& keep,
                          Time now) const {
  return trust_ == ClockTrust::settled && keep && ended < index_time(now - *keep);
}

SegmentTotals SegmentCare::round(const JournalSettings& settings, Time now, ClockTrust trust) {
  trust_ = trust;
  std::error_code none;
  // Of pipes and devices there are no segments, and no folder is to be made beside them.
  const bool anything =
      !segments_of(settings.path).empty() || fs::is_directory(policies_.folder(), none);
  const auto lock = anything ? policies_.lock() : std::nullopt;
  if (lock) {
    last_trouble_.clear();
    clear_up(settings.path);
    auto segments = segments_of(settings.path);
    const auto waits = [&](const Segment& segment) {
      return settings.compress && segment.form == SegmentForm::plain;
    };
    auto waiting =
        static_cast<std::uint64_t>(std::count_if(segments.begin(), segments.end(), waits));
    // The newest first: it is what people ask for.
    bool whole = true;
    for (auto segment = segments.rbegin(); whole && segment != segments.rend(); ++segment) {
      behind_ = waiting > usual_backlog;
      if (waits(*segment)) --waiting;
      whole = tend(*segment, settings, now);
    }
    if (whole) bound_size(settings);
    if (whole) sweep_policies(settings, now);
  }
  auto totals = totals_of(settings);
  totals.trouble = last_trouble_;
  return totals;
}

/// What a kill has left. Nobody else is at work: we hold the lock.
void SegmentCare::clear_up(const std::string& journal) {
  std::set<std::string> known;
  for (const auto& segment : segments_of(journal)) {
    known.insert(segment.index());
    if (segment.plain_left) clear_up_twofold(segment);
  }
  std::error_code error;
  const auto folder = fs::path(journal).parent_path();
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto path = entry->path().string();
    if (!closed_time(journal, path)) continue;
    const bool orphan = path.ends_with(".idx") && !known.contains(path);
    if (orphan || path.ends_with(".tmp")) ::unlink(path.c_str());
  }
}

/// A segment in both forms. Ours is compressed whole before it has its name; somebody else's may
/// end anywhere, and then the plain one is all there is.
void SegmentCare::clear_up_twofold(const Segment& segment) {
  const UniqueFd packed(::open(segment.file().c_str(), O_RDONLY | O_CLOEXEC));
  if (!packed) return;
  if (is_whole_gzip(packed)) {
    ::unlink(segment.path.c_str());
    return;
  }
  say_("journal: " + segment.file() + " ends too early; it is made anew from " + segment.path);
  ::unlink(segment.file().c_str());
}

/// False: the round is to end.
bool SegmentCare::tend(const Segment& segment, const JournalSettings& settings, Time now) {
  const auto index = SegmentIndex::open(segment);
  const auto ended = end_of(segment, index);
  if (is_over(ended, settings.keep, now)) {
    if (remove(segment)) {
      say_("journal: " + segment.file() + " is deleted: journal.keep is over for its last record");
    }
    return true;
  }
  if (index && ended > index_time(now + farthest_ahead)) {
    trouble(segment.path, segment.file() +
                              " is dated in the future, by a clock that was wrong; it is kept "
                              "until journal.keep is over from then on");
  }
  SegmentWork work;
  work.form = settings.compress ? SegmentForm::gzip : segment.form;
  work.on_damage = OnDamage::pass_over;
  if (index) {
    const auto& summary = index->summary();
    if (summary.of_passes + summary.unreadable > 0 && is_over(ended, settings.keep_accepts, now)) {
      work.passes = Passes::drop;
    } else if (work.form == segment.form) {
      return true;
    }
  }
  const auto done = rework(segment, work, [this] { return go_on(); });
  if (!done) {
    trouble(segment.path, message_of(done.problems()));
    return true;
  }
  if (!done->finished) return false;
  in_trouble_.erase(segment.path);
  if (done->damage.any()) {
    say_("journal: " + damage_text(done->damage, segment.file()) +
         ". All else in it was kept, and is written anew with an index");
  }
  if (done->summary.records == 0 && work.passes == Passes::drop) {
    auto empty = segment;
    empty.form = work.form;
    remove(empty);
  }
  return true;
}

void SegmentCare::bound_size(const JournalSettings& settings) {
  if (settings.total_size == 0) return;
  auto segments = segments_of(settings.path);
  std::uint64_t total = octets_of(settings.path);
  for (const auto& segment : segments) total += segment.octets + octets_of(segment.index());
  for (const auto& segment : segments) {
    if (total <= settings.total_size) return;
    const auto octets = segment.octets + octets_of(segment.index());
    if (!remove(segment)) return;
    total -= octets;
    say_("journal: " + segment.file() + " is deleted before its time: all segments together had " +
         std::to_string(total + octets) + " octets, and journal.total_size is " +
         std::to_string(settings.total_size));
  }
}

void SegmentCare::sweep_policies(const JournalSettings& settings, Time now) {
  // What another hand has rotated has no index that tells: what was kept before it ended stays.
  std::optional<Time> before;
  for (const auto& file : rotated_files(settings.path)) {
    std::error_code gone;
    const auto time = fs::last_write_time(file, gone);
    if (gone) continue;
    const auto written =
        std::chrono::time_point_cast<Time::duration>(fs::file_time_type::clock::to_sys(time));
    if (!before || *before < written) before = written;
  }
  auto idle = policies_.idle(before, now);
  if (idle.empty()) return;
  // The active segment first: what it has becomes a segment's when it is closed meanwhile.
  auto active = JournalReader::open(settings.path, ReadOrder::oldest_first);
  if (!active) return;
  SkimmedLine skimmed;
  while (const auto line = active->next_line()) {
    if (!go_on()) return;
    if (skim(line->text, skimmed)) idle.erase(std::string(skimmed.policy));
  }
  for (const auto& segment : segments_of(settings.path)) {
    const auto index = SegmentIndex::open(segment);
    // Without an index nobody knows; the next round will.
    if (!index) return;
    for (const auto& policy : index->summary().policies) idle.erase(policy);
  }
  if (auto problems = policies_.remove(idle, now); !problems.empty()) {
    trouble(policies_.folder(), message_of(problems));
  }
}

/// The index last: without its segment it is cleared up in the next round.
bool SegmentCare::remove(const Segment& segment) {
  if (::unlink(segment.file().c_str()) != 0 && errno != ENOENT) {
    trouble(segment.path,
            "cannot delete " + segment.file() + ": " + std::generic_category().message(errno));
    return false;
  }
  ::unlink(segment.index().c_str());
  return true;
}

void SegmentCare::trouble(const std::string& path, const std::string& message) {
  last_trouble_ = message;
  if (in_trouble_.insert(path).second) say_("journal: " + message);
}

}  // namespace postern

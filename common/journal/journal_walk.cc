#include "journal/journal_walk.h"

#include "journal/segment_index.h"

#include <algorithm>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

/// Clocks that are set, and records that wait for their answers: better to look in vain.
constexpr std::chrono::hours slack{1};

/// Whether one of its blocks may have one of each of the keys.
bool may_hold(const SegmentIndex& index, const std::vector<std::vector<std::uint64_t>>& keys) {
  const auto& blocks = index.blocks();
  return std::any_of(blocks.begin(), blocks.end(), [&](const IndexBlock& block) {
    return std::all_of(keys.begin(), keys.end(), [&](const std::vector<std::uint64_t>& any) {
      return index.may_hold_any(block, any) != SegmentIndex::Answer::no;
    });
  });
}

/// Text shrinks to about a tenth.
constexpr double packed_weight = 10;

/// About how many octets of text a part has.
double weight_of(const JournalPart& part) {
  struct stat status {};
  const bool there = part.opened ? ::fstat(part.opened.get(), &status) == 0
                                 : ::stat(part.path.c_str(), &status) == 0;
  if (!there) return 0;
  return static_cast<double>(status.st_size) * (part.path.ends_with(".gz") ? packed_weight : 1);
}

void add(ReadCounts& sum, const ReadCounts& more) {
  sum.lines += more.lines;
  sum.unreadable += more.unreadable;
  sum.foreign += more.foreign;
  if (sum.first_fault.empty()) sum.first_fault = more.first_fault;
}

}  // namespace

JournalWalk::JournalWalk(const std::string& path, ReadOrder order, const Span& span)
    : order_(order), span_(span), parts_(parts_of(path)) {
  if (order == ReadOrder::oldest_first) std::reverse(parts_.begin(), parts_.end());
  // What has not been made yet, or just been closed, is no trouble.
  std::erase_if(parts_, [this, &path](const JournalPart& part) {
    if (part.until != Time::max()) return !is_within(part);
    return !part.opened && ::access(path.c_str(), F_OK) != 0;
  });
  weights_.reserve(parts_.size());
  for (const auto& part : parts_) weights_.push_back(weight_of(part));
  weight_ = std::accumulate(weights_.begin(), weights_.end(), 0.0);
}

double JournalWalk::done() const noexcept {
  if (weight_ == 0) return 1;
  const auto under_way = reader_ ? reader_->done() * weights_[at_] : 0;
  return std::min(1.0, (weight_done_ + under_way) / weight_);
}

void JournalWalk::go_on() noexcept {
  weight_done_ += weights_[at_];
  ++at_;
}

bool JournalWalk::is_within(const JournalPart& part) const {
  if (span_.since && part.until + slack < *span_.since) return false;
  if ((!span_.until && span_.keys.empty()) || !part.segment) return true;
  const auto index = SegmentIndex::open(*part.segment);
  if (!index) return true;
  if (span_.until && index->summary().times.first >= index_time(*span_.until)) return false;
  return span_.keys.empty() || may_hold(*index, span_.keys);
}

Result<JournalReader> JournalWalk::open(JournalPart& part) const {
  if (part.opened) return JournalReader::of(std::move(part.opened), part.path, order_);
  if (!part.segment) return JournalReader::open(part.path, order_);
  // It may be compressed while we look.
  const auto now = as_it_is_now(*part.segment);
  auto reader = JournalReader::open(now ? now->file() : part.path, order_);
  if (reader || !now) return reader;
  const auto later = as_it_is_now(*now);
  return later ? JournalReader::open(later->file(), order_) : std::move(reader);
}

bool JournalWalk::open_next() {
  while (at_ < parts_.size()) {
    auto reader = open(parts_[at_]);
    if (reader) {
      reader_ = std::move(*reader);
      return true;
    }
    // Deleted when its time was over: as if it had not been listed.
    const auto& segment = parts_[at_].segment;
    if (!segment || as_it_is_now(*segment)) {
      for (auto& problem : reader.problems()) unread_.push_back(problem);
    }
    go_on();
  }
  return false;
}

void JournalWalk::leave() {
  add(counts_, reader_->counts());
  if (!reader_->read_error().empty()) unread_.push_back(plain_problem(reader_->read_error()));
  reader_.reset();
  go_on();
}

std::optional<JournalLine> JournalWalk::next_line() {
  while (reader_ || open_next()) {
    if (auto line = reader_->next_line()) return line;
    leave();
  }
  return std::nullopt;
}

std::optional<Record> JournalWalk::parse(const JournalLine& line) { return reader_->parse(line); }

std::optional<Record> JournalWalk::next() {
  while (const auto line = next_line()) {
    auto record = parse(*line);
    if (!record) continue;
    const auto time = record->transaction.time;
    if (span_.since && time < *span_.since) continue;
    if (span_.until && time >= *span_.until) continue;
    return record;
  }
  return std::nullopt;
}

ReadCounts JournalWalk::counts() const {
  auto sum = counts_;
  if (reader_) add(sum, reader_->counts());
  return sum;
}

}  // namespace postern

#include "journal/segment_index.h"

#include "journal/gzip.h"
#include "journal/key_filter.h"
#include "journal/timestamp.h"
#include "postern/reference.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace postern {
namespace {

// The last digit is the version: an index of another is made anew.
constexpr std::string_view magic = "postern index 1\n";
// Of a damaged file, so that no memory is asked for on its word: 16 million blocks are 4 TB.
constexpr std::uint64_t most_blocks = 16'777'216;
constexpr std::uint64_t most_policies = 1'000'000;
constexpr std::uint64_t largest_text = std::uint64_t{1} << 32U;
constexpr std::size_t digest_size = 64;
constexpr std::size_t fixed_size = 16 + 4 + 4 + 10 * 8;
constexpr std::size_t block_size = 9 * 8 + 2 * 4;

std::uint32_t check_of(std::string_view octets) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(octets.data()), octets.size()));
}

// Little-endian, whatever the machine: a journal may be copied to another one.
void put(std::string& out, std::uint64_t number, unsigned octets = 8) {
  for (unsigned i = 0; i < octets; ++i) out += static_cast<char>(number >> (8 * i) & 0xffU);
}
void put(std::string& out, const TimeRange& range) {
  put(out, static_cast<std::uint64_t>(range.first));
  put(out, static_cast<std::uint64_t>(range.last));
}

class Numbers {
 public:
  explicit Numbers(std::string_view octets) : rest_(octets) {}
  std::uint64_t next(unsigned octets = 8) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < octets; ++i) {
      number |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(octets);
    return number;
  }
  TimeRange range() {
    const auto first = static_cast<std::int64_t>(next());
    return {first, static_cast<std::int64_t>(next())};
  }

 private:
  std::string_view rest_;
};

bool read_at(int descriptor, std::uint64_t offset, std::uint64_t octets, std::string& into) {
  into.resize(octets);
  std::size_t got = 0;
  while (got < into.size()) {
    const ssize_t count =
        ::pread(descriptor, into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
    if (count > 0) {
      got += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

Problem damaged(const Segment& segment) {
  return plain_problem("the index " + segment.index() + " is damaged, or of another file",
                       "nothing is lost: the server makes it anew, and until then " +
                           segment.file() + " is read whole");
}

}  // namespace

std::int64_t index_time(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
}

void IndexBuilder::add_block(std::string_view text, std::uint64_t offset, std::uint64_t octets) {
  IndexBlock block;
  block.offset = offset;
  block.octets = octets;
  block.text_offset = summary_.text_octets;
  block.text_octets = text.size();
  keys_.clear();
  for (auto rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    if (!skim(line, line_)) {
      ++summary_.unreadable;
      continue;
    }
    ++summary_.records;
    if (is_of_a_pass(line_)) ++summary_.of_passes;
    if (const auto time = timestamp_from_text(line_.time)) block.times.add(index_time(*time));
    if (const auto reference = Reference::parse(line_.reference)) {
      block.references.add(index_time(reference->time()));
    }
    if (line_.policy.size() == digest_size && !summary_.policies.contains(line_.policy)) {
      summary_.policies.emplace(line_.policy);
    }
    for (const auto& key : line_.keys) keys_.push_back(key_number(key.kind, key.value));
  }
  const auto filter = make_key_filter(keys_);
  block.filter_offset = filters_.size();
  block.filter_octets = static_cast<std::uint32_t>(filter.size());
  block.filter_check = check_of(filter);
  filters_ += filter;
  summary_.octets = offset + octets;
  summary_.text_octets += text.size();
  summary_.times.add(block.times);
  blocks_.push_back(block);
}

std::string IndexBuilder::finish(SegmentForm form) const {
  std::string rest;
  const auto filters_at =
      fixed_size + blocks_.size() * block_size + summary_.policies.size() * digest_size;
  put(rest, form == SegmentForm::gzip ? 1 : 0, 4);
  put(rest, summary_.octets);
  put(rest, summary_.text_octets);
  put(rest, summary_.records);
  put(rest, summary_.of_passes);
  put(rest, summary_.unreadable);
  put(rest, summary_.times);
  put(rest, blocks_.size());
  put(rest, summary_.policies.size());
  put(rest, 0);
  for (const auto& block : blocks_) {
    put(rest, block.offset);
    put(rest, block.octets);
    put(rest, block.text_offset);
    put(rest, block.text_octets);
    put(rest, block.times);
    put(rest, block.references);
    put(rest, block.filter_offset + filters_at);
    put(rest, block.filter_octets, 4);
    put(rest, block.filter_check, 4);
  }
  for (const auto& policy : summary_.policies) rest += policy;
  std::string out(magic);
  put(out, check_of(rest), 4);
  return out + rest + filters_;
}

Result<SegmentIndex> SegmentIndex::open(const Segment& segment) {
  SegmentIndex index;
  index.file_.reset(::open(segment.index().c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!index.file_) {
    const int number = errno;
    if (number != ENOENT) {
      return plain_problem("cannot open " + segment.index() + ": " +
                           std::generic_category().message(number));
    }
    return plain_problem(segment.file() + " has no index yet and is read whole");
  }
  index.path_ = segment.file();
  index.data_.reset(::open(index.path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!index.data_ || ::fstat(index.data_.get(), &status) != 0) {
    return plain_problem("cannot open " + index.path_ + ": " +
                         std::generic_category().message(errno));
  }
  std::string head;
  if (!read_at(index.file_.get(), 0, fixed_size, head) || !head.starts_with(magic)) {
    return damaged(segment);
  }
  Numbers numbers(std::string_view(head).substr(magic.size()));
  const auto check = numbers.next(4);
  auto& summary = index.summary_;
  summary.form = numbers.next(4) == 1 ? SegmentForm::gzip : SegmentForm::plain;
  summary.octets = numbers.next();
  summary.text_octets = numbers.next();
  summary.records = numbers.next();
  summary.of_passes = numbers.next();
  summary.unreadable = numbers.next();
  summary.times = numbers.range();
  const auto blocks = numbers.next();
  const auto policies = numbers.next();
  std::string tables;
  if (summary.form != segment.form ||
      summary.octets != static_cast<std::uint64_t>(status.st_size) || blocks > most_blocks ||
      policies > most_policies ||
      !read_at(index.file_.get(), fixed_size, blocks * block_size + policies * digest_size,
               tables) ||
      check_of(head.substr(magic.size() + 4) + tables) != check) {
    return damaged(segment);
  }
  Numbers rows(tables);
  index.blocks_.resize(blocks);
  for (auto& block : index.blocks_) {
    block.offset = rows.next();
    block.octets = rows.next();
    block.text_offset = rows.next();
    block.text_octets = rows.next();
    block.times = rows.range();
    block.references = rows.range();
    block.filter_offset = rows.next();
    block.filter_octets = static_cast<std::uint32_t>(rows.next(4));
    block.filter_check = static_cast<std::uint32_t>(rows.next(4));
    if (block.octets > summary.octets || block.text_octets > largest_text) return damaged(segment);
  }
  for (std::uint64_t i = 0; i < policies; ++i) {
    summary.policies.insert(tables.substr(blocks * block_size + i * digest_size, digest_size));
  }
  return index;
}

bool SegmentIndex::read_filter(const IndexBlock& block, std::string& filter) const {
  return read_at(file_.get(), block.filter_offset, block.filter_octets, filter) &&
         check_of(filter) == block.filter_check;
}

SegmentIndex::Answer SegmentIndex::may_hold_any(const IndexBlock& block,
                                                const std::vector<std::uint64_t>& keys) const {
  std::string filter;
  if (!read_filter(block, filter)) return Answer::damaged;
  const bool perhaps = std::any_of(keys.begin(), keys.end(),
                                   [&](std::uint64_t key) { return may_hold(filter, key); });
  return perhaps ? Answer::perhaps : Answer::no;
}

SegmentIndex::Answer SegmentIndex::may_hold_all(const IndexBlock& block,
                                                const std::vector<std::uint64_t>& keys) const {
  if (keys.empty()) return Answer::perhaps;
  std::string filter;
  if (!read_filter(block, filter)) return Answer::damaged;
  const bool perhaps = std::all_of(keys.begin(), keys.end(),
                                   [&](std::uint64_t key) { return may_hold(filter, key); });
  return perhaps ? Answer::perhaps : Answer::no;
}

Result<std::string> SegmentIndex::read_block(const IndexBlock& block) const {
  std::string octets;
  if (!read_at(data_.get(), block.offset, block.octets, octets)) {
    return plain_problem("cannot read " + path_ + ", octet " + std::to_string(block.offset));
  }
  if (summary_.form == SegmentForm::plain) return octets;
  return unpack_member(octets, block.text_octets, path_);
}

}  // namespace postern

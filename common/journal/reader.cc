#include "journal/reader.h"

#include "journal/gzip.h"
#include "journal/record_parser.h"
#include "system/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern {
namespace {

// Octets read at a time: large enough that the system call costs nothing, small enough for a cache.
constexpr std::size_t block_size = 65'536;

std::string system_message(const std::string& what, const std::string& path, int number) {
  return "cannot " + what + ' ' + path + ": " + std::generic_category().message(number);
}

// What logrotate and gzip(1) put behind the name of a file they compress.
constexpr std::string_view packed_end = ".gz";
constexpr std::array<std::string_view, 4> unreadable_ends{".xz", ".bz2", ".zst", ".lz4"};

}  // namespace

struct JournalReader::State {
  State(std::string file_path, UniqueFd file, std::uint64_t octets, ReadOrder read_order)
      : path(std::move(file_path)), descriptor(std::move(file)), size(octets), order(read_order) {
    if (order == ReadOrder::newest_first) position = size;
  }

  std::string path;
  RecordParser parser;
  UniqueFd descriptor;
  std::uint64_t size;  // when opened
  ReadOrder order;
  // Forward: octets before it are in `block` or done with. Backward: octets from it on are.
  std::uint64_t position = 0;
  std::string block;      // what has been read and not yet handed out
  std::size_t begin = 0;  // forward: where the rest of `block` starts
  bool too_long = false;  // the line under way has outgrown the limit and is being passed over
  std::uint64_t line_offset = 0;  // forward: of the line under way
  std::uint64_t passed_over = 0;  // forward: octets of it that are no longer in `block`
  ReadCounts counts;
  std::string error;

  bool fill(std::uint64_t offset, std::size_t wanted, std::string& into);
  std::optional<JournalLine> next_forward();
  std::optional<JournalLine> next_backward();
  void count_fault(std::uint64_t offset, const std::string& fault);
  void count_too_long(std::uint64_t offset);
};

// Exactly `wanted` octets from `offset`; false at a read error or when the file has shrunk.
bool JournalReader::State::fill(std::uint64_t offset, std::size_t wanted, std::string& into) {
  into.resize(wanted);
  std::size_t got = 0;
  while (got < wanted) {
    const ssize_t count =
        pread(descriptor.get(), into.data() + got, wanted - got, static_cast<off_t>(offset + got));
    if (count > 0) {
      got += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      error = count == 0 ? path + " has become shorter while it was read"
                         : system_message("read", path, errno);
      return false;
    }
  }
  return true;
}

void JournalReader::State::count_fault(std::uint64_t offset, const std::string& fault) {
  ++counts.unreadable;
  if (counts.first_fault.empty()) {
    counts.first_fault = path + ", octet " + std::to_string(offset) + ": " + fault;
  }
}

void JournalReader::State::count_too_long(std::uint64_t offset) {
  ++counts.lines;
  count_fault(offset, "this line is longer than a record can be");
}

std::optional<JournalLine> JournalReader::State::next_forward() {
  std::size_t searched = begin;
  for (;;) {
    const auto end = block.find('\n', searched);
    if (end != std::string::npos || (position == size && begin < block.size())) {
      const std::size_t stop = std::min(end, block.size());
      JournalLine line{block.substr(begin, stop - begin), line_offset};
      line_offset += std::exchange(passed_over, 0) + line.text.size() + 1;
      begin = std::min(stop + 1, block.size());
      searched = begin;
      if (std::exchange(too_long, false) || line.text.size() > longest_journal_line) {
        count_too_long(line.offset);
      } else if (!line.text.empty()) {
        ++counts.lines;
        return line;
      }
      continue;
    }
    if (position == size || !error.empty()) {
      if (std::exchange(too_long, false)) count_too_long(line_offset);
      return std::nullopt;
    }
    if (block.size() - begin > longest_journal_line) {
      too_long = true;
      passed_over += block.size() - begin;
      begin = block.size();
    }
    block.erase(0, begin);
    begin = 0;
    searched = block.size();
    std::string more;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(block_size, size - position));
    if (!fill(position, wanted, more)) return std::nullopt;
    position += wanted;
    block += more;
  }
}

// `block` ends where the next line to hand out ends; its own line feed is already gone.
std::optional<JournalLine> JournalReader::State::next_backward() {
  std::size_t unsearched = block.size();
  for (;;) {
    const auto feed = unsearched == 0 ? std::string::npos : block.rfind('\n', unsearched - 1);
    if (feed != std::string::npos || (position == 0 && (!block.empty() || too_long))) {
      const std::size_t start = feed == std::string::npos ? 0 : feed + 1;
      JournalLine line{block.substr(start), position + start};
      block.resize(feed == std::string::npos ? 0 : feed);
      unsearched = block.size();
      if (std::exchange(too_long, false) || line.text.size() > longest_journal_line) {
        count_too_long(line.offset);
      } else if (!line.text.empty()) {
        ++counts.lines;
        return line;
      }
      continue;
    }
    if (position == 0 || !error.empty()) return std::nullopt;
    if (block.size() > longest_journal_line) {
      too_long = true;
      block.clear();
    }
    std::string more;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, position));
    if (!fill(position - wanted, wanted, more)) return std::nullopt;
    position -= wanted;
    unsearched = more.size();
    more += block;
    block = std::move(more);
  }
}

JournalReader::JournalReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
JournalReader::~JournalReader() = default;
JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;

Result<JournalReader> JournalReader::open(const std::string& path, ReadOrder order) {
  // O_NONBLOCK: opening a pipe by mistake must not hang.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) {
    const int error = errno;
    return plain_problem(system_message("open", path, error),
                         error == EACCES
                             ? "root may read it, and the group that the file belongs to"
                             : "the key journal.path of the configuration names the journal");
  }
  return of(std::move(file), path, order);
}

Result<JournalReader> JournalReader::of(UniqueFd file, const std::string& path, ReadOrder order) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return plain_problem(path + " is no regular file");
  }
  for (const auto end : unreadable_ends) {
    if (path.ends_with(end)) {
      return plain_problem(path + " is compressed in a way that is not read here",
                           "unpack it beside the others, or let logrotate use gzip");
    }
  }
  if (path.ends_with(packed_end)) {
    auto unpacked = unpack_gzip(file, path);
    if (!unpacked) return unpacked.problems();
    file = std::move(*unpacked);
    if (fstat(file.get(), &status) != 0) return plain_problem(system_message("read", path, errno));
  }
  return JournalReader(std::make_unique<State>(path, std::move(file),
                                               static_cast<std::uint64_t>(status.st_size), order));
}

std::optional<JournalLine> JournalReader::next_line() {
  return state_->order == ReadOrder::oldest_first ? state_->next_forward()
                                                  : state_->next_backward();
}

std::optional<Record> JournalReader::parse(const JournalLine& line) {
  auto record = state_->parser.parse(line.text);
  if (record) return std::move(record).value();
  state_->count_fault(line.offset, record.problems().front().message);
  return std::nullopt;
}

std::optional<Record> JournalReader::next() {
  while (const auto line = next_line()) {
    if (auto record = parse(*line)) return record;
  }
  return std::nullopt;
}

const ReadCounts& JournalReader::counts() const noexcept { return state_->counts; }

double JournalReader::done() const noexcept {
  const auto& state = *state_;
  if (state.size == 0) return 1;
  const auto ahead = state.block.size() - state.begin;
  const auto left = state.order == ReadOrder::oldest_first ? state.size - state.position + ahead
                                                           : state.position + ahead;
  return 1 - static_cast<double>(left) / static_cast<double>(state.size);
}

const std::string& JournalReader::read_error() const noexcept { return state_->error; }

}  // namespace postern

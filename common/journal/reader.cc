#include "journal/reader.h"

#include "journal/journal_text.h"
#include "journal/record_parser.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <utility>
#include <vector>

namespace postern {

struct JournalReader::State {
  State(std::string file_path, std::unique_ptr<JournalText> octets, ReadOrder read_order)
      : path(std::move(file_path)), text(std::move(octets)), order(read_order) {
    if (order == ReadOrder::newest_first) position = text->size();
  }

  std::string path;
  RecordParser parser;
  std::unique_ptr<JournalText> text;
  ReadOrder order;
  // Forward: octets before it are in `block` or done with. Backward: octets from it on are.
  std::uint64_t position = 0;
  bool at_end = false;    // of the text
  std::string block;      // what has been read and not yet handed out
  std::size_t begin = 0;  // forward: where the rest of `block` starts
  // Backward: pieces without a line feed behind `block`, the last one first. They are joined once:
  // a hole of megabytes would be copied at every piece.
  std::vector<std::string> behind;
  std::size_t behind_octets = 0;
  bool too_long = false;  // the line under way has outgrown the limit and is being passed over
  std::uint64_t line_offset = 0;  // forward: of the line under way
  std::uint64_t passed_over = 0;  // forward: octets of it that are no longer in `block`
  ReadCounts counts;
  std::string error;

  bool fill(std::string& more);
  std::optional<JournalLine> next_forward();
  std::optional<JournalLine> next_backward();
  std::nullopt_t given_up();
  void put_behind();
  std::string taken_from(std::size_t start);
  void count_fault(std::uint64_t offset, const std::string& fault);
  void count_too_long(std::uint64_t offset);
};

bool JournalReader::State::fill(std::string& more) {
  if (at_end) return false;
  if (text->next(more)) return true;
  at_end = true;
  error = text->error();
  if (error.empty()) error = damage_text(text->damage(), path);
  return false;
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

/// What was left when reading failed is a line of nothing.
std::nullopt_t JournalReader::State::given_up() {
  block.clear();
  begin = 0;
  behind.clear();
  too_long = false;
  return std::nullopt;
}

std::optional<JournalLine> JournalReader::State::next_forward() {
  std::size_t searched = begin;
  for (;;) {
    const auto end = block.find('\n', searched);
    if (end != std::string::npos || (at_end && begin < block.size())) {
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
    if (at_end) {
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
    if (!fill(more) && !text->error().empty()) return given_up();
    position += more.size();
    block += more;
  }
}

/// The line under way goes on before what has been read of it.
void JournalReader::State::put_behind() {
  behind_octets += block.size();
  behind.push_back(std::exchange(block, {}));
  if (too_long || behind_octets > longest_journal_line) {
    too_long = true;
    behind.clear();
    behind_octets = 0;
  }
}

/// What stands in `block` from `start` on, with all that is behind it.
std::string JournalReader::State::taken_from(std::size_t start) {
  auto line = block.substr(start);
  line.reserve(line.size() + behind_octets);
  for (auto piece = behind.rbegin(); piece != behind.rend(); ++piece) line += *piece;
  behind.clear();
  behind_octets = 0;
  return line;
}

// `block` ends where the next line to hand out ends, or goes on in `behind`; the line feed at its
// end is already gone.
std::optional<JournalLine> JournalReader::State::next_backward() {
  for (;;) {
    const auto feed = block.rfind('\n');
    const bool first = at_end && (!block.empty() || !behind.empty() || too_long);
    if (feed != std::string::npos || first) {
      const std::size_t start = feed == std::string::npos ? 0 : feed + 1;
      JournalLine line{taken_from(start), position + start};
      block.resize(feed == std::string::npos ? 0 : feed);
      if (std::exchange(too_long, false) || line.text.size() > longest_journal_line) {
        count_too_long(line.offset);
      } else if (!line.text.empty()) {
        ++counts.lines;
        return line;
      }
      continue;
    }
    if (at_end) return std::nullopt;
    if (!block.empty()) put_behind();
    if (!fill(block) && !text->error().empty()) return given_up();
    position -= block.size();
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
    return plain_problem("cannot open " + path + ": " + std::generic_category().message(error),
                         error == EACCES
                             ? "root may read it, and the group that the file belongs to"
                             : "the key journal.path of the configuration names the journal");
  }
  return of(std::move(file), path, order);
}

Result<JournalReader> JournalReader::of(UniqueFd file, const std::string& path, ReadOrder order) {
  auto text = JournalText::of(std::move(file), path, order);
  if (!text) return text.problems();
  return JournalReader(std::make_unique<State>(path, std::move(*text), order));
}

std::optional<JournalLine> JournalReader::next_line() {
  return state_->order == ReadOrder::oldest_first ? state_->next_forward()
                                                  : state_->next_backward();
}

std::optional<Record> JournalReader::parse(const JournalLine& line) {
  auto record = state_->parser.parse(line.text);
  if (record) return std::move(record).value();
  if (state_->parser.was_whole()) ++state_->counts.foreign;
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

double JournalReader::done() const noexcept { return state_->text->done(); }

const std::string& JournalReader::read_error() const noexcept { return state_->error; }

}  // namespace postern

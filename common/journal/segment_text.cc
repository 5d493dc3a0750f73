#include "journal/segment_text.h"

#include "journal/journal_text.h"
#include "journal/record.h"
#include "journal/segment_index.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace postern {
namespace {

// Octets that are kept in memory for the end of a line; without one by then they are no record.
constexpr std::size_t longest_wait = longest_journal_line + segment_block;

// A file that somebody copies here may stand still for as long.
constexpr std::chrono::hours copied_within{1};

}  // namespace

struct SegmentText::State {
  std::string path;
  std::unique_ptr<JournalText> text;
  OnDamage on_damage = OnDamage::fail;
  std::chrono::system_clock::time_point written;
  std::string text_read;
  std::size_t begin = 0;     // of what has not been handed out
  std::size_t searched = 0;  // octets from there on without a line feed
  std::string more;
  bool at_end = false;

  std::string_view unread() const { return std::string_view(text_read).substr(begin); }

  /// Octets of the next block; 0: more has to be read first, or there is nothing left.
  std::size_t block_in(std::string_view rest) {
    if (rest.size() < segment_block) return at_end ? rest.size() : 0;
    const auto last = searched == 0 ? rest.rfind('\n', segment_block - 1) : rest.npos;
    if (last != rest.npos) return last + 1;
    // Only what is new: a hole without line feeds would be searched again and again.
    const auto next = rest.find('\n', std::max(searched, segment_block));
    searched = rest.size();
    if (next != rest.npos) return next + 1;
    return at_end || rest.size() > longest_wait ? rest.size() : 0;
  }

  Problems fill() {
    at_end = !text->next(more);
    text_read.erase(0, begin);
    begin = 0;
    if (!at_end) text_read += more;
    if (!text->error().empty()) return {plain_problem(text->error())};
    const auto damage = text->damage();
    if (!damage.any()) return {};
    const bool on_its_way =
        damage.end_missing && std::chrono::system_clock::now() < written + copied_within;
    if (on_damage == OnDamage::fail || on_its_way)
      return {plain_problem(damage_text(damage, path))};
    return {};
  }
};

SegmentText::SegmentText(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentText::~SegmentText() = default;
SegmentText::SegmentText(SegmentText&&) noexcept = default;
SegmentText& SegmentText::operator=(SegmentText&&) noexcept = default;

Result<SegmentText> SegmentText::open(const std::string& path, OnDamage damage) {
  return of(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)), path,
            damage);
}

Result<SegmentText> SegmentText::of(UniqueFd file, const std::string& path, OnDamage damage) {
  auto state = std::make_unique<State>();
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return plain_problem("cannot open " + path + ": " + std::generic_category().message(errno));
  }
  state->path = path;
  state->on_damage = damage;
  state->written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
  auto text = JournalText::of(std::move(file), path, ReadOrder::oldest_first);
  if (!text) return text.problems();
  state->text = std::move(*text);
  return SegmentText(std::move(state));
}

Result<bool> SegmentText::next(std::string& block) {
  auto& state = *state_;
  block.clear();
  while (true) {
    const auto rest = state.unread();
    const auto octets = state.block_in(rest);
    if (octets > 0) {
      block = rest.substr(0, octets);
      state.begin += octets;
      state.searched = 0;
      return true;
    }
    if (state.at_end) return false;
    if (auto problems = state.fill(); !problems.empty()) return problems;
  }
}

GzipDamage SegmentText::damage() const { return state_->text->damage(); }

}  // namespace postern

#include "journal/segment_text.h"

#include "journal/record.h"
#include "journal/segment_index.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <zlib.h>

namespace postern {
namespace {

// Octets that are kept in memory for the end of a line; without one by then they are no record.
constexpr std::size_t longest_wait = longest_journal_line + segment_block;

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

struct Close {
  void operator()(gzFile file) const { ::gzclose_r(file); }
};

}  // namespace

struct SegmentText::State {
  std::string path;
  std::unique_ptr<gzFile_s, Close> file;
  std::string rest;
  bool at_end = false;

  Problems fill() {
    const auto before = rest.size();
    rest.resize(before + segment_block);
    const int got = ::gzread(file.get(), rest.data() + before, segment_block);
    rest.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    if (got > 0) return {};
    int error = Z_OK;
    ::gzerror(file.get(), &error);
    if (error == Z_ERRNO) return {failed("read", path)};
    if (error != Z_OK) {
      return {plain_problem("cannot unpack " + path + ": " +
                            (error == Z_BUF_ERROR ? "its end is missing" : "it is damaged"))};
    }
    at_end = true;
    return {};
  }
};

SegmentText::SegmentText(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentText::~SegmentText() = default;
SegmentText::SegmentText(SegmentText&&) noexcept = default;
SegmentText& SegmentText::operator=(SegmentText&&) noexcept = default;

Result<SegmentText> SegmentText::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  // "e": not inherited by children. Plain files are read as they are.
  state->file.reset(::gzopen(path.c_str(), "rbe"));
  if (!state->file) return failed("open", path);
  return SegmentText(std::move(state));
}

Result<SegmentText> SegmentText::of(UniqueFd file, const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->file.reset(::gzdopen(file.get(), "rb"));
  if (!state->file) return failed("open", path);
  static_cast<void>(file.release());  // gzclose closes it
  return SegmentText(std::move(state));
}

Result<bool> SegmentText::next(std::string& block) {
  auto& rest = state_->rest;
  block.clear();
  while (true) {
    if (rest.size() >= segment_block || state_->at_end) {
      auto end = rest.rfind('\n');
      if (state_->at_end || (end == std::string::npos && rest.size() > longest_wait)) {
        end = rest.size() - (rest.empty() ? 0 : 1);
      }
      if (rest.empty()) return false;
      if (end != std::string::npos) {
        block = rest.substr(0, end + 1);
        rest.erase(0, end + 1);
        return true;
      }
    }
    if (auto problems = state_->fill(); !problems.empty()) return problems;
  }
}

}  // namespace postern

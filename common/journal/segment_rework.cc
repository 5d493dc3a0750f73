#include "journal/segment_rework.h"

#include "journal/gzip.h"
#include "journal/journal_file.h"
#include "journal/unfinished_file.h"

#include <cerrno>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <unordered_set>

namespace postern {
namespace {

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

// Tells which lines stay when the passes go.
class Sieve {
 public:
  /// Looks through the whole text: a join stays if anything else of its session does.
  Result<bool> look(const Segment& segment, OnDamage on_damage,
                    const std::function<bool()>& go_on) {
    auto text = SegmentText::open(segment.file(), on_damage);
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

std::uint64_t edit_lines(std::string& block, const LineEdit& edit) {
  std::string edited;
  std::uint64_t changed = 0;
  std::string line;
  each_line(block, [&](std::string_view each) {
    line = each;
    if (edit(line)) ++changed;
    if (!line.empty()) edited.append(line) += '\n';
  });
  if (changed > 0) block = std::move(edited);
  return changed;
}

Result<Reworked> rework(const Segment& segment, const SegmentWork& work,
                        const std::function<bool()>& go_on) {
  Reworked result;
  Sieve sieve;
  const bool drop = work.passes == Passes::drop;
  const bool index_alone =
      !drop && !work.edit && work.form == SegmentForm::plain && segment.form == SegmentForm::plain;
  if (drop) {
    const auto looked = sieve.look(segment, work.on_damage, go_on);
    if (!looked) return looked.problems();
    if (!*looked) return result;
  }
  // Another hand has given it the name of a closed one; its writer does not know yet.
  if (segment.form == SegmentForm::plain && is_written_to(segment.file())) {
    return plain_problem(segment.file() + " is still written to",
                         "`postern reopen` lets the server leave it");
  }
  struct stat before {};
  if (::stat(segment.file().c_str(), &before) != 0) return failed("read", segment.file());
  auto text = SegmentText::open(segment.file(), work.on_damage);
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
    if (work.edit) result.changed += edit_lines(block, work.edit);
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
  result.damage = text->damage();

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

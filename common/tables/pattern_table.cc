// Patterns (RE2), all tried in one pass over the text.

#include "tables/kinds.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <utility>

namespace postern {
namespace {

// More would take minutes to compile and gigabytes to match; and no person has written them.
constexpr std::size_t most_patterns = 10'000;

// Octets of automaton for one pattern, as for `matches` in conditions: RE2 rejects greater ones
// when the table loads.
constexpr std::int64_t pattern_memory = 1 << 20;
// For all of them together: the automaton grows with what is looked up, up to this.
constexpr std::int64_t set_memory_first = 16 << 20;
constexpr std::int64_t set_memory_each = 32 << 10;

RE2::Options options_for(LocalPartCase letters, std::int64_t memory) {
  // Octets, not glyphs: what MTAs hand over need not be UTF-8.
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(memory);
  options.set_case_sensitive(letters == LocalPartCase::exact);
  return options;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

class PatternTable final : public Table {
 public:
  PatternTable(EntryList entries, const TableOptions& options, TableFaults& faults,
               RepeatedEntries& repeated)
      : Table(TableKind::pattern, std::move(entries)),
        all_(options_for(options.local_part_case,
                         set_memory_first + set_memory_each * static_cast<std::int64_t>(std::min(
                                                                  entries_.size(), most_patterns))),
             RE2::UNANCHORED) {
    if (entries_.size() > most_patterns) {
      faults.add(entry_problem(entries_, most_patterns,
                               "a table of patterns has " + grouped(most_patterns) +
                                   " entries at most, and this one " + grouped(entries_.size()),
                               "lists of plain domains, addresses or words are tables of kind "
                               "\"domain\", \"address\" or \"string\", which have no such limit"));
      return;
    }
    patterns_.reserve(entries_.size());
    seen_.reserve(entries_.size());
    for (std::uint32_t i = 0; i < entries_.size(); ++i) add(i, options, faults, repeated);
    if (!faults.any() && !patterns_.empty() && !all_.Compile()) {
      Problem problem;
      problem.position = {entries_.file(), 0, 0};
      problem.message = "these patterns are too much to be tried together";
      problem.hint = "divide them among several tables, or make repetitions such as {100} shorter";
      faults.add(std::move(problem));
    }
  }

 private:
  void add(std::uint32_t entry, const TableOptions& options, TableFaults& faults,
           RepeatedEntries& repeated) {
    const auto text = entries_.text(entry);
    auto pattern =
        std::make_unique<RE2>(piece(text), options_for(options.local_part_case, pattern_memory));
    if (text.empty()) {
      faults.add(entry_problem(entries_, entry, "an empty pattern fits everything",
                               "write \".\" if that is meant"));
    } else if (!pattern->ok()) {
      faults.add(no_pattern(entry, *pattern));
    } else {
      all_.Add(piece(text), nullptr);
      seen_.add(text, entry, entries_, repeated);
    }
    patterns_.push_back(std::move(pattern));
  }

  Problem no_pattern(std::uint32_t entry, const RE2& pattern) const {
    auto problem = entry_problem(entries_, entry, "this is not a pattern: " + pattern.error(),
                                 "patterns are written as RE2 has them");
    const auto& fragment = pattern.error_arg();
    const auto at = entries_.text(entry).find(fragment);
    if (!fragment.empty() && at != std::string_view::npos && problem.position.column > 0) {
      problem.position.column += static_cast<unsigned>(at);
      problem.length = static_cast<unsigned>(fragment.size());
    }
    return problem;
  }

  std::uint32_t look_up(std::string_view text, Time at) const override {
    if (text.empty() || patterns_.empty()) return none;
    std::vector<int> found;
    RE2::Set::ErrorInfo error{};
    if (all_.Match(piece(text), &found, &error)) {
      std::sort(found.begin(), found.end());
      for (const int number : found) {
        const auto entry = static_cast<std::uint32_t>(number);
        if (entries_.valid(entry, at)) return entry;
      }
      return none;
    }
    if (error.kind == RE2::Set::kNoError) return none;
    // The automaton of all has no room for this text. One after the other they always have.
    for (std::uint32_t entry = 0; entry < patterns_.size(); ++entry) {
      if (entries_.valid(entry, at) && RE2::PartialMatch(piece(text), *patterns_[entry])) {
        return entry;
      }
    }
    return none;
  }

  RE2::Set all_;
  std::vector<std::unique_ptr<RE2>> patterns_;
  KeyedEntries seen_;  ///< by their texts, to tell what stands twice
};

}  // namespace

TableBuild build_pattern_table(EntryList entries, const TableOptions& options, TableFaults& faults,
                               RepeatedEntries& repeated) {
  return std::make_shared<PatternTable>(std::move(entries), options, faults, repeated);
}

}  // namespace postern

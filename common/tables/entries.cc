#include "tables/entries.h"

#include "model/time_text.h"

#include <algorithm>
#include <utility>

namespace postern {

std::optional<EntryList::Slice> EntryList::keep(std::string_view text) {
  std::size_t begin = 0;
  if (shared_) {
    if (text.empty()) return Slice{};
    begin = static_cast<std::size_t>(text.data() - shared_->data());
  } else {
    begin = own_.size();
  }
  if (begin + text.size() >= no_value) return {};
  if (!shared_) own_.append(text);
  return Slice{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(text.size())};
}

bool EntryList::add(std::string_view text, unsigned line, unsigned column) {
  const auto kept = keep(text);
  if (!kept || places_.size() >= no_value) return false;
  places_.push_back({*kept, line, column});
  return true;
}

void EntryList::set_value(std::string_view value) {
  const auto kept = keep(value);
  if (!kept) return;
  values_.resize(places_.size(), Slice{no_value, 0});
  values_.back() = *kept;
}

void EntryList::set_note(std::string_view note) {
  const auto kept = keep(note);
  if (!kept || note.empty()) return;
  notes_.push_back({static_cast<std::uint32_t>(places_.size() - 1), *kept});
}

void EntryList::set_last_day(Day day) {
  last_days_.resize(places_.size(), no_day);
  last_days_.back() = static_cast<std::int32_t>(day.time_since_epoch().count());
}

std::optional<std::string_view> EntryList::value(std::size_t entry) const {
  if (entry >= values_.size() || values_[entry].begin == no_value) return {};
  return slice(values_[entry]);
}

std::string_view EntryList::note(std::size_t entry) const {
  const auto found =
      std::lower_bound(notes_.begin(), notes_.end(), entry,
                       [](const Note& note, std::size_t e) { return note.entry < e; });
  if (found == notes_.end() || found->entry != entry) return {};
  return slice(found->text);
}

std::optional<Day> EntryList::last_day(std::size_t entry) const {
  if (!ever_expires(entry)) return {};
  return Day(std::chrono::days(last_days_[entry]));
}

std::string EntryList::content() const {
  std::string text;
  text.reserve(block().size());
  if (values_.empty() && last_days_.empty() && notes_.empty()) {
    for (const auto& place : places_) text.append(slice(place.text)) += '\n';
    return text;
  }
  // Lengths, because a value may hold whatever separates it from the next entry.
  const auto append = [&](std::string_view part) {
    text.append(std::to_string(part.size())).append(":").append(part);
  };
  auto note = notes_.begin();
  for (std::size_t entry = 0; entry < places_.size(); ++entry) {
    append(this->text(entry));
    if (const auto value = this->value(entry)) append(*value);
    if (const auto day = last_day(entry)) text += " until " + day_text(*day);
    if (note != notes_.end() && note->entry == entry) {
      text += '#';
      append(slice(note->text));
      ++note;
    }
    text += '\n';
  }
  return text;
}

void TableFaults::add(Problem problem) {
  if (problem.severity == Severity::error) ++count_;
  if (shown_.size() <= most_shown) shown_.push_back(std::move(problem));
}

Problems TableFaults::take() {
  auto problems = std::exchange(shown_, {});
  if (problems.size() > most_shown) {
    const auto more = count_ - most_shown;
    problems.resize(most_shown + 1);
    auto& last = problems.back();
    if (more > 1) {
      last.message = "and " + grouped(more) + " more faults in this table, from here on";
      last.hint.clear();
    }
  }
  count_ = 0;
  sort_by_position(problems);
  return problems;
}

Problem entry_problem(const EntryList& entries, std::size_t entry, std::string message,
                      std::string hint) {
  Problem problem;
  problem.position = entries.position(entry);
  problem.length = static_cast<unsigned>(std::max<std::size_t>(1, entries.text(entry).size()));
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  return problem;
}

void add_source_lines(Problems& problems, const std::string& file, std::string_view text) {
  std::vector<Problem*> waiting;
  for (auto& problem : problems) {
    if (problem.position.file == file && problem.position.line > 0 && problem.source_line.empty()) {
      waiting.push_back(&problem);
    }
  }
  std::stable_sort(waiting.begin(), waiting.end(), [](const Problem* a, const Problem* b) {
    return a->position.line < b->position.line;
  });
  // A byte-order mark is no part of the text that positions count.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  unsigned line = 1;
  for (auto* problem : waiting) {
    while (line < problem->position.line) {
      const auto end = text.find('\n');
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
      ++line;
    }
    auto shown = text.substr(0, text.find('\n'));
    if (!shown.empty() && shown.back() == '\r') shown.remove_suffix(1);
    problem->source_line = shown;
  }
}

std::string grouped(std::size_t number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

}  // namespace postern

#include "rules/findings.h"

#include "tables/table.h"

#include <algorithm>
#include <utility>

namespace postern::expression {
namespace {

void add(std::vector<Question>& questions, Question&& question) {
  if (std::find(questions.begin(), questions.end(), question) == questions.end()) {
    questions.push_back(std::move(question));
  }
}

}  // namespace

void Findings::reserve(std::size_t tests) {
  if (outcome_->evidence.capacity() == 0) outcome_->evidence.reserve(2 * tests);
}

void Findings::note(Evidence evidence) {
  auto& all = outcome_->evidence;
  if (std::find(all.begin(), all.end(), evidence) == all.end()) all.push_back(std::move(evidence));
}

void Findings::note_table(const Test& test, const std::optional<TableHit>& hit) {
  note({test.table_name, hit ? std::string(hit->entry) : std::string(), source_of(test, hit)});
}

void Findings::ask(const Test& test, Question question) {
  open_.push_back({std::move(question), &test});
}

Truth Findings::unavailable(QuestionKind kind, std::string_view what, std::string_view why) {
  if (wanted()) {
    std::string text(what);
    text.append(": ").append(why);
    causes_.push_back({std::move(text), kind});
  }
  return Truth::unavailable;
}

void Findings::finish(Truth truth) {
  outcome_->truth = truth;
  if (truth == Truth::unavailable && !causes_.empty()) {
    // That no single recipient is known is how it must be for several; what is missing besides is
    // what somebody can see to.
    const auto found = std::find_if(causes_.begin(), causes_.end(), [](const Cause& cause) {
      return cause.kind != QuestionKind::recipients;
    });
    auto& cause = found == causes_.end() ? causes_.front() : *found;
    outcome_->cause = std::move(cause.text);
    outcome_->cause_kind = cause.kind;
  }
  if (truth != Truth::unknown) return;
  for (auto& open : open_) {
    if (open.question.cost == QuestionCost::free) {
      add(outcome_->free_questions, std::move(open.question));
    }
  }
  outcome_->questions = outcome_->free_questions;
  if (!outcome_->questions.empty()) return;
  // Only when no free answer can settle the matter any more, the first costly test asks: so what
  // is asked does not depend on the order in which answers arrive.
  for (auto& open : open_) {
    if (open.test == open_.front().test) {
      add(outcome_->questions, std::move(open.question));
    }
  }
}

AnswerSource source_of(const Test& test, const std::optional<TableHit>& hit) {
  AnswerSource source;
  source.name = "table";
  source.digest = test.table->digest();
  if (!hit) return source;
  source.file = hit->file;
  source.line = hit->line;
  source.mapped = hit->value;
  // Written by people, and a record has many such places: a page of text is no note.
  source.note = annotation_text(*hit).substr(0, longest_note);
  return source;
}

}  // namespace postern::expression

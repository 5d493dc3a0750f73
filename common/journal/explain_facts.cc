#include "journal/explain_parts.h"
#include "journal/timestamp.h"
#include "model/text.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace postern {
namespace {

// As much of a digest as tells two tables apart at a glance.
constexpr std::size_t shown_digest = 16;

std::string age_text(std::chrono::seconds age) {
  return std::to_string(age.count()) + (age.count() == 1 ? " second" : " seconds") + " old";
}

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// "+01:00".
std::string offset_text(std::chrono::seconds offset) {
  const auto minutes = std::abs(offset.count()) / 60;
  return (offset.count() < 0 ? "-" : "+") + two_digits(minutes / 60) + ':' +
         two_digits(minutes % 60);
}

/// "14:55:39", on the clock of the host.
std::string local_clock(const Transaction& transaction) {
  const auto text = timestamp(transaction.time + transaction.utc_offset);
  return text.substr(text.find('T') + 1, std::string_view("14:55:39").size());
}

}  // namespace

std::string answer_text(const Answer& answer) {
  switch (answer.state) {
    case Answer::State::empty:
      return "nothing";
    case Answer::State::unavailable:
      return "no answer (" + answer.cause + ')';
    case Answer::State::value:
      break;
  }
  // Of a domain with a hundred TXT records the first tell enough; the record has them all.
  constexpr std::size_t most_shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(answer.values.size(), most_shown); ++i) {
    text += (i == 0 ? "" : ", ") + answer.values[i];
  }
  if (answer.values.size() > most_shown) {
    text += " and " + std::to_string(answer.values.size() - most_shown) + " more";
  }
  return text;
}

std::string source_text(const AnswerSource& source) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? " (" : ", ") + part;
  };
  add(source.name);
  if (source.age.count() > 0) add(age_text(source.age));
  if (!source.file.empty()) {
    add(source.file + (source.line != 0 ? ':' + std::to_string(source.line) : std::string()));
  }
  if (!source.mapped.empty()) add("value " + quoted(source.mapped));
  add(source.note);
  if (source.elapsed.count() > 0) {
    add("after " + std::to_string(source.elapsed.count()) + " microseconds");
  }
  if (!source.digest.empty()) add("content " + source.digest.substr(0, shown_digest));
  return text.empty() ? text : text + ')';
}

void tell_told_besides(Page& page, const Record& record) {
  const Transaction& transaction = record.transaction;
  if (!transaction.server_address.empty()) {
    page.field("Our address", transaction.server_address +
                                  (transaction.server_port == 0
                                       ? std::string()
                                       : " port " + std::to_string(transaction.server_port)));
  }
  if (transaction.utc_offset.count() != 0) {
    page.field("Local time",
               local_clock(transaction) + " (" + offset_text(transaction.utc_offset) + ')');
  }
  page.field("List", transaction.policy_context);
  bool first = true;
  for (const auto& [name, value] : transaction.macros) {
    page.field(first ? "Macros" : "", name + " = " + (value.empty() ? "(empty)" : value));
    first = false;
  }
}

void tell_asked(Page& page, const Record& record) {
  const auto& facts = record.facts.all();
  const bool any = std::any_of(facts.begin(), facts.end(),
                               [](const auto& fact) { return !is_dns(fact.first.kind); });
  if (!any) return;
  page.section("What else was asked");
  for (const auto& [question, answer] : facts) {
    if (is_dns(question.kind)) continue;
    std::string text(to_text(question.kind));
    for (const auto* part : {&question.subject, &question.key}) {
      if (!part->empty()) text += ' ' + *part;
    }
    page.paragraph(text + ": " + answer_text(answer) + source_text(answer.source), 2, 6);
  }
}

}  // namespace postern

#include "checks/spf_check.h"
#include "journal/explain_parts.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postern {
namespace {

bool is_dns(QuestionKind kind) noexcept {
  return kind == QuestionKind::dns || kind == QuestionKind::spf ||
         kind == QuestionKind::reverse_dns || kind == QuestionKind::helo_dns ||
         kind == QuestionKind::sender_dns;
}

std::string said(const Answer& answer) {
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

std::string came_by(const AnswerSource& source) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? " (" : ", ") + part;
  };
  add(source.name);
  add(source.note);
  if (source.elapsed.count() > 0) {
    add("after " + std::to_string(source.elapsed.count()) + " microseconds");
  }
  return text.empty() ? text : text + ')';
}

void tell_step(Page& page, const SpfStep& step, std::size_t depth) {
  // Deeper ones stand below each other, or they would have no room.
  constexpr std::size_t most_indented = 12;
  const auto indent = 2 + 2 * std::min(depth, most_indented);
  std::string line = step.term.empty() ? step.domain : step.term;
  if (!step.target.empty()) line += " (" + step.target + ')';
  page.paragraph(line + ": " + step.outcome, indent, indent + 4);
  for (const auto& each : step.steps) tell_step(page, each, depth + 1);
}

/// The evaluation of `identity`, made again from the recorded answers; nothing if SPF was not asked
/// about it, or not to its end.
std::optional<SpfOutcome> spf_again(const Record& record, SpfIdentity identity) {
  const auto request = spf_request(record.transaction, SpfCheckSettings{identity, {}, record.host});
  if (!request || request->domain.empty()) return {};
  bool asked = false;
  auto outcome = spf(
      *request, {},
      [&](const Question& question) {
        const auto* answer = record.facts.find(question);
        asked = asked || answer != nullptr;
        return answer;
      },
      SpfTrace::wanted);
  if (!asked || outcome.state == SpfOutcome::State::open) return {};
  return outcome;
}

/// Whether the trail holds the check with another value: it had other limits than we.
bool is_contradicted(const Record& record, std::string_view check, SpfResult result) {
  const auto differs = [&](const Evidence& evidence) {
    return evidence.name == check && evidence.value != to_text(result);
  };
  return std::any_of(record.decision.trail.begin(), record.decision.trail.end(),
                     [&](const TrailEntry& entry) {
                       return std::any_of(entry.evidence.begin(), entry.evidence.end(), differs);
                     });
}

void tell_spf(Page& page, const Record& record, SpfIdentity identity) {
  const auto outcome = spf_again(record, identity);
  const bool helo = identity == SpfIdentity::helo;
  if (!outcome || is_contradicted(record, helo ? "spf_helo" : "spf", outcome->result)) return;
  page.section(helo ? "SPF of the HELO name, step by step" : "SPF of the sender, step by step");
  tell_step(page, outcome->trace, 0);
  page.paragraph(std::to_string(outcome->lookups) + " of 10 terms that ask DNS, " +
                     std::to_string(outcome->voids) + " of 2 without an answer.",
                 2);
}

}  // namespace

void tell_dns(Page& page, const Record& record) {
  const auto& facts = record.facts.all();
  const bool any = std::any_of(facts.begin(), facts.end(),
                               [](const auto& fact) { return is_dns(fact.first.kind); });
  if (!any) return;
  tell_spf(page, record, SpfIdentity::helo);
  tell_spf(page, record, SpfIdentity::mail_from);
  page.section("What DNS said");
  for (const auto& [question, answer] : facts) {
    if (!is_dns(question.kind)) continue;
    page.paragraph(
        question.key + ' ' + question.subject + ": " + said(answer) + came_by(answer.source), 2, 6);
  }
}

}  // namespace postern

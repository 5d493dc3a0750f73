#include "checks/spf_check.h"
#include "journal/explain_parts.h"

#include <algorithm>
#include <optional>

namespace postern {
namespace {

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
    page.paragraph(question.key + ' ' + question.subject + ": " + answer_text(answer) +
                       source_text(answer.source),
                   2, 6);
  }
}

}  // namespace postern

// How long an answer may take, against how long mail servers wait for it. At the policy service
// Postfix waits 100 s, which no policy reaches (docs/configuration.md); at the milter the deadline
// and the delays of rules together can.

#include "rules/delays.h"
#include "rules/loader_reviews.h"

#include <chrono>
#include <string>

namespace postern {
namespace {

using std::chrono::milliseconds;

/// Of the 30s that Postfix waits for a milter's answer (postconf(5)), with time for its way back.
constexpr milliseconds most_at_postfix{28'000};
/// Of the 10s that sendmail waits for one when the T= of the milter's line has no R: (sendmail's
/// op.me, "Xfilter"), likewise.
constexpr milliseconds most_at_sendmail{9'000};

std::string in_seconds(milliseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  if (seconds == time) return std::to_string(seconds.count()) + "s";
  return std::to_string(time.count()) + "ms";
}

/// What is answered at `stage`.
void look_at(const std::vector<DraftRule>& rules, Stage stage, const LimitSettings& limits,
             Diagnostics& diagnostics) {
  Delays delays;
  const DraftRule* longest = nullptr;
  for (const auto& draft : rules) {
    if (answered_at(draft.rule) != stage || delay_of(draft.rule).count() == 0) continue;
    delays.add(draft.rule);
    if (longest == nullptr || delay_of(draft.rule) > delay_of(longest->rule)) longest = &draft;
  }
  const auto* delay = longest == nullptr ? nullptr : longest->source->find("delay");
  const auto most = limits.deadline + delays.most();
  if (delay == nullptr || most <= most_at_sendmail) return;
  const std::string takes = "an answer may take " + in_seconds(most) + ", with limits.deadline (" +
                            in_seconds(limits.deadline) + ") and the delays of rules (" +
                            in_seconds(delays.most()) + "), ";
  if (most > most_at_postfix) {
    diagnostics.warning(delay->value.span,
                        takes + "and Postfix waits 30s for a milter (milter_command_timeout)",
                        "keep both together at 28s or below");
    return;
  }
  // What the deadline does alone is told of there.
  if (limits.deadline > most_at_sendmail) return;
  diagnostics.note(delay->value.span,
                   takes + "and sendmail waits 10s for a milter unless its line says more",
                   "the line that \"postern lines\" prints has an R: that is long enough");
}

}  // namespace

void review_waiting(const std::vector<DraftRule>& rules, const Settings& settings,
                    Diagnostics& diagnostics) {
  if (!settings.listen.milter) return;
  // At the end of the headers and of the message mail servers wait for minutes.
  for (const auto stage : {Stage::rcpt, Stage::data}) {
    look_at(rules, stage, settings.limits, diagnostics);
  }
}

}  // namespace postern

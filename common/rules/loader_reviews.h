// The reviews that `postern check` makes of a whole policy, one file each; review() of loader.h
// runs them. They warn, and refuse nothing.
#pragma once

#include "rules/loader.h"

#include <vector>

namespace postern {

/// Where a rule's condition stands, or its name when it has none.
inline Span condition_span(const DraftRule& draft) {
  const auto* when = draft.source->find("when");
  return when != nullptr ? when->value.span : draft.name_span;
}

/// Names that stay unavailable for ever, or may be missing from case to case.
void review_unknown_names(const std::vector<DraftRule>& rules, const Settings& settings,
                          Diagnostics& diagnostics);
/// Refusals of the null sender (RFC 5321 4.5.5), which is how servers report lost mail.
void review_bounces(const std::vector<DraftRule>& rules, Diagnostics& diagnostics);
/// Tests of scores that the rules before them decide once and for all.
void review_scores(const std::vector<DraftRule>& rules, Diagnostics& diagnostics);
/// Answers that come later than mail servers wait for.
void review_waiting(const std::vector<DraftRule>& rules, const Settings& settings,
                    Diagnostics& diagnostics);

}  // namespace postern

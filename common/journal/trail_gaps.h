// TrailGaps: what the trail of a compact record lacks although its policy was looked for.
#pragma once

#include "journal/explain.h"

#include <string>
#include <vector>

namespace postern {

struct TrailGaps {
  std::vector<std::string> changed_tables;  ///< rules that looked into these are left out
  std::string why_compact;                  ///< why nothing at all could be made again
};

/// As explain() without gaps, and says in the page and in JSON what is missing and why.
std::string explain(const Record& record, const ExplainOptions& options, const TrailGaps& gaps);

}  // namespace postern

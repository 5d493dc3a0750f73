// The report: what a journal comes to, as one page of HTML that needs nothing else. Pure.
#pragma once

#include "journal/record_sums.h"
#include "journal/silent_rules.h"
#include "journal/spikes.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Stands in each report, near its beginning, so that it can be told from a file of somebody else.
inline constexpr std::string_view report_mark =
    "<meta name=\"generator\" content=\"postern report\">";

struct ReportInput {
  std::string host;  ///< whose mail; may be empty
  TimeSpan::Time written;
  const RecordSums& now;
  const RecordSums& before;  ///< of the time right before, as long
  SpikeReport spikes;
  std::optional<SilentRules> silent;  ///< nullopt: the policy is not known
  std::size_t rules = 0;              ///< in that policy
  std::vector<std::string> remarks;   ///< what else there is to know about the numbers; sentences
};

/// Valid HTML whatever octets the records hold. No script, nothing from elsewhere.
std::string report_page(const ReportInput& input);

}  // namespace postern

// The sections of the report page. Private to report_*.cc. Pure.
#pragma once

#include "journal/report_page.h"
#include "journal/report_parts.h"

#include <string>

namespace postern::report {

// Each is a whole element with a heading and an id of its name.
std::string time_section(const ReportInput& input);
std::string spikes_section(const ReportInput& input);
std::string reasons_section(const ReportInput& input);
std::string rules_section(const ReportInput& input);
std::string silent_section(const ReportInput& input);
std::string shadow_section(const ReportInput& input);
std::string people_section(const ReportInput& input);
std::string health_section(const ReportInput& input);
std::string speed_section(const ReportInput& input);
std::string notes_section(const ReportInput& input);

/// "1 rule", "2,000 rules".
std::string several(std::uint64_t count, std::string_view one, std::string_view many);
std::string section(std::string_view id, std::string_view title, const std::string& html);

/// "refused": what such a verdict makes of a mail.
std::string_view past_of(Verdict verdict) noexcept;
/// Mails that came to be treated otherwise than the shadow rule would have.
std::uint64_t would_differ(const ShadowSum& sum);
/// Over all dependencies.
std::uint64_t missing_answers(const RecordSums& sums);

}  // namespace postern::report

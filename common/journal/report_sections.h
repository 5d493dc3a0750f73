// The sections of the report page. Private to report_*.cc. Pure.
#pragma once

#include "journal/report_page.h"
#include "journal/report_parts.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

inline constexpr std::size_t most_rows = 15;
using Rows = std::vector<std::vector<std::string>>;

// Small pieces of HTML.
std::string paragraph(const std::string& html);
std::string quiet(const std::string& html);
/// "1,234", or "1,234+" where it may be more.
std::string count_text(std::uint64_t count, std::uint64_t error = 0);
/// File and line of a rule, below its name; nothing without a file.
std::string place_text(const std::string& file, unsigned line);

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

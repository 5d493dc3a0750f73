// The line by which a list tells of a decision.
#pragma once

#include "journal/page.h"
#include "journal/record.h"

#include <string>

namespace postern::cli {

/// "refused 550 5.7.1", "put off 451 4.7.1", "passed".
std::string verdict_text(const Record& record);
/// "<bob@example.org>", "<bob@example.org> and 2 more", "-".
std::string recipients_text(const Transaction& transaction);
/// The moment in UTC, "2026-11-21 12:55:39".
std::string moment_text(const Transaction& transaction);

/// "2026-11-21 12:55:39Z  refused 550 5.7.1   192.0.2.7  <a@b> to <c@d>  dnsbl-listed (rule)  ref",
/// with what shadow rules would have done, what could not be learned and what was done besides.
/// Printable ASCII without a line end. Painted, the verdict stands out.
std::string record_line(const Record& record, Paint paint);

}  // namespace postern::cli

#include "rules/maintenance.h"

#include "model/text.h"
#include "reply/compose.h"

#include <array>

namespace postern {
namespace {

constexpr std::chrono::minutes coarseness{30};

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

}  // namespace

std::string maintenance_text(const Maintenance& maintenance) {
  const auto shown = std::chrono::ceil<std::chrono::minutes>(maintenance.until);
  const auto over = shown.time_since_epoch() % coarseness;
  const auto coarse = over == std::chrono::minutes{0} ? shown : shown + (coarseness - over);
  const auto day = std::chrono::floor<std::chrono::days>(coarse);
  const std::chrono::year_month_day date(day);
  const auto minutes = (coarse - day).count();
  // Times have no colon here: log summaries cut a reply at its first.
  std::string text = "The mail service is under maintenance until about " +
                     padded(minutes / 60, 2) + "." + padded(minutes % 60, 2) + " UTC on " +
                     std::to_string(static_cast<unsigned>(date.day())) + " " +
                     std::string(months[static_cast<unsigned>(date.month()) - 1]) + ".";
  if (!maintenance.text.empty()) text += " " + maintenance.text;
  return text;
}

std::string maintenance_fault(const Maintenance& maintenance) {
  const auto problems = check_template(maintenance_text(maintenance), Stage::connect);
  return problems.empty() ? std::string() : problems.front().message;
}

Rule rule_of(const Maintenance& maintenance) {
  const auto* reason = find_reason(maintenance.ends_sessions ? "shutdown" : "overload");
  const auto form = ReplyForm::parse(maintenance.ends_sessions ? "421 4.3.2" : "451 4.3.2");
  Rule rule{{std::string(maintenance_rule), maintenance.file, 1, Stage::connect},
            Condition::always(),
            Verdict::defer,
            {},
            reason,
            form,
            maintenance_text(maintenance),
            RuleMode::enforce,
            WhenUnavailable::skip,
            {}};
  // A session that began under it goes on when the time has come.
  rule.expires = maintenance.until;
  return rule;
}

}  // namespace postern

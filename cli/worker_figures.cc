#include "cli/worker_figures.h"

#include "model/time_text.h"
#include "rules/expiry.h"
#include "rules/rule.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace postern::cli {
namespace {

/// Of the first few, and how many more there are.
std::string names_of(const std::vector<const Rule*>& rules) {
  constexpr std::size_t most_shown = 10;
  std::string names;
  for (std::size_t i = 0; i < std::min(rules.size(), most_shown); ++i) {
    names += (names.empty() ? "" : ", ") + ('"' + rules[i]->place.name + '"');
  }
  if (rules.size() > most_shown) {
    names += " and " + std::to_string(rules.size() - most_shown) + " more";
  }
  return names;
}

}  // namespace

void report_policy(ServiceReport& report, const LoadedPolicy& loaded) {
  const auto& policy = loaded.policy;
  report.text("policy.file", loaded.file);
  report.text("policy.digest", policy.digest());
  report.sample(Metric::config_info, 1, {policy.digest()});
  report.text("policy.loaded_at", utc_text(loaded.loaded_at));
  report.number("policy.rules", policy.rules().size(), Metric::policy_rules);
  report.number("policy.tables", policy.tables().size(), Metric::policy_tables);
  const auto expired = expired_rules(policy, loaded.now);
  report.text("policy.expired_rules", names_of(expired));
  report.sample(Metric::policy_expired_rules, static_cast<double>(expired.size()));
}

void report_journal(ServiceReport& report, const JournalCounters& journal,
                    const std::string& file) {
  report.text("journal.file", file);
  report.number("journal.written", journal.written, Metric::journal_written);
  report.number("journal.queued", journal.queued, Metric::journal_queued);
  report.number("journal.lost_queue_full", journal.lost_queue_full, Metric::journal_lost,
                {"queue_full"});
  report.number("journal.lost_write_failed", journal.lost_write_failed, Metric::journal_lost,
                {"write_failed"});
  report.text("journal.last_error", journal.last_error);
  report.sample_if(Metric::journal_trouble, !journal.last_error.empty(), {"file"});
  report.number("journal.segments", journal.segments, Metric::journal_segments);
  report.number("journal.octets", journal.octets, Metric::journal_octets);
  report.text("journal.segment_trouble", journal.segment_trouble);
  report.sample_if(Metric::journal_trouble, !journal.segment_trouble.empty(), {"segments"});
}

}  // namespace postern::cli

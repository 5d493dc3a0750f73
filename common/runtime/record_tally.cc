#include "runtime/record_tally.h"

#include "checks/check.h"
#include "runtime/dns_service.h"

#include <algorithm>
#include <string_view>

namespace postern {
namespace {

bool is_unavailable(const Answer& answer) noexcept {
  return answer.state == Answer::State::unavailable;
}

bool lacks_answers(const Facts& facts) noexcept {
  const auto& all = facts.all();
  return std::any_of(all.begin(), all.end(),
                     [](const auto& fact) { return is_unavailable(fact.second); });
}

/// Checks that have a word for it say it; the others say nothing.
bool had_no_answer(const CheckOutcome& outcome) noexcept {
  if (outcome.state == CheckOutcome::State::unavailable) return true;
  return outcome.state == CheckOutcome::State::value &&
         std::find(outcome.values.begin(), outcome.values.end(), "temperror") !=
             outcome.values.end();
}

/// By the words that answers have for it (dns/answer.h, the driver's deadline).
bool ran_out_of_time(const CheckOutcome& outcome) noexcept {
  const auto says = [&](std::string_view word) {
    return outcome.cause.find(word) != std::string::npos ||
           outcome.source.note.find(word) != std::string::npos;
  };
  return says("timeout") || says("deadline");
}

}  // namespace

void RecordTally::add(const Record& record, const Policy& policy) {
  if (record.kind != RecordKind::decision) return;
  for (const auto& entry : record.decision.trail) {
    if (entry.note != TrailNote::shadow || entry.truth != Truth::yes) continue;
    const std::lock_guard lock(mutex_);
    ++shadow_[entry.rule.name];
  }
  if (lacks_answers(record.facts)) add_missing(record, policy);
}

void RecordTally::add_missing(const Record& record, const Policy& policy) {
  // One that was compiled again from the same texts has checks of its own.
  const bool gone =
      std::any_of(checks_.begin(), checks_.end(), [](const auto& weak) { return weak.expired(); });
  if (digest_ != policy.digest() || gone) {
    checks_.clear();
    for (const auto& check : checks_in_use(policy)) checks_.push_back(check);
    digest_ = policy.digest();
  }
  for (const auto& weak : checks_) {
    const auto check = weak.lock();
    if (!check) continue;
    const auto outcome = check->evaluate(record.transaction, record.facts);
    if (!had_no_answer(outcome)) continue;
    // What the mail server did not tell, no answer could have helped.
    if (check->evaluate(record.transaction, {}).state == CheckOutcome::State::unavailable) continue;
    const std::lock_guard lock(mutex_);
    auto& missing = missing_[check->description().name];
    ++(ran_out_of_time(outcome) ? missing.timeouts : missing.errors);
  }
}

void RecordTally::report(ServiceReport& report) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [rule, count] : shadow_) {
    report.sample(Metric::shadow_matches, static_cast<double>(count), {rule});
  }
  for (const auto& [check, missing] : missing_) {
    report.sample(Metric::check_errors, static_cast<double>(missing.errors), {check});
    report.sample(Metric::check_timeouts, static_cast<double>(missing.timeouts), {check});
  }
}

}  // namespace postern

#include "milter/record_slip.h"

#include <utility>

namespace postern::milter_door {

void RecordSlip::closed(Outcome outcome) {
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(outcome);
  submit_if_complete();
}

void RecordSlip::answered(Record record) {
  const std::lock_guard lock(mutex_);
  record_ = std::move(record);
  submit_if_complete();
}

std::optional<Facts> RecordSlip::facts() const {
  const std::lock_guard lock(mutex_);
  if (!outcome_) return std::nullopt;
  return outcome_->facts;
}

std::optional<Kept> RecordSlip::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void RecordSlip::submit_if_complete() {
  if (!outcome_ || !record_) return;
  Record record = std::move(*record_);
  record_.reset();
  record.decision = std::move(outcome_->decision);
  record.facts = outcome_->facts;
  record.elapsed = outcome_->elapsed;
  record.spent = outcome_->spent;
  kept_ = submit_(std::move(record));
}

}  // namespace postern::milter_door

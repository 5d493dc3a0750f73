// RecordSlip: one record in the making. A record is complete when two things have happened, in
// either order and in different threads: the answer has left the building, and the last question
// (of a shadow rule, say) is closed. Thread-safe.
#pragma once

#include "journal/record.h"
#include "postern/facts.h"
#include "runtime/driver.h"

#include <functional>
#include <mutex>
#include <optional>

namespace postern::milter_door {

class RecordSlip {
 public:
  /// Hands the record on if anything is to be kept of it, and says what.
  using Submit = std::function<Kept(Record)>;

  /// `submit` must not throw.
  explicit RecordSlip(Submit submit) : submit_(std::move(submit)) {}

  /// The driver is done with this decision.
  void closed(Outcome outcome);
  /// What was answered. Decision, facts and elapsed time are filled in when the decision is closed,
  /// and the record is submitted then. Not called for an answer of which nothing is kept.
  void answered(Record record);
  /// What is kept of it; nullopt until it has been submitted.
  std::optional<Kept> kept() const;
  /// The facts found; nullopt while the decision is open. The session carries them on.
  std::optional<Facts> facts() const;

 private:
  void submit_if_complete();

  mutable std::mutex mutex_;
  Submit submit_;
  std::optional<Outcome> outcome_;
  std::optional<Record> record_;
  std::optional<Kept> kept_;
};

}  // namespace postern::milter_door

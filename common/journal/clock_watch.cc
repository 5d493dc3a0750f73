#include "journal/clock_watch.h"

namespace postern {
namespace {

// Time servers are asked within minutes of a start; a journal that is kept an hour longer is full
// by no more than that.
constexpr std::chrono::hours proving_time{1};
// Clocks are slewed by less, and set by more.
constexpr std::chrono::minutes usual_change{1};

}  // namespace

ClockTrust ClockWatch::look(std::chrono::system_clock::time_point now,
                            std::chrono::steady_clock::time_point steady) {
  if (last_) {
    const auto change = (now - last_->now) - (steady - last_->steady);
    if (change > usual_change || change < -usual_change) first_.reset();
  }
  last_ = Look{now, steady};
  if (!first_) first_ = last_;
  return steady - first_->steady < proving_time ? ClockTrust::unproven : ClockTrust::settled;
}

}  // namespace postern

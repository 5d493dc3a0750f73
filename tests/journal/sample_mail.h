// SampleMail: records of many decisions, varied, the same each time.
#pragma once

#include "journal/record.h"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace postern::testing {

using Time = std::chrono::system_clock::time_point;

/// 2026-11-15T00:00:00Z, a Sunday.
Time sample_day();

/// A decision on mail from anna@example.net at 192.0.2.7 to bob@example.org; `reason` of the
/// catalogue, spoken at RCPT as it is by default, by a rule of the name "rule of REASON".
Record sample_decision(Time time, Verdict verdict, std::string_view reason = {});
/// A rule in shadow that said yes, before all others.
void add_shadow(Record& record, std::string rule, Verdict verdict, std::string reason = {});
/// An answer; `cause` when none came. `source` is "network" with a time, else "cache".
void add_fact(Record& record, QuestionKind kind, std::string subject, std::string key,
              std::chrono::microseconds time, std::string cause = {});

class SampleMail {
 public:
  explicit SampleMail(std::uint64_t seed) : random_(seed) {}

  /// At any time in the week from sample_day() on.
  Record next();

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::mt19937_64 random_;
};

}  // namespace postern::testing

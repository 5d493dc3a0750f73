// ReplayReport: what a replay of many records comes to: what another policy would have answered
// otherwise, grouped. Pure; memory is bounded by the number of different changes, not of records.
#pragma once

#include "journal/record.h"
#include "journal/replay.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace postern {

/// What the client, and through it the sender, gets of a decision: "reject 550 5.7.1
/// sender-blocked", "pass", with what is done to the message behind it.
std::string outcome_text(const Decision& decision);

/// A decision to look at, for a group of many.
struct ReplayExample {
  std::string reference;
  std::chrono::system_clock::time_point time;
  std::string client;
  std::string sender;
  std::string recipient;
};

/// Decisions that change in the same way by the same rules.
struct ReplayGroup {
  std::string rule_before;  ///< empty: no rule decided
  std::string outcome_before;
  std::string rule_after;
  std::string outcome_after;
  std::uint64_t count = 0;
  std::vector<ReplayExample> examples;  ///< the first ones
};

/// A record that the policy which made it would not make again: it was altered, or Postern is at
/// fault.
struct Contradiction {
  ReplayExample example;
  std::vector<Difference> differences;
};

/// What kind of changes there are, for gates.
struct ReplayCounts {
  std::uint64_t decisions = 0;
  std::uint64_t equal = 0;        ///< the same outcome by the same rule
  std::uint64_t other_rule = 0;   ///< the same outcome by another rule
  std::uint64_t changed = 0;      ///< another outcome
  std::uint64_t new_rejects = 0;  ///< of those: refused for good or dropped, and was not
  std::uint64_t new_defers = 0;   ///< of those: put off, and was let in
  std::uint64_t let_in = 0;       ///< of those: let in, and was refused, put off or dropped
  std::uint64_t undecided = 0;    ///< a fact is needed that was never asked for
  std::uint64_t contradictions = 0;
};

class ReplayReport {
 public:
  /// Examples that are kept of each group.
  explicit ReplayReport(std::size_t examples = 3) : examples_(examples) {}

  /// Replays `record`, a decision, under `policy`. Throws only for lack of memory.
  void add(const Policy& policy, const Record& record);

  const ReplayCounts& counts() const noexcept { return counts_; }
  /// Those of other outcomes first, then by their number.
  std::vector<ReplayGroup> groups() const;
  /// What is not known, "dns: A mail.example.org's kind" by subject: how many decisions need it.
  const std::map<std::string, std::uint64_t>& lacking() const noexcept { return lacking_; }
  const std::vector<ReplayExample>& undecided() const noexcept { return undecided_; }
  /// The first few.
  const std::vector<Contradiction>& contradictions() const noexcept { return contradictions_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  void compare(const Policy& policy, const Record& record);
  void note_change(const Record& record, const Decision& after);

  std::size_t examples_;
  ReplayCounts counts_;
  std::map<Key, ReplayGroup> groups_;
  std::map<std::string, std::uint64_t> lacking_;
  std::vector<ReplayExample> undecided_;
  std::vector<Contradiction> contradictions_;
};

/// For people: sentences and examples, at most 100 columns but for long names.
std::string to_text(const ReplayReport& report);
/// One JSON object; docs/journal.md describes it.
std::string to_json(const ReplayReport& report);

}  // namespace postern

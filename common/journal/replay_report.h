// ReplayReport: what a replay of many records comes to: what another policy would have answered
// otherwise, grouped. Pure but for what it is given to ask; memory is bounded by the number of
// different changes, not of records.
#pragma once

#include "journal/hidden_values.h"
#include "journal/kept_policy.h"
#include "journal/record.h"
#include "journal/replay.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace postern {

/// What the client, and through it the sender, gets of a decision: "reject 550 5.7.1
/// sender-blocked", "pass", with what is done to the message behind it.
std::string outcome_text(const Decision& decision);

/// What is not known, without what is of one message: "dns MX", "dns A in zen.example".
std::string lacking_text(const Question& question);

/// A decision to look at, for a group of many.
struct ReplayExample {
  std::string reference;
  std::chrono::system_clock::time_point time;
  std::string client;
  std::string sender;
  std::string recipient;
};

/// What a decision rests on.
enum class ReplayBasis : std::uint8_t {
  recorded,
  today,  ///< on an answer, at least, that was asked for now
};

/// Decisions that change in the same way by the same rules.
struct ReplayGroup {
  ReplayBasis basis = ReplayBasis::recorded;
  std::string rule_before;  ///< empty: no rule decided
  std::string outcome_before;
  std::string rule_after;
  std::string outcome_after;
  std::uint64_t count = 0;
  std::uint64_t by_tables = 0;          ///< as of ReplayChanges
  std::vector<ReplayExample> examples;  ///< the first ones
};

/// A record that the policy which made it would not make again: it was altered, or Postern is at
/// fault.
struct Contradiction {
  ReplayExample example;
  std::vector<Difference> differences;
};

/// What kind of changes there are, for gates.
struct ReplayChanges {
  std::uint64_t equal = 0;        ///< the same outcome by the same rule
  std::uint64_t other_rule = 0;   ///< the same outcome by another rule
  std::uint64_t changed = 0;      ///< another outcome
  std::uint64_t new_rejects = 0;  ///< of those: refused for good or dropped, and was not so
  std::uint64_t new_defers = 0;   ///< of those: put off, and was let in
  std::uint64_t new_holds = 0;    ///< of those: held, and was let in
  std::uint64_t let_in = 0;       ///< of those: let in, and was refused, put off or dropped
  /// Of those: the same, but rules of a later stage, which are not asked, may still refuse it.
  std::uint64_t let_on = 0;
  /// The rules of then come to the same outcome with the tables of today. Counted among those
  /// above, unless these are left to the rules alone (TableChanges).
  std::uint64_t by_tables = 0;
};

struct ReplayCounts : ReplayChanges {
  std::uint64_t decisions = 0;
  ReplayChanges today;           ///< of those that rest on answers of today: in no other count
  std::uint64_t undecided = 0;   ///< a fact is needed that was never asked for
  std::uint64_t in_trouble = 0;  ///< put off for trouble of our own: no policy decided
  std::uint64_t contradictions = 0;
};

/// What is made of changes that tables have brought since, not rules.
enum class TableChanges : std::uint8_t {
  counted,
  apart,  ///< counted as by_tables alone
};

struct ReplayOptions {
  std::size_t examples = 3;  ///< that are kept of each group
  TableChanges tables = TableChanges::counted;
  /// Of other policies than the tried one.
  RecordedTables recorded_tables = RecordedTables::left_out;
  /// The policy of a digest with today's tables; nullptr: it is not to be had.
  std::function<const KeptPolicy*(const std::string& digest)> policy_of_then = {};
  AskNow ask_now = {};
  /// With the key of the journal's hashed addresses, or one that hides nothing.
  AddressMask addresses = {};
};

class ReplayReport {
 public:
  explicit ReplayReport(ReplayOptions options = {})
      : options_(std::move(options)), hidden_(options_.addresses) {}

  /// Replays `record`, a decision, under `policy`. Throws only for lack of memory.
  void add(const Policy& policy, const Record& record);
  /// Replays it under the policy of its day, which must come to the same.
  void verify(const Record& record);

  const ReplayCounts& counts() const noexcept { return counts_; }
  /// Of the first and the last decision, by their times; nothing without one.
  std::chrono::system_clock::time_point first() const noexcept { return first_; }
  std::chrono::system_clock::time_point last() const noexcept { return last_; }
  /// Those of other outcomes first, then by their number.
  std::vector<ReplayGroup> groups() const;
  /// Decisions of further changes, of which there are too many to be told apart.
  std::uint64_t ungrouped() const noexcept { return ungrouped_; }
  /// What is not known, "dns: A mail.example.org's kind" by subject: how many decisions need it.
  const std::map<std::string, std::uint64_t>& lacking() const noexcept { return lacking_; }
  const std::vector<ReplayExample>& undecided() const noexcept { return undecided_; }
  /// The first few.
  const std::vector<Contradiction>& contradictions() const noexcept { return contradictions_; }

 private:
  using Key = std::tuple<ReplayBasis, std::string, std::string, std::string, std::string>;
  bool count(const Record& record);
  void compare(const Policy& policy, const Record& record);
  void add_hidden(const Policy& policy, const Record& record);
  void note_undecided(const Record& record, const std::vector<std::string>& lacks);
  void note_change(const Record& record, const Decision& after, ReplayBasis basis, bool by_tables);
  void note_contradiction(const Record& record, std::vector<Difference> found);
  bool is_by_tables(const Record& record, const Decision& after) const;

  ReplayOptions options_;
  HiddenValues hidden_;
  ReplayCounts counts_;
  std::chrono::system_clock::time_point first_{};
  std::chrono::system_clock::time_point last_{};
  std::map<Key, ReplayGroup> groups_;
  std::uint64_t ungrouped_ = 0;
  std::map<std::string, std::uint64_t> lacking_;
  std::vector<ReplayExample> undecided_;
  std::vector<Contradiction> contradictions_;
};

/// For people: sentences and examples, at most 100 columns but for long names.
std::string to_text(const ReplayReport& report);
/// A gate of a pipeline.
struct ReplayGate {
  std::string name;  ///< "new-rejects"
  std::string why;   ///< it is closed; empty: it is open
};

/// One JSON object; docs/replay.md describes it. `gates`: those that were asked about.
std::string to_json(const ReplayReport& report, const std::vector<ReplayGate>& gates = {});

}  // namespace postern

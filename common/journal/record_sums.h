// RecordSums: what the records of a span of time come to: how many decisions of which kind, by
// whom, when, and how the answers behind them did. Memory has a bound whatever the records hold.
// Pure; not synchronised.
#pragma once

#include "journal/duration_histogram.h"
#include "journal/record.h"
#include "journal/time_steps.h"
#include "journal/top_counts.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern {

/// What became of a mail or a recipient, as people ask for it.
enum class MailFate : std::uint8_t { let_in, put_off, refused, discarded, held };
inline constexpr std::size_t mail_fate_count = 5;
/// "let in", "put off", "refused", "discarded", "held".
std::string_view to_text(MailFate outcome) noexcept;
MailFate fate_of(Verdict verdict) noexcept;

inline constexpr std::size_t verdict_count = 6;

/// A number for each outcome.
class MailFates {
 public:
  void add(MailFate outcome, std::uint64_t times = 1) {
    counts_[static_cast<std::size_t>(outcome)] += times;
  }
  std::uint64_t of(MailFate outcome) const { return counts_[static_cast<std::size_t>(outcome)]; }
  /// All but those let in.
  std::uint64_t not_let_in() const;
  std::uint64_t all() const { return of(MailFate::let_in) + not_let_in(); }

 private:
  std::array<std::uint64_t, mail_fate_count> counts_{};
};

/// A number for each step of time, none taking no memory.
class Series {
 public:
  void add(std::size_t step, std::size_t steps, std::uint32_t times = 1) {
    if (counts_.empty()) counts_.resize(steps);
    counts_[step] += times;
  }
  std::uint32_t at(std::size_t step) const { return counts_.empty() ? 0 : counts_[step]; }

 private:
  std::vector<std::uint32_t> counts_;
};

/// A decision to look at, for a group of many. Texts have at most longest_counted_key octets.
struct SumsSample {
  std::string reference;
  TimeSpan::Time time;
  std::string client;
  std::string sender;  ///< "<>" for notifications
  std::string recipient;
  MailFate outcome = MailFate::let_in;  ///< what became of it
};

/// A group by what is said of a decision: its sender's domain, its code.
struct FateSum {
  MailFates outcomes;
};

struct ReasonSum {
  MailFates outcomes;        ///< decisions with this reason
  std::uint64_t shadow = 0;  ///< in which a shadow rule would have given it
  Series over_time;          ///< of the former
};

struct RuleSum {
  MailFates decided;             ///< decisions that the rule made
  std::uint64_t besides = 0;     ///< it said yes and did something besides, or could not act
  std::uint64_t shadow = 0;      ///< it said yes in shadow
  std::uint64_t unanswered = 0;  ///< it could not be answered
  Series over_time;              ///< of the first

  bool has_fired() const { return decided.all() + besides + shadow > 0; }
};

/// What one shadow rule would have done, as if it alone acted.
struct ShadowSum {
  std::string rule;
  std::string file;
  unsigned line = 0;
  unsigned share = 0;  ///< percent of messages for which it is no shadow rule
  Verdict verdict = Verdict::pass;
  std::string reason;
  MailFates outcomes;  ///< what became of these
  Series over_time;
  /// The newest that were let in and would not have been, or the reverse, oldest first; as long as
  /// there is none, of all.
  std::vector<SumsSample> samples;
  bool samples_differ = false;
};

/// Who is asked: a zone of DNS, a store, a table.
struct DependencySum {
  QuestionKind kind = QuestionKind::dns;
  std::string name;               ///< "example.org", "first_contact"
  std::uint64_t cached = 0;       ///< answers from memory
  std::uint64_t unavailable = 0;  ///< none came
  std::uint64_t late = 0;         ///< of these by the deadline
  std::uint64_t suspended = 0;    ///< of a block list: not used, because its tests had failed
  std::vector<std::pair<std::string, std::uint64_t>>
      causes;  ///< of none that came, and of those; the first few kinds
  Series unavailable_over_time;
  DurationHistogram times;  ///< of those who were asked and answered
  std::string slowest;      ///< reference of the decision that waited longest
};

/// Where the time of decisions went, one part of it.
struct PartSum {
  DurationHistogram times;  ///< of decisions that took any for it
  std::string slowest;      ///< reference of the one that took longest
};

/// What is looked at over time.
struct StepSum {
  MailFates outcomes;
  /// Answers that did not come, from DNS, stores, tables, and others.
  std::array<std::uint64_t, 4> unavailable{};
  std::uint64_t late = 0;  ///< decisions for which an answer did not come by the deadline
  DurationHistogram times;
};
/// The place of a kind in StepSum::unavailable.
std::size_t unavailable_group(QuestionKind kind) noexcept;
std::string_view unavailable_group_name(std::size_t group) noexcept;

/// By what decisions are told apart, beside their reasons and rules.
enum class SumsKey : std::uint8_t {
  code,              ///< "550"; what was let in has none
  enhanced_code,     ///< "5.7.1"
  sender_domain,     ///< "<>" for notifications, "(none)" for an address without a domain
  recipient_domain,  ///< where a decision is about several recipients, of one domain all
  network,           ///< the client's /24 or /64; "(local)", "(not told)"
  country,           ///< the client's, where a rule asked for it; "unknown" when nobody knew
  asn,               ///< the network that announces the client's address, likewise
  stage,
  door,
  host,
};
inline constexpr std::size_t sums_key_count = 10;

class RecordSums {
 public:
  explicit RecordSums(const TimeSpan& span);

  /// Records of another time are passed over. One that stands for others (Record::share) counts for
  /// as many as that is on average.
  void add(const Record& record);

  const TimeSpan& span() const noexcept { return span_; }
  const TimeSteps& steps() const noexcept { return steps_; }
  std::uint64_t decisions() const noexcept { return outcomes_.all(); }
  /// Of these, those for which a record of a share stands, and how many such records there are: the
  /// former is an estimate.
  std::uint64_t estimated() const noexcept { return estimated_; }
  std::uint64_t standing_for_others() const noexcept { return standing_for_others_; }
  std::uint64_t repeats() const noexcept { return repeats_; }
  /// Decisions for which an answer did not come by the deadline.
  std::uint64_t late() const noexcept { return late_; }
  /// The times of the first and the last decision.
  const std::optional<std::pair<TimeSpan::Time, TimeSpan::Time>>& times() const { return times_; }

  const MailFates& outcomes() const noexcept { return outcomes_; }
  std::uint64_t verdict(Verdict verdict) const { return verdicts_[index(verdict)]; }
  /// If of each decision's shadow rules the first that said yes had acted.
  std::uint64_t verdict_with_shadow(Verdict verdict) const { return with_shadow_[index(verdict)]; }
  /// Decisions of which something else would have become then.
  std::uint64_t changed_by_shadow() const noexcept { return changed_by_shadow_; }
  const std::vector<StepSum>& over_time() const noexcept { return over_time_; }
  /// From request to answer.
  const DurationHistogram& decision_times() const noexcept { return decision_times_; }
  /// Of that, the rules; waiting for answers; and, after the answer, what nobody waits for.
  const PartSum& in_rules() const noexcept { return in_rules_; }
  const PartSum& waiting() const noexcept { return waiting_; }
  const PartSum& afterwards() const noexcept { return afterwards_; }

  const TopCounts<FateSum>& by(SumsKey key) const { return by_[static_cast<std::size_t>(key)]; }
  /// What becomes of all that by() counts, of those whose names it does not hold too.
  const MailFates& all_by(SumsKey key) const { return all_by_[static_cast<std::size_t>(key)]; }
  const TopCounts<ReasonSum>& reasons() const noexcept { return reasons_; }
  const TopCounts<RuleSum>& rules() const noexcept { return rules_; }
  const TopCounts<ShadowSum>& shadows() const noexcept { return shadows_; }
  const TopCounts<DependencySum>& dependencies() const noexcept { return dependencies_; }
  /// Decisions by the digest of their policy.
  const TopCounts<FateSum>& policies() const noexcept { return policies_; }

 private:
  static std::size_t index(Verdict verdict) { return static_cast<std::size_t>(verdict); }
  void add_outcome(const Record& record, MailFate outcome);
  void add_trail(const Record& record, MailFate outcome);
  void add_shadow(const Record& record, const TrailEntry& entry, MailFate outcome);
  void add_facts(const Record& record);
  void add_times(const Record& record);
  std::uint32_t stands_for(const Record& record);

  TimeSpan span_;
  TimeSteps steps_;
  std::size_t step_ = 0;                   ///< of the record that is being added
  std::uint32_t weight_ = 1;               ///< decisions that it stands for
  std::array<unsigned, 100> left_over_{};  ///< by share: parts of a decision not counted yet
  std::uint64_t estimated_ = 0;
  std::uint64_t standing_for_others_ = 0;
  std::uint64_t repeats_ = 0;
  std::uint64_t late_ = 0;
  std::optional<std::pair<TimeSpan::Time, TimeSpan::Time>> times_;
  MailFates outcomes_;
  std::array<std::uint64_t, verdict_count> verdicts_{};
  std::array<std::uint64_t, verdict_count> with_shadow_{};
  std::uint64_t changed_by_shadow_ = 0;
  std::vector<StepSum> over_time_;
  DurationHistogram decision_times_;
  PartSum in_rules_;
  PartSum waiting_;
  PartSum afterwards_;
  std::vector<TopCounts<FateSum>> by_;
  std::array<MailFates, sums_key_count> all_by_{};
  TopCounts<ReasonSum> reasons_;
  TopCounts<RuleSum> rules_;
  TopCounts<ShadowSum> shadows_;
  TopCounts<DependencySum> dependencies_;
  TopCounts<FateSum> policies_;
};

}  // namespace postern

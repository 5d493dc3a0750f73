#include "journal/spikes.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace postern {
namespace {

/// A name with its numbers; their order is that of their chance.
struct Candidate {
  Spike spike;
  double chance = 1;
};

class Comparison {
 public:
  explicit Comparison(double share) : share_(share) {}

  /// `count` takes the number that is compared from an entry.
  template <typename Value, typename Count>
  void compare(SpikeKind kind, const TopCounts<Value>& now, const TopCounts<Value>& before,
               Count count, Series Value::*over_time) {
    const auto rank = [&](const auto& entry) { return count(entry.value); };
    for (const auto& row : now.top(now.size(), rank)) {
      const auto here = count(row.entry->value);
      if (here < spike_least) break;
      const auto* then = before.find(row.key);
      // What is not known for certain counts against a spike.
      const auto there = then ? count(then->value) + then->error : before.missed();
      Candidate candidate;
      auto& spike = candidate.spike;
      spike.kind = kind;
      spike.name = std::string(row.key);
      spike.now = here;
      spike.before = there;
      spike.expected = static_cast<double>(there) * share_ / (1 - share_);
      if (over_time != nullptr) spike.over_time = row.entry->value.*over_time;
      candidate.chance = chance_of_at_least(here, here + there, share_);
      candidates_.push_back(std::move(candidate));
    }
  }

  SpikeReport report() {
    SpikeReport report;
    report.is_compared = true;
    report.compared = candidates_.size();
    // The more names are looked at, the less likely each has to be (Bonferroni).
    const auto enough =
        spike_chance / static_cast<double>(std::max<std::size_t>(1, report.compared));
    std::erase_if(candidates_, [enough](const Candidate& each) {
      const auto& spike = each.spike;
      return each.chance > enough || static_cast<double>(spike.now) < spike_factor * spike.expected;
    });
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      return a.chance != b.chance ? a.chance < b.chance : a.spike.now > b.spike.now;
    });
    for (auto& each : candidates_) report.spikes.push_back(std::move(each.spike));
    return report;
  }

 private:
  double share_;
  std::vector<Candidate> candidates_;
};

/// Ours: of fewer the proportion is chance.
constexpr std::uint64_t least_mail = 100;
/// Ours: when next to nothing was let in before, as after an outage, spikes are told all the same.
constexpr double largest_share = 0.95;

std::uint64_t refusals(const FateSum& sum) { return sum.outcomes.not_let_in(); }
constexpr Series FateSum::*no_series = nullptr;

}  // namespace

std::string_view to_text(SpikeKind kind) noexcept {
  switch (kind) {
    case SpikeKind::reason:
      return "reason";
    case SpikeKind::rule:
      return "rule";
    case SpikeKind::sender_domain:
      return "sender domain";
    case SpikeKind::network:
      return "network";
    case SpikeKind::dependency:
      return "answers missing from";
  }
  return "reason";
}

double chance_of_at_least(std::uint64_t first, std::uint64_t all, double share) {
  if (first == 0) return 1;
  if (first > all || share <= 0) return 0;
  if (share >= 1) return 1;
  const auto n = static_cast<double>(all);
  const auto k = static_cast<double>(first);
  // Below the middle the tail is long, and nobody asks how likely the likely is.
  if (k <= n * share) return 1;
  auto term = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                       k * std::log(share) + (n - k) * std::log1p(-share));
  double sum = 0;
  for (double i = k; i <= n; ++i) {
    sum += term;
    term *= (n - i) / (i + 1) * share / (1 - share);
    // Each term is smaller than the one before.
    if (term < sum * 1e-12) break;
  }
  return std::min(sum, 1.0);
}

SpikeReport find_spikes(const RecordSums& now, const RecordSums& before,
                        std::optional<TimeSpan::Time> oldest) {
  auto known = before.span();
  if (oldest) known.since = std::clamp(*oldest, known.since, known.until);
  if (known.length() * 2 < before.span().length() || before.decisions() == 0) {
    SpikeReport none;
    none.before = known;
    return none;
  }
  using Length = std::chrono::duration<double>;
  const Length here = now.span().length();
  const Length there = known.length();
  // By night and on Sundays less mail comes: what grew with the mail that was let in is no news.
  const auto let_in_now = now.outcomes().of(MailFate::let_in);
  const auto let_in_before = before.outcomes().of(MailFate::let_in);
  auto share = here / (here + there);
  if (let_in_now + let_in_before >= least_mail) {
    share = std::max(
        share, static_cast<double>(let_in_now) / static_cast<double>(let_in_now + let_in_before));
  }
  // Of a share of all, nothing would be too much.
  Comparison comparison(std::min(share, largest_share));
  comparison.compare(
      SpikeKind::reason, now.reasons(), before.reasons(),
      [](const ReasonSum& sum) { return sum.outcomes.all(); }, &ReasonSum::over_time);
  // What lets mail in does that now and then more often.
  comparison.compare(
      SpikeKind::rule, now.rules(), before.rules(),
      [](const RuleSum& sum) { return sum.decided.not_let_in(); }, &RuleSum::over_time);
  comparison.compare(SpikeKind::sender_domain, now.by(SumsKey::sender_domain),
                     before.by(SumsKey::sender_domain), refusals, no_series);
  comparison.compare(SpikeKind::network, now.by(SumsKey::network), before.by(SumsKey::network),
                     refusals, no_series);
  comparison.compare(
      SpikeKind::dependency, now.dependencies(), before.dependencies(),
      [](const DependencySum& sum) { return sum.unavailable; },
      &DependencySum::unavailable_over_time);
  auto report = comparison.report();
  report.before = known;
  return report;
}

}  // namespace postern

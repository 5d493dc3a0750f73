#include "runtime/decision_tally.h"

#include "postern/reason.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace postern {
namespace {

constexpr double microseconds = 1e6;

}  // namespace

void DecisionTally::decided(Stage stage, const Decision& decision,
                            std::chrono::microseconds elapsed) noexcept {
  const auto rule = decision.rule ? std::string_view(decision.rule->name) : std::string_view();
  // One hash and not four.
  const auto place =
      static_cast<std::uint64_t>(stage) * 16 + static_cast<std::uint64_t>(decision.verdict);
  const auto hash = (std::hash<std::string_view>()(rule) + place) * 0x9E37'79B9'7F4A'7C15U;
  decisions_.count(hash ^ (hash >> 29U), [&] {
    return TallyTable::Words{"", to_text(stage), to_text(decision.verdict), rule};
  });

  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0));
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), time) - bounds.begin());
  auto& durations = durations_[static_cast<std::size_t>(stage)];
  durations.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  durations.sum.fetch_add(time, std::memory_order_relaxed);
}

void DecisionTally::replied(const Decision& decision) noexcept {
  if (!decision.reply) return;
  try {
    const auto form = decision.reply->form();
    const auto code = form.code.text();
    const auto enhanced = form.enhanced ? form.enhanced->text() : std::string();
    const auto reason = decision.reason == nullptr ? std::string_view() : decision.reason->id;
    replies_.count({"", code, enhanced, reason});
  } catch (...) {
    // Without memory for a few letters it is not counted.
  }
}

void DecisionTally::report(ServiceReport& report, const std::string& listener) const {
  const auto add = [&](Metric metric, const TallyTable& table) {
    for (auto& row : table.rows()) {
      row.words.front() = listener;
      report.sample(metric, static_cast<double>(row.count), std::move(row.words));
    }
  };
  add(Metric::decisions, decisions_);
  add(Metric::replies, replies_);
  for (std::size_t i = 0; i < stage_count; ++i) {
    const auto& durations = durations_[i];
    ServiceReport::Distribution told{
        Metric::decision_duration, {listener, std::string(to_text(static_cast<Stage>(i)))}, {}};
    std::uint64_t count = 0;
    for (std::size_t b = 0; b < durations.buckets.size(); ++b) {
      const auto here = durations.buckets[b].load(std::memory_order_relaxed);
      count += here;
      if (b < bounds.size()) {
        told.buckets.push_back({bounds[b] / microseconds, here});
      } else {
        told.beyond = here;
      }
    }
    if (count == 0) continue;
    told.sum = static_cast<double>(durations.sum.load(std::memory_order_relaxed)) / microseconds;
    report.distribution(std::move(told));
  }
}

}  // namespace postern

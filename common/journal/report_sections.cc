#include "journal/report_sections.h"

#include "journal/number_text.h"
#include "reply/page_frame.h"
#include "tables/entries.h"

#include <algorithm>
#include <cmath>

namespace postern::report {
namespace {

constexpr std::size_t most_spikes = 20;
constexpr std::size_t most_silent = 100;

std::vector<std::uint64_t> over_time(const RecordSums& sums, MailFate outcome) {
  std::vector<std::uint64_t> values;
  for (const auto& step : sums.over_time()) values.push_back(step.outcomes.of(outcome));
  return values;
}

std::vector<std::uint64_t> others_over_time(const RecordSums& sums) {
  auto values = over_time(sums, MailFate::discarded);
  const auto held = over_time(sums, MailFate::held);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += held[i];
  return values;
}

bool has_others(const RecordSums& sums) {
  return sums.outcomes().of(MailFate::discarded) + sums.outcomes().of(MailFate::held) > 0;
}

std::string reason_cell(std::string_view id) {
  auto html = code(id);
  if (const auto* reason = find_reason(id))
    html += "<small>" + html_text(reason->what) + "</small>";
  return html;
}

/// What it came to before, when that is known: "312", "at most 312", "-".
template <typename Value, typename Count>
std::string before_cell(const ReportInput& input, const TopCounts<Value>& before,
                        std::string_view key, Count count) {
  if (!input.spikes.is_compared) return "-";
  const auto* entry = before.find(key);
  if (entry == nullptr) return before.missed() == 0 ? "0" : "at most " + grouped(before.missed());
  return count_text(count(entry->value), entry->error);
}

std::string spike_name(const Spike& spike) {
  auto html = std::string(to_text(spike.kind)) + ' ' + code(spike.name);
  html[0] = static_cast<char>(html[0] - 'a' + 'A');
  return html;
}

std::string spike_growth(const Spike& spike) {
  if (spike.before == 0) return "new";
  const auto times = static_cast<double>(spike.now) / spike.expected;
  return grouped(static_cast<std::uint64_t>(std::llround(times))) + " times";
}

}  // namespace

std::string_view past_of(Verdict verdict) noexcept { return to_text(fate_of(verdict)); }

std::uint64_t would_differ(const ShadowSum& sum) {
  if (sum.verdict == Verdict::pass) return 0;
  return sum.outcomes.all() - sum.outcomes.of(fate_of(sum.verdict));
}

std::uint64_t missing_answers(const RecordSums& sums) {
  std::uint64_t missing = 0;
  for (const auto& step : sums.over_time()) {
    for (const auto count : step.unavailable) missing += count;
  }
  return missing;
}

std::string time_section(const ReportInput& input) {
  const auto& sums = input.now;
  Plot all{"plot-all", "All decisions", "decisions", "decision", {}};
  all.layers.push_back({"Let in", "let-in", over_time(sums, MailFate::let_in)});
  Plot rest{"plot-refused", "Refused and put off", "decisions", "decision", {}};
  rest.layers.push_back({"Refused", "refused", over_time(sums, MailFate::refused)});
  rest.layers.push_back({"Put off", "put-off", over_time(sums, MailFate::put_off)});
  if (has_others(sums))
    rest.layers.push_back({"Held or discarded", "other", others_over_time(sums)});
  all.layers.insert(all.layers.end(), rest.layers.begin(), rest.layers.end());
  return section("time", "Over time", bars(all, sums.steps()) + bars(rest, sums.steps()));
}

std::string spikes_section(const ReportInput& input) {
  const auto& report = input.spikes;
  const auto& steps = input.now.steps();
  if (!report.is_compared) {
    return section("spikes", "New spikes",
                   quiet("The journal holds too little of the " +
                         length_text(input.before.span().length()) + " before to compare with."));
  }
  std::string html = paragraph(
      "Compared with the time before, from " + minute_text(report.before.since) + " to " +
      minute_text(report.before.until) + " UTC. What is listed occurred at least " +
      std::to_string(spike_least) + " times, at least " +
      std::to_string(static_cast<int>(spike_factor)) +
      " times as often as before, and too often for chance: among the " +
      several(report.compared, "name", "names") +
      " compared, chance alone would give one such line in a thousand reports. Where more mail "
      "was let in than before, so much more is expected of all.");
  if (report.spikes.empty()) return section("spikes", "New spikes", html + quiet("None."));
  Rows rows;
  for (const auto& spike : report.spikes) {
    if (rows.size() == most_spikes) break;
    rows.push_back({spike_name(spike), grouped(spike.now), grouped(spike.before),
                    spike_growth(spike), spark(spike.over_time, steps, "refused")});
  }
  html += table(
      "", {{"What", Holds::words}, {"Now"}, {"Before"}, {"Growth"}, {"Over time", Holds::drawing}},
      rows);
  if (report.spikes.size() > most_spikes) {
    html += quiet("And " + grouped(report.spikes.size() - most_spikes) + " more.");
  }
  return section("spikes", "New spikes", html);
}

std::string reasons_section(const ReportInput& input) {
  const auto& sums = input.now;
  const auto all = sums.outcomes().not_let_in();
  Rows rows;
  const auto rank = [](const auto& entry) { return entry.value.outcomes.all(); };
  for (const auto& row : sums.reasons().top(most_rows, rank)) {
    const auto& sum = row.entry->value;
    rows.push_back({reason_cell(row.key), count_text(sum.outcomes.all()),
                    share_text(sum.outcomes.all(), all),
                    before_cell(input, input.before.reasons(), row.key,
                                [](const ReasonSum& each) { return each.outcomes.all(); }),
                    grouped(sum.shadow), spark(sum.over_time, sums.steps(), "refused")});
  }
  std::string html;
  if (rows.empty()) {
    html = quiet("Nothing was refused or put off.");
  } else {
    html = table("",
                 {{"Reason", Holds::words},
                  {"Decisions"},
                  {"Share"},
                  {"Before"},
                  {"In shadow"},
                  {"Over time", Holds::drawing}},
                 rows);
  }
  Rows codes;
  for (const auto& row : sums.by(SumsKey::code).top(most_rows)) {
    codes.push_back({code(row.key), count_text(row.entry->hits),
                     share_text(row.entry->hits, sums.all_by(SumsKey::code).all())});
  }
  Rows enhanced;
  for (const auto& row : sums.by(SumsKey::enhanced_code).top(most_rows)) {
    enhanced.push_back({code(row.key), count_text(row.entry->hits),
                        share_text(row.entry->hits, sums.all_by(SumsKey::enhanced_code).all())});
  }
  if (!codes.empty()) {
    html += "<div class=\"pair\">\n" +
            table("Reply codes", {{"Code", Holds::words}, {"Decisions"}, {"Share"}}, codes,
                  Narrow::stays) +
            table("Enhanced codes", {{"Code", Holds::words}, {"Decisions"}, {"Share"}}, enhanced,
                  Narrow::stays) +
            "</div>\n";
  }
  return section("reasons", "Top reasons", html);
}

std::string rules_section(const ReportInput& input) {
  const auto& sums = input.now;
  Rows rows;
  const auto rank = [](const auto& entry) {
    return entry.value.decided.all() + entry.value.besides;
  };
  for (const auto& row : sums.rules().top(most_rows, rank)) {
    const auto& sum = row.entry->value;
    rows.push_back({words(row.key), count_text(sum.decided.not_let_in(), row.entry->error),
                    count_text(sum.decided.of(MailFate::let_in), row.entry->error),
                    grouped(sum.besides), grouped(sum.unanswered),
                    spark(sum.over_time, sums.steps(), "plain")});
  }
  if (rows.empty()) return section("rules", "Rules at work", quiet("No rule said yes."));
  return section("rules", "Rules at work",
                 table("",
                       {{"Rule", Holds::words},
                        {"Refused or put off"},
                        {"Let in"},
                        {"Acted besides"},
                        {"Unanswered"},
                        {"Over time", Holds::drawing}},
                       rows));
}

std::string silent_section(const ReportInput& input) {
  if (!input.silent) return {};
  const auto& silent = *input.silent;
  std::string html = paragraph(
      "The policy has " + several(input.rules, "rule", "rules") + ". " +
      (silent.decisions == input.now.decisions()
           ? std::string("All decisions were made under this policy.")
           : grouped(silent.decisions) + " of " + grouped(input.now.decisions()) +
                 " decisions were made under this very policy, the others under earlier ones, in "
                 "which a rule may have been missing or another."));
  if (silent.without_accepts) {
    html += paragraph(
        "Mail that is let in is not recorded (<code>journal.accepts</code>), so rules that let "
        "mail "
        "in are left out.");
  }
  if (silent.rules.empty()) {
    return section("silent", "Rules that never fired",
                   html + quiet("Every rule said yes once at least."));
  }
  Rows rows;
  for (const auto& rule : silent.rules) {
    if (rows.size() == most_silent) break;
    std::string remark;
    if (rule.is_off) remark = "has expired";
    if (rule.unanswered > 0) {
      remark += (remark.empty() ? "" : ", ") + std::string("could not be answered ") +
                several(rule.unanswered, "time", "times");
    }
    rows.push_back({words(rule.place.name) + place_text(rule.place.file, rule.place.line),
                    std::string(to_text(rule.place.stage)), std::string(to_text(rule.verdict)),
                    std::string(to_text(rule.mode)), remark});
  }
  html += table("",
                {{"Rule", Holds::words},
                 {"Stage", Holds::word},
                 {"Verdict", Holds::word},
                 {"Mode", Holds::word},
                 {"Remark", Holds::words}},
                rows);
  if (silent.rules.size() > most_silent) {
    html += quiet("And " + grouped(silent.rules.size() - most_silent) + " more.");
  }
  return section("silent", "Rules that never fired", html);
}

}  // namespace postern::report

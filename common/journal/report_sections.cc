#include "journal/report_sections.h"

#include "journal/number_text.h"
#include "reply/page_frame.h"

#include <algorithm>
#include <cmath>

namespace postern::report {
namespace {

constexpr std::size_t most_rows = 12;
constexpr std::size_t most_spikes = 20;
constexpr std::size_t most_silent = 100;

using Rows = std::vector<std::vector<std::string>>;

std::string paragraph(const std::string& html) { return "<p>" + html + "</p>\n"; }
std::string quiet(const std::string& html) { return "<p class=\"quiet\">" + html + "</p>\n"; }

std::string count_text(std::uint64_t count, std::uint64_t error = 0) {
  return number_text(count) + (error > 0 ? "+" : "");
}

std::vector<std::uint64_t> over_time(const RecordSums& sums, Outcome outcome) {
  std::vector<std::uint64_t> values;
  for (const auto& step : sums.over_time()) values.push_back(step.outcomes.of(outcome));
  return values;
}

std::vector<std::uint64_t> others_over_time(const RecordSums& sums) {
  auto values = over_time(sums, Outcome::discarded);
  const auto held = over_time(sums, Outcome::held);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += held[i];
  return values;
}

bool has_others(const RecordSums& sums) {
  return sums.outcomes().of(Outcome::discarded) + sums.outcomes().of(Outcome::held) > 0;
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
  if (entry == nullptr)
    return before.missed() == 0 ? "0" : "at most " + number_text(before.missed());
  return count_text(count(entry->value), entry->error);
}

std::string place_text(const std::string& file, unsigned line) {
  if (file.empty()) return {};
  return "<small>" + words(file) + (line == 0 ? "" : ", line " + std::to_string(line)) + "</small>";
}

std::string spike_name(const Spike& spike) {
  auto html = std::string(to_text(spike.kind)) + ' ' + code(spike.name);
  html[0] = static_cast<char>(html[0] - 'a' + 'A');
  return html;
}

std::string spike_growth(const Spike& spike) {
  if (spike.before == 0) return "new";
  const auto times = static_cast<double>(spike.now) / spike.expected;
  return number_text(static_cast<std::uint64_t>(std::llround(times))) + " times";
}

Rows outcome_rows(const TopCounts<OutcomeSum>& counts, std::size_t most) {
  Rows rows;
  const auto rank = [](const auto& entry) { return entry.value.outcomes.not_let_in(); };
  for (const auto& row : counts.top(most, rank)) {
    const auto& outcomes = row.entry->value.outcomes;
    rows.push_back({code(row.key), count_text(outcomes.of(Outcome::refused), row.entry->error),
                    count_text(outcomes.of(Outcome::put_off), row.entry->error),
                    count_text(outcomes.of(Outcome::let_in), row.entry->error)});
  }
  return rows;
}

std::string people_table(std::string_view caption, std::string_view head,
                         const TopCounts<OutcomeSum>& counts) {
  const auto rows = outcome_rows(counts, most_rows);
  if (rows.empty()) return {};
  return table(caption, {{head, Holds::words}, {"Refused"}, {"Put off"}, {"Let in"}}, rows,
               Narrow::stays);
}

Rows sample_rows(const std::vector<SumsSample>& samples) {
  Rows rows;
  for (auto sample = samples.rbegin(); sample != samples.rend(); ++sample) {
    rows.push_back({code(sample->reference), minute_text(sample->time), code(sample->client),
                    sample->sender.empty() ? "" : code(sample->sender),
                    sample->recipient.empty() ? "" : code(sample->recipient),
                    std::string(to_text(sample->outcome))});
  }
  return rows;
}

std::string would_text(const ShadowSum& sum) {
  const auto all = sum.outcomes.all();
  const auto times = all == 1 ? std::string("once") : number_text(all) + " times";
  std::string html = "Would have ";
  if (sum.verdict == Verdict::pass) {
    html += "acted " + times;
  } else {
    html += std::string(past_of(sum.verdict)) + ' ' + times;
    if (!sum.reason.empty()) html += ", as " + code(sum.reason);
  }
  html += ". Of these, ";
  bool first = true;
  for (const auto outcome :
       {Outcome::let_in, Outcome::put_off, Outcome::refused, Outcome::held, Outcome::discarded}) {
    const auto count = sum.outcomes.of(outcome);
    if (count == 0) continue;
    html +=
        (first ? "" : ", ") + several(count, "was", "were") + ' ' + std::string(to_text(outcome));
    if (outcome_of(sum.verdict) == outcome && sum.verdict != Verdict::pass) html += " anyway";
    first = false;
  }
  return html + '.';
}

}  // namespace

std::string_view past_of(Verdict verdict) noexcept { return to_text(outcome_of(verdict)); }

std::uint64_t would_differ(const ShadowSum& sum) {
  if (sum.verdict == Verdict::pass) return 0;
  return sum.outcomes.all() - sum.outcomes.of(outcome_of(sum.verdict));
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
  Plot all{"plot-all", "All decisions", "decisions", {}};
  all.layers.push_back({"Let in", "let-in", over_time(sums, Outcome::let_in)});
  Plot rest{"plot-refused", "Refused and put off", "decisions", {}};
  rest.layers.push_back({"Refused", "refused", over_time(sums, Outcome::refused)});
  rest.layers.push_back({"Put off", "put-off", over_time(sums, Outcome::put_off)});
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
  std::string html =
      paragraph("Compared with the time before, from " + minute_text(report.before.since) + " to " +
                minute_text(report.before.until) + " UTC. What is listed occurred at least " +
                std::to_string(spike_least) + " times, at least " +
                std::to_string(static_cast<int>(spike_factor)) +
                " times as often as before, and too often for chance: among the " +
                several(report.compared, "name", "names") +
                " compared, steady mail would give one such line in a thousand reports.");
  if (report.spikes.empty()) return section("spikes", "New spikes", html + quiet("None."));
  Rows rows;
  for (const auto& spike : report.spikes) {
    if (rows.size() == most_spikes) break;
    rows.push_back({spike_name(spike), number_text(spike.now), number_text(spike.before),
                    spike_growth(spike), spark(spike.over_time, steps, "refused")});
  }
  html += table(
      "", {{"What", Holds::words}, {"Now"}, {"Before"}, {"Growth"}, {"Over time", Holds::drawing}},
      rows);
  if (report.spikes.size() > most_spikes) {
    html += quiet("And " + number_text(report.spikes.size() - most_spikes) + " more.");
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
                    number_text(sum.shadow), spark(sum.over_time, sums.steps(), "refused")});
  }
  std::string html;
  if (rows.empty()) {
    html = quiet("Nothing was refused or put off.");
  } else {
    html = table("",
                 {{"Reason", Holds::words},
                  {"Decisions"},
                  {"Of all not let in"},
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
                    count_text(sum.decided.of(Outcome::let_in), row.entry->error),
                    number_text(sum.besides), number_text(sum.unanswered),
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
      "Of the policy's " + several(input.rules, "rule", "rules") + ". " +
      (silent.decisions == input.now.decisions()
           ? std::string("All decisions were made under this policy.")
           : number_text(silent.decisions) + " of " + number_text(input.now.decisions()) +
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
    html += quiet("And " + number_text(silent.rules.size() - most_silent) + " more.");
  }
  return section("silent", "Rules that never fired", html);
}

std::string shadow_section(const ReportInput& input) {
  const auto& sums = input.now;
  const auto rows = sums.shadows().top(most_rows);
  if (rows.empty()) {
    return section("shadow", "Shadow rules", quiet("No rule in shadow said yes."));
  }
  std::string html = paragraph(
      "What each would have done if it had acted, beside what became of the mail. The newest of "
      "those "
      "that it would have treated otherwise are shown.");
  for (const auto& row : rows) {
    const auto& sum = row.entry->value;
    html += "<div class=\"would\">\n<h3>" + words(sum.rule) + "</h3>\n" +
            paragraph(would_text(sum) +
                      (sum.share > 0 ? " It acts on " + std::to_string(sum.share) +
                                           "% of messages already; these are the others."
                                     : "") +
                      place_text(sum.file, sum.line)) +
            spark(sum.over_time, sums.steps(), "other") +
            table("",
                  {{"Reference", Holds::words},
                   {"Time (UTC)", Holds::word},
                   {"Client", Holds::word},
                   {"Sender", Holds::words},
                   {"Recipient", Holds::words},
                   {"Became", Holds::word}},
                  sample_rows(sum.samples)) +
            "</div>\n";
  }
  if (sums.shadows().size() > rows.size()) {
    html += quiet("And " + number_text(sums.shadows().size() - rows.size()) + " more.");
  }
  return section("shadow", "Shadow rules", html);
}

std::string people_section(const ReportInput& input) {
  const auto& sums = input.now;
  auto html = people_table("Domains of senders", "Domain", sums.by(SumsKey::sender_domain)) +
              people_table("Networks of clients", "Network", sums.by(SumsKey::network)) +
              people_table("Domains of recipients", "Domain", sums.by(SumsKey::recipient_domain));
  if (html.empty()) html = quiet("Nothing was refused or put off.");
  return section("people", "Whose mail was not let in", html);
}

std::string health_section(const ReportInput& input) {
  const auto& sums = input.now;
  Plot plot{"plot-missing", "Answers that did not come", "answers", {}};
  constexpr std::string_view colours[] = {"refused", "other", "put-off", "plain"};
  for (std::size_t group = 0; group < 4; ++group) {
    Layer layer{unavailable_group_name(group), colours[group], {}};
    std::uint64_t all = 0;
    for (const auto& step : sums.over_time()) {
      layer.values.push_back(step.unavailable[group]);
      all += step.unavailable[group];
    }
    if (all > 0 || group == 0) plot.layers.push_back(std::move(layer));
  }
  Plot late{"plot-late", "Decisions that ran into the deadline", "decisions", {}};
  late.layers.push_back({"Decisions", "put-off", {}});
  for (const auto& step : sums.over_time()) late.layers.front().values.push_back(step.late);

  Rows rows;
  const auto rank = [](const auto& entry) { return entry.value.unavailable; };
  for (const auto& row : sums.dependencies().top(most_rows, rank)) {
    const auto& sum = row.entry->value;
    std::string causes;
    for (const auto& [cause, count] : sum.causes) {
      causes += (causes.empty() ? "" : ", ") + words(cause) + ' ' + number_text(count);
    }
    rows.push_back({code(row.key), count_text(sum.unavailable, row.entry->error),
                    share_text(sum.unavailable, row.entry->hits), number_text(sum.late), causes,
                    spark(sum.unavailable_over_time, sums.steps(), "refused")});
  }
  auto html = bars(plot, sums.steps());
  if (sums.late() > 0) html += bars(late, sums.steps());
  if (rows.empty()) {
    html += quiet(sums.dependencies().size() == 0 ? "No rule asked anything."
                                                  : "Whoever was asked, answered.");
  } else {
    html += table("Who did not answer",
                  {{"Asked", Holds::words},
                   {"Missing"},
                   {"Of all asked"},
                   {"By the deadline"},
                   {"Why", Holds::words},
                   {"Over time", Holds::drawing}},
                  rows);
  }
  return section("health", "DNS and store health", html);
}

std::string speed_section(const ReportInput& input) {
  const auto& sums = input.now;
  Plot plot{"plot-speed", "Time from request to answer", "microseconds", {}};
  plot.layers = {{"99% within", "refused", {}}, {"half within", "let-in", {}}};
  for (const auto& step : sums.over_time()) {
    plot.layers[0].values.push_back(static_cast<std::uint64_t>(step.times.quantile(0.99).count()));
    plot.layers[1].values.push_back(static_cast<std::uint64_t>(step.times.quantile(0.5).count()));
  }
  Rows rows;
  const auto rank = [](const auto& entry) {
    return static_cast<std::uint64_t>(entry.value.times.quantile(0.95).count());
  };
  for (const auto& row : sums.dependencies().top(most_rows, rank)) {
    const auto& times = row.entry->value.times;
    rows.push_back({code(row.key), duration_text(times.quantile(0.5)),
                    duration_text(times.quantile(0.95)), duration_text(times.longest()),
                    number_text(times.count()), code(row.entry->value.slowest)});
  }
  auto html = duration_lines(plot, sums.steps());
  if (rows.empty()) {
    html += quiet("No answer took a time that is recorded.");
  } else {
    html += table("Slowest to answer",
                  {{"Asked", Holds::words},
                   {"Half within"},
                   {"95% within"},
                   {"Longest"},
                   {"Times asked"},
                   {"The slowest", Holds::words}},
                  rows);
  }
  return section("speed", "Speed", html);
}

std::string notes_section(const ReportInput& input) {
  const auto& sums = input.now;
  std::string html = "<ul class=\"notes\">\n";
  const auto note = [&html](const std::string& text) { html += "<li>" + text + "</li>\n"; };
  for (const auto& remark : input.remarks) note(prose(remark));
  note(
      "A decision is an answer to the mail server: one for each recipient about whom it asks, and "
      "one for each message at its end. " +
      several(sums.repeats(), "question that it asked again is",
              "questions that it asked again are") +
      " not counted.");
  note(
      "All times are in UTC. The first and the last bar of a plot may stand for less time than the "
      "others.");
  note(
      "A time that half of them, or 95%, took at most is up to a quarter too long; the longest is "
      "exact.");
  note(
      "Names that turn up seldom among very many are counted together. A number with + is the "
      "least "
      "that it can be.");
  note("An answer from memory takes no time and is no part of the times under Speed.");
  return section("notes", "How to read this", html + "</ul>\n");
}

}  // namespace postern::report

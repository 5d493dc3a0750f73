// The sections of the report page about what would have been, about people, answers and time.

#include "journal/number_text.h"
#include "journal/report_sections.h"
#include "reply/page_frame.h"
#include "tables/entries.h"

#include <algorithm>
#include <utility>

namespace postern::report {
namespace {

Rows outcome_rows(const TopCounts<FateSum>& counts, std::size_t most) {
  Rows rows;
  const auto rank = [](const auto& entry) { return entry.value.outcomes.not_let_in(); };
  for (const auto& row : counts.top(most, rank)) {
    const auto& outcomes = row.entry->value.outcomes;
    rows.push_back({code(row.key), count_text(outcomes.of(MailFate::refused), row.entry->error),
                    count_text(outcomes.of(MailFate::put_off), row.entry->error),
                    count_text(outcomes.of(MailFate::let_in), row.entry->error)});
  }
  return rows;
}

std::string people_table(std::string_view caption, std::string_view head,
                         const TopCounts<FateSum>& counts) {
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
  const auto times = all == 1 ? std::string("once") : grouped(all) + " times";
  std::string html = "Would have ";
  if (sum.verdict == Verdict::pass) {
    html += "acted " + times;
  } else {
    html += std::string(past_of(sum.verdict)) + ' ' + times;
    if (!sum.reason.empty()) html += ", as " + code(sum.reason);
  }
  html += ". Of these, ";
  bool first = true;
  for (const auto outcome : {MailFate::let_in, MailFate::put_off, MailFate::refused, MailFate::held,
                             MailFate::discarded}) {
    const auto count = sum.outcomes.of(outcome);
    if (count == 0) continue;
    html +=
        (first ? "" : ", ") + several(count, "was", "were") + ' ' + std::string(to_text(outcome));
    if (fate_of(sum.verdict) == outcome && sum.verdict != Verdict::pass) html += " anyway";
    first = false;
  }
  return html + '.';
}

/// Where the time of decisions went; nothing where the rules are all of it.
std::string parts_table(const RecordSums& sums) {
  if (sums.waiting().times.count() + sums.afterwards().times.count() == 0) return {};
  Rows rows;
  const auto add = [&rows](std::string_view what, const PartSum& part) {
    if (part.times.count() == 0) return;
    rows.push_back({std::string(what), duration_text(part.times.quantile(0.5)),
                    duration_text(part.times.quantile(0.99)), duration_text(part.times.longest()),
                    grouped(part.times.count()), code(part.slowest)});
  };
  add("The rules", sums.in_rules());
  add("Waiting for answers", sums.waiting());
  add("After the answer, with nobody waiting", sums.afterwards());
  return table("Where the time goes",
               {{"Part", Holds::words},
                {"Half within"},
                {"99% within"},
                {"Longest"},
                {"Decisions"},
                {"The slowest", Holds::words}},
               rows);
}

}  // namespace

std::string shadow_section(const ReportInput& input) {
  const auto& sums = input.now;
  const auto rows = sums.shadows().top(most_rows);
  if (rows.empty()) {
    return section("shadow", "Shadow rules", quiet("No rule in shadow said yes."));
  }
  std::string html = paragraph(
      "What each would have done if it had acted, beside what became of the mail. Shown are the "
      "newest that came in and would not have, or the reverse.");
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
                   {"Became", Holds::words}},
                  sample_rows(sum.samples)) +
            "</div>\n";
  }
  if (sums.shadows().size() > rows.size()) {
    html += quiet("And " + grouped(sums.shadows().size() - rows.size()) + " more.");
  }
  return section("shadow", "Shadow rules", html);
}

std::string people_section(const ReportInput& input) {
  const auto& sums = input.now;
  auto html = people_table("Domains of senders", "Domain", sums.by(SumsKey::sender_domain)) +
              people_table("Networks of clients", "Network", sums.by(SumsKey::network)) +
              people_table("Countries of clients", "Country", sums.by(SumsKey::country)) +
              people_table("Networks that announce clients", "Network", sums.by(SumsKey::asn)) +
              people_table("Domains of recipients", "Domain", sums.by(SumsKey::recipient_domain));
  if (html.empty()) html = quiet("Nothing was refused or put off.");
  return section("people", "Whose mail was not let in", html);
}

std::string health_section(const ReportInput& input) {
  const auto& sums = input.now;
  Plot plot{"plot-missing", "Answers that did not come", "answers", "answer", {}};
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
  Plot late{"plot-late", "Decisions that ran into the deadline", "decisions", "decision", {}};
  late.layers.push_back({"Decisions", "put-off", {}});
  for (const auto& step : sums.over_time()) late.layers.front().values.push_back(step.late);

  Rows rows;
  const auto rank = [](const auto& entry) {
    return entry.value.unavailable + entry.value.suspended;
  };
  for (const auto& row : sums.dependencies().top(most_rows, rank)) {
    const auto& sum = row.entry->value;
    std::string causes;
    for (const auto& [cause, count] : sum.causes) {
      causes += (causes.empty() ? "" : ", ") + words(cause) + ' ' + grouped(count);
    }
    rows.push_back(
        {code(row.key), count_text(sum.unavailable, row.entry->error),
         share_text(sum.unavailable, row.entry->hits - std::min(row.entry->hits, sum.suspended)),
         grouped(sum.late), grouped(sum.suspended), causes,
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
                   {"List suspended"},
                   {"Why", Holds::words},
                   {"Over time", Holds::drawing}},
                  rows);
  }
  return section("health", "DNS and store health", html);
}

std::string speed_section(const ReportInput& input) {
  const auto& sums = input.now;
  Plot plot{"plot-speed", "Time from request to answer", "microseconds", "microsecond", {}};
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
                    grouped(times.count()), code(row.entry->value.slowest)});
  }
  auto html = duration_lines(plot, sums.steps()) + parts_table(sums);
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
  if (sums.standing_for_others() > 0) {
    note("Of mail that passed only a share is recorded (<code>journal.accepts_share</code>). " +
         several(sums.standing_for_others(), "such record counts", "such records count") +
         " as the " + grouped(sums.estimated()) +
         " decisions that they stand for: numbers of what was let in are an estimate.");
  }
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

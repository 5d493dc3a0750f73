#include "journal/report_page.h"

#include "journal/number_text.h"
#include "journal/report_sections.h"
#include "reply/page_frame.h"
#include "tables/entries.h"

#include <utility>

namespace postern {
namespace report {
namespace {

std::string link(std::string_view id, const std::string& html) {
  return "<a href=\"#" + std::string(id) + "\">" + html + "</a>";
}

/// "was 12.3% before", where there is something to compare with.
std::string before_text(const ReportInput& input, MailFate outcome) {
  if (!input.spikes.is_compared) return {};
  return ", was " + share_text(input.before.outcomes().of(outcome), input.before.decisions()) +
         " before";
}

std::string figure(std::string_view colour, std::string_view name, const std::string& value,
                   const std::string& below) {
  return "<li class=\"" + std::string(colour) + "\"><span>" + html_text(name) + "</span><b>" +
         value + "</b><span>" + below + "</span></li>\n";
}

std::string figures(const ReportInput& input) {
  const auto& sums = input.now;
  std::string html = "<ul class=\"figures\">\n";
  html += figure("plain", "Decisions", grouped(sums.decisions()),
                 input.spikes.is_compared ? grouped(input.before.decisions()) + " before"
                                          : "in " + length_text(sums.span().length()));
  const std::pair<MailFate, std::string_view> outcomes[] = {{MailFate::let_in, "let-in"},
                                                            {MailFate::put_off, "put-off"},
                                                            {MailFate::refused, "refused"},
                                                            {MailFate::discarded, "other"},
                                                            {MailFate::held, "other"}};
  for (const auto& [outcome, colour] : outcomes) {
    const auto count = sums.outcomes().of(outcome);
    const bool is_usual =
        outcome == MailFate::let_in || outcome == MailFate::put_off || outcome == MailFate::refused;
    if (count == 0 && !is_usual) continue;
    auto name = std::string(to_text(outcome));
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    const bool is_estimate = outcome == MailFate::let_in && sums.standing_for_others() > 0;
    html += figure(colour, name, (is_estimate ? "about " : "") + grouped(count),
                   share_text(count, sums.decisions()) + before_text(input, outcome));
  }
  html += figure("plain", "Time for a decision", duration_text(sums.decision_times().quantile(0.5)),
                 "99% within " + duration_text(sums.decision_times().quantile(0.99)));
  return html + "</ul>\n";
}

enum class Look : std::uint8_t { well, look };
std::string finding(Look look, const std::string& html) {
  return std::string("<li") + (look == Look::look ? " class=\"look\"" : "") + ">" + html +
         "</li>\n";
}

std::string findings(const ReportInput& input) {
  std::string html = "<ul class=\"findings\">\n";
  const auto spikes = input.spikes.spikes.size();
  if (!input.spikes.is_compared) {
    html += finding(Look::well, "Too little is recorded of the time before to tell what is new.");
  } else if (spikes == 0) {
    html += finding(Look::well, "Nothing has become much more frequent than it was before.");
  } else {
    html += finding(Look::look, link("spikes", several(spikes, "thing has", "things have")) +
                                    " become much more frequent than before, the most unusual is " +
                                    std::string(to_text(input.spikes.spikes.front().kind)) + ' ' +
                                    code(input.spikes.spikes.front().name) + '.');
  }
  if (const auto missing = missing_answers(input.now); missing > 0) {
    html += finding(Look::look, link("health", several(missing, "answer", "answers")) +
                                    " from DNS, stores or tables did not come; " +
                                    several(input.now.late(), "decision", "decisions") +
                                    " ran into the deadline.");
  } else {
    html += finding(Look::well, "Every answer of DNS, stores and tables came.");
  }
  const auto would = input.now.changed_by_shadow();
  if (input.now.shadows().size() > 0) {
    html += finding(would > 0 ? Look::look : Look::well,
                    link("shadow", "Shadow rules") + " would have changed what became of " +
                        several(would, "decision", "decisions") + '.');
  }
  if (input.silent && !input.silent->rules.empty()) {
    html += finding(Look::look, link("silent", grouped(input.silent->rules.size()) + " of " +
                                                   several(input.rules, "rule", "rules")) +
                                    " never said yes.");
  }
  return html + "</ul>\n";
}

std::string contents(const ReportInput& input) {
  const std::pair<std::string_view, std::string_view> places[] = {
      {"time", "Over time"},      {"spikes", "New spikes"},
      {"reasons", "Reasons"},     {"rules", "Rules"},
      {"silent", "Silent rules"}, {"shadow", "Shadow rules"},
      {"people", "Who"},          {"health", "DNS and stores"},
      {"speed", "Speed"},         {"notes", "How to read this"}};
  std::string html = "<nav aria-label=\"Contents\"><p>";
  for (const auto& [id, name] : places) {
    if (id == "silent" && !input.silent) continue;
    html += (id == "time" ? "" : " &middot; ") + link(id, std::string(name));
  }
  return html + "</p></nav>\n";
}

}  // namespace

std::string paragraph(const std::string& html) { return "<p>" + html + "</p>\n"; }

std::string quiet(const std::string& html) { return "<p class=\"quiet\">" + html + "</p>\n"; }

std::string count_text(std::uint64_t count, std::uint64_t error) {
  return grouped(count) + (error > 0 ? "+" : "");
}

std::string place_text(const std::string& file, unsigned line) {
  if (file.empty()) return {};
  return "<small>" + words(file) + (line == 0 ? "" : ", line " + std::to_string(line)) + "</small>";
}

std::string several(std::uint64_t count, std::string_view one, std::string_view many) {
  return grouped(count) + ' ' + std::string(count == 1 ? one : many);
}

std::string section(std::string_view id, std::string_view title, const std::string& html) {
  return "<section aria-labelledby=\"" + std::string(id) + "\">\n<h2 id=\"" + std::string(id) +
         "\">" + html_text(title) + "</h2>\n" + html + "</section>\n";
}

}  // namespace report

std::string report_page(const ReportInput& input) {
  using namespace report;
  const auto& span = input.now.span();
  PageFrame frame;
  frame.mark = report_mark;
  frame.style = style;
  const auto host = input.host.empty() ? std::string("this server") : input.host;
  const auto time = minute_text(span.since) + " to " + minute_text(span.until);
  frame.title = "Mail at " + host + ", " + time;
  frame.description = "What Postern decided on mail, and why, from " + time + " UTC.";
  frame.top = "<p>Postern report, written " + minute_text(input.written) + " UTC</p>\n";
  frame.main = "<h1>Mail at " + words(host) + "</h1>\n<p class=\"lead\">" +
               length_text(span.length()) + ", from " + minute_text(span.since) + " to " +
               minute_text(span.until) + " UTC.</p>\n";
  if (input.now.decisions() == 0) {
    frame.main += "<p>No decision is recorded of this time.</p>\n" + notes_section(input);
  } else {
    frame.main += findings(input) + figures(input) + contents(input) + time_section(input) +
                  spikes_section(input) + reasons_section(input) + rules_section(input) +
                  silent_section(input) + shadow_section(input) + people_section(input) +
                  health_section(input) + speed_section(input) + notes_section(input);
  }
  frame.bottom =
      "<p>This page names addresses of people. A reference leads to the whole story of a decision: "
      "<code>postern explain REFERENCE</code></p>\n";
  return whole_page(frame);
}

}  // namespace postern

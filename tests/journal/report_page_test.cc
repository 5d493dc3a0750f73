#include "journal/report_page.h"

#include "journal/report_parts.h"
#include "journal/sample_mail.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace postern {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::sample_day;
using testing::sample_decision;

TimeSpan span(hours length) { return {sample_day(), sample_day() + length}; }
TimeSpan before(hours length) { return {sample_day() - length, sample_day()}; }

ReportInput input_of(const RecordSums& now, const RecordSums& earlier) {
  return {"mx1.example.org",
          now.span().until,
          now,
          earlier,
          find_spikes(now, earlier, earlier.span().since),
          std::nullopt,
          0,
          {}};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// Ten minutes with a little of everything.
std::string small_page() {
  const TimeSpan here{sample_day(), sample_day() + minutes{10}};
  RecordSums now(here);
  RecordSums earlier({sample_day() - minutes{10}, sample_day()});
  for (int i = 0; i < 12; ++i) {
    auto record = sample_decision(sample_day() + seconds(40 * i), Verdict::reject, "dnsbl-listed");
    testing::add_fact(record, QuestionKind::dns, "A", "7.2.0.192.zen.example", milliseconds{20});
    now.add(record);
    record = sample_decision(sample_day() + seconds(30 * i), Verdict::pass);
    if (i < 3) {
      testing::add_shadow(record, "stricter", Verdict::reject, "client-blocked");
      testing::add_fact(record, QuestionKind::store, "seen", "x", {}, "deadline");
    }
    now.add(record);
    record = sample_decision(sample_day() - seconds(30 * i + 1), Verdict::defer, "greylisted");
    earlier.add(record);
  }
  auto held = sample_decision(sample_day() + minutes{5}, Verdict::quarantine);
  now.add(held);
  auto input = input_of(now, earlier);
  input.silent = SilentRules();
  input.silent->decisions = 20;
  input.silent->rules = {{{"friends", "rules/all.toml", 12, Stage::connect},
                          Verdict::accept,
                          RuleMode::enforce,
                          2,
                          false},
                         {{"last year", "rules/all.toml", 20, Stage::rcpt},
                          Verdict::reject,
                          RuleMode::shadow,
                          0,
                          true}};
  input.rules = 5;
  input.remarks = {"1 of 30 lines of the journal cannot be read and are not counted."};
  return report_page(input);
}

TEST(ReportPage, IsWhatAPersonReads) { testing::expect_golden("pages/report.html", small_page()); }

TEST(ReportPage, NeedsNothingElseAndRunsNothing) {
  const auto page = small_page();
  for (const auto* banned : {"<script", "<link", "<img", "<iframe", "http:", "https:", "url(",
                             "@import", "src=", "onload"}) {
    EXPECT_THAT(page, Not(HasSubstr(banned)));
  }
  EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0U);
  EXPECT_LT(page.find(report_mark), 1024U);
}

TEST(ReportPage, OfNoDecisionSaysSo) {
  const RecordSums now(span(hours{24}));
  const RecordSums earlier(before(hours{24}));
  const auto page = report_page(input_of(now, earlier));
  EXPECT_THAT(page, HasSubstr("No decision is recorded of this time."));
  EXPECT_THAT(page, HasSubstr("</html>"));
}

TEST(ReportPage, ShowsWhatStrangersSendAsWords) {
  const std::string hostile[] = {"</title><script>alert(1)</script>",
                                 "\" onmouseover=\"x",
                                 "' onmouseover='x",
                                 "&amp;&lt;",
                                 "\xff\xfe\x80",
                                 std::string("nul\0\x07\x1b[31m", 10),
                                 "\xe2\x80\xae"
                                 "reversed",
                                 std::string(9000, 'x')};
  RecordSums now(span(hours{24}));
  RecordSums earlier(before(hours{24}));
  earlier.add(sample_decision(sample_day() - minutes{1}, Verdict::pass));
  for (const auto& text : hostile) {
    for (int i = 0; i < 12; ++i) {
      auto record = sample_decision(sample_day() + minutes(i), Verdict::reject, "dnsbl-listed");
      record.host = text;
      record.decision.rule->name = text;
      record.decision.rule->file = text;
      record.decision.trail[0].rule.name = text;
      record.transaction.sender = MailAddress::from_unquoted("a@" + text + ".example");
      record.transaction.recipient = MailAddress::from_unquoted(text + "@" + text + ".example");
      testing::add_shadow(record, text, Verdict::defer, text);
      record.decision.trail[0].rule.file = text;
      testing::add_fact(record, QuestionKind::dns, text, text, microseconds{0}, text);
      testing::add_fact(record, QuestionKind::store, text, text, microseconds{500});
      now.add(record);
    }
  }
  auto input = input_of(now, earlier);
  input.host = hostile[0];
  input.remarks.assign(std::begin(hostile), std::end(hostile));
  input.silent = SilentRules();
  for (const auto& text : hostile) {
    input.silent->rules.push_back(
        {{text, text, 1, Stage::rcpt}, Verdict::reject, RuleMode::enforce, 0, false});
  }
  const auto page = report_page(input);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("\" onmouseover")));
  EXPECT_THAT(page, Not(HasSubstr("' onmouseover")));
  EXPECT_THAT(page, HasSubstr("&lt;/title&gt;&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("&amp;amp;&amp;lt;"));
  EXPECT_THAT(page, HasSubstr("\\xff\\xfe\\x80"));
  EXPECT_THAT(page, HasSubstr("\\xe2\\x80\\xaereversed"));
  EXPECT_TRUE(std::all_of(page.begin(), page.end(), [](char c) {
    return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
  }));
  EXPECT_EQ(count_of(page, "<section"), count_of(page, "</section>"));
  EXPECT_EQ(count_of(page, "<table"), count_of(page, "</table>"));
}

TEST(ReportPage, ComparesOnlyWithWhatIsRecorded) {
  RecordSums now(span(hours{24}));
  for (int i = 0; i < 50; ++i) {
    now.add(sample_decision(sample_day() + minutes(i), Verdict::reject, "dnsbl-listed"));
  }
  const RecordSums none(before(hours{24}));
  EXPECT_THAT(report_page(input_of(now, none)),
              HasSubstr("holds too little of the 1 day before to compare with"));
  RecordSums some(before(hours{24}));
  some.add(sample_decision(sample_day() - minutes{1}, Verdict::pass));
  EXPECT_THAT(report_page(input_of(now, some)), HasSubstr("4 things have</a> become much more"));
}

TEST(ReportPlots, HaveABarForEachStepThatIsTheHeightOfItsNumber) {
  const TimeSteps steps({sample_day(), sample_day() + minutes{4}});
  const report::Plot plot{"p",
                          "Title",
                          "decisions",
                          "decision",
                          {{"One", "let-in", {10, 0, 5, 0}}, {"Two", "refused", {0, 0, 5, 1}}}};
  const auto html = report::bars(plot, steps);
  EXPECT_THAT(html, HasSubstr("class=\"let-in\" d=\"M0.1 100V0H0.9V100ZM2.1 100V50H2.9V100Z\""));
  EXPECT_THAT(html, HasSubstr("class=\"refused\" d=\"M2.1 50V0H2.9V50ZM3.1 100V90H3.9V100Z\""));
  EXPECT_THAT(html, HasSubstr("<span>10</span><span>5</span><span>0</span>"));
  EXPECT_THAT(html, HasSubstr("<title>2026-11-15 00:02 UTC: One 5, Two 5</title>"));
  EXPECT_EQ(count_of(html, "<th scope=\"row\">"), 3U) << "the step without anything is left out";
}

TEST(ReportPlots, DrawTimesOverPowersOfTen) {
  const TimeSteps steps({sample_day(), sample_day() + minutes{4}});
  const report::Plot plot{
      "p", "Title", "", "", {{"half within", "let-in", {100, 1'000, 0, 10'000}}}};
  const auto html = report::duration_lines(plot, steps);
  EXPECT_THAT(html, HasSubstr("<span>10 ms</span><span>1 ms</span><span>0.1 ms</span>"));
  EXPECT_THAT(html, HasSubstr("d=\"M0 100H1V50H2M3 0H4\""));
}

TEST(ReportPlots, OfNothingAreWords) {
  const TimeSteps steps({sample_day(), sample_day() + minutes{4}});
  const report::Plot plot{"p", "Title", "decisions", "decision", {{"One", "let-in", {0, 0, 0, 0}}}};
  for (const auto& html : {report::bars(plot, steps), report::duration_lines(plot, steps)}) {
    EXPECT_THAT(html, HasSubstr("None in this time."));
    EXPECT_THAT(html, Not(HasSubstr("<svg")));
  }
}

/// The relative luminance of WCAG 2.
double luminance(const std::string& colour) {
  const auto part = [&](std::size_t at) {
    const double value = static_cast<double>(std::stoi(colour.substr(at, 2), nullptr, 16)) / 255;
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4);
}

double contrast(const std::string& one, const std::string& other) {
  const auto [dark, light] = std::minmax({luminance(one), luminance(other)});
  return (light + 0.05) / (dark + 0.05);
}

TEST(ReportPlots, HaveColoursThatStandOutInTheLightAndInTheDark) {
  const std::string page = small_page();
  const auto colours_between = [&](std::string_view begin, std::string_view end) {
    const auto from = page.find(begin);
    const auto text = page.substr(from, page.find(end, from) - from);
    std::map<std::string, std::string> colours;
    for (auto at = text.find("--"); at != text.npos; at = text.find("--", at + 2)) {
      const auto colon = text.find(": #", at);
      if (colon == text.npos) break;
      colours[text.substr(at + 2, colon - at - 2)] = text.substr(colon + 3, 6);
    }
    return colours;
  };
  const auto light = colours_between("<style>\n:root { --let-in", "}");
  const auto dark_from = "  :root { --let-in";
  const auto dark = colours_between(dark_from, "}");
  ASSERT_EQ(light.size(), 5U);
  ASSERT_EQ(dark.size(), 5U);
  // The grounds of reply/page_frame.cc, plain and of panels.
  for (const auto& [name, colour] : light) {
    for (const auto* ground : {"ffffff", "f3f5f8"}) EXPECT_GE(contrast(colour, ground), 3) << name;
  }
  for (const auto& [name, colour] : dark) {
    for (const auto* ground : {"14171c", "1e232a"}) EXPECT_GE(contrast(colour, ground), 3) << name;
  }
  // What lies on one another in a plot.
  for (const auto& [one, other] :
       {std::pair("let-in", "refused"), {"refused", "put-off"}, {"put-off", "other"}}) {
    EXPECT_GE(contrast(light.at(one), light.at(other)), 1.5) << one << " on " << other;
    EXPECT_GE(contrast(dark.at(one), dark.at(other)), 1.25) << one << " on " << other;
  }
}

TEST(ReportPage, SaysWhatIsAnEstimateAndWhereTheTimeWent) {
  const TimeSpan here{sample_day(), sample_day() + minutes{10}};
  RecordSums now(here);
  RecordSums earlier({sample_day() - minutes{10}, sample_day()});
  for (int i = 0; i < 3; ++i) {
    auto record = sample_decision(sample_day() + minutes(i), Verdict::pass);
    record.share = 5;
    record.spent = TimeSpent{milliseconds{1}, milliseconds{30}, {}};
    now.add(record);
  }
  const auto page = report_page(input_of(now, earlier));
  EXPECT_THAT(page, HasSubstr("<b>about 60</b>"));
  EXPECT_THAT(page, HasSubstr("3 such records count as the 60 decisions that they stand for"));
  EXPECT_THAT(page, HasSubstr("Where the time goes"));
  EXPECT_THAT(page, HasSubstr("Waiting for answers"));
}

}  // namespace
}  // namespace postern

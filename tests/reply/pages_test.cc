#include "reply/pages.h"

#include "reply/page_frame.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace postern {
namespace {

using testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::Not;

PageOwner owner() { return {"mx1.example.org", "postmaster@example.org"}; }

std::string page_of(std::string_view id, const PageOwner& whose = owner()) {
  const auto* reason = find_reason(id);
  return reason == nullptr ? "no such reason" : reason_page(*reason, whose);
}

/// A few in full: a list with an outside party, a temporary one, one with two classes of code, one
/// without any contact.
TEST(HelpPages, ReadAsTheGoldenFilesHaveThem) {
  expect_golden("pages/index.html", index_page(owner()));
  expect_golden("pages/dnsbl-listed.html", page_of("dnsbl-listed"));
  expect_golden("pages/greylisted.html", page_of("greylisted"));
  expect_golden("pages/priority-too-low.html", page_of("priority-too-low"));
  expect_golden("pages/rcpt-unknown.html", page_of("rcpt-unknown", {"mx1.example.org", ""}));
}

TEST(HelpPages, AreThereForEveryReasonThatAReplyCanHave) {
  std::set<std::string> paths;
  for (const auto& page : help_pages(owner())) {
    EXPECT_TRUE(paths.insert(page.path).second) << page.path;
  }
  EXPECT_TRUE(paths.contains("index.html"));
  std::size_t reasons = 0;
  for (const auto& reason : all_reasons()) {
    const auto path = std::string(reason.id) + "/index.html";
    EXPECT_EQ(paths.contains(path), usable_in_rule(reason)) << path;
    reasons += usable_in_rule(reason) ? 1 : 0;
  }
  EXPECT_EQ(paths.size(), reasons + 1);
  // Nobody is refused for these, and no reply of ours has the login's.
  for (const auto* id : {"spf-softfail", "helo-ip-mismatch", "vrfy-refused", "auth-failed"}) {
    EXPECT_FALSE(paths.contains(std::string(id) + "/index.html")) << id;
  }
  for (const auto* id : {"internal-error", "dependency-down", "dns-timeout", "spf-temperror"}) {
    EXPECT_TRUE(paths.contains(std::string(id) + "/index.html")) << id;
  }
}

TEST(HelpPages, TheIndexLeadsToEveryPageAndNowhereElse) {
  const auto pages = help_pages(owner());
  std::set<std::string> linked;
  const std::string& index = pages.front().text;
  for (auto at = index.find("href=\""); at != std::string::npos;
       at = index.find("href=\"", at + 1)) {
    const auto begin = at + 6;
    const auto address = index.substr(begin, index.find('"', begin) - begin);
    if (address.starts_with("#")) {
      EXPECT_THAT(index, HasSubstr("id=\"" + address.substr(1) + '"'));
    } else if (!address.starts_with("mailto:")) {
      EXPECT_TRUE(linked.insert(address + "index.html").second) << address;
    }
  }
  std::set<std::string> paths;
  for (const auto& page : pages) paths.insert(page.path);
  paths.erase("index.html");
  EXPECT_EQ(linked, paths);
}

TEST(HelpPages, SayEverythingThatTheCatalogueHasForSenders) {
  for (const auto& reason : all_reasons()) {
    if (!has_page(reason)) continue;
    const auto page = page_of(reason.id);
    for (const auto text :
         {reason.sender_help, reason.operator_help, reason.advice, reason.reply}) {
      EXPECT_THAT(page, HasSubstr(html_text(text))) << reason.id;
    }
    for (const auto cause : reason.causes) {
      if (cause.empty()) continue;
      EXPECT_THAT(page, HasSubstr(html_text(cause.substr(1)))) << reason.id;
    }
    // What is for us stays with us.
    EXPECT_THAT(page, Not(HasSubstr(html_text(reason.admin_help)))) << reason.id;
    EXPECT_THAT(page, HasSubstr(reason.kind == ReasonClass::permanent ? "Refused for good"
                                                                      : "Put off for now"));
    EXPECT_THAT(page, HasSubstr("postmaster@example.org"));
    EXPECT_THAT(page, HasSubstr("behind the # sign"));
  }
}

TEST(HelpPages, HaveNoScriptAndNothingFromElsewhere) {
  for (const auto& page : help_pages(owner())) {
    for (const auto* never : {"<script", "<img", "<link", "<iframe", "src=", "url(", "@import",
                              "on"
                              "click"}) {
      EXPECT_THAT(page.text, Not(HasSubstr(never))) << page.path;
    }
    EXPECT_THAT(page.text, HasSubstr("<html lang=\"en\">")) << page.path;
    EXPECT_THAT(page.text, HasSubstr("name=\"viewport\"")) << page.path;
    EXPECT_THAT(page.text, HasSubstr(std::string(page_mark))) << page.path;
    // Where the mark is looked for.
    EXPECT_LT(page.text.find(page_mark), 900U) << page.path;
    EXPECT_EQ(page.text.find('{', page.text.find("</style>")), std::string::npos) << page.path;
  }
}

TEST(HelpPages, ShowWhatTheSiteSaysInItsOwnWords) {
  auto whose = owner();
  whose.wordings["spam"] = {{"", "Wir moegen {sender|das} nicht."},
                            {"de", "Auch <nicht> auf Deutsch."}};
  const auto page = page_of("spam", whose);
  EXPECT_THAT(page, HasSubstr("Wir moegen <var>sender</var> nicht."));
  EXPECT_THAT(page, HasSubstr("<p lang=\"de\">Auch &lt;nicht&gt; auf Deutsch.</p>"));
  EXPECT_THAT(page, Not(HasSubstr(html_text(find_reason("spam")->text))));
  EXPECT_THAT(page_of("virus", whose), Not(HasSubstr("moegen")));
}

TEST(HelpPages, EscapeWhatIsNotOurs) {
  PageOwner whose{"mx<1>&\"'", "a&b@example.org"};
  for (const auto& page : {index_page(whose), page_of("spam", whose)}) {
    EXPECT_THAT(page, Not(HasSubstr("mx<1>")));
    EXPECT_THAT(page, HasSubstr("mx&lt;1&gt;&amp;&quot;&#39;"));
    EXPECT_THAT(page, HasSubstr("mailto:a&amp;b@example.org"));
    EXPECT_THAT(page, Not(HasSubstr("a&b")));
  }
}

TEST(HelpPages, LeadToTheSectionsOfTheStandards) {
  const auto page = page_of("rcpt-unknown");
  EXPECT_THAT(page,
              HasSubstr("<a href=\"https://www.rfc-editor.org/rfc/rfc5321\">RFC 5321</a>, sections "
                        "<a href=\"https://www.rfc-editor.org/rfc/rfc5321#section-3.3\">3.3</a>, "
                        "<a href=\"https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3\">"));
  EXPECT_THAT(page_of("mailbox-size-limit"), HasSubstr("rfc1870#section-6.4\">6.4(2)</a>"));
  EXPECT_THAT(page_of("mail-flood"), HasSubstr("https://www.iana.org/assignments/"));
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

std::map<std::string, std::string> colours_in(std::string_view style) {
  std::map<std::string, std::string> colours;
  for (auto at = style.find("--"); at != style.npos; at = style.find("--", at + 2)) {
    const auto colon = style.find(": #", at);
    const auto stop = style.find_first_of(";)", at);
    if (colon >= stop) continue;
    colours[std::string(style.substr(at + 2, colon - at - 2))] = style.substr(colon + 3, 6);
  }
  return colours;
}

TEST(HelpPages, CanBeReadInTheLightAndInTheDark) {
  const auto page = index_page(owner());
  const std::string_view style(page.data(), page.find("</style>"));
  const auto dark = style.find("prefers-color-scheme: dark");
  ASSERT_NE(dark, style.npos);
  for (const auto& colours : {colours_in(style.substr(0, dark)),
                              colours_in(style.substr(dark, style.find("* {") - dark))}) {
    ASSERT_EQ(colours.size(), 8U);
    for (const auto* text : {"text", "quiet", "link", "permanent", "temporary"}) {
      for (const auto* ground : {"page", "panel"}) {
        EXPECT_GE(contrast(colours.at(text), colours.at(ground)), 7.0) << text << " on " << ground;
      }
    }
  }
}

}  // namespace
}  // namespace postern

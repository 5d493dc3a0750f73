#include "tables/readers.h"

#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// "3:1 key = value (until 2027-01-31: note)" of each entry.
std::vector<std::string> shown(const EntryList& entries) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto place = entries.position(i);
    std::string text = std::to_string(place.line) + ':' + std::to_string(place.column) + ' ' +
                       std::string(entries.text(i));
    if (const auto value = entries.value(i)) text += " = " + std::string(*value);
    TableHit hit;
    hit.note = entries.note(i);
    hit.last_day = entries.last_day(i);
    if (const auto said = annotation_text(hit); !said.empty()) text += " (" + said + ')';
    lines.push_back(text);
  }
  return lines;
}

std::vector<std::string> faults_of(TableFaults& faults) {
  std::vector<std::string> lines;
  for (const auto& problem : faults.take()) {
    lines.push_back(std::to_string(problem.position.line) + ':' +
                    std::to_string(problem.position.column) + '+' + std::to_string(problem.length) +
                    ' ' + problem.message);
  }
  return lines;
}

std::vector<std::string> lines(const std::string& text, LineValues values = LineValues::none) {
  TableFaults faults;
  auto result = shown(read_lines("t", std::make_shared<std::string>(text), values, faults));
  for (auto& fault : faults_of(faults)) result.push_back("fault " + fault);
  return result;
}

std::vector<std::string> hash(const std::string& text) {
  TableFaults faults;
  auto result = shown(read_hash("t", text, faults));
  for (auto& fault : faults_of(faults)) result.push_back("fault " + fault);
  return result;
}

std::vector<std::string> csv(const std::string& text, const CsvColumns& columns = {}) {
  TableFaults faults;
  auto result = shown(read_csv("t", text, columns, faults));
  for (auto& fault : faults_of(faults)) result.push_back("fault " + fault);
  return result;
}

CsvColumns columns(std::string key, std::string value = {}, std::string until = {},
                   std::string note = {}) {
  CsvColumns result;
  result.key = std::move(key);
  result.value = std::move(value);
  result.until = std::move(until);
  result.note = std::move(note);
  return result;
}

TEST(Lines, LoseCommentsAndWhiteSpaceAndKeepTheirPlace) {
  EXPECT_THAT(lines("\xEF\xBB\xBF# head\r\n\r\n  a#b # comment\r\n\tc\t#d\n#e\n last  "),
              ElementsAre("3:3 a#b (comment)", "4:2 c (d)", "6:2 last"));
}

TEST(Lines, ACommentMayNameTheLastDay) {
  EXPECT_THAT(lines("a # until 2027-01-31: moves away\n"
                    "b #until 2027-01-31\n"
                    "c # UNTIL  2027-01-31 moves away\n"
                    "d # until further notice\n"
                    "e # until\n"
                    "f # untilled 2027-01-31\n"
                    "g # since 2026: until 2027-01-31\n"),
              ElementsAre("1:1 a (until 2027-01-31: moves away)", "2:1 b (until 2027-01-31)",
                          "3:1 c (until 2027-01-31: moves away)", "4:1 d (until further notice)",
                          "5:1 e (until)", "6:1 f (untilled 2027-01-31)",
                          "7:1 g (since 2026: until 2027-01-31)"));
}

TEST(Lines, ADateThatIsNoneIsAFaultBecauseTheEntryWouldStandForEver) {
  EXPECT_THAT(
      lines("a # until 2027-02-29: x\nb\nc   # until 31.1.2027\n"),
      ElementsAre("1:1 a (x)", "2:1 b", "3:1 c", "fault 1:11+10 \"2027-02-29\" is not a date",
                  "fault 3:13+9 \"31.1.2027\" is not a date"));
}

TEST(Lines, OfAMapHaveAValueBehindTheKey) {
  EXPECT_THAT(
      lines("a  one two \n"
            "\"b c\"\tthree # note\n"
            "\"d e\"@example.org four\n"
            "f \"five # of them\" # until 2027-01-31\n"
            "g\n"
            "h # no value\n"
            "i \"\"\n"
            "j say \"x\"\n",
            LineValues::behind),
      ElementsAre("1:1 a = one two", "2:1 b c = three (note)", "3:1 \"d e\"@example.org = four",
                  "4:1 f = five # of them (until 2027-01-31)", "5:1 g", "6:1 h (no value)",
                  "7:1 i = ", "8:1 j = say \"x\""));
}

TEST(Hash, IsReadAsPostmapReadsIt) {
  EXPECT_THAT(hash("# head\n"
                   "example.org   REJECT not here\n"
                   "  # between\n"
                   "\n"
                   "   and more # of it\n"
                   "bob@example.org\tOK  \n"
                   "\"a b\" x\n"
                   "lonely\n"),
              ElementsAre("2:1 example.org = REJECT not here   and more # of it",
                          "6:1 bob@example.org = OK", "7:1 a b = x", "8:1 lonely"));
}

TEST(Hash, AContinuationOfNothingIsAFault) {
  EXPECT_THAT(
      hash("  a b\nc d\n"),
      ElementsAre("2:1 c = d",
                  "fault 1:1+2 the first entry begins with white space, as if it continued one"));
}

TEST(Csv, ColumnsAreFoundByNumberOrName) {
  const std::string text =
      "host,owner,ends\r\n192.0.2.1,alice,2027-01-31\r\n\r\n,nobody,\n"
      "192.0.2.2,\"bob, and \"\"co\"\"\",\n";
  EXPECT_THAT(
      csv(text, columns("host", "", "ends", "owner")),
      ElementsAre("2:1 192.0.2.1 (until 2027-01-31: alice)", "5:1 192.0.2.2 (bob, and \"co\")"));
  auto numbered = columns("1", "2");
  EXPECT_THAT(csv("a,b\nc,d", numbered), ElementsAre("1:1 a = b", "2:1 c = d"));
  numbered.header = CsvColumns::Header::yes;
  EXPECT_THAT(csv("a,b\nc,d", numbered), ElementsAre("2:1 c = d"));
  numbered.separator = ';';
  EXPECT_THAT(csv("x;y\n\"a;b\nc\";d,e\r", numbered), ElementsAre("2:1 a;b\nc = d,e"));
}

TEST(Csv, WhatIsMissingOrBrokenIsAFaultAtItsPlace) {
  EXPECT_THAT(csv("host,owner\n", columns("hots")),
              ElementsAre("fault 1:1+1 there is no column \"hots\" in the first line"));
  EXPECT_THAT(csv("a\nb,c\n", columns("2")),
              ElementsAre("2:3 c", "fault 1:1+1 this row has 1 column and the entry stands in 2"));
  EXPECT_THAT(csv("a,\"b\nc", columns("1")),
              ElementsAre("1:1 a", "fault 1:3+1 this quote is never closed"));
  EXPECT_THAT(csv("\"a\"b,c\nd", columns("1")),
              ElementsAre("1:1 a", "2:1 d",
                          "fault 1:4+1 something stands behind the closing quote of a field"));
  EXPECT_THAT(csv("a,2027-1-1\n", columns("1", "", "2")),
              ElementsAre("1:1 a", "fault 1:3+8 \"2027-1-1\" is not a date"));
}

TEST(TableFaults, OfManyTheFirstAreShownAndTheRestCounted) {
  TableFaults faults;
  for (unsigned line = 1; line <= 1254; ++line) {
    Problem problem;
    problem.position = {"t", line, 1};
    problem.message = "bad";
    faults.add(problem);
  }
  const auto problems = faults.take();
  ASSERT_EQ(problems.size(), 21U);
  EXPECT_EQ(problems[19].message, "bad");
  EXPECT_EQ(problems[20].message, "and 1,234 more faults in this table, from here on");
  EXPECT_EQ(problems[20].position.line, 21U);
}

TEST(TableFaults, ThatAreFewAreAllShown) {
  TableFaults faults;
  for (unsigned line = 1; line <= 21; ++line) {
    Problem problem;
    problem.position = {"t", line, 1};
    problem.message = "bad";
    faults.add(problem);
  }
  const auto problems = faults.take();
  ASSERT_EQ(problems.size(), 21U);
  EXPECT_EQ(problems[20].message, "bad");
}

TEST(SourceLines, ComeFromTheTextOfTheFile) {
  Problems problems(3);
  problems[0].position = {"t", 3, 1};
  problems[1].position = {"t", 1, 1};
  problems[2].position = {"other", 1, 1};
  add_source_lines(problems, "t", "\xEF\xBB\xBFone\r\ntwo\nthree");
  EXPECT_EQ(problems[0].source_line, "three");
  EXPECT_EQ(problems[1].source_line, "one");
  EXPECT_EQ(problems[2].source_line, "");
}

}  // namespace
}  // namespace postern

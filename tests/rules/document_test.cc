#include "rules/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::ElementsAre;

std::string text_of(const Span& span) {
  return span.file->text().substr(span.begin, span.end - span.begin);
}

class Document : public ::testing::Test {
 protected:
  /// The whole document, or nothing.
  std::optional<Node> parse(std::string text) {
    auto document = read(std::move(text));
    if (document.extent != postern::Document::Extent::whole) return {};
    return std::move(document.root);
  }
  postern::Document read(std::string text) {
    return parse_document(diagnostics_.add_file("t.toml", std::move(text)), diagnostics_);
  }
  Diagnostics diagnostics_;
};

TEST_F(Document, MembersComeInFileOrderWithTheirPlaces) {
  const auto root = parse("zeta = 1\nalpha = \"x\"\n[mid]\nk = true\n");
  ASSERT_TRUE(root);
  std::vector<std::string> seen;
  for (const auto& member : root->members) {
    seen.push_back(member.key + '=' + text_of(member.key_span) + '=' + text_of(member.value.span));
  }
  EXPECT_THAT(seen, ElementsAre("zeta=zeta=1", "alpha=alpha=\"x\"", "mid=mid=[mid]"));
}

TEST_F(Document, ColumnsCountOctetsAfterCharactersOfSeveral) {
  const auto root = parse("\"\xC3\xA9\xC3\xA9\" = { a = \"\xE2\x82\xAC\", b = 'x' }\n");
  ASSERT_TRUE(root);
  const auto& table = root->members.front().value;
  ASSERT_NE(table.find("b"), nullptr);
  EXPECT_EQ(text_of(table.find("a")->value.span), "\"\xE2\x82\xAC\"");
  EXPECT_EQ(text_of(table.find("b")->value.span), "'x'");
}

TEST_F(Document, PartsOfStringsAreFoundInEveryWayToWriteThem) {
  for (const auto* toml : {
           "a = 'one two'",
           "a = \"one two\"",
           "a = \"\\u0041\\\"\\t two\"",
           "a = '''\none\n  two'''",
           "a = '''\r\none\r\n  two'''\r\n",
           "a = \"\"\"\none \\\n    two\"\"\"",
           "a = \"\\U0001F600 two\"",
       }) {
    const auto root = parse(toml);
    ASSERT_TRUE(root) << toml;
    const auto& value = root->members.front().value;
    const auto at = value.string.find("two");
    ASSERT_NE(at, std::string::npos) << toml;
    EXPECT_EQ(text_of(value.part(at, 3)), "two") << toml;
  }
}

TEST_F(Document, AnEscapeIsPointedAtAsAWhole) {
  const auto root = parse("a = \"x\\u00e9y\"");
  ASSERT_TRUE(root);
  const auto& value = root->members.front().value;
  EXPECT_EQ(text_of(value.part(1, 2)), "\\u00e9");
  EXPECT_EQ(text_of(value.part(3, 1)), "y");
}

TEST_F(Document, AFaultOfSyntaxIsOneProblemAtItsPlace) {
  EXPECT_FALSE(parse("a = 1\nb = rejct\n"));
  const auto problems = diagnostics_.take();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front().position, (SourcePosition{"t.toml", 2, 5}));
  EXPECT_EQ(problems.front().source_line, "b = rejct");
}

TEST_F(Document, WhatStandsInSectionsBeforeAFaultIsRead) {
  const auto keys = [](const postern::Document& document) {
    std::vector<std::string> seen;
    for (const auto& member : document.root.members) seen.push_back(member.key);
    return seen;
  };
  const auto partly = read("a = 1\n[b]\nc = 2\n [d]\ne = oops\n[f]\n");
  EXPECT_EQ(partly.extent, postern::Document::Extent::beginning);
  EXPECT_THAT(keys(partly), ElementsAre("a", "b"));
  EXPECT_THAT(keys(read("a = 1\nb = oops\n[c]\n")), ElementsAre());
  EXPECT_THAT(keys(read("[a]\nb = oops\n")), ElementsAre());
  EXPECT_THAT(keys(read("= 1")), ElementsAre());
  EXPECT_EQ(read("a = 1\n").extent, postern::Document::Extent::whole);
}

TEST(LiteralOffsets, AreEmptyWhenLiteralAndValueDisagree) {
  EXPECT_TRUE(literal_offsets("\"abc\"", "abd").empty());
  EXPECT_TRUE(literal_offsets("", "a").empty());
  EXPECT_TRUE(literal_offsets("abc", "abc").empty());
  EXPECT_TRUE(literal_offsets("\"\\", "a").empty());
  EXPECT_THAT(literal_offsets("'ab'", "ab"), ElementsAre(1U, 2U, 3U));
  EXPECT_THAT(literal_offsets("''", ""), ElementsAre(1U));
}

TEST(SourceFile, FindsLinesAndColumnsOfOffsets) {
  const SourceFile file("f", "ab\r\ncd\n\nx");
  EXPECT_EQ(file.position(0), (SourcePosition{"f", 1, 1}));
  EXPECT_EQ(file.position(5), (SourcePosition{"f", 2, 2}));
  EXPECT_EQ(file.position(7), (SourcePosition{"f", 3, 1}));
  EXPECT_EQ(file.position(99), (SourcePosition{"f", 4, 2}));
  EXPECT_EQ(file.line(1), "ab");
  EXPECT_EQ(file.line(3), "");
  EXPECT_EQ(file.line(4), "x");
  EXPECT_EQ(file.line(5), "");
}

}  // namespace
}  // namespace postern

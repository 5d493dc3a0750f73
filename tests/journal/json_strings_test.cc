#include "journal/json_strings.h"

#include "journal/json_writer.h"
#include "journal/samples.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

std::optional<std::string> unchanged(const JsonPlace& /*place*/, std::string_view /*escaped*/) {
  return std::nullopt;
}

TEST(JsonStrings, LeaveWhatIsNotExchangedOctetForOctet) {
  const std::string line =
      R"({ "a" : "x\u0041\/\n", "b":[ 1.50 ,null,true,"y"],"c":{"later member":"z"}} )";
  std::string out = "before ";
  ASSERT_TRUE(edit_json_strings(line, unchanged, out));
  EXPECT_EQ(out, "before " + line);
  out.clear();
  ASSERT_TRUE(edit_json_strings(
      line,
      [](const JsonPlace& place, std::string_view escaped) -> std::optional<std::string> {
        if (place.member() == "b" && escaped == "y") return "say \"hi\"\n";
        return std::nullopt;
      },
      out));
  EXPECT_EQ(
      out,
      R"({ "a" : "x\u0041\/\n", "b":[ 1.50 ,null,true,"say \"hi\"\n"],"c":{"later member":"z"}} )");
}

TEST(JsonStrings, TellWhereEachStands) {
  std::string seen;
  std::string out;
  ASSERT_TRUE(edit_json_strings(
      R"({"a":"1","b":{"c":["2",{"d":"3"}]},"e":"4"})",
      [&seen](const JsonPlace& place, std::string_view escaped) -> std::optional<std::string> {
        seen += std::string(escaped) + ' ' + std::to_string(place.depth()) + ' ' +
                std::string(place.key(0)) + '.' + std::string(place.key(1)) + ' ' +
                std::string(place.member()) + '\n';
        return std::nullopt;
      },
      out));
  EXPECT_EQ(seen, "1 1 a. a\n2 3 b.c c\n3 4 b.c d\n4 1 e. e\n");
}

TEST(JsonStrings, DoNothingToWhatIsNoWholeLine) {
  for (const char* line :
       {"", "{", R"({"a":"b)", R"({"a":"b"}})", R"(["a"])", "text", R"({"a":["b"})"}) {
    std::string out = "as it was";
    EXPECT_FALSE(edit_json_strings(line, unchanged, out)) << line;
    EXPECT_EQ(out, "as it was");
  }
  EXPECT_FALSE([] {
    std::string out;
    return edit_json_strings(std::string(100, '[') + std::string(100, ']'), unchanged, out);
  }());
}

TEST(JsonStrings, AnyOctetsComeBack) {
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    const auto octets = samples::any_octets(random, 40);
    std::string escaped;
    append_json_string(escaped, octets);
    ASSERT_EQ(octets_from_escaped(std::string_view(escaped).substr(1, escaped.size() - 2)), octets);
  }
  EXPECT_EQ(octets_from_escaped(R"(\ud83d\ude00 \u00e9 \/ \b)"), "\xF0\x9F\x98\x80 \xC3\xA9 / \b");
  EXPECT_EQ(octets_from_escaped(R"(\ud83d \uZZZZ)"), R"(\ud83d \uZZZZ)");
}

}  // namespace
}  // namespace postern

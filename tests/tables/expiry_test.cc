// Entries that end, patterns, and maps.

#include "model/time_text.h"
#include "tables/readers.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace postern {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Table> table(TableKind kind, const std::string& text,
                                   const TableOptions& options = {}, Problems* warnings = nullptr) {
  TableFaults faults;
  const auto values = kind == TableKind::map ? LineValues::behind : LineValues::none;
  auto built =
      Table::build("t", kind, read_lines("t", std::make_shared<std::string>(text), values, faults),
                   options, warnings);
  EXPECT_FALSE(faults.any());
  EXPECT_TRUE(built.ok()) << render(built.problems());
  return built ? *built : nullptr;
}

Table::Time on(const char* day) { return *day_from_text(day) + std::chrono::hours(12); }

template <typename Key>
std::string found(const Table& table, const Key& key, Table::Time at = {}) {
  const auto hit = table.find(key, at);
  return hit ? std::to_string(hit->line) + ' ' + std::string(hit->entry) : "none";
}

TEST(Expiry, AnEntryCountsToTheEndOfItsLastDay) {
  const auto names = table(TableKind::domain, "a.example # until 2027-01-31\n");
  const std::string_view name = "a.example";
  const auto midnight = *day_from_text("2027-02-01");
  EXPECT_EQ(found(*names, name), "1 a.example");
  EXPECT_EQ(found(*names, name, midnight - std::chrono::nanoseconds(1)), "1 a.example");
  EXPECT_EQ(found(*names, name, midnight), "none");
}

TEST(Expiry, WhatEnclosesAnExpiredNetworkCountsAgain) {
  const auto networks = table(TableKind::cidr,
                              "10.0.0.0/8\n"
                              "10.1.0.0/16 # until 2027-06-30\n"
                              "10.1.2.0/24 # until 2027-01-31\n"
                              "10.1.2.0/24 # until 2027-03-31\n"
                              "2001:db8::/32 # until 2027-01-31\n");
  const auto address = *IpAddress::parse("10.1.2.3");
  EXPECT_EQ(found(*networks, address, on("2027-01-31")), "3 10.1.2.0/24");
  EXPECT_EQ(found(*networks, address, on("2027-02-01")), "4 10.1.2.0/24");
  EXPECT_EQ(found(*networks, address, on("2027-04-01")), "2 10.1.0.0/16");
  EXPECT_EQ(found(*networks, address, on("2027-07-01")), "1 10.0.0.0/8");
  EXPECT_EQ(found(*networks, *IpAddress::parse("2001:db8::1"), on("2027-02-01")), "none");
}

TEST(Expiry, TheNextBestEntryOfAnAddressCountsAgain) {
  const auto addresses = table(TableKind::address,
                               "bob@example.org # until 2027-01-31\n"
                               "bob@ # until 2027-02-28\n"
                               "@example.org\n");
  const auto bob = MailAddress::from_envelope("Bob@example.org");
  EXPECT_EQ(found(*addresses, bob, on("2027-01-01")), "1 bob@example.org");
  EXPECT_EQ(found(*addresses, bob, on("2027-02-01")), "2 bob@");
  EXPECT_EQ(found(*addresses, bob, on("2027-03-01")), "3 @example.org");
}

TEST(Expiry, AnEntryWrittenAgainWithALaterDayIsNoRepetition) {
  Problems warnings;
  const auto strings = table(TableKind::string,
                             "a # until 2027-01-31\nA # until 2027-02-28\na # until 2027-02-01\na\n"
                             "a # until 2028-01-01\n",
                             {}, &warnings);
  const std::string_view a = "a";
  EXPECT_EQ(found(*strings, a, on("2027-01-31")), "1 a");
  EXPECT_EQ(found(*strings, a, on("2027-02-10")), "2 A");
  EXPECT_EQ(found(*strings, a, on("2030-01-01")), "4 a");
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].position.line, 3U);
  EXPECT_EQ(warnings[0].hint, "the first one is at t:2");
  EXPECT_EQ(warnings[1].position.line, 5U);
  EXPECT_EQ(warnings[1].hint, "the first one is at t:4");
}

TEST(Expiry, ValuesLastDaysAndNotesArePartOfTheDigest) {
  const auto digest = [](const char* text) { return table(TableKind::string, text)->digest(); };
  EXPECT_NE(digest("a\n"), digest("a # until 2027-01-31\n"));
  EXPECT_NE(digest("a # until 2027-01-30\n"), digest("a # until 2027-01-31\n"));
  EXPECT_NE(digest("a\n"), digest("a # b\n"));
  EXPECT_EQ(digest("a\n"), digest("# head\na\n"));
}

TEST(PatternTable, TheFirstOfTheListThatFitsIsNamed) {
  const auto patterns = table(TableKind::pattern,
                              "^dyn-[0-9]+\\.\n"
                              "pool # until 2027-01-31: they cleaned up\n"
                              "\\.example\\.$|pool\n");
  EXPECT_EQ(found(*patterns, std::string_view("dyn-7.pool.example")), "1 ^dyn-[0-9]+\\.");
  EXPECT_EQ(found(*patterns, std::string_view("POOL.example")), "2 pool");
  EXPECT_EQ(found(*patterns, std::string_view("POOL.example"), on("2027-02-01")),
            "3 \\.example\\.$|pool");
  EXPECT_EQ(found(*patterns, std::string_view("mail.example")), "none");
  EXPECT_EQ(found(*patterns, std::string_view("")), "none");
}

TEST(PatternTable, MayTellCapitalLetters) {
  const auto patterns =
      table(TableKind::pattern, "Spam\n(?i)Ham\n", {LocalPartCase::exact, "", {}, {}});
  EXPECT_EQ(found(*patterns, std::string_view("spam")), "none");
  EXPECT_EQ(found(*patterns, std::string_view("a Spam")), "1 Spam");
  EXPECT_EQ(found(*patterns, std::string_view("HAM")), "2 (?i)Ham");
}

TEST(PatternTable, AFaultPointsAtThePieceThatIsWrong) {
  const auto built =
      Table::build("t", TableKind::pattern,
                   std::vector<TableEntry>{
                       {"good", {"t", 1, 1}}, {"a(b[c-a])", {"t", 2, 3}}, {"", {"t", 3, 1}}});
  ASSERT_FALSE(built.ok());
  ASSERT_EQ(built.problems().size(), 2U);
  EXPECT_EQ(built.problems()[0].position.column, 7U);
  EXPECT_EQ(built.problems()[0].length, 3U);
  EXPECT_THAT(built.problems()[0].message, HasSubstr("this is not a pattern: "));
  EXPECT_THAT(built.problems()[1].message, HasSubstr("an empty pattern fits everything"));
}

TEST(PatternTable, WhatTheCommonAutomatonHasNoRoomForIsTriedOneByOne) {
  // Each of these alone has thousands of states, and together they have their product.
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(1, c) + "[a-z]{60}" + c + "\n";
  text += "never\n";
  const auto patterns = table(TableKind::pattern, text);
  std::string subject;
  for (int i = 0; i < 20'000; ++i) subject += static_cast<char>('a' + (i * 7 + i / 11) % 26);
  std::string expected = "none";
  for (int i = 0; i < 26 && expected == "none"; ++i) {
    const char c = static_cast<char>('a' + i);
    for (std::size_t at = 0; at + 61 < subject.size(); ++at) {
      if (subject[at] == c && subject[at + 61] == c) {
        expected = std::to_string(i + 1) + ' ' + c + "[a-z]{60}" + c;
        break;
      }
    }
  }
  EXPECT_EQ(found(*patterns, std::string_view(subject)), expected);
}

TEST(PatternTable, HasAnEndToItsLength) {
  EntryList entries("t");
  for (unsigned i = 1; i <= 10'001; ++i) entries.add("x" + std::to_string(i), i, 1);
  const auto built = Table::build("t", TableKind::pattern, std::move(entries));
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.problems()[0].message,
            "a table of patterns has 10,000 entries at most, and this one 10,001");
}

TEST(Map, SaysTheValueOfTheEntryThatFits) {
  TableOptions options;
  options.keys = TableKind::domain;
  const auto map =
      table(TableKind::map, "example.org  Not from here\n.example.org 5 # sub\n", options);
  EXPECT_EQ(map->kind(), TableKind::map);
  EXPECT_EQ(map->keys(), TableKind::domain);
  const auto hit = map->find(std::string_view("a.example.org"));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->value, "5");
  EXPECT_EQ(annotation_text(*hit), "sub");
  EXPECT_EQ(map->find(std::string_view("example.org"))->value, "Not from here");
}

TEST(Map, WantsAValueForEachEntryUnlessThereIsOneForAll) {
  TableFaults faults;
  const auto entries = [&] {
    return read_lines("t", std::make_shared<std::string>("a\nb c\n"), LineValues::behind, faults);
  };
  const auto without = Table::build("t", TableKind::map, entries());
  ASSERT_FALSE(without.ok());
  ASSERT_EQ(without.problems().size(), 1U);
  EXPECT_EQ(without.problems()[0].message, "a has no value");
  TableOptions options;
  options.value = "rest";
  const auto with = Table::build("t", TableKind::map, entries(), options);
  ASSERT_TRUE(with.ok());
  EXPECT_EQ((*with)->find(std::string_view("A"))->value, "rest");
  EXPECT_EQ((*with)->find(std::string_view("b"))->value, "c");
}

TEST(Map, ItsKeysAndValueAreInTheDigest) {
  TableOptions domains;
  domains.keys = TableKind::domain;
  TableOptions valued;
  valued.value = "x";
  const std::set<std::string> digests{table(TableKind::map, "a b")->digest(),
                                      table(TableKind::map, "a c")->digest(),
                                      table(TableKind::map, "a b", domains)->digest(),
                                      table(TableKind::map, "a b", valued)->digest()};
  EXPECT_EQ(digests.size(), 4U);
}

}  // namespace
}  // namespace postern

#include "tables/readers.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <set>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<TableEntry> entries(const std::vector<std::string>& texts) {
  std::vector<TableEntry> list;
  for (const auto& text : texts) {
    list.push_back({text, {"list", static_cast<unsigned>(list.size() + 1), 1}});
  }
  return list;
}

std::shared_ptr<const Table> table(TableKind kind, const std::vector<std::string>& texts,
                                   const TableOptions& options = {}) {
  auto built = Table::build("sample", kind, entries(texts), options);
  EXPECT_TRUE(built.ok()) << render(built.problems());
  return built ? *built : nullptr;
}

std::string fault(TableKind kind, const std::string& text) {
  const auto built = Table::build("sample", kind, entries({text}));
  if (built) return "no fault";
  EXPECT_EQ(built.problems().size(), 1U);
  EXPECT_EQ(built.problems().front().length, std::max<std::size_t>(1, text.size()));
  return built.problems().front().message + " | " + built.problems().front().hint;
}

std::string network_of(const Table& table, const char* address) {
  const auto hit = table.find(*IpAddress::parse(address));
  return hit ? std::string(hit->entry) : "none";
}

std::string entry_of(const Table& table, const char* address) {
  const auto hit = table.find(MailAddress::from_envelope(address));
  return hit ? std::string(hit->entry) : "none";
}

std::string text_entry_of(const Table& table, std::string_view text) {
  const auto hit = table.find(text);
  return hit ? std::string(hit->entry) : "none";
}

TEST(CidrTable, TheMostSpecificNetworkWins) {
  const auto nested = table(TableKind::cidr, {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24",
                                              "10.1.2.255", "2001:db8::/32", "2001:db8:0:1::/64"});
  EXPECT_EQ(network_of(*nested, "10.0.0.0"), "10.0.0.0/8");
  EXPECT_EQ(network_of(*nested, "10.1.1.255"), "10.1.0.0/16");
  EXPECT_EQ(network_of(*nested, "10.1.2.0"), "10.1.2.0/24");
  EXPECT_EQ(network_of(*nested, "10.1.2.255"), "10.1.2.255");
  EXPECT_EQ(network_of(*nested, "10.1.3.0"), "10.1.0.0/16");
  EXPECT_EQ(network_of(*nested, "10.255.255.255"), "10.0.0.0/8");
  EXPECT_EQ(network_of(*nested, "11.0.0.0"), "none");
  EXPECT_EQ(network_of(*nested, "9.255.255.255"), "none");
  EXPECT_EQ(network_of(*nested, "2001:db8::1"), "2001:db8::/32");
  EXPECT_EQ(network_of(*nested, "2001:db8:0:1::1"), "2001:db8:0:1::/64");
  EXPECT_EQ(network_of(*nested, "2001:db8:0:2::"), "2001:db8::/32");
  EXPECT_EQ(network_of(*nested, "2001:db9::"), "none");
}

TEST(CidrTable, CoversBothEndsOfTheAddressSpace) {
  const auto whole = table(TableKind::cidr, {"0.0.0.0/0", "255.255.255.255", "::/0",
                                             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  EXPECT_EQ(network_of(*whole, "0.0.0.0"), "0.0.0.0/0");
  EXPECT_EQ(network_of(*whole, "255.255.255.254"), "0.0.0.0/0");
  EXPECT_EQ(network_of(*whole, "255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(network_of(*whole, "::2"), "::/0");
  EXPECT_EQ(network_of(*whole, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(CidrTable, AgreesWithASearchOfTheWholeListOnRandomNetworks) {
  std::mt19937 random(20'261);
  // Few leading octets, so that networks lie inside each other.
  const auto address_below = [&](unsigned first, unsigned second) {
    return IpAddress::from_v4(
        {static_cast<std::uint8_t>(random() % first), static_cast<std::uint8_t>(random() % second),
         static_cast<std::uint8_t>(random() & 0xFFU), static_cast<std::uint8_t>(random() & 0xFFU)});
  };
  std::vector<std::string> texts;
  std::vector<Network> networks;
  for (int i = 0; i < 500; ++i) {
    const auto network = Network::around(address_below(4, 8), static_cast<unsigned>(random() % 33));
    texts.push_back(network.text());
    networks.push_back(network);
  }
  const auto built = table(TableKind::cidr, texts);
  for (int i = 0; i < 5000; ++i) {
    const auto address = address_below(5, 9);
    std::string expected = "none";
    int best = -1;
    for (const auto& network : networks) {
      if (network.contains(address) && static_cast<int>(network.prefix()) > best) {
        best = static_cast<int>(network.prefix());
        expected = network.text();
      }
    }
    ASSERT_EQ(network_of(*built, address.text().c_str()), expected) << address.text();
  }
}

TEST(CidrTable, SetHostBitsAreAFaultThatNamesTheNetworkMeant) {
  EXPECT_EQ(fault(TableKind::cidr, "192.0.2.1/24"),
            "\"192.0.2.1/24\" has bits set beyond its prefix length | did you mean "
            "\"192.0.2.0/24\"?");
  EXPECT_THAT(fault(TableKind::cidr, "mail.example.org"), HasSubstr("is not a network"));
}

TEST(CidrTable, AnswersNoOtherQuestion) {
  const auto networks = table(TableKind::cidr, {"192.0.2.0/24"});
  EXPECT_EQ(text_entry_of(*networks, "192.0.2.1"), "none");
  EXPECT_EQ(entry_of(*networks, "a@192.0.2.1"), "none");
}

TEST(AddressTable, WholeAddressesComeBeforeLocalPartsAndDomains) {
  const auto addresses = table(
      TableKind::address, {"@example.org", "info@", "info@example.org", "Bob@example.net", "<>"});
  EXPECT_EQ(entry_of(*addresses, "info@example.org"), "info@example.org");
  EXPECT_EQ(entry_of(*addresses, "info@example.com"), "info@");
  EXPECT_EQ(entry_of(*addresses, "anyone@EXAMPLE.org"), "@example.org");
  EXPECT_EQ(entry_of(*addresses, "anyone@sub.example.org"), "none");
  EXPECT_EQ(entry_of(*addresses, "<>"), "<>");
}

TEST(AddressTable, CapitalLettersInALocalPartUsedToHideAMailbox) {
  const auto addresses = table(TableKind::address, {"Bob@example.net", "abuse@", "\xC3\x84@"});
  EXPECT_EQ(entry_of(*addresses, "Bob@Example.Net"), "Bob@example.net");
  EXPECT_EQ(entry_of(*addresses, "bob@example.net"), "Bob@example.net");
  EXPECT_EQ(entry_of(*addresses, "BOB@EXAMPLE.NET"), "Bob@example.net");
  EXPECT_EQ(entry_of(*addresses, "Abuse@example.org"), "abuse@");
  EXPECT_EQ(entry_of(*addresses, "b0b@example.net"), "none");
  // Only ASCII letters: what else a mailbox name may fold to is the delivering host's secret.
  EXPECT_EQ(entry_of(*addresses, "\xC3\xA4@example.net"), "none");
}

TEST(AddressTable, ASubAddressIsItsUsersWhereTheTableSaysSo) {
  const auto plus =
      table(TableKind::address, {"bob@example.net", "bob+own@example.net", "alice@", "Postmaster@"},
            {LocalPartCase::ignore, "+"});
  EXPECT_EQ(entry_of(*plus, "bob+lists@example.net"), "bob@example.net");
  EXPECT_EQ(entry_of(*plus, "BOB+Lists@example.net"), "bob@example.net");
  EXPECT_EQ(entry_of(*plus, "bob+own@example.net"), "bob+own@example.net");
  EXPECT_EQ(entry_of(*plus, "Bob+Own+x@example.net"), "bob@example.net");
  EXPECT_EQ(entry_of(*plus, "bob+@example.net"), "bob@example.net");
  EXPECT_EQ(entry_of(*plus, "alice+x@example.org"), "alice@");
  EXPECT_EQ(entry_of(*plus, "bob+lists@example.org"), "none");
  EXPECT_EQ(entry_of(*plus, "bob-lists@example.net"), "none");
  EXPECT_EQ(entry_of(*plus, "+bob@example.net"), "none");
  EXPECT_EQ(entry_of(*plus, "alice+x"), "alice@");

  const auto several =
      table(TableKind::address, {"bob@", "Postmaster@"}, {LocalPartCase::exact, "+-"});
  EXPECT_EQ(entry_of(*several, "bob-x+y@example.org"), "bob@");
  EXPECT_EQ(entry_of(*several, "Bob-x@example.org"), "none");
  EXPECT_EQ(entry_of(*several, "POSTMASTER+x@example.org"), "Postmaster@");

  const auto none = table(TableKind::address, {"bob@example.net", "@example.org"});
  EXPECT_EQ(entry_of(*none, "bob+lists@example.net"), "none");
}

TEST(AddressTable, AUserWithAnEntryComesBeforeTheWholeDomainForSubAddressesToo) {
  const auto addresses = table(TableKind::address, {"@example.net", "bob@", "bob@example.net"},
                               {LocalPartCase::ignore, "+"});
  EXPECT_EQ(entry_of(*addresses, "bob+x@example.net"), "bob@example.net");
  EXPECT_EQ(entry_of(*addresses, "bob+x@example.org"), "bob@");
  EXPECT_EQ(entry_of(*addresses, "eve+x@example.net"), "@example.net");
}

TEST(AddressTable, LocalPartsKeepTheirCaseExceptPostmasterWhereTheTableSaysSo) {
  const auto addresses =
      table(TableKind::address, {"Bob@example.net", "PostMaster@example.org", "postmaster@"},
            {LocalPartCase::exact, ""});
  EXPECT_EQ(entry_of(*addresses, "Bob@Example.Net"), "Bob@example.net");
  EXPECT_EQ(entry_of(*addresses, "bob@example.net"), "none");
  EXPECT_EQ(entry_of(*addresses, "POSTMASTER@example.org"), "PostMaster@example.org");
  EXPECT_EQ(entry_of(*addresses, "Postmaster"), "postmaster@");
}

TEST(AddressTable, QuotedLocalPartsAreReadLikeTheMtaSpellsThem) {
  const auto addresses = table(TableKind::address, {"\"a b\"@example.org"});
  EXPECT_EQ(entry_of(*addresses, "<\"a b\"@example.org>"), "\"a b\"@example.org");
}

TEST(AddressTable, WhatIsNoAddressIsAFaultWithTheLikelyMeaning) {
  EXPECT_THAT(fault(TableKind::address, "example.org"), HasSubstr("write \"@example.org\""));
  EXPECT_THAT(fault(TableKind::address, "abuse"), HasSubstr("write \"abuse@\""));
  EXPECT_THAT(fault(TableKind::address, "@.example.org"), HasSubstr("kind \"domain\""));
  EXPECT_THAT(fault(TableKind::address, "@"), HasSubstr("is not an address"));
  EXPECT_THAT(fault(TableKind::address, "a@b c"), HasSubstr("is not an address"));
}

TEST(DomainTable, ANameIsItselfAloneAndADotIsWhatIsBelow) {
  const auto domains =
      table(TableKind::domain, {"example.org", ".example.net", ".sub.example.net", "Example.COM."});
  EXPECT_EQ(text_entry_of(*domains, "example.org"), "example.org");
  EXPECT_EQ(text_entry_of(*domains, "mail.example.org"), "none");
  EXPECT_EQ(text_entry_of(*domains, "example.net"), "none");
  EXPECT_EQ(text_entry_of(*domains, "a.b.example.net"), ".example.net");
  EXPECT_EQ(text_entry_of(*domains, "a.sub.example.net"), ".sub.example.net");
  EXPECT_EQ(text_entry_of(*domains, "notexample.net"), "none");
  EXPECT_EQ(text_entry_of(*domains, "EXAMPLE.com"), "Example.COM.");
  EXPECT_EQ(text_entry_of(*domains, ""), "none");
  EXPECT_EQ(entry_of(*domains, "a@example.org"), "example.org");
}

TEST(DomainTable, WhatIsNoDomainIsAFaultWithTheLikelyMeaning) {
  EXPECT_THAT(fault(TableKind::domain, "*.example.org"), HasSubstr("write \".example.org\""));
  EXPECT_THAT(fault(TableKind::domain, "@example.org"), HasSubstr("write \"example.org\""));
  EXPECT_THAT(fault(TableKind::domain, "example..org"), HasSubstr("is not a domain"));
}

TEST(StringTable, ComparesWithoutRegardToAsciiCase) {
  const auto strings = table(TableKind::string, {"Generic Helo", "\xC3\x84pfel"});
  EXPECT_EQ(text_entry_of(*strings, "GENERIC HELO"), "Generic Helo");
  EXPECT_EQ(text_entry_of(*strings, "generic"), "none");
  EXPECT_EQ(text_entry_of(*strings, "\xC3\x84PFEL"), "\xC3\x84pfel");
}

TEST(Table, TheFirstOfEqualEntriesIsTheOneNamed) {
  const auto strings = table(TableKind::string, {"a", "A"});
  EXPECT_EQ(strings->size(), 2U);
  const auto hit = strings->find(std::string_view("A"));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->entry, "a");
  EXPECT_EQ(hit->file, "list");
  EXPECT_EQ(hit->line, 1U);
}

TEST(Table, AllFaultsAreReportedAtOnce) {
  const auto built =
      Table::build("sample", TableKind::cidr, entries({"x", "192.0.2.0/24", "y", "192.0.2.0/33"}));
  ASSERT_FALSE(built.ok());
  std::vector<unsigned> lines;
  for (const auto& problem : built.problems()) lines.push_back(problem.position.line);
  EXPECT_THAT(lines, ElementsAre(1U, 3U, 4U));
}

TEST(Table, TheDigestTellsContentAndKindApart) {
  const auto one = table(TableKind::string, {"a", "b"});
  const auto same = table(TableKind::string, {"a", "b"});
  const std::set<std::string> digests{one->digest(), table(TableKind::string, {"ab"})->digest(),
                                      table(TableKind::domain, {"a", "b"})->digest(),
                                      table(TableKind::string, {"b", "a"})->digest(),
                                      table(TableKind::string, {})->digest()};
  EXPECT_EQ(digests.size(), 5U);
  const std::vector<std::string> bob{"bob@"};
  const std::set<std::string> options{
      table(TableKind::address, bob)->digest(),
      table(TableKind::address, bob, {LocalPartCase::exact, ""})->digest(),
      table(TableKind::address, bob, {LocalPartCase::ignore, "+"})->digest(),
      table(TableKind::address, bob, {LocalPartCase::exact, "+"})->digest()};
  EXPECT_EQ(options.size(), 4U);
  EXPECT_EQ(one->digest(), same->digest());
  EXPECT_EQ(one->digest().size(), 64U);
}

TEST(Table, AnEmptyOneMatchesNothing) {
  for (const auto kind : {TableKind::cidr, TableKind::address, TableKind::domain, TableKind::string,
                          TableKind::pattern, TableKind::map}) {
    const auto empty = table(kind, {});
    EXPECT_EQ(empty->size(), 0U);
    EXPECT_EQ(network_of(*empty, "192.0.2.1"), "none");
    EXPECT_EQ(entry_of(*empty, "a@example.org"), "none");
    EXPECT_EQ(text_entry_of(*empty, "a"), "none");
  }
}

TEST(Table, AMillionEntriesAreFoundAgain) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "user" + std::to_string(i) + "@example.org\n";
  TableFaults faults;
  const auto built = Table::build(
      "many", TableKind::address,
      read_lines("many", std::make_shared<std::string>(text), LineValues::none, faults));
  ASSERT_TRUE(built.ok());
  EXPECT_EQ((*built)->size(), 1'000'000U);
  for (int i = 0; i < 1'000'000; i += 9973) {
    const auto hit =
        (*built)->find(MailAddress::from_envelope("user" + std::to_string(i) + "@example.org"));
    ASSERT_TRUE(hit) << i;
    ASSERT_EQ(hit->line, static_cast<unsigned>(i + 1));
  }
  EXPECT_FALSE((*built)->find(MailAddress::from_envelope("user1000000@example.org")));
}

TEST(Table, KindsHaveNamesThatReadBack) {
  for (const auto kind : {TableKind::cidr, TableKind::address, TableKind::domain, TableKind::string,
                          TableKind::pattern, TableKind::map}) {
    EXPECT_EQ(table_kind_from_text(to_text(kind)), kind);
  }
  EXPECT_FALSE(table_kind_from_text("regexp"));
}

TEST(AddressTable, ALocalPartAtAnyDomainIsFoundWithoutADomainToo) {
  const auto found = table(TableKind::address, {"postmaster@", "abuse@"});
  EXPECT_EQ(entry_of(*found, "<postmaster>"), "postmaster@");
  EXPECT_EQ(entry_of(*found, "PostMaster"), "postmaster@");
  EXPECT_EQ(entry_of(*found, "<abuse>"), "abuse@");
  EXPECT_EQ(entry_of(*found, "<nobody>"), "none");
}

TEST(DomainTable, OctetsThatAreNoTextAreNoDomain) {
  EXPECT_THAT(fault(TableKind::domain, "\xFF\xFE.example"), HasSubstr("these octets are no text"));
  EXPECT_THAT(fault(TableKind::domain, ".b\xE9.example"), HasSubstr("these octets are no text"));
  EXPECT_THAT(fault(TableKind::address, "a@b\xE9.example"), HasSubstr("nothing like a domain"));
  // U+1F4A9 is well-formed, and no letter of a domain (RFC 5892).
  EXPECT_THAT(fault(TableKind::domain, "\xF0\x9F\x92\xA9.example"), HasSubstr("is not a domain"));
  EXPECT_EQ(fault(TableKind::domain, "m\xC3\xBCnchen.example"), "no fault");
}

TEST(Tables, OfEntriesThatStandTwiceTheFirstFewAreNamedAndTheRestCounted) {
  const auto warnings = [](TableKind kind, const std::vector<std::string>& texts) {
    Problems problems;
    const auto built = Table::build("sample", kind, entries(texts), {}, &problems);
    EXPECT_TRUE(built.ok());
    std::string text;
    for (const auto& problem : problems) {
      EXPECT_EQ(problem.severity, Severity::warning);
      text += std::to_string(problem.position.line) + ' ' + problem.message + " | " + problem.hint +
              '\n';
    }
    return text;
  };
  EXPECT_EQ(warnings(TableKind::cidr, {"192.0.2.0/24", "2001:db8::/32", "192.0.2.0/25",
                                       "2001:DB8::/32", "192.0.2.0/24"}),
            "4 \"2001:DB8::/32\" stands in this table twice | the first one is at list:2\n"
            "5 \"192.0.2.0/24\" stands in this table twice | the first one is at list:1\n");
  EXPECT_EQ(
      warnings(TableKind::address, {"@a.example", "postmaster@", "POSTMASTER@", "@A.example"}),
      "3 \"POSTMASTER@\" stands in this table twice | the first one is at list:2\n"
      "4 \"@A.example\" stands in this table twice | the first one is at list:1\n");
  EXPECT_EQ(warnings(TableKind::domain, {"a.example", ".a.example", "A.example."}),
            "3 \"A.example.\" stands in this table twice | the first one is at list:1\n");
  EXPECT_EQ(
      warnings(TableKind::string, {"a", "A", "a", "b", "a", "a", "B"}),
      "2 \"A\" stands in this table twice | the first one is at list:1\n"
      "3 \"a\" stands in this table twice | the first one is at list:1\n"
      "5 \"a\" stands in this table twice | the first one is at list:1; 2 more entries of this "
      "table stand twice\n");
  EXPECT_EQ(warnings(TableKind::string, {"a", "b"}), "");
}

}  // namespace
}  // namespace postern

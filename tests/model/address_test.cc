#include "postern/address.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(IpAddress, ReadsBothFamiliesAndThePrefixOfTheMtas) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8::1")->text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("IPv6:2001:db8::1"), IpAddress::parse("2001:db8::1"));
}

TEST(IpAddress, TakesAMappedAddressForTheIpv4AddressItIs) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1")->family(), IpAddress::Family::v4);
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "unknown", "192.0.2", "192.0.2.256", "192.0.2.1 ", "[192.0.2.1]",
                           "fe80::1%eth0", "2001:db8::1::2", "192.0.2.1:25"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0x", 11)));
  EXPECT_FALSE(IpAddress::parse(std::string(1000, '1')));
}

TEST(Network, HoldsItsAddressesAndNoOthers) {
  const auto network = Network::parse("192.0.2.128/25");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->contains(*IpAddress::parse("192.0.2.128")));
  EXPECT_TRUE(network->contains(*IpAddress::parse("192.0.2.255")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("192.0.2.127")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("2001:db8::1")));
  const auto six = Network::parse("2001:db8::/33");
  ASSERT_TRUE(six);
  EXPECT_TRUE(six->contains(*IpAddress::parse("2001:db8:7fff::1")));
  EXPECT_FALSE(six->contains(*IpAddress::parse("2001:db8:8000::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("203.0.113.9")));
}

TEST(Network, SaysWhatWasProbablyMeantWhenHostBitsAreSet) {
  std::string nearest = "untouched";
  EXPECT_FALSE(Network::parse("192.0.2.1/24", &nearest));
  EXPECT_EQ(nearest, "192.0.2.0/24");
  nearest = "untouched";
  EXPECT_FALSE(Network::parse("192.0.2.1/33", &nearest));
  EXPECT_FALSE(Network::parse("192.0.2.0/", &nearest));
  EXPECT_FALSE(Network::parse("192.0.2.0/2x", &nearest));
  EXPECT_EQ(nearest, "untouched");
}

TEST(Network, TakesABareAddressForABlockOfOne) {
  EXPECT_EQ(Network::parse("192.0.2.1")->text(), "192.0.2.1/32");
  EXPECT_EQ(Network::parse("2001:db8::1")->text(), "2001:db8::1/128");
  EXPECT_EQ(Network::around(*IpAddress::parse("2001:db8::1"), 64).text(), "2001:db8::/64");
}

struct Spelling {
  const char* given;
  const char* local;
  const char* domain;
};

TEST(MailAddress, HasOneSpellingAtBothDoors) {
  const Spelling spellings[] = {
      {"<Bob@Example.ORG>", "Bob", "example.org"},
      {"Bob@example.org.", "Bob", "example.org"},
      {"\"a b\"@example.org", "a b", "example.org"},
      {"a b@example.org", "a b", "example.org"},
      {"<\"a\\\"b\"@example.org>", "a\"b", "example.org"},
      {"<@relay.example,@other.example:bob@example.org>", "bob", "example.org"},
      {"\"a@b\"@example.org", "a@b", "example.org"},
      {"<postmaster>", "postmaster", ""},
      {"bob@[192.0.2.1]", "bob", "[192.0.2.1]"},
      {"bob@b\xc3\xbc"
       "cher.example",
       "bob", "xn--bcher-kva.example"},
      {"broken@", "broken@", ""},
  };
  for (const auto& [given, local, domain] : spellings) {
    const auto address = MailAddress::from_envelope(given);
    EXPECT_EQ(address.local(), local) << given;
    EXPECT_EQ(address.domain(), domain) << given;
  }
}

TEST(MailAddress, LeavesAnUnquotedLocalPartAsItIs) {
  const auto quoted = MailAddress::from_envelope("<\"\\\"bob\\\"\"@Example.org>");
  EXPECT_EQ(MailAddress::from_unquoted("\"bob\"@Example.org"), quoted);
  EXPECT_EQ(quoted.local(), "\"bob\"");
  const auto route = MailAddress::from_unquoted("@example.net:postmaster@example.org");
  EXPECT_EQ(route.local(), "@example.net:postmaster");
  EXPECT_EQ(route, MailAddress::from_envelope("<\"@example.net:postmaster\"@example.org>"));
  EXPECT_EQ(MailAddress::from_unquoted("<b>@example.org").local(), "<b>");
  EXPECT_EQ(MailAddress::from_unquoted("a b@example.org").local(), "a b");
  EXPECT_EQ(MailAddress::from_unquoted("postmaster").local(), "postmaster");
  EXPECT_EQ(MailAddress::from_unquoted("broken@").local(), "broken@");
  EXPECT_TRUE(MailAddress::from_unquoted("").empty());
}

TEST(MailAddress, KnowsTheNullReversePath) {
  EXPECT_TRUE(MailAddress::from_envelope("<>").empty());
  EXPECT_TRUE(MailAddress::from_envelope("").empty());
  EXPECT_EQ(MailAddress::from_envelope("<>").text(), "");
}

TEST(MailAddress, ComparesLocalPartsExactlyExceptPostmaster) {
  EXPECT_NE(MailAddress::from_envelope("bob@example.org"),
            MailAddress::from_envelope("Bob@example.org"));
  EXPECT_EQ(MailAddress::from_envelope("bob@EXAMPLE.org"),
            MailAddress::from_envelope("bob@example.org"));
  EXPECT_EQ(MailAddress::from_envelope("PostMaster@example.org"),
            MailAddress::from_envelope("postmaster@example.org"));
  EXPECT_NE(MailAddress::from_envelope("postmaster@example.org"),
            MailAddress::from_envelope("postmaster@example.com"));
}

TEST(NormalDomain, LeavesWhatIsNoHostNameInLowerCase) {
  EXPECT_EQ(normal_domain("Mail.EXAMPLE.org."), "mail.example.org");
  EXPECT_EQ(normal_domain("."), ".");
  EXPECT_EQ(normal_domain("\xff\xfe.Example"), "\xff\xfe.example");
  EXPECT_EQ(normal_domain(std::string(400, '\xc3')), std::string(400, '\xc3'));
}

}  // namespace
}  // namespace postern

#include "model/dns_name.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using namespace std::string_literals;

const std::string label63(63, 'a');

TEST(DnsName, IsSpelledInLowerCaseWithoutItsFinalDot) {
  EXPECT_EQ(dns_name("Mail.Example.COM."), "mail.example.com");
  EXPECT_EQ(dns_name("com"), "com");
  EXPECT_EQ(dns_name("."), ".");
  EXPECT_EQ(dns_name("_dmarc.x/24.example"), "_dmarc.x/24.example");
}

TEST(DnsName, UnicodeLabelsBecomeWhatDnsKnows) {
  EXPECT_EQ(dns_name("B\xc3\xbc"
                     "cher.Example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(dns_name("\xff.example"), std::nullopt);
  EXPECT_EQ(dns_name_of_octets("b\xc3\xbc"
                               "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(dns_name_of_octets("\xff.example"), "\\255.example");
}

TEST(DnsName, OddOctetsAreWrittenWithBackslashes) {
  EXPECT_EQ(dns_name_of_octets("a b.example"), "a\\032b.example");
  EXPECT_EQ(dns_name_of_octets("a\\b.example"), "a\\\\b.example");
  EXPECT_EQ(dns_name("a\\.b.example"), "a\\.b.example");
  EXPECT_EQ(dns_name("\\097\\b.example"), "ab.example");
  EXPECT_EQ(dns_name("\\256.example"), std::nullopt);
  EXPECT_EQ(dns_name("\\25"), std::nullopt);
  EXPECT_EQ(dns_name("a\\"), std::nullopt);
}

TEST(DnsName, EmptyLabelsAndGreatLengthsAreRefused) {
  for (const auto* text : {"", "..", ".a", "a..b", "a.."}) {
    EXPECT_EQ(dns_name(text), std::nullopt) << text;
    EXPECT_EQ(dns_name_of_octets(text), std::nullopt) << text;
  }
  EXPECT_EQ(dns_name(label63 + ".a"), label63 + ".a");
  EXPECT_EQ(dns_name(label63 + "a.a"), std::nullopt);
  const auto three = label63 + '.' + label63 + '.' + label63 + '.';
  EXPECT_TRUE(dns_name(three + std::string(61, 'b')));
  EXPECT_TRUE(dns_name(three + std::string(61, 'b') + '.'));
  EXPECT_FALSE(dns_name(three + std::string(62, 'b')));
}

TEST(DnsName, GoesToTheWireAndBack) {
  EXPECT_EQ(dns_name_to_wire("a.bc"), "\1a\2bc\0"s);
  EXPECT_EQ(dns_name_to_wire("."), "\0"s);
  EXPECT_EQ(dns_name_from_wire("\1A\2bC\0"s), "a.bc");
  EXPECT_EQ(dns_name_from_wire("\0"s), ".");
  for (const auto& broken :
       {""s, "\1a"s, "\2a\0"s, "\1a\0x"s, "\100"s + std::string(64, 'a') + '\0', "\1a\0\0"s}) {
    EXPECT_EQ(dns_name_from_wire(broken), std::nullopt);
  }
}

TEST(DnsName, AnySpellingIsItsOwnNormalForm) {
  for (int value = 0; value < 256; ++value) {
    for (const char* rest : {"x", ".x", "x.y"}) {
      const auto name = dns_name_of_octets(std::string(1, static_cast<char>(value)) + rest);
      if (!name) continue;
      EXPECT_EQ(dns_name(*name), name) << value;
      EXPECT_EQ(dns_name_from_wire(*dns_name_to_wire(*name)), name) << value;
    }
  }
}

TEST(DnsName, HostNamesHaveTwoLabelsOfLettersDigitsAndHyphens) {
  for (const auto* name : {"mail.example.com", "a-b.c1", "_x.example", "1.2.3.a"}) {
    EXPECT_TRUE(is_name_of_host(name)) << name;
  }
  for (const auto* name : {"localhost", "", "-a.b", "a-.b", "a..b", "192.0.2.1", "a b.c", "a.b."}) {
    EXPECT_FALSE(is_name_of_host(name)) << name;
  }
}

TEST(DnsName, AddressesAreAskedForBackwards) {
  EXPECT_EQ(reverse_dns_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_dns_name(*IpAddress::parse("2001:db8::1")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(DnsName, ZonesEndAtTheirLabels) {
  EXPECT_TRUE(is_in_zone("a.example", "example"));
  EXPECT_TRUE(is_in_zone("example", "example"));
  EXPECT_TRUE(is_in_zone("example", "."));
  EXPECT_FALSE(is_in_zone("badexample", "example"));
  EXPECT_FALSE(is_in_zone("a\\.example", "example"));
  EXPECT_TRUE(is_in_zone("a\\\\.example", "example"));
  EXPECT_FALSE(is_in_zone("ample", "example"));
}

}  // namespace
}  // namespace postern

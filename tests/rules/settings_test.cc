#include "rules/settings.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

using std::chrono::milliseconds;

std::string fault(const std::string& text) {
  const auto parsed = ListenAddress::parse(text);
  return parsed ? "no fault" : parsed.problems().front().message;
}

TEST(ListenAddress, BothNotationsOfANetworkAddressMeanTheSame) {
  const auto postfix = ListenAddress::parse("inet:localhost:8891");
  const auto sendmail = ListenAddress::parse("inet:8891@localhost");
  ASSERT_TRUE(postfix.ok());
  ASSERT_TRUE(sendmail.ok());
  EXPECT_EQ(*postfix, *sendmail);
  EXPECT_EQ(postfix->postfix_text(), "inet:localhost:8891");
  EXPECT_EQ(postfix->sendmail_text(), "inet:8891@localhost");
}

TEST(ListenAddress, UnixAndLocalAreTheSameSocket) {
  const auto unix_text = ListenAddress::parse("unix:/run/postern/milter.sock");
  const auto local_text = ListenAddress::parse("local:/run/postern/milter.sock");
  ASSERT_TRUE(unix_text.ok());
  ASSERT_TRUE(local_text.ok());
  EXPECT_EQ(*unix_text, *local_text);
  EXPECT_EQ(unix_text->postfix_text(), "unix:/run/postern/milter.sock");
  EXPECT_EQ(unix_text->sendmail_text(), "local:/run/postern/milter.sock");
}

TEST(ListenAddress, AnIpv6AddressIsUnderstoodInEverySpelling) {
  for (const auto* text : {"inet6:[::1]:10044", "inet6:::1:10044", "inet6:10044@::1",
                           "inet6:10044@[::1]", "inet:[::1]:10044"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->family, ListenAddress::Family::inet6) << text;
    EXPECT_EQ(address->host, "::1") << text;
    EXPECT_EQ(address->port, 10044) << text;
    EXPECT_EQ(address->postfix_text(), "inet:[::1]:10044");
    EXPECT_EQ(address->sendmail_text(), "inet6:10044@::1");
  }
}

TEST(ListenAddress, WhatItPrintsItReads) {
  for (const auto* text :
       {"unix:/a", "inet:0@127.0.0.1", "inet:mx.example.org:25", "inet6:65535@2001:db8::1"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(*ListenAddress::parse(address->postfix_text()), *address);
    EXPECT_EQ(*ListenAddress::parse(address->sendmail_text()), *address);
  }
}

TEST(ListenAddress, FaultsSayWhatIsWrong) {
  EXPECT_EQ(fault("tcp:127.0.0.1:25"), "there is no kind of address \"tcp\"");
  EXPECT_EQ(fault("/run/a.sock"), "an address begins with its kind");
  EXPECT_EQ(fault("unix:a.sock"), "the path of a socket must be absolute: \"a.sock\"");
  EXPECT_EQ(fault("unix:/run/"), "a socket's path must end in a file name: \"/run/\"");
  EXPECT_EQ(fault("inet:8891"), "a network address needs a host and a port: \"8891\"");
  EXPECT_EQ(fault("inet:localhost:66000"), "a port is a number from 0 to 65535, not \"66000\"");
  EXPECT_EQ(fault("inet::25"), "\"\" is neither a host name nor an IP address");
  EXPECT_EQ(fault("inet6:127.0.0.1:25"), "\"127.0.0.1\" is an IPv4 address");
  EXPECT_EQ(fault(""), "not a listening address: \"\"");
}

TEST(ListenAddress, TheSystemsLimitOnSocketPathsIsKept) {
  const std::string longest = "unix:/" + std::string(106, 'a');
  EXPECT_TRUE(ListenAddress::parse(longest).ok());
  EXPECT_EQ(fault(longest + 'a'), "a socket's path may have at most 107 octets, this one has 108");
}

TEST(Duration, IsAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("8s"), milliseconds(8000));
  EXPECT_EQ(parse_duration("10m"), milliseconds(600'000));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(parse_duration("30d"), milliseconds(2'592'000'000));
  for (const auto* text : {"", "8", "s", "-8s", "+8s", "1.5s", "8 s", "8S", "8sec", "99999999d",
                           "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(HostName, HasLettersDigitsAndHyphensBetweenDots) {
  for (const auto* text : {"mx1.example.org", "localhost", "a-b.c", "1.example"}) {
    EXPECT_TRUE(is_host_name(text)) << text;
  }
  for (const auto* text : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "192.0.2.1", "a b",
                           "m\xC3\xBCnchen.example"}) {
    EXPECT_FALSE(is_host_name(text)) << text;
  }
  EXPECT_TRUE(is_host_name(std::string(63, 'a')));
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace postern

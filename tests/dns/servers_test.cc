#include "model/dns_servers.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

std::string read(std::string_view text) {
  const auto server = dns_server_from_text(text);
  return server ? server->text() : "none";
}

TEST(DnsServers, AreAddressesWithAPort) {
  EXPECT_EQ(read("127.0.0.1"), "127.0.0.1:53");
  EXPECT_EQ(read("127.0.0.1:5353"), "127.0.0.1:5353");
  EXPECT_EQ(read("::1"), "[::1]:53");
  EXPECT_EQ(read("[2001:db8::1]:54"), "[2001:db8::1]:54");
  EXPECT_EQ(read("[::1]"), "[::1]:53");
  for (const auto* text : {"", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1",
                           "[::1]53", "[127.0.0.1]:53", "IPv6:::1", "1.2.3.4:5:6"}) {
    EXPECT_EQ(read(text), "none") << text;
  }
}

TEST(DnsServers, AreReadFromTheSystemsFile) {
  const auto servers = dns_servers_of_resolv_conf(
      "# comment\nsearch example.com\n nameserver 192.0.2.53\nnameserver\t::1 # here\r\n"
      "nameserver 192.0.2.53\nnameserver nonsense\nnameservers 192.0.2.1\nnameserver 192.0.2.54");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].text(), "192.0.2.53:53");
  EXPECT_EQ(servers[1].text(), "[::1]:53");
  EXPECT_EQ(servers[2].text(), "192.0.2.54:53");
}

TEST(DnsServers, WithoutAFileTheOneOnThisHostIsMeant) {
  const auto servers = dns_servers_of_resolv_conf("");
  ASSERT_EQ(servers.size(), 1U);
  EXPECT_EQ(servers[0].text(), "127.0.0.1:53");
}

TEST(DnsServers, OnThisHostAreThoseOfLoopbackAddresses) {
  EXPECT_TRUE(is_loopback(*IpAddress::parse("127.0.0.53")));
  EXPECT_TRUE(is_loopback(*IpAddress::parse("::1")));
  EXPECT_FALSE(is_loopback(*IpAddress::parse("192.0.2.1")));
  EXPECT_FALSE(is_loopback(*IpAddress::parse("::2")));
}

}  // namespace
}  // namespace postern

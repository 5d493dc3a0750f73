#include "milter/mta_values.h"

#include "milter/fake_link.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace postern::milter_door {
namespace {

sockaddr_in v4(const char* address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  inet_pton(AF_INET, address, &name.sin_addr);
  return name;
}

Client client_of(const char* host, const sockaddr_in& name, test::FakeLink& link) {
  return read_client(host, reinterpret_cast<const sockaddr*>(&name), link);
}

TEST(MtaValues, ReadsBothFamiliesWithTheirPort) {
  const auto four = v4("192.0.2.7", 4711);
  const auto peer = read_peer(reinterpret_cast<const sockaddr*>(&four));
  ASSERT_TRUE(peer.address);
  EXPECT_EQ(peer.address->text(), "192.0.2.7");
  EXPECT_EQ(peer.port, 4711);

  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(25);
  inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
  const auto other = read_peer(reinterpret_cast<const sockaddr*>(&six));
  ASSERT_TRUE(other.address);
  EXPECT_EQ(other.address->text(), "2001:db8::7");
  EXPECT_EQ(other.port, 25);
}

TEST(MtaValues, HasNoAddressForAUnixSocketOrNothingAtAll) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(read_peer(reinterpret_cast<const sockaddr*>(&local)).address);
  EXPECT_FALSE(read_peer(nullptr).address);
}

TEST(MtaValues, TrustsAClientNameOnlyWhenTheMtaResolvedItBothWays) {
  const auto name = v4("192.0.2.7", 4711);
  test::FakeLink link;
  link.macros = {{"{client_name}", "Mail.Example.ORG"}, {"{client_ptr}", "mail.example.org"}};
  for (const char* untrusted : {"", "FAIL", "TEMP", "FORGED", "ok"}) {
    link.macros["{client_resolve}"] = untrusted;
    const auto client = client_of("mail.example.org", name, link);
    EXPECT_EQ(client.name.state(), Told<std::string>::State::not_told) << untrusted;
    EXPECT_EQ(client.reverse_name.value(), "mail.example.org");
  }
  link.macros["{client_resolve}"] = "OK";
  EXPECT_EQ(client_of("mail.example.org", name, link).name.value(), "mail.example.org");
}

TEST(MtaValues, TakesTheHostArgumentWhenTheNameMacroIsMissing) {
  const auto name = v4("192.0.2.7", 4711);
  test::FakeLink link;
  link.macros = {{"{client_resolve}", "OK"}};
  EXPECT_EQ(client_of("mail.example.org", name, link).name.value(), "mail.example.org");
}

TEST(MtaValues, ABracketedAddressAndUnknownAreNoNames) {
  const auto name = v4("192.0.2.7", 4711);
  for (const char* none : {"[192.0.2.7]", "unknown", ""}) {
    test::FakeLink link;
    link.macros = {{"{client_resolve}", "OK"}, {"{client_name}", none}, {"{client_ptr}", none}};
    const auto client = client_of(none, name, link);
    EXPECT_EQ(client.name.state(), Told<std::string>::State::not_told) << none;
    EXPECT_EQ(client.reverse_name.state(), Told<std::string>::State::not_told) << none;
  }
}

TEST(MtaValues, KnowsALocalSubmissionOfEitherMta) {
  test::FakeLink link;
  const auto sendmail = read_client("localhost", nullptr, link);
  EXPECT_FALSE(sendmail.address);
  EXPECT_TRUE(sendmail.name.is_absent());
  const auto postfix = client_of("localhost", v4("127.0.0.1", 0), link);
  EXPECT_FALSE(postfix.address);
  EXPECT_TRUE(client_of("localhost", v4("127.0.0.1", 4711), link).address);
  EXPECT_TRUE(client_of("localhost", v4("192.0.2.7", 0), link).address);
}

TEST(MtaValues, ReadsTlsAndLoginOrTheirAbsence) {
  test::FakeLink link;
  EXPECT_TRUE(read_tls(link).version.is_absent());
  EXPECT_TRUE(read_tls(link).bits.is_absent());
  EXPECT_TRUE(read_authentication(link).user.is_absent());
  link.macros = {{"{tls_version}", "TLSv1.3"},
                 {"{cipher}", "TLS_AES_256_GCM_SHA384"},
                 {"{cipher_bits}", "256"},
                 {"{auth_authen}", "ann"},
                 {"{auth_type}", "PLAIN"}};
  EXPECT_EQ(read_tls(link).version.value(), "TLSv1.3");
  EXPECT_EQ(read_tls(link).bits.value(), 256);
  EXPECT_EQ(read_authentication(link).user.value(), "ann");
  EXPECT_EQ(read_authentication(link).mechanism.value(), "PLAIN");
}

TEST(MtaValues, FindsTheDeclaredSizeInAnySpelling) {
  const std::vector<std::string_view> given{"BODY=8BITMIME", "size=1234"};
  EXPECT_EQ(declared_size(given).value(), 1234);
  for (const std::string_view wrong :
       {"SIZE=", "SIZE=12x", "SIZE=-1", "SIZE=99999999999999999999", "SIZE", "XSIZE=1"}) {
    const std::vector<std::string_view> parameters{wrong};
    EXPECT_TRUE(declared_size(parameters).is_absent()) << wrong;
  }
}

}  // namespace
}  // namespace postern::milter_door

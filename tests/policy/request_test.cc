#include "policy/request.h"

#include "support/policy_client.h"

#include <gtest/gtest.h>

namespace postern::policy_door {
namespace {

using test::Attributes;
using test::policy_request;

/// A request and the decoder whose buffer it lies in.
struct Raw {
  std::string text;
};
class Asked {
 public:
  explicit Asked(std::string_view state, const Attributes& changes = {})
      : Asked(Raw{policy_request(state, changes)}) {}
  explicit Asked(const Raw& raw) {
    decoder_.feed(raw.text);
    request_ = decoder_.next();
  }
  const Request& request() const { return *request_; }
  Transaction transaction() const {
    return transaction_of(*request_, stage_of(*request_).value_or(Stage::connect));
  }

 private:
  Decoder decoder_;
  const Request* request_ = nullptr;
};

Transaction transaction(std::string_view state, const Attributes& changes = {}) {
  return Asked(state, changes).transaction();
}

TEST(PolicyRequest, EveryStateHasItsStageOrNone) {
  const std::vector<std::pair<std::string, std::optional<Stage>>> rows{
      {"CONNECT", Stage::connect},
      {"EHLO", Stage::helo},
      {"HELO", Stage::helo},
      {"MAIL", Stage::mail},
      {"RCPT", Stage::rcpt},
      {"DATA", Stage::data},
      {"END-OF-MESSAGE", Stage::end_of_message},
      {"VRFY", std::nullopt},
      {"ETRN", std::nullopt},
      {"XCLIENT", std::nullopt},
      {"rcpt", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [state, stage] : rows)
    EXPECT_EQ(stage_of(Asked(state).request()), stage) << state;
  EXPECT_EQ(stage_of(Asked(Raw{"sender=a@b\n\n"}).request()), std::nullopt);
}

TEST(PolicyRequest, ReadsARcpt) {
  const auto t = transaction("RCPT", {{"size", "2048"}, {"policy_context", "client"}});
  EXPECT_EQ(t.stage, Stage::rcpt);
  EXPECT_EQ(t.door, Door::policy);
  ASSERT_TRUE(t.client.address);
  EXPECT_EQ(t.client.address->text(), "192.0.2.7");
  EXPECT_EQ(t.client.port, 40312);
  EXPECT_EQ(t.client.name.value(), "mail.example.org");
  EXPECT_EQ(t.client.reverse_name.value(), "mail.example.org");
  EXPECT_EQ(t.server_address, "192.0.2.25");
  EXPECT_EQ(t.server_port, 25);
  EXPECT_EQ(t.helo.value(), "mail.example.org");
  EXPECT_EQ(t.extended_smtp, Told<bool>(true));
  EXPECT_EQ(t.sender.value().text(), "a@example.org");
  EXPECT_EQ(t.recipient.value().text(), "b@test.example");
  EXPECT_EQ(t.declared_size.value(), 2048);
  EXPECT_EQ(t.size.state(), Told<std::int64_t>::State::not_told);
  EXPECT_EQ(t.recipient_count.state(), Told<std::int64_t>::State::not_told);
  EXPECT_EQ(t.instance, "437b.6b009e9b.c35ad.0");
  EXPECT_EQ(t.policy_context, "client");
  EXPECT_TRUE(t.tls.version.is_absent());
  EXPECT_TRUE(t.tls.bits.is_absent());
  EXPECT_TRUE(t.authentication.user.is_absent());
}

TEST(PolicyRequest, NothingIsToldBeforeItsStage) {
  const Attributes early{
      {"helo_name", "x"}, {"sender", "a@b"}, {"recipient", "c@d"}, {"size", "9"}};
  const auto connect = transaction("CONNECT", early);
  EXPECT_EQ(connect.helo, Told<std::string>());
  EXPECT_EQ(connect.sender, Told<MailAddress>());
  EXPECT_EQ(connect.declared_size, Told<std::int64_t>());
  EXPECT_EQ(connect.recipient, Told<MailAddress>());
  EXPECT_EQ(transaction("EHLO", early).sender, Told<MailAddress>());
  EXPECT_EQ(transaction("MAIL", early).recipient, Told<MailAddress>());
  EXPECT_EQ(transaction("RCPT", {{"recipient_count", "3"}}).recipient_count, Told<std::int64_t>());
}

TEST(PolicyRequest, UnknownNamesTellNothing) {
  const auto t =
      transaction("RCPT", {{"client_name", "unknown"}, {"reverse_client_name", "unknown"}});
  EXPECT_EQ(t.client.name, Told<std::string>());
  EXPECT_EQ(t.client.reverse_name, Told<std::string>());
}

TEST(PolicyRequest, WhatIsMissingIsAbsentWherePostfixLeavesItOut) {
  EXPECT_TRUE(transaction("RCPT", {{"helo_name", ""}}).helo.is_absent());
  const auto bare = Asked(Raw{"protocol_state=RCPT\n\n"}).transaction();
  EXPECT_TRUE(bare.helo.is_absent());
  EXPECT_EQ(bare.sender, Told<MailAddress>());
  EXPECT_EQ(bare.recipient, Told<MailAddress>());
  EXPECT_TRUE(bare.authentication.user.is_absent());
  EXPECT_TRUE(bare.tls.version.is_absent());
  EXPECT_TRUE(bare.declared_size.is_absent());
  EXPECT_FALSE(bare.client.address);
}

TEST(PolicyRequest, TheNullSenderIsToldAndEmpty) {
  const auto t = transaction("RCPT", {{"sender", ""}});
  EXPECT_TRUE(t.sender.is_told());
  EXPECT_TRUE(t.sender.value().empty());
}

TEST(PolicyRequest, AddressesComeInOneSpelling) {
  const auto t =
      transaction("RCPT", {{"sender", "a b@Example.ORG"}, {"recipient", "Bob@TEST.Example"}});
  EXPECT_EQ(t.sender.value().local(), "a b");
  EXPECT_EQ(t.sender.value().domain(), "example.org");
  EXPECT_EQ(t.recipient.value().text(), "Bob@test.example");
}

// Postfix has taken the quotes away already; doing so twice would make another mailbox of these.
TEST(PolicyRequest, WhatLooksLikeQuotesOrARouteIsPartOfTheAddress) {
  const auto t = transaction("RCPT", {{"sender", "\"bob\"@example.org"},
                                      {"recipient", "@example.net:postmaster@example.org"}});
  EXPECT_EQ(t.sender.value().local(), "\"bob\"");
  EXPECT_EQ(t.recipient.value().local(), "@example.net:postmaster");
  EXPECT_EQ(t.recipient.value().domain(), "example.org");
}

TEST(PolicyRequest, TheSizeIsDeclaredBeforeAndRealAtTheEnd) {
  EXPECT_TRUE(transaction("MAIL", {{"size", "0"}}).declared_size.is_absent());
  EXPECT_EQ(transaction("DATA", {{"size", "77"}}).declared_size.value(), 77);
  const auto end = transaction("END-OF-MESSAGE", {{"size", "0"}});
  EXPECT_TRUE(end.size.is_told());
  EXPECT_EQ(end.size.value(), 0);
  EXPECT_EQ(end.declared_size, Told<std::int64_t>());
}

TEST(PolicyRequest, ARecipientAfterRcptIsToldOnlyWhenItIsTheOnlyOne) {
  EXPECT_EQ(transaction("DATA").recipient.value().text(), "b@test.example");
  EXPECT_EQ(transaction("DATA").recipient_count.value(), 1);
  const auto many = transaction("END-OF-MESSAGE", {{"recipient", ""}, {"recipient_count", "4"}});
  EXPECT_EQ(many.recipient, Told<MailAddress>());
  EXPECT_EQ(many.recipient_count.value(), 4);
  EXPECT_EQ(transaction("DATA", {{"recipient_count", "4"}}).recipient, Told<MailAddress>());
}

TEST(PolicyRequest, BadNumbersAndAddressesAreNotTold) {
  for (const auto* bad : {"", "x", "-1", "1x", "99999999999999999999", " 1", "0x10"}) {
    const auto t = transaction("DATA", {{"client_address", std::string("1.2.3.") + bad},
                                        {"client_port", bad},
                                        {"size", bad},
                                        {"recipient_count", bad},
                                        {"encryption_protocol", "TLSv1.3"},
                                        {"encryption_keysize", bad}});
    if (std::string_view(bad) != "1") {
      EXPECT_EQ(t.client.port, 0) << bad;
    }
    EXPECT_FALSE(t.client.address) << bad;
    EXPECT_FALSE(t.declared_size.is_told()) << bad;
    EXPECT_EQ(t.recipient_count, Told<std::int64_t>()) << bad;
    EXPECT_EQ(t.tls.bits, Told<std::int64_t>()) << bad;
    EXPECT_TRUE(t.tls.version.is_told());
  }
  EXPECT_EQ(transaction("RCPT", {{"client_port", "65536"}}).client.port, 0);
  EXPECT_FALSE(transaction("RCPT", {{"client_address", "unknown"}}).client.address);
}

TEST(PolicyRequest, TlsAndAuthenticationAreTold) {
  const auto t = transaction("RCPT", {{"encryption_protocol", "TLSv1.3"},
                                      {"encryption_cipher", "TLS_AES_256_GCM_SHA384"},
                                      {"encryption_keysize", "256"},
                                      {"sasl_method", "plain"},
                                      {"sasl_username", "alice"}});
  EXPECT_EQ(t.tls.version.value(), "TLSv1.3");
  EXPECT_EQ(t.tls.cipher.value(), "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(t.tls.bits.value(), 256);
  EXPECT_EQ(t.authentication.user.value(), "alice");
  EXPECT_EQ(t.authentication.mechanism.value(), "plain");
}

TEST(PolicyRequest, SixIsReadInPostfixSpelling) {
  const auto t = transaction("RCPT", {{"client_address", "2001:DB8::1"}});
  ASSERT_TRUE(t.client.address);
  EXPECT_EQ(t.client.address->text(), "2001:db8::1");
}

TEST(PolicyRequest, TheListThatAsksIsTheContextElseTheOneOfTheState) {
  const auto context = [](std::string_view state, const std::string& told) {
    const Asked asked(state, {{"policy_context", told}});
    return context_of(asked.request(), *stage_of(asked.request()));
  };
  EXPECT_EQ(context("RCPT", "client"), PolicyContext::client);
  EXPECT_EQ(context("RCPT", "sender"), PolicyContext::sender);
  EXPECT_EQ(context("RCPT", ""), PolicyContext::recipient);
  EXPECT_EQ(context("RCPT", "my own"), PolicyContext::recipient);
  EXPECT_EQ(context("CONNECT", ""), PolicyContext::client);
  EXPECT_EQ(context("EHLO", ""), PolicyContext::helo);
  EXPECT_EQ(context("MAIL", ""), PolicyContext::sender);
  EXPECT_EQ(context("DATA", ""), PolicyContext::data);
  EXPECT_EQ(context("END-OF-MESSAGE", ""), PolicyContext::end);
}

TEST(PolicyRequest, KnowsWhatPostfixWillName) {
  const Asked asked("RCPT");
  const auto named = [&](PolicyContext context) {
    return named_by_postfix(asked.request(), context);
  };
  EXPECT_EQ(named(PolicyContext::client), "mail.example.org[192.0.2.7]");
  EXPECT_EQ(named(PolicyContext::helo), "mail.example.org");
  EXPECT_EQ(named(PolicyContext::sender), "a@example.org");
  EXPECT_EQ(named(PolicyContext::recipient), "b@test.example");
  EXPECT_EQ(named(PolicyContext::data), "DATA");
  EXPECT_EQ(named(PolicyContext::end), "END-OF-MESSAGE");
}

}  // namespace
}  // namespace postern::policy_door

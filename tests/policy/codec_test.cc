#include "policy/codec.h"

#include "support/policy_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postern::policy_door {
namespace {

using test::policy_request;

/// Decodes everything, fed in pieces, into "state recipient" lines.
std::vector<std::string> decode(const std::vector<std::string_view>& pieces) {
  Decoder decoder;
  std::vector<std::string> seen;
  for (const auto piece : pieces) {
    decoder.feed(piece);
    while (const auto* request = decoder.next()) {
      seen.push_back(std::string(request->get(Attribute::protocol_state)) + ' ' +
                     std::string(request->get(Attribute::recipient)));
    }
  }
  return seen;
}

TEST(PolicyCodec, ReadsWhatPostfixSends) {
  Decoder decoder;
  decoder.feed(policy_request("RCPT", {{"policy_context", "client"}}));
  const auto* request = decoder.next();
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->get(Attribute::request), "smtpd_access_policy");
  EXPECT_EQ(request->get(Attribute::client_address), "192.0.2.7");
  EXPECT_EQ(request->get(Attribute::instance), "437b.6b009e9b.c35ad.0");
  EXPECT_EQ(request->get(Attribute::policy_context), "client");
  EXPECT_TRUE(request->has(Attribute::sasl_username));
  EXPECT_EQ(request->get(Attribute::sasl_username), "");
  EXPECT_EQ(decoder.next(), nullptr);
  EXPECT_FALSE(decoder.partial());
}

TEST(PolicyCodec, ReadsRequestsCutAtEveryOctet) {
  const auto text =
      policy_request("RCPT") + policy_request("DATA", {{"recipient", "c@test.example"}});
  const std::vector<std::string> expected{"RCPT b@test.example", "DATA c@test.example"};
  const std::string_view all = text;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    ASSERT_EQ(decode({all.substr(0, cut), all.substr(cut)}), expected) << "cut at " << cut;
  }
  std::vector<std::string_view> octets;
  for (std::size_t i = 0; i < all.size(); ++i) octets.push_back(all.substr(i, 1));
  EXPECT_EQ(decode(octets), expected);
}

TEST(PolicyCodec, ReadsManyRequestsOfOneRead) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const auto recipient = "r" + std::to_string(i) + "@test.example";
    text += policy_request("RCPT", {{"recipient", recipient}});
    expected.push_back("RCPT " + recipient);
  }
  EXPECT_EQ(decode({text}), expected);
}

TEST(PolicyCodec, ReadsTheRequestAfterALongRowOfUnevenPieces) {
  // Values must stay right when the buffer drops what has been given out.
  std::string text;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto recipient = std::string(i * 7 % 1900 + 1, 'r') + "@test.example";
    text += policy_request("RCPT", {{"recipient", recipient}});
    expected.push_back("RCPT " + recipient);
  }
  std::vector<std::string_view> pieces;
  const std::string_view all = text;
  for (std::size_t at = 0, i = 0; at < all.size(); ++i) {
    const auto size = 1 + i * 977 % 5000;
    pieces.push_back(all.substr(at, size));
    at += size;
  }
  EXPECT_EQ(decode(pieces), expected);
}

TEST(PolicyCodec, ToleratesWhatOtherMailServersMaySend) {
  const std::vector<std::string> one{"RCPT b@c"};
  EXPECT_EQ(decode({"recipient=b@c\nprotocol_state=RCPT\n\n"}), one) << "order";
  EXPECT_EQ(decode({"tls_sni=x\nprotocol_state=RCPT\nrecipient=b@c\nmail_version=9\n\n"}), one);
  EXPECT_EQ(decode({"protocol_state=RCPT\r\nrecipient=b@c\r\n\r\n"}), one) << "CRLF";
  EXPECT_EQ(decode({"what is this\nprotocol_state=RCPT\n=\n=x\nrecipient=b@c\n\n"}), one);
  EXPECT_EQ(decode({"protocol_state=RCPT\nrecipient=b@c\nrecipient=x@y\n\n"}), one) << "first wins";
  EXPECT_EQ(decode({"protocol_state=RCPT\nrecipient=\nrecipient=x@y\n\n"}),
            std::vector<std::string>{"RCPT "})
      << "an empty first wins too";
  EXPECT_EQ(decode({"protocol_state=RCPT\nrecipient=a=b@c\n\n"}),
            std::vector<std::string>{"RCPT a=b@c"});
  EXPECT_EQ(decode({"nothing=known\n\n"}), std::vector<std::string>{" "});
}

TEST(PolicyCodec, AnEmptyLineWithoutARequestIsNone) {
  EXPECT_TRUE(decode({"\n\n\r\n\n"}).empty());
  EXPECT_EQ(decode({"\n\nprotocol_state=RCPT\n\n\n\n"}).size(), 1U);
}

TEST(PolicyCodec, TellsAnEmptyAttributeFromAMissingOne) {
  Decoder decoder;
  decoder.feed("sasl_username=\n\n");
  const auto* request = decoder.next();
  ASSERT_NE(request, nullptr);
  EXPECT_TRUE(request->has(Attribute::sasl_username));
  EXPECT_FALSE(request->has(Attribute::sender));
}

TEST(PolicyCodec, TakesARequestOfTheLongestLengthAndNoneLonger) {
  const std::string rest = "=\nprotocol_state=RCPT\n\n";
  const std::string fits = std::string(Decoder::longest_request - rest.size(), 'x') + rest;
  EXPECT_EQ(decode({fits}).size(), 1U);
  EXPECT_EQ(decode({fits, fits, fits}).size(), 3U);

  Decoder decoder;
  decoder.feed("x" + fits);
  EXPECT_EQ(decoder.next(), nullptr);
  EXPECT_EQ(decoder.state(), Decoder::State::too_long);
  decoder.feed("\n\nprotocol_state=RCPT\n\n");
  EXPECT_EQ(decoder.next(), nullptr);
}

TEST(PolicyCodec, GivesOutTheRequestsBeforeOneThatIsTooLong) {
  Decoder decoder;
  decoder.feed("protocol_state=RCPT\n\n" + std::string(Decoder::longest_request + 1, 'x'));
  EXPECT_NE(decoder.next(), nullptr);
  EXPECT_EQ(decoder.next(), nullptr);
  EXPECT_EQ(decoder.state(), Decoder::State::too_long);
}

TEST(PolicyCodec, KnowsHowMuchOfARequestIsHeld) {
  Decoder decoder;
  EXPECT_FALSE(decoder.partial());
  decoder.feed("protocol_state=RC");
  EXPECT_EQ(decoder.next(), nullptr);
  EXPECT_TRUE(decoder.partial());
  EXPECT_EQ(decoder.held(), 17U);
  decoder.feed("PT\n\n");
  EXPECT_NE(decoder.next(), nullptr);
  EXPECT_FALSE(decoder.partial());
}

TEST(PolicyAnswerCodec, WritesAnActionAndAnEmptyLine) {
  EXPECT_EQ(encode_answer("DUNNO"), "action=DUNNO\n\n");
  EXPECT_EQ(encode_answer("550 5.7.1 No mail from here. ref 0000"),
            "action=550 5.7.1 No mail from here. ref 0000\n\n");
  EXPECT_EQ(encode_answer("DEFER_IF_PERMIT 4.7.1 Come back later."),
            "action=DEFER_IF_PERMIT 4.7.1 Come back later.\n\n");
  EXPECT_EQ(encode_answer("554 No service here."), "action=554 No service here.\n\n");
  EXPECT_EQ(encode_answer("PREPEND X-A: b c"), "action=PREPEND X-A: b c\n\n");
  EXPECT_EQ(encode_answer("HOLD odd"), "action=HOLD odd\n\n");
  EXPECT_EQ(encode_answer("DISCARD odd"), "action=DISCARD odd\n\n");
  EXPECT_EQ(encode_answer("WARN odd"), "action=WARN odd\n\n");
  EXPECT_EQ(encode_answer("REDIRECT a@example.org"), "action=REDIRECT a@example.org\n\n");
  EXPECT_EQ(encode_answer("BCC a@example.org"), "action=BCC a@example.org\n\n");
  EXPECT_EQ(encode_ok(), "action=OK\n\n");
}

TEST(PolicyAnswerCodec, NeverWritesWhatPostfixWouldMisread) {
  for (const std::string_view action : {"",
                                        " ",
                                        "550",
                                        "1",
                                        "12345",
                                        "550 ",
                                        "550 5.7.1",
                                        "550 5.7.1 ",
                                        "550  text",
                                        "550 4.7.1 text",
                                        "450 5.7.1 text",
                                        "250 2.0.0 text",
                                        "299 text",
                                        "354 text",
                                        "600 text",
                                        "55 text",
                                        "5500 text",
                                        " 550 5.7.1 text",
                                        "OK",
                                        "ok",
                                        "PERMIT",
                                        "permit_mynetworks",
                                        "REJECT",
                                        "DUNNO ",
                                        "dunno",
                                        "DEFER_IF_PERMIT",
                                        "DEFER_IF_PERMIT 5.7.1 text",
                                        "DEFER_IF_PERMIT 4.7.1",
                                        "PREPEND",
                                        "PREPEND no colon",
                                        "PREPEND X:",
                                        "PREPEND : y",
                                        "PREPEND X y: z",
                                        "PREPEND X: y\nZ: w",
                                        "prepend X: y",
                                        "HOLD",
                                        "HOLD ",
                                        "DISCARD",
                                        "WARN",
                                        "REDIRECT",
                                        "REDIRECT bad",
                                        "REDIRECT a@b c@d",
                                        "BCC @example.org",
                                        "FILTER smtp:",
                                        "550 5.7.1 two\nlines",
                                        "550 5.7.1 a\rb",
                                        "550 5.7.1 \xc3\xbc",
                                        "550 5.7.1 a\tb"}) {
    EXPECT_EQ(encode_answer(action), std::nullopt) << action;
  }
  EXPECT_EQ(encode_answer(std::string_view("550 5.7.1 a\0b", 13)), std::nullopt);
  EXPECT_EQ(encode_answer("550 5.7.1 " + std::string(991, 'x')), std::nullopt);
  EXPECT_NE(encode_answer("550 5.7.1 " + std::string(990, 'x')), std::nullopt);
}

}  // namespace
}  // namespace postern::policy_door

#include "checks/spf_text.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

SpfRequest request(const char* client = "192.0.2.1") {
  auto made = SpfRequest::of_sender(
      *IpAddress::parse(client), MailAddress::from_envelope("a@example.com"), "mail.example.org");
  made.receiver = "mx1.example.net";
  return made;
}

SpfOutcome outcome(SpfResult result, std::string mechanism = "default", std::string problem = {}) {
  SpfOutcome made;
  made.result = result;
  made.mechanism = std::move(mechanism);
  made.problem = std::move(problem);
  return made;
}

TEST(SpfText, ReceivedSpfTellsWhatWasCheckedAndWhatDecided) {
  EXPECT_EQ(received_spf(request(), "a@example.com", outcome(SpfResult::pass, "ip4:192.0.2.0/24")),
            "pass (domain example.com designates 192.0.2.1 as permitted sender) "
            "receiver=mx1.example.net; identity=mailfrom; client-ip=192.0.2.1; "
            "helo=mail.example.org; envelope-from=\"a@example.com\"; "
            "mechanism=\"ip4:192.0.2.0/24\"");
  EXPECT_EQ(received_spf(request("2001:db8::1"), "", outcome(SpfResult::none)),
            "none (domain example.com does not designate permitted sender hosts) "
            "receiver=mx1.example.net; identity=mailfrom; client-ip=\"2001:db8::1\"; "
            "helo=mail.example.org; envelope-from=\"\"");
}

TEST(SpfText, AnErrorIsToldWithItsProblem) {
  EXPECT_EQ(received_spf(SpfRequest::of_helo(*IpAddress::parse("192.0.2.1"), "h.example"), "",
                         outcome(SpfResult::temperror, "default", "timeout at TXT of h.example")),
            "temperror (error in processing of domain h.example) identity=helo; "
            "client-ip=192.0.2.1; helo=h.example; problem=\"timeout at TXT of h.example\"");
}

TEST(SpfText, NothingFromOutsideLeavesItsPlace) {
  auto hostile = SpfRequest::of_sender(*IpAddress::parse("192.0.2.1"),
                                       MailAddress::from_envelope("a@x) y\\(\r\nX: y.example"),
                                       "h\"; client-ip=10.0.0.1\r\n" + std::string(400, 'h'));
  const auto text = received_spf(hostile, "\"\\\r\n\x80@" + std::string(2000, 'x'),
                                 outcome(SpfResult::fail, "-all\r\n" + std::string(2000, 'm')));
  EXPECT_LE(text.size() + std::string_view("Received-SPF: ").size(), 998U);
  for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_NE(text.find("(domain x? y??"), std::string::npos) << text;
  EXPECT_NE(text.find("helo=\"h\\\", client-ip=10.0.0.1 "), std::string::npos) << text;
}

TEST(SpfText, AuthenticationResultsNameTheIdentitysDomain) {
  EXPECT_EQ(spf_authentication_result(request(), outcome(SpfResult::pass)),
            "spf=pass smtp.mailfrom=example.com");
  EXPECT_EQ(spf_authentication_result(SpfRequest::of_helo(*IpAddress::parse("192.0.2.1"),
                                                          "B\xc3\xbc"
                                                          "cher.example"),
                                      outcome(SpfResult::softfail)),
            "spf=softfail smtp.helo=xn--bcher-kva.example");
  EXPECT_EQ(
      spf_authentication_result(request(), outcome(SpfResult::permerror, "", "a \"bad\" record")),
      "spf=permerror reason=\"a \\\"bad\\\" record\" smtp.mailfrom=example.com");
}

}  // namespace
}  // namespace postern

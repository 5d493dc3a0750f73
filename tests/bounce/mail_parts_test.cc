#include "bounce/mail_parts.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

MailParts some_parts() {
  MailParts mail;
  mail.cut = true;
  mail.parts.push_back({"message/rfc822", "", 0, {{"Subject", "a:b\n"}, {"To", ""}}, ""});
  mail.parts.push_back({"multipart/report", "delivery-status", 0, {}, ""});
  mail.parts.push_back({"text/plain", "", 1, {}, std::string("\0:5:\xff", 5)});
  return mail;
}

TEST(MailParts, ComeThroughAPipeAsTheyWere) {
  for (const auto& mail : {MailParts{}, some_parts()}) {
    const auto back = mail_parts_from(encode(mail));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, mail);
  }
}

TEST(MailParts, TornOrForeignOctetsAreNone) {
  const auto whole = encode(some_parts());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(mail_parts_from(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(mail_parts_from(whole + "x"));
  EXPECT_FALSE(mail_parts_from("postern mail parts 1\n1:01:9"));
  EXPECT_FALSE(mail_parts_from("postern mail parts 1\n1:099999999999999999999:"));
}

TEST(Mail, IsToldFromAPastedReply) {
  EXPECT_TRUE(looks_like_mail("From: a@b.example\nTo: c@d.example\n\ntext\n"));
  EXPECT_TRUE(looks_like_mail("\r\nReceived: from a\r\n  by b\r\nReceived: c\r\nSubject: d\r\n"));
  EXPECT_TRUE(looks_like_mail("From MAILER-DAEMON Sat Jun  9\nFrom: a\nSubject: b\n\n"));
  EXPECT_FALSE(looks_like_mail("550 5.1.1 <bob@example.org>: no such user"));
  EXPECT_FALSE(looks_like_mail("K7Q2-9FXA-11BC\n"));
  EXPECT_FALSE(looks_like_mail("reply: 550 5.1.1\nfrom: mx.example.org\n"));
  EXPECT_FALSE(looks_like_mail("From "));
  EXPECT_FALSE(looks_like_mail(""));
}

}  // namespace
}  // namespace postern

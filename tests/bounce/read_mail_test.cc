#include "bounce/read_mail.h"

#include "bounce/bounce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;

TEST(ReadMail, DecodesTextsAndFields) {
  const auto mail = read_mail(
      "Subject: =?iso-8859-1?q?gr=FCn?=\r\nTo: a@b.example\r\n"
      "Content-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n550 5.1.1 na=EFve=\r\n user\r\n");
  ASSERT_EQ(mail.parts.size(), 2U);
  EXPECT_EQ(mail.parts[0].type, "message/rfc822");
  EXPECT_EQ(mail.parts[0].headers.at(0).value, "gr\xc3\xbcn");
  EXPECT_THAT(mail.parts[1].text, HasSubstr("550 5.1.1 na\xc3\xafve user"));
  EXPECT_FALSE(mail.cut);
}

TEST(ReadMail, GivesUtf8WhateverTheOctets) {
  const auto mail = read_mail("Subject: \xff\xfe\n\n\xff 550 \xc3\n");
  ASSERT_EQ(mail.parts.size(), 2U);
  EXPECT_EQ(mail.parts[0].headers.at(0).value, "\xc3\xbf\xc3\xbe");
  EXPECT_THAT(mail.parts[1].text, HasSubstr("\xc3\xbf 550"));
}

TEST(ReadMail, TellsWhatBelongsToAReturnedMail) {
  const auto mail = read_mail(
      "Content-Type: multipart/report; report-type=Delivery-Status; boundary=b\n\n"
      "--b\n\nhello\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
      "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
      "--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ntext\n--b--\n");
  ASSERT_EQ(mail.parts.size(), 6U);
  EXPECT_EQ(mail.parts[1].report_type, "delivery-status");
  EXPECT_THAT(mail.parts[3].text, HasSubstr("Final-Recipient"));
  EXPECT_EQ(mail.parts[4].within, 1U);
  EXPECT_EQ(mail.parts[4].headers.at(0).value, "inner");
  EXPECT_EQ(mail.parts[5].within, 1U);
  const auto bounce = read_bounce(mail);
  EXPECT_EQ(bounce.kind, Bounce::Kind::report);
  EXPECT_EQ(bounce.subject, "inner");
}

TEST(ReadMail, ATextWhosePartsHaveComeApartIsReadAllTheSame) {
  const auto mail = read_mail(
      "From: MAILER-DAEMON\nSubject: Returned mail\nContent-Type: multipart/report;\n\n--b\n\n"
      "550 5.1.1 gone\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
      "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n--b--\n");
  const auto bounce = read_bounce(mail);
  EXPECT_EQ(bounce.kind, Bounce::Kind::report);
  ASSERT_EQ(bounce.recipients.size(), 1U);
  EXPECT_EQ(bounce.recipients[0].address, "bob@example.org");
  EXPECT_EQ(bounce.recipients[0].enhanced, "5.1.1");
}

TEST(ReadMail, StopsAtItsLimitsAndSaysSo) {
  std::string nested;
  for (int i = 0; i < 2'000; ++i) nested += "Content-Type: message/rfc822\n\n";
  EXPECT_TRUE(read_mail(nested).cut);

  std::string many = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 3'000; ++i) many += "--b\n\nx\n";
  auto mail = read_mail(many + "--b--\n");
  EXPECT_TRUE(mail.cut);
  EXPECT_EQ(mail.parts.size(), most_mail_parts);

  mail = read_mail("Subject: long\n\n" + std::string(longest_mail_part + 1, 'x') + "\n");
  EXPECT_TRUE(mail.cut);
  EXPECT_EQ(mail.parts.back().text.size(), longest_mail_part);

  std::string fields;
  for (int i = 0; i < 500; ++i) fields += "X-A: b\n";
  mail = read_mail(fields + "\ntext\n");
  EXPECT_TRUE(mail.cut);
  EXPECT_EQ(mail.parts[0].headers.size(), most_mail_headers);
}

TEST(ReadMail, SomethingComesOfAnyOctets) {
  EXPECT_LE(read_mail("").parts.size(), 2U);
  EXPECT_FALSE(read_mail("no mail at all").parts.empty());
  EXPECT_FALSE(read_mail(std::string(1000, '\0')).parts.empty());
}

}  // namespace
}  // namespace postern

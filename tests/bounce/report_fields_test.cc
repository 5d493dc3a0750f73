#include "bounce/report_fields.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(ReportFields, ComeInGroupsThatEmptyLinesPart) {
  const auto groups = report_groups(
      "Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Sat, 21 Nov 2026\r\n\r\n\r\n"
      "Final-Recipient: rfc822; bob@example.org\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n"
      "  no such\r\n\tuser\r\n");
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(field_value(groups[0], "arrival-date"), "Sat, 21 Nov 2026");
  EXPECT_EQ(field_value(groups[1], "diagnostic-code"), "smtp; 550 5.1.1 no such user");
  EXPECT_EQ(field_value(groups[1], "status"), "");
}

TEST(ReportFields, AreReadWhereAServerHasFoldedThemWithoutWhiteSpace) {
  const auto groups =
      report_groups("Diagnostic-Code: smtp; 550 5.1.1\nno such user\nStatus: 5.1.1\n");
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(field_value(groups[0], "diagnostic-code"), "smtp; 550 5.1.1 no such user");
  EXPECT_EQ(field_value(groups[0], "status"), "5.1.1");
}

TEST(ReportFields, NothingComesOfNothing) {
  EXPECT_TRUE(report_groups("").empty());
  EXPECT_TRUE(report_groups("\r\n\n no field\nnor this\n").empty());
}

TEST(ReportFields, TellTheTypeFromTheValue) {
  EXPECT_EQ(typed_value("SMTP; 550 5.1.1 gone; really").type, "smtp");
  EXPECT_EQ(typed_value("SMTP; 550 5.1.1 gone; really").value, "550 5.1.1 gone; really");
  EXPECT_EQ(typed_value("550 5.1.1 gone").type, "");
  EXPECT_EQ(typed_value("550 user gone; sorry").value, "550 user gone; sorry");
}

TEST(ReportFields, GiveAddressesInOneSpelling) {
  EXPECT_EQ(report_address("rfc822; bob@example.org"), "bob@example.org");
  EXPECT_EQ(report_address("RFC822;<bob@example.org>"), "bob@example.org");
  EXPECT_EQ(report_address("bob@example.org"), "bob@example.org");
}

TEST(ReportFields, UndoTheEscapesOfInternationalAddresses) {
  EXPECT_EQ(report_address("utf-8; \\x{8C94}@example.org"), "\xe8\xb2\x94@example.org");
  EXPECT_EQ(report_address("utf-8; \xe8\xb2\x94@example.org"), "\xe8\xb2\x94@example.org");
  EXPECT_EQ(report_address("utf-8; \\x{D800}\\x{zz}\\x{@example.org"),
            "\\x{D800}\\x{zz}\\x{@example.org");
}

TEST(ReportFields, ReadAStatusCodeAndNothingElseForOne) {
  EXPECT_EQ(status_code("5.1.1"), "5.1.1");
  EXPECT_EQ(status_code(" 5.7.26 (authentication)"), "5.7.26");
  EXPECT_EQ(status_code("5.7.606"), "5.7.606");
  for (const auto* wrong : {"", "5", "5.1", "5..1", "5.1.", "3.1.1", "192.0.2.1", "x.1.1"}) {
    EXPECT_EQ(status_code(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace postern

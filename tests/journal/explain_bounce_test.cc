#include "journal/explain_bounce.h"

#include "bounce/read_reply.h"
#include "journal/samples.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Bounce report() {
  Bounce bounce;
  bounce.kind = Bounce::Kind::report;
  bounce.reporting_mta = "mx.example.net";
  bounce.arrival = "Sat, 21 Nov 2026 12:55:39 +0000";
  bounce.subject = "Minutes of the meeting";
  bounce.message_id = "<1@example.net>";
  BouncedRecipient full;
  full.address = "bob@example.org";
  full.original = "info@example.org";
  full.action = "failed";
  full.status = "5.2.2";
  full.diagnostic_type = "smtp";
  full.diagnostic = "552 5.2.2 <bob@example.org>: mailbox full";
  full.remote_mta = "mx1.example.org";
  full.reply = full.diagnostic;
  full.code = 552;
  full.enhanced = "5.2.2";
  BouncedRecipient late;
  late.address = "eve@example.com";
  late.action = "delayed";
  late.status = "4.4.1";
  late.reply = "4.4.1 connect to mx.example.com[192.0.2.1]:25: Connection timed out";
  late.diagnostic = "connect to mx.example.com[192.0.2.1]:25: Connection timed out";
  late.enhanced = "4.4.1";
  bounce.recipients = {full, late};
  return bounce;
}

Bounce text_alone() {
  Bounce bounce;
  bounce.kind = Bounce::Kind::text;
  BouncedRecipient one;
  one.address = "bob@example.org";
  one.action = "failed";
  one.diagnostic = "Sorry, user unknown here.";
  bounce.recipients = {one};
  return bounce;
}

Bounce complaint() {
  Bounce bounce;
  bounce.kind = Bounce::Kind::complaint;
  bounce.reporting_mta = "SomeFBL/1.0";
  bounce.feedback_type = "abuse";
  BouncedRecipient one;
  one.address = "bob@example.org";
  bounce.recipients = {one};
  return bounce;
}

Bounce with_our_reference() {
  auto bounce = report();
  bounce.recipients.resize(1);
  const auto record = samples::refused_recipient();
  auto& recipient = bounce.recipients.front();
  recipient.diagnostic = record.sent->expected.front();
  recipient.reply = recipient.diagnostic;
  recipient.code = 550;
  recipient.enhanced = recipient.status = "5.1.1";
  recipient.reference = record.transaction.reference;
  bounce.references = {record.transaction.reference};
  return bounce;
}

Bounce no_bounce() {
  Bounce bounce;
  bounce.why = "an automatic answer, such as those of people on holiday";
  return bounce;
}

std::vector<std::pair<std::string, Bounce>> all() {
  return {{"report", report()},
          {"text", text_alone()},
          {"complaint", complaint()},
          {"with_our_reference", with_our_reference()},
          {"none", no_bounce()}};
}

TEST(ExplainBounce, TellsEachAsTheGoldenFilesShow) {
  for (const auto& [name, bounce] : all()) {
    testing::expect_golden("explain/bounce/" + name + ".txt", explain_bounce(bounce));
  }
  ExplainOptions options;
  options.voice = Voice::admin;
  testing::expect_golden("explain/bounce/report_for_admin.txt", explain_bounce(report(), options));
}

TEST(ExplainBounce, ClaimsAReferenceAsOursOnlyWhenItWasFound) {
  auto bounce = with_our_reference();
  const auto second = samples::with(samples::refused_recipient(), 7).transaction.reference;
  bounce.references.push_back(second);
  const auto first = bounce.references.front().text();
  const BounceReferences known{{first, ReferenceState::found},
                               {second.text(), ReferenceState::not_found}};
  testing::expect_golden("explain/bounce/references.txt", explain_bounce(bounce, {}, known));
  EXPECT_THAT(explain_bounce(bounce), Not(HasSubstr(", ours")));
  EXPECT_THAT(explain_bounce(bounce, {}, {{first, ReferenceState::not_read}}),
              HasSubstr("not all of the journal"));
  ExplainOptions options;
  options.format = ExplainFormat::json;
  const auto json = nlohmann::json::parse(explain_bounce(bounce, options, known));
  EXPECT_EQ(json["references"], nlohmann::json({first, second.text()}));
  EXPECT_EQ(json["found"], nlohmann::json({first}));
}

TEST(ExplainBounce, GivesToolsOneLineEach) {
  ExplainOptions options;
  options.format = ExplainFormat::json;
  for (const auto& [name, bounce] : all()) {
    const auto text = explain_bounce(bounce, options);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << name;
    const auto json = nlohmann::json::parse(text, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << text;
    EXPECT_EQ(json["recipients"].size(), bounce.recipients.size());
  }
  const auto json = nlohmann::json::parse(explain_bounce(report(), options));
  EXPECT_EQ(json["kind"], "report");
  EXPECT_EQ(json["recipients"][0]["code"], 552);
  EXPECT_EQ(json["recipients"][0]["enhanced"], "5.2.2");
  EXPECT_EQ(json["recipients"][0]["meaning"]["class"], "permanent");
}

TEST(ExplainBounce, LeavesTheHostsBehindToThoseWhoMayKnow) {
  ExplainOptions options;
  EXPECT_THAT(explain_bounce(report(), options), HasSubstr("Said by"));
  options.voice = Voice::sender;
  EXPECT_THAT(explain_bounce(report(), options), Not(HasSubstr("Said by")));
}

TEST(ExplainBounce, ARecipientOfTheMailCouldPaintTheTerminal) {
  auto bounce = report();
  bounce.recipients.front().address = "bob\033[2J@\xc3\xa9.example";
  const auto text = explain_bounce(bounce);
  EXPECT_THAT(text, HasSubstr("Recipient <bob?[2J@??.example>"));
  EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(ExplainBounce, EndsAListThatNobodyWouldRead) {
  auto bounce = report();
  bounce.recipients.resize(500, bounce.recipients.front());
  bounce.cut = true;
  const auto text = explain_bounce(bounce);
  EXPECT_THAT(text, HasSubstr("And 450 recipients more, which --json names."));
  EXPECT_THAT(text, HasSubstr("only its beginning was read"));
}

TEST(ExplainBounce, ForTheSenderTheJsonHeldMoreThanTheText) {
  ExplainOptions options;
  options.voice = Voice::sender;
  const auto text = explain_bounce(report(), options);
  options.format = ExplainFormat::json;
  const auto json = nlohmann::json::parse(explain_bounce(report(), options));
  EXPECT_EQ(json.size(), 2U) << json;
  EXPECT_EQ(json["kind"], "report");
  EXPECT_EQ(json["text"], text);
  EXPECT_THAT(text, Not(HasSubstr("mx1.example.org")));
}

TEST(ExplainBounce, AMistypedReferenceWasPassedOverInSilence) {
  auto bounce = report();
  bounce.mistyped = {"3598-7MYE-9TFA"};
  EXPECT_THAT(explain_bounce(bounce), HasSubstr("3598-7MYE-9TFA, looks like ours, but one of"));
  ExplainOptions options;
  options.format = ExplainFormat::json;
  EXPECT_EQ(nlohmann::json::parse(explain_bounce(bounce, options))["mistyped"][0],
            "3598-7MYE-9TFA");
}

TEST(ExplainBounce, AReplyWithoutARecipientHasNoEmptyBrackets) {
  const auto reply = read_reply("550 5.1.1 no such user");
  ASSERT_TRUE(reply);
  const auto text = explain_bounce(*reply);
  EXPECT_THAT(text, HasSubstr("The reply\n"));
  EXPECT_THAT(text, Not(HasSubstr("<>")));
  EXPECT_THAT(text, HasSubstr("Refused for good (550 5.1.1)."));
}

}  // namespace
}  // namespace postern

#include "reply/compose.h"

#include "reply/limits.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

const ReplyIdentity identity = {"mx1.example.org", "postmaster@example.org",
                                "https://mail.example.org/why/{reason}#{ref}"};

Reference reference() {
  return Reference::make(std::chrono::system_clock::time_point(std::chrono::seconds(1'795'000'000)),
                         1, 2);
}

Reply composed(const char* reason_id, const char* form, ReplyStage stage, std::string_view own_text,
               const FieldValues& values) {
  const auto* reason = find_reason(reason_id);
  auto reply = compose(*reason, ReplyForm::parse(form).value(), stage, own_text, values, identity,
                       reference());
  EXPECT_TRUE(reply) << render(reply.problems());
  return std::move(reply).value();
}

TEST(Compose, FillsFieldsAndAddsAllParts) {
  const auto reply =
      composed("rcpt-unknown", "550 5.1.1", ReplyStage::rcpt,
               "There is no mailbox {recipient} here.", {{"recipient", "bob@example.org"}});
  EXPECT_EQ(reply.text().sentence, "There is no mailbox bob@example.org here.");
  EXPECT_EQ(reply.text().reference, "ref " + reference().text());
  EXPECT_EQ(reply.text().contact, "Contact postmaster@example.org for help.");
  EXPECT_EQ(reply.text().help,
            "More at https://mail.example.org/why/rcpt-unknown#" + reference().text());
  EXPECT_FALSE(reply.text().advice.empty());
}

TEST(Compose, CutsLongValuesAndNothingElse) {
  const auto reply = composed("rcpt-unknown", "550 5.1.1", ReplyStage::rcpt,
                              "No mailbox {recipient} for {sender} here.",
                              {{"recipient", std::string(300, 'r')}, {"sender", "a@b.example"}});
  EXPECT_EQ(reply.text().sentence.size(), longest_first_sentence);
  EXPECT_NE(reply.text().sentence.find("rrr... for a@b.example here."), std::string::npos);
}

TEST(Compose, WritesIpv6AddressesWithoutColons) {
  const auto reply =
      composed("client-blocked", "550 5.7.1", ReplyStage::rcpt,
               "Your host {client_address} is blocked.", {{"client_address", "2001:db8::1"}});
  EXPECT_EQ(reply.text().sentence, "Your host 2001-db8--1 is blocked.");
}

TEST(Compose, DropsTheSecondSentenceAsAWhole) {
  const std::string host(60, 'h');
  const auto* reason = find_reason("rate-connection");
  const auto reply =
      compose(*reason, ReplyForm::parse("421 4.7.0").value(), ReplyStage::mail,
              "Too many connections came from {client_address} at once. Please use fewer of them.",
              {{"client_address", std::string(200, '9')}}, {host, "", ""}, reference());
  ASSERT_TRUE(reply) << render(reply.problems());
  EXPECT_EQ(reply->text().host, host);
  EXPECT_EQ(reply->text().sentence.find("Please"), std::string::npos);
}

TEST(Compose, IsNotUndoneByAValueThatBeginsWithADigit) {
  for (const auto stage : {ReplyStage::mail, ReplyStage::rcpt}) {
    const auto reply = composed("client-blocked", "550 5.7.1", stage,
                                "{sender} may not write here.", {{"sender", "1x@evil.example"}});
    EXPECT_EQ(reply.text().sentence, "1x@evil.example may not write here.");
  }
  const auto bare = composed("early-talker", "550", ReplyStage::helo, "{helo} spoke too early.",
                             {{"helo", "1x.example"}});
  EXPECT_EQ(bare.text().sentence, "Refused, 1x.example spoke too early.");
}

TEST(Compose, LeavesOurAddressOutOf551) {
  const auto reply = composed("rcpt-moved-to", "551 5.7.1", ReplyStage::rcpt, "", {});
  EXPECT_TRUE(reply.text().contact.empty());
}

TEST(Compose, SaysOurNameOnceWhenItStandsFirstAnyway) {
  const auto reply = composed("shutdown", "421 4.3.2", ReplyStage::mail, "", {});
  EXPECT_EQ(start_of(reply.text()).find("mx1.example.org "), 0U);
  EXPECT_EQ(start_of(reply.text()).find("mx1.example.org", 1), std::string::npos);
  const auto other =
      composed("policy-defer", "450 4.7.0", ReplyStage::rcpt, "{host} is tired.", {});
  EXPECT_EQ(other.text().sentence, "mx1.example.org is tired.");
}

TEST(Compose, TakesElseTextsForMissingValues) {
  EXPECT_EQ(composed("dnsbl-listed", "550 5.7.1", ReplyStage::rcpt,
                     "Blocked using {list|a block list}.", {})
                .text()
                .sentence,
            "Blocked using a block list.");
  EXPECT_EQ(composed("client-blocked", "550 5.7.1", ReplyStage::rcpt,
                     "Host {client_name} is blocked.", {})
                .text()
                .sentence,
            "Host unknown is blocked.");
}

TEST(Compose, IntroducesOtherPeoplesTextAsTheirs) {
  const auto reply =
      composed("dnsbl-listed", "550 5.7.1", ReplyStage::rcpt, "",
               {{"quote", "Listed: see\r\n250 ok; bye"}, {"quote_from", "The list zen"}});
  EXPECT_EQ(reply.text().quote, "The list zen says \"Listed- see 250 ok, bye\"");
}

TEST(Compose, LeavesOutAHelpAddressThatIsNone) {
  const auto reply = compose(*find_reason("spam"), ReplyForm::parse("550 5.7.1").value(),
                             ReplyStage::end_of_message, "", {},
                             {"mx1.example.org", "", "https://x.example/ {ref}"}, reference());
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->text().help.empty());
}

TEST(CheckTemplate, AcceptsEveryTextOfTheCatalogue) {
  for (const auto& reason : all_reasons()) {
    for (int s = 0; s < static_cast<int>(stage_count); ++s) {
      const auto stage = static_cast<Stage>(s);
      if (!reason.stages.contains(reply_stage(stage)) || reason.stages.is_any()) continue;
      for (const auto& problem : check_template(reason.text, stage)) {
        ADD_FAILURE() << reason.id << " at " << to_text(stage) << ": " << problem.message << " ("
                      << problem.hint << ")";
      }
    }
  }
}

std::string problems_of(std::string_view text, Stage stage = Stage::rcpt) {
  std::string all;
  for (const auto& p : check_template(text, stage)) {
    all += std::to_string(p.offset) + "+" + std::to_string(p.length) + " " + p.message + " | " +
           p.hint + "\n";
  }
  return all;
}

TEST(CheckTemplate, PointsAtEveryFault) {
  EXPECT_EQ(problems_of("Hello {recpient}."),
            "6+10 there is no field {recpient} | did you mean {recipient}?\n");
  EXPECT_EQ(problems_of("Hello {recipient}.", Stage::mail),
            "6+11 {recipient} is not known at stage mail | it is known at rcpt only\n");
  EXPECT_EQ(problems_of("Hello {list}."),
            "6+6 {list} may have no value here | say what to write then, as in {list|...}\n");
  EXPECT_EQ(problems_of("a {b"),
            "2+2 '{' is never closed | a field is written {name} or {name|else}\n");
  EXPECT_EQ(problems_of("a} b"),
            "1+1 '}' without '{' | a field is written {name} or {name|else}\n");
  EXPECT_EQ(problems_of("a; b"),
            "1+1 ';' ends a reply in MTA logs | use a comma or a second sentence\n");
  EXPECT_NE(problems_of("a: b"), "");
  EXPECT_NE(problems_of(""), "");
  EXPECT_NE(problems_of("5 is a number."), "");
  EXPECT_NE(problems_of(" One."), "");
  EXPECT_NE(problems_of("One. "), "");
  EXPECT_NE(problems_of("na\xc3\xafve"), "");
  EXPECT_NE(problems_of("One. Two. Three."), "");
  EXPECT_NE(problems_of(std::string(101, 'x')), "");
  EXPECT_NE(problems_of("One. " + std::string(190, 'x')), "");
  EXPECT_EQ(problems_of("One {sender} is here. Two {recipient} are there."), "");
}

}  // namespace
}  // namespace postern

// Replies of our own are what help desks paste: every one is recognised, in every form, as both
// doors send it and as logs show it.
#include "postern/reason.h"
#include "reply/codes.h"
#include "reply/codes_explanation.h"
#include "reply/codes_query.h"
#include "reply/compose.h"
#include "reply/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace postern {
namespace {

using testing::HasSubstr;

Reference reference() {
  return Reference::make(std::chrono::system_clock::time_point(std::chrono::seconds(1'795'000'000)),
                         1, 2);
}

std::vector<FieldValues> value_sets() {
  std::vector<FieldValues> sets(1);
  for (const auto* value :
       {"bob@example.org", "spam@dmarc.example", "2001:db8::1",
        "a-rather-long-name-of-a-mailbox-that-nobody-would-type@mail.example.org"}) {
    FieldValues values;
    for (const auto& field : reply_fields()) values.emplace_back(field.name, value);
    sets.push_back(std::move(values));
  }
  return sets;
}

std::string filled(std::string_view text, std::string_view value) {
  std::string result;
  bool field = false;
  for (const char c : text) {
    if (c == '{') {
      field = true;
      result += value;
    } else if (c == '}') {
      field = false;
    } else if (!field) {
      result += c;
    }
  }
  return result;
}

std::set<std::string> forms_of(const Reason& reason) {
  std::set<std::string> forms;
  if (!reason.reply.empty()) forms.emplace(reason.reply);
  for (const auto form : reason.tolerated) {
    if (!form.empty()) forms.emplace(form);
  }
  for (const auto& at : reason.at) {
    if (!at.reply.empty()) forms.emplace(at.reply);
  }
  return forms;
}

std::string likely(const std::string& reply) {
  const auto query = read_codes_query(reply);
  if (!query) return "no code";
  const auto found = find_out(*query);
  return found.likely == nullptr ? "" : std::string(found.likely->id);
}

TEST(CodesOwn, EveryReasonIsRecognisedInEveryForm) {
  std::size_t seen = 0;
  for (const auto& reason : all_reasons()) {
    for (const auto& form : forms_of(reason)) {
      for (const auto* value : {"bob@example.org", "192.0.2.1", "-", "spf.spamhaus.example"}) {
        const auto reply = form + ' ' + filled(reason.text, value) + " (ref " + reference().text() +
                           ") " + std::string(reason.advice);
        EXPECT_EQ(likely(reply), reason.id) << reply;
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 4U * 190U);
}

TEST(CodesOwn, EveryReplyIsRecognisedAsTheDoorsSendIt) {
  constexpr std::array spoken = {ReplyStage::connect, ReplyStage::helo, ReplyStage::mail,
                                 ReplyStage::rcpt,    ReplyStage::data, ReplyStage::end_of_message};
  const ReplyIdentity identity{"mx1.example.org", "postmaster@example.org",
                               "https://mail.example.org/why/{reason}#{ref}"};
  std::size_t seen = 0;
  for (const auto& reason : all_reasons()) {
    std::vector<std::optional<ReplyForm>> wishes = {std::nullopt};
    for (const auto& form : allowed_forms(reason)) wishes.emplace_back(form);
    for (const auto stage : spoken) {
      for (const auto& wish : wishes) {
        const auto form = form_at(reason, wish, stage);
        if (!form) continue;
        for (const auto& values : value_sets()) {
          const auto reply = compose(reason, *form, stage, "", values, identity, reference());
          ASSERT_TRUE(reply) << reason.id;
          const auto milter = render_for_milter(*reply, 0);
          std::string lines;
          std::string logged = "host mx.example.net[192.0.2.1] said:";
          for (const auto& line : milter.expected) {
            lines += line + "\r\n";
            logged += ' ' + line;
          }
          EXPECT_EQ(likely(lines), reason.id) << lines;
          EXPECT_EQ(likely(logged + " (in reply to RCPT TO command)"), reason.id) << logged;
          const auto policy =
              render_for_policy(*reply, reason, PolicyContext::recipient,
                                policy_prefix(PolicyContext::recipient, "a@b.example"));
          const auto codes = policy.sent.text();
          const auto seen_by_client = codes + " <a@b.example>: Recipient address rejected: " +
                                      policy.expected.substr(codes.size() + 1);
          EXPECT_EQ(likely(seen_by_client), reason.id) << seen_by_client;
          ++seen;
        }
      }
    }
  }
  EXPECT_GT(seen, 1000U);
}

TEST(CodesOwn, AdviceIsOfTheCodesClassEvenWhereTheReasonIsOfTheOther) {
  std::size_t crossed = 0;
  for (const auto& reason : all_reasons()) {
    for (const auto& form : forms_of(reason)) {
      const auto query = read_codes_query(form + ' ' + filled(reason.text, "x"));
      ASSERT_TRUE(query);
      const auto found = find_out(*query);
      const auto advice = found.who + ". " + found.what_to_do;
      if (form[0] == '5') {
        EXPECT_THAT(advice, testing::Not(HasSubstr("tries again"))) << form << ' ' << reason.id;
        EXPECT_THAT(advice, testing::Not(HasSubstr("Wait"))) << form << ' ' << reason.id;
      } else {
        EXPECT_THAT(advice, testing::Not(HasSubstr("gives up"))) << form << ' ' << reason.id;
      }
      const bool permanent = reason.kind == ReasonClass::permanent;
      if (permanent != (form[0] == '5')) ++crossed;
    }
  }
  EXPECT_GT(crossed, 3U);
}

TEST(CodesOwn, AReplyWithATextOfTheRulesIsKnownByItsAdvice) {
  const auto ref = " (ref " + reference().text() + ") ";
  const auto* reason = find_reason("policy-reject");
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(likely("550 5.7.1 Not on a Sunday." + ref + std::string(reason->advice)),
            "policy-reject");
  // Advice that several reasons with these codes give tells nothing.
  EXPECT_EQ(likely("450 4.7.0 Not on a Sunday." + ref +
                   "Your mail server will try again automatically, so no action is needed."),
            "");
}

TEST(CodesOwn, TheReferenceLeadsToTheRecord) {
  const auto text = reference().text();
  const auto told = "postern explain " + text;
  const auto whole = explain_code("550 5.7.1 Go away. (ref " + text + ")", CodesFormat::text);
  ASSERT_TRUE(whole);
  EXPECT_THAT(*whole, HasSubstr(told));
  const auto json = explain_code("550 5.7.1 Go away. (ref " + text + ")", CodesFormat::json);
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr("\"reference\": \"" + text + '"'));
  const auto none = explain_code("550 5.7.1 Go away. (ref 1234)", CodesFormat::text);
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, testing::Not(HasSubstr("postern explain")));
  const auto alone = explain_code(text, CodesFormat::text);
  ASSERT_FALSE(alone);
  EXPECT_THAT(alone.problems().front().hint, HasSubstr(told));
}

TEST(CodesOwn, ATextWithoutCodesIsRecognisedToo) {
  for (const auto& reason : all_reasons()) {
    const auto found = explain_code(filled(reason.text, "x.example"), CodesFormat::text);
    ASSERT_TRUE(found) << reason.id;
    EXPECT_THAT(*found, HasSubstr(std::string(reason.id)));
  }
}

}  // namespace
}  // namespace postern

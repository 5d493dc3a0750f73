// Every reason that a rule may name, at every stage where the rule may stand, spoken at every stage
// where its answer can go out, in every allowed form, through both doors, with the worst values:
// each gives bytes that an independent checker accepts, and every other combination is refused.
#include "postern/reason.h"
#include "postern/reply.h"
#include "reply/compose.h"
#include "reply/render.h"
#include "support/reply_checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace postern {
namespace {

using test::reply_faults;

constexpr std::array every_stage = {Stage::connect,       Stage::helo, Stage::mail,
                                    Stage::rcpt,          Stage::data, Stage::end_of_headers,
                                    Stage::end_of_message};

constexpr std::array every_spoken = {ReplyStage::connect, ReplyStage::helo,
                                     ReplyStage::mail,    ReplyStage::rcpt,
                                     ReplyStage::data,    ReplyStage::end_of_message};

constexpr std::array every_context = {PolicyContext::client, PolicyContext::helo,
                                      PolicyContext::sender, PolicyContext::recipient,
                                      PolicyContext::data,   PolicyContext::end};

// As Postfix writes them (smtpd_check.c), typed in again.
std::string prefix_of(PolicyContext context, const std::string& name) {
  switch (context) {
    case PolicyContext::client:
      // With smtpd_client_port_logging, the longest port.
      return '<' + name + ":65535>: Client host rejected: ";
    case PolicyContext::helo:
      return '<' + name + ">: Helo command rejected: ";
    case PolicyContext::sender:
      return '<' + name + ">: Sender address rejected: ";
    case PolicyContext::recipient:
      return '<' + name + ">: Recipient address rejected: ";
    case PolicyContext::data:
      return '<' + name + ">: Data command rejected: ";
    case PolicyContext::end:
      return '<' + name + ">: End-of-data rejected: ";
  }
  return {};
}

bool is_refusal(const Reason& reason) {
  return reason.kind == ReasonClass::temporary || reason.kind == ReasonClass::permanent;
}

/// By the checker's own lists: may this form be spoken at this stage?
bool legal_at(const std::string& form, ReplyStage stage) {
  return reply_faults(form + " Text.\r\n", to_text(stage)).empty();
}

std::vector<std::string> forms_of(const Reason& reason) {
  std::vector<std::string> forms = {std::string(reason.reply)};
  for (const auto form : reason.tolerated) {
    if (!form.empty()) forms.emplace_back(form);
  }
  return forms;
}

/// By the rules of the semantics (4), told again without the code under test: the forms of `digit`
/// in which the reason may be spoken at `stage`.
std::vector<std::string> expected_forms(const Reason& reason, char digit, ReplyStage stage) {
  std::vector<std::string> candidates = forms_of(reason);
  for (const auto& at : reason.at) {
    if (!at.reply.empty() && at.stage == stage) candidates.emplace_back(at.reply);
  }
  std::vector<std::string> forms;
  for (const auto& form : candidates) {
    if (form[0] == digit && legal_at(form, stage)) forms.push_back(form);
  }
  const bool late = stage == ReplyStage::data || stage == ReplyStage::end_of_message;
  if (forms.empty() && late && !reason.stages.contains(stage)) {
    forms.emplace_back(digit == '5' ? "554 5.7.1" : "451 4.7.0");
  }
  return forms;
}

bool expected_to_stand(const Reason& reason, Stage stage) {
  if (!is_refusal(reason)) return false;
  const auto here = reply_stage(stage);
  const char digit = reason.reply[0];
  bool about_here = false;
  bool about_earlier = false;
  for (const auto spoken : every_spoken) {
    if (!reason.stages.contains(spoken)) continue;
    if (spoken == here) about_here = true;
    if (spoken < here) about_earlier = true;
  }
  const auto speakable = [&](ReplyStage spoken) {
    return !expected_forms(reason, digit, spoken).empty();
  };
  if (about_here) {
    return std::any_of(every_spoken.begin(), every_spoken.end(), [&](ReplyStage spoken) {
      return (spoken == here || (spoken > here && spoken <= ReplyStage::rcpt)) && speakable(spoken);
    });
  }
  return about_earlier && here <= ReplyStage::rcpt && speakable(here);
}

/// Where the answer of a rule at `stage` can go out: there, at later stages up to RCPT, and for
/// rules of an earlier command first reached there, at DATA and after the final dot.
std::vector<ReplyStage> spoken_stages(Stage stage) {
  const auto here = reply_stage(stage);
  std::vector<ReplyStage> stages;
  for (const auto spoken : every_spoken) {
    if (spoken >= here) stages.push_back(spoken);
  }
  return stages;
}

std::vector<FieldValues> worst_values() {
  const std::array<std::string, 9> values = {
      "",
      "bob@example.org",
      std::string(255, 'x') + '@' + std::string(255, 'y'),
      std::string(63, 'x') + '@' + std::string(191, 'y'),
      "gr\xc3\xbc\xc3\x9f"
      "e\xff\x80@\x01\x7f\x1b[31m.example",
      "100%s%n%%@%(x)",
      "a\r\n250 2.0.0 ok\r\n.\r\n",
      "\"a; b: c\\\" <{recipient}>\"@[IPv6:2001:db8::1]",
      "550 5.1.1 5xx. Second. Third. ",
  };
  std::vector<FieldValues> all;
  for (const auto& value : values) {
    FieldValues fields;
    for (const auto& field : reply_fields()) fields.emplace_back(field.name, value);
    fields.emplace_back("quote", value);
    fields.emplace_back("quote_from", value);
    all.push_back(std::move(fields));
  }
  all.push_back({});
  return all;
}

std::vector<ReplyIdentity> identities() {
  return {
      {"mx1.example.org", "postmaster@example.org", "https://mail.example.org/why/{reason}#{ref}"},
      {std::string(255, 'h'), std::string(254, 'c'),
       "https://" + std::string(380, 'u') + "/{reason}#{ref}"},
      {"mx1.example.org", "", ""},
  };
}

std::string undoubled(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '%') {
      EXPECT_TRUE(i + 1 < text.size() && text[i + 1] == '%') << "a lone % in " << text;
      ++i;
    }
  }
  return result;
}

std::string joined(const std::vector<std::string>& faults) {
  std::string all;
  for (const auto& fault : faults) all += fault + ' ';
  return all;
}

Reference reference() {
  return Reference::make(std::chrono::system_clock::time_point(std::chrono::seconds(1'795'000'000)),
                         1, 2);
}

/// What the client of each MTA gets to see of `reply`. Adds a failure for anything illegal; returns
/// the number of replies judged.
std::size_t judge(const Reply& reply, const Reason& reason) {
  std::size_t judged = 0;
  const auto stage = to_text(reply.stage());
  const auto where =
      std::string(reason.id) + " as " + reply.form().text() + " at " + std::string(stage) + ": ";
  const auto ref = reply.text().reference;
  const std::string name(255, 'n');
  // Of what we say beside a prefix that eats the line: 32 octets of words and the reference.
  const std::size_t least = 32 + ref.size() + 3;
  const auto said = reply.text().sentence.substr(0, 4);

  for (const auto& prefix : {std::string(), '<' + name + ">... "}) {
    const auto milter = render_for_milter(reply, prefix.size());
    if (milter.lines.size() != milter.expected.size() || milter.lines.empty()) {
      ADD_FAILURE() << where << "lines and expectation differ in number";
      continue;
    }
    std::string raw;
    for (std::size_t i = 0; i < milter.lines.size(); ++i) {
      std::string line = milter.code + (i + 1 < milter.lines.size() ? '-' : ' ');
      if (!milter.enhanced.empty()) line += milter.enhanced + ' ';
      if (line + undoubled(milter.lines[i]) != milter.expected[i]) {
        ADD_FAILURE() << where << milter.expected[i] << " is not what goes out";
      }
      raw += line + (i == 0 ? prefix : "") + undoubled(milter.lines[i]) + "\r\n";
    }
    const auto faults = reply_faults(raw, stage);
    if (!faults.empty()) ADD_FAILURE() << where << joined(faults) << '\n' << raw;
    if (milter.code + (milter.enhanced.empty() ? "" : ' ' + milter.enhanced) !=
        reply.form().text()) {
      ADD_FAILURE() << where << "another code goes out";
    }
    if (milter.lines[0].find(ref) == std::string::npos) ADD_FAILURE() << where << "no reference";
    if (raw.find(';') != std::string::npos) ADD_FAILURE() << where << "a ';' in " << raw;
    ++judged;
  }

  for (const auto context : every_context) {
    // 384 and 872 octets: addresses that Postfix accepts and once got lines of 547 and 1,035 for.
    for (const auto& named :
         {std::string("bob@example.org"), name, std::string(310, 'n'), std::string(384, 'n'),
          std::string(400, 'n'), std::string(872, 'n')}) {
      const auto prefix = prefix_of(context, named);
      const auto answer = render_for_policy(reply, reason, context, policy_prefix(context, named));
      const auto codes = answer.sent.text();
      if (!answer.expected.starts_with(codes + ' ')) {
        ADD_FAILURE() << where << answer.expected << " does not begin with " << codes;
        continue;
      }
      const auto text = answer.expected.substr(codes.size() + 1);
      auto raw = codes + ' ' + prefix + text + "\r\n";
      if (codes.size() + 1 + prefix.size() + least > 510) {
        // Postfix's words alone leave no room: ours are as few as they can be.
        if (text.size() > least) ADD_FAILURE() << where << text << " beside " << prefix.size();
        raw = codes + ' ' + text + "\r\n";
      }
      if (text.find(said) == std::string::npos) {
        ADD_FAILURE() << where << "nothing of the reason is left in " << text;
      }
      const auto faults = reply_faults(raw, stage);
      if (!faults.empty()) ADD_FAILURE() << where << joined(faults) << '\n' << raw;
      if (codes[0] != reply.form().text()[0]) ADD_FAILURE() << where << codes << " changes class";
      if (!answer.sent.enhanced) ADD_FAILURE() << where << "Postfix would choose the code";
      if (answer.action != answer.expected &&
          answer.action != "DEFER_IF_PERMIT " + answer.sent.enhanced->text() + ' ' + text) {
        ADD_FAILURE() << where << "action " << answer.action;
      }
      // "550" alone means OK to Postfix.
      if (answer.action.find_first_not_of("0123456789 ") == std::string::npos) {
        ADD_FAILURE() << where << "action of digits only";
      }
      if (answer.action.find_first_of("\r\n") != std::string::npos) {
        ADD_FAILURE() << where << "more than one line";
      }
      if (text.find(ref) == std::string::npos || text.find(ref) > 200) {
        ADD_FAILURE() << where << "no reference among the first 200 octets of " << text;
      }
      ++judged;
    }
  }
  return judged;
}

TEST(EveryReply, IsLegalWhereverItsReasonMayBeSpoken) {
  const auto values = worst_values();
  const auto who = identities();
  std::size_t judged = 0;
  std::size_t standing = 0;
  for (const auto& reason : all_reasons()) {
    // The same form at the same stage gives the same bytes, whatever stage the rule stands at.
    std::vector<std::pair<ReplyStage, std::string>> seen;
    for (const auto stage : every_stage) {
      if (!may_stand_at(reason, stage)) continue;
      ++standing;
      std::size_t forms = 0;
      for (const auto spoken : spoken_stages(stage)) {
        std::vector<std::optional<ReplyForm>> wishes = {std::nullopt};
        for (const auto& form : allowed_forms(reason)) wishes.emplace_back(form);
        for (const auto& wish : wishes) {
          const auto form = form_at(reason, wish, spoken);
          if (!form) continue;
          ++forms;
          if (std::pair entry(spoken, form->text());
              std::find(seen.begin(), seen.end(), entry) == seen.end()) {
            seen.push_back(entry);
          } else {
            continue;
          }
          for (std::size_t i = 0; i < values.size(); ++i) {
            const auto reply =
                compose(reason, *form, spoken, "", values[i], who[i % who.size()], reference());
            ASSERT_TRUE(reply) << reason.id << " at " << to_text(spoken) << " with value " << i
                               << ": " << render(reply.problems());
            judged += judge(*reply, reason);
          }
        }
      }
      EXPECT_GT(forms, 0U) << reason.id << " may stand at " << to_text(stage) << " and say nothing";
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(standing, 200U);
  EXPECT_GT(judged, 10'000U);
}

TEST(EveryReply, StandsWhereTheSemanticsSayAndNowhereElse) {
  for (const auto& reason : all_reasons()) {
    for (const auto stage : every_stage) {
      EXPECT_EQ(may_stand_at(reason, stage), expected_to_stand(reason, stage))
          << reason.id << " at " << to_text(stage);
    }
  }
}

TEST(EveryReply, IsSpokenInAFormOfItsReasonOrNotAtAll) {
  for (const auto& reason : all_reasons()) {
    for (const auto spoken : every_spoken) {
      std::vector<std::optional<ReplyForm>> wishes = {std::nullopt};
      for (const auto& form : allowed_forms(reason)) wishes.emplace_back(form);
      for (const auto& wish : wishes) {
        const auto form = form_at(reason, wish, spoken);
        const auto where = std::string(reason.id) + " at " + std::string(to_text(spoken)) +
                           (wish ? " wishing " + wish->text() : "");
        if (!is_refusal(reason)) {
          EXPECT_FALSE(form) << where;
          continue;
        }
        const char digit = wish ? wish->text()[0] : reason.reply[0];
        const auto expected = expected_forms(reason, digit, spoken);
        EXPECT_EQ(form.has_value(), !expected.empty()) << where;
        if (!form) continue;
        EXPECT_NE(std::find(expected.begin(), expected.end(), form->text()), expected.end())
            << where << " gives " << form->text();
        if (wish && legal_at(wish->text(), spoken)) {
          EXPECT_EQ(form, wish) << where;
        }
      }
    }
  }
}

TEST(EveryReply, IsRefusedInEveryFormTheStageDoesNotKnow) {
  ReplyText text;
  text.host = "mx1.example.org";
  text.sentence = "This is a text.";
  text.reference = "ref 0000-0000-0000";
  std::size_t refused = 0;
  for (const auto& reason : all_reasons()) {
    for (const auto spoken : every_spoken) {
      for (const auto& form : allowed_forms(reason)) {
        const bool negative = form.code.first_digit() >= 4;
        const bool legal = negative && legal_at(form.text(), spoken);
        EXPECT_EQ(Reply::make(spoken, form, text).ok(), legal)
            << form.text() << " at " << to_text(spoken);
        const auto reply = compose(reason, form, spoken, "", {}, identities().front(), reference());
        EXPECT_EQ(reply.ok(), legal)
            << reason.id << ' ' << form.text() << " at " << to_text(spoken);
        if (!legal) ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace postern

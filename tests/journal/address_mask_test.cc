#include "journal/address_mask.h"

#include "checks/spf_check.h"
#include "journal/address_in_text.h"
#include "journal/record.h"
#include "journal/samples.h"
#include "model/hmac.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* contact = "postmaster@example.org";
const AddressMask hashed = AddressMask::hashed("a key");

Record masked(const AddressMask& mask, const Record& record) {
  auto line = to_json(record);
  EXPECT_TRUE(mask.apply(line, contact)) << line;
  auto read = record_from_json(line);
  EXPECT_TRUE(read) << render(read.problems()) << line;
  return read ? *read : Record();
}

TEST(AddressMask, AHashIsThatOfRfc2104CutToSixtyFourBits) {
  // RFC 4231 4.3 (test case 2).
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(AddressMask::hashed("Jefe").local("what do ya want for nothing?"), "~5bdcc146bf60754e");
}

TEST(AddressMask, IsTheSameForTheSameAndTellsOthersApart) {
  EXPECT_EQ(hashed.local("Anna"), hashed.local("anna"));
  EXPECT_NE(hashed.local("anna"), hashed.local("hanna"));
  EXPECT_NE(hashed.local("anna"), AddressMask::hashed("another key").local("anna"));
  EXPECT_EQ(AddressMask::cut().local("anna"), "~");
  EXPECT_EQ(AddressMask().local("anna"), "anna");
}

TEST(AddressMask, LeavesWhatNamesNobodyAndWhatIsHiddenAlready) {
  for (const auto& mask : {hashed, AddressMask::cut()}) {
    for (const char* local : {"", "postmaster", "Postmaster", "~", "~0123456789abcdef"}) {
      EXPECT_EQ(mask.local(local), local);
    }
  }
  EXPECT_NE(hashed.local("~0123456789abcdeg"), "~0123456789abcdeg");
}

TEST(AddressMask, NoNameStaysInAnyRecord) {
  for (const auto& mask : {hashed, AddressMask::cut()}) {
    for (const auto& [name, record] : samples::all_for_golden_files()) {
      auto line = to_json(record);
      ASSERT_TRUE(mask.apply(line, contact)) << name;
      const auto& transaction = record.transaction;
      std::vector<std::string> locals{transaction.sender.value().local(),
                                      transaction.recipient.value().local()};
      for (const auto& each : transaction.recipients.value()) {
        locals.push_back(each.address.local());
      }
      for (const auto& local : locals) {
        if (local.empty() || local == "postmaster") continue;
        EXPECT_THAT(line, Not(HasSubstr(local + '@'))) << name;
      }
      const auto read = record_from_json(line);
      ASSERT_TRUE(read) << name << ": " << render(read.problems());
      EXPECT_EQ(read->transaction.sender.value().domain(), transaction.sender.value().domain());
      EXPECT_EQ(read->transaction.reference, transaction.reference);
      EXPECT_EQ(read->decision.verdict, record.decision.verdict);
      EXPECT_EQ(read->decision.rule, record.decision.rule);
      auto again = line;
      ASSERT_TRUE(mask.apply(again, contact));
      EXPECT_EQ(again, line) << name << ": hiding twice is hiding once";
    }
  }
}

TEST(AddressMask, FollowsANameThroughTheWholeRecord) {
  auto record = samples::refused_recipient();
  auto& transaction = record.transaction;
  transaction.sender = MailAddress::from_envelope("<Anna.Smith@example.net>");
  transaction.recipient = MailAddress::from_envelope("<\"odd one\"@example.org>");
  transaction.authentication.user = std::string("asmith");
  transaction.macros = {{"auth_authen", "asmith"}, {"rcpt_addr", "odd one"}, {"i", "asmith"}};
  transaction.helo = std::string("anna.smith@example.net");
  record.facts.add({QuestionKind::store, "seen", "anna.smith@example.net odd one@example.org"},
                   Answer::found({"asmith", "x"}));
  record.decision.note =
      "from 'ANNA.SMITH@Example.NET' to <\"odd one\"@example.org>, see "
      "postmaster@example.org";
  record.decision.trail.emplace_back();
  record.decision.trail.back().evidence = {{"client.user", "asmith", {}}};
  record.decision.trail.back().rule.name = "block anna.smith@example.net";
  const auto hidden = masked(hashed, record);
  const auto anna = hashed.local("anna.smith") + "@example.net";
  const auto odd = hashed.local("odd one") + "@example.org";
  EXPECT_EQ(hidden.transaction.sender.value().text(), anna);
  EXPECT_EQ(hidden.transaction.recipient.value().text(), odd);
  EXPECT_EQ(hidden.transaction.authentication.user.value(), hashed.local("asmith"));
  EXPECT_EQ(hidden.transaction.macros.at("auth_authen"), hashed.local("asmith"));
  EXPECT_EQ(hidden.transaction.macros.at("rcpt_addr"), hashed.local("odd one"));
  EXPECT_EQ(hidden.transaction.helo.value(), anna);
  EXPECT_NE(hidden.facts.find({QuestionKind::store, "seen", anna + ' ' + odd}), nullptr);
  EXPECT_THAT(hidden.decision.note, HasSubstr("from '" + anna + "' to <" + odd + ">, see postm"));
  EXPECT_EQ(hidden.decision.trail.back().evidence.front().value, hashed.local("asmith"));
  // What an administrator calls a rule is the policy's own.
  EXPECT_EQ(hidden.decision.trail.back().rule.name, "block anna.smith@example.net");
}

TEST(AddressMask, WhatThePolicyPutsIntoEffectsStays) {
  auto record = samples::held_and_marked();
  record.decision.effects.push_back(
      {EffectKind::redirect, "archive", "", "archive@example.org", {}});
  record.decision.effects.push_back(
      {EffectKind::add_header, "mark", "X-From", "anna@example.net", {}});
  record.transaction.sender = MailAddress::from_envelope("<anna@example.net>");
  const auto hidden = masked(hashed, record);
  const auto& effects = hidden.decision.effects;
  ASSERT_GE(effects.size(), 2U);
  EXPECT_EQ(effects[effects.size() - 2].value, "archive@example.org");
  EXPECT_EQ(effects.back().value, hashed.local("anna") + "@example.net");
}

TEST(AddressMask, HidesWhomFieldsOfChecksTellOf) {
  for (const auto* local : {"anna", "zwei one", "z\"wei", "zwei\\"}) {
    auto record = samples::held_and_marked();
    record.transaction.sender = MailAddress::from_unquoted(std::string(local) + "@example.net");
    record.transaction.authentication.user = std::string("asmith");
    const SpfCheck spf("spf", {SpfIdentity::mail_from, {}, "mx1.example.org"});
    Facts facts;
    facts.add({QuestionKind::spf, "TXT", "example.net", QuestionCost::free}, Answer::nothing());
    const auto received = spf.field_text(FieldForm::received_spf, record.transaction, facts);
    ASSERT_THAT(received.text, HasSubstr("@example.net"));
    record.decision.effects.clear();
    record.decision.effects.push_back(
        {EffectKind::add_header, "mark", "Received-SPF", received.text, {}});
    record.decision.effects.push_back({EffectKind::add_header,
                                       "mark",
                                       "Authentication-Results",
                                       "mx1.example.org; auth=pass smtp.auth=asmith",
                                       {}});
    const auto hidden = to_json(masked(hashed, record));
    EXPECT_THAT(hidden, Not(HasSubstr(local[0] == 'a' ? "anna" : "wei")));
    EXPECT_THAT(hidden, Not(HasSubstr("asmith")));
  }
}

TEST(AddressMask, AnyAddressIsHiddenAndTheRecordReadable) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    auto record = samples::blocked_client();
    record.decision.reply.reset();
    const auto local = "secret" + samples::any_octets(random, 12);
    record.transaction.sender = MailAddress::from_unquoted(local + "@example.net");
    record.transaction.recipient = MailAddress::from_unquoted(samples::any_octets(random, 12));
    const auto hidden = masked(hashed, record);
    ASSERT_THAT(to_json(hidden), Not(HasSubstr("secret"))) << to_json(record);
    ASSERT_EQ(hidden.transaction.recipient.value().domain(),
              record.transaction.recipient.value().domain());
  }
}

TEST(AddressInText, IsExchangedOnlyWhereItStandsByItself) {
  const auto bob = MailAddress::from_envelope("<bob@example.org>");
  for (const auto& [text, wanted] : std::initializer_list<std::pair<const char*, const char*>>{
           {"bob@example.org", "X"},
           {"<BOB@Example.Org>, 'bob@example.org'; to=bob@example.org.", "<X>, 'X'; to=X."},
           {"jimbob@example.org", "jimbob@example.org"},
           {"jim.bob@example.org", "jim.bob@example.org"},
           {"bob@example.org.uk", "bob@example.org.uk"},
           {"bob@example.organic", "bob@example.organic"},
           {"list-bob=example.org@lists.example", "list-X@lists.example"},
           {"jimbob=example.org@lists.example", "jimbob=example.org@lists.example"},
           {"\"bob\"@example.org", "X"},
           {"bob at example.org", "bob at example.org"}}) {
    std::string edited = text;
    EXPECT_EQ(replace_address(edited, bob, "X"), std::string(text) != wanted);
    EXPECT_EQ(edited, wanted);
  }
}

TEST(AddressInText, FindsLocalPartsAsPeopleWriteThem) {
  const auto hide = [](std::string text) {
    replace_locals(text, [](std::string_view local, std::string_view domain) {
      return std::optional<std::string>('[' + std::string(local) + '|' + std::string(domain) + ']');
    });
    return text;
  };
  EXPECT_EQ(hide("<a@b.example>"), "<[a|b.example]@b.example>");
  EXPECT_EQ(hide("to a+b@c, d@e."), "to [a+b|c]@c, [d|e]@e.");
  EXPECT_EQ(hide("\"a b\"@c.example"), "[\"a b\"|c.example]@c.example");
  EXPECT_EQ(hide("a@[192.0.2.1] x"), "[a|[192.0.2.1]]@[192.0.2.1] x");
  EXPECT_EQ(hide("@example.org, a@ b"), "@example.org, a@ b");
  EXPECT_EQ(hide(""), "");
}

TEST(AddressInText, WhatStandsForAQuotedLocalPartMakesNoneWithWhatIsBeforeIt) {
  const auto hide = [](std::string& text) {
    return replace_locals(text, [](std::string_view local, std::string_view) {
      return is_hidden_local(local) ? std::nullopt : std::optional<std::string>(hidden_local);
    });
  };
  for (const char* const text : {"550 <\"b b =\"b b\"@example.org> list", "a@b\"c\"@d", "x\"y\"@z",
                                 "'\"a b\"@c", "\"a\"b\"c d\"@e"}) {
    std::string once = text;
    EXPECT_TRUE(hide(once)) << text;
    EXPECT_FALSE(hide(once)) << text << " became " << once;
  }
}

}  // namespace
}  // namespace postern

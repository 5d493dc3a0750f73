// No local part of a transaction stays in what is kept of it: with addresses hidden, and erased.
#include "journal/personal_names.h"

#include "journal/address_eraser.h"
#include "journal/address_in_text.h"
#include "journal/address_mask.h"
#include "journal/record.h"
#include "journal/samples.h"
#include "model/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace postern {
namespace {

const AddressMask hashed = AddressMask::hashed("a key");

/// Where `wanted` stands in a line, and what is around it; empty: nowhere.
std::string around(const std::string& line, std::string_view wanted) {
  const auto at = lower(line).find(wanted);
  if (at == std::string::npos) return {};
  return line.substr(at < 160 ? 0 : at - 160, 260);
}

std::string from_of(const Record& record) {
  const auto& transaction = record.transaction;
  return "\n" + transaction.sender.value().text() + "\n" + transaction.recipient.value().text() +
         "\n" + transaction.authentication.user.value();
}

/// Records with people in every place, in every spelling.
class People {
 public:
  explicit People(unsigned seed) : random_(seed) {}

  /// Has "qzx" with a number in each part, which stands nowhere else.
  std::string local() {
    static const std::vector<std::string> forms{"A",
                                                "A.B",
                                                "A+B",
                                                "A-B_A",
                                                "A=B",
                                                "A B",
                                                "A\"B",
                                                "A.B+A.A",
                                                "A\\B",
                                                "\xc3\xa4"
                                                "A",
                                                "A;B",
                                                "A....B.A",
                                                "A/B",
                                                "A,B"};
    std::string text;
    for (const char c : forms[random_() % forms.size()]) {
      text += c == 'A' || c == 'B' ? part() : std::string(1, c);
    }
    if (random_() % 8 == 0) text += std::string(60, 'x') + part();
    return text;
  }
  std::string part() {
    return (random_() % 2 == 0 ? "qzx" : "QzX") + std::to_string(random_() % 1000);
  }
  std::string mixed_case(std::string text) {
    for (auto& c : text) {
      if (is_letter(c) && random_() % 2 == 0) c = static_cast<char>(c ^ 0x20);
    }
    return text;
  }

  Record record() {
    auto record = samples::refused_recipient();
    auto& transaction = record.transaction;
    const auto from = local();
    const auto to = local();
    const auto login = random_() % 2 == 0 ? local() : from;
    transaction.sender = MailAddress::from_unquoted(from + "@sender.example");
    transaction.recipient = MailAddress::from_unquoted(to + "@example.org");
    transaction.authentication.user = random_() % 2 == 0 ? login : login + "@login.example";
    transaction.helo = random_() % 4 == 0 ? from : std::string("mail.sender.example");
    transaction.macros = {{"auth_authen", login}, {"mail_addr", mixed_case(from)}, {"x", to}};
    auto& decision = record.decision;
    decision.trail.emplace_back();
    auto& entry = decision.trail.back();
    entry.rule.name = "blocked";
    AnswerSource found;
    found.mapped = mixed_case(to);
    entry.evidence = {{"recipient.local", mixed_case(to), {}},
                      {"sender.local", from, {}},
                      {"client.user", login, {}},
                      {"locals", mixed_case(to), found},
                      {"people", mixed_case(to) + "@", {}},
                      {"recipient", to + "@example.org", {}},
                      {"base", to.substr(0, to.find('+')), {}}};
    record.facts.add({QuestionKind::table, "locals", lower(to)}, Answer::found({mixed_case(to)}));
    record.facts.add({QuestionKind::table, "people", to + "@example.org"}, Answer::nothing());
    record.facts.add({QuestionKind::store, "seen", "192.0.2.0/24 " + lower(from) + " " + to},
                     Answer::found({"3"}));
    record.facts.add(
        {QuestionKind::store, "pairs", from + "@sender.example " + to + "@example.org"},
        Answer::nothing());
    add_spf(record, from);
    decision.note = "from " + clean_for_reply(from + "@sender.example", 40);
    decision.effects.push_back(
        {EffectKind::add_header,
         "mark",
         "X-Who",
         '<' + clean_for_reply(transaction.sender.value().text(), 200) + "> via " +
             (transaction.authentication.user.value().find('@') == std::string::npos
                  ? clean_for_reply(login, 200)
                  : std::string("nobody")),
         {}});
    return record;
  }

 private:
  void add_spf(Record& record, const std::string& from) {
    if (!is_ascii(from)) return;
    const std::vector<std::string> macros{"%{l}",    "%{lr}", "%{l1}", "%{l-}",  "%{L}",
                                          "%{l1r+}", "%{s}",  "%{sr}", "%{l+-}", "%{l2r.=}"};
    const auto macro = macros[random_() % macros.size()];
    const auto part = spf_macro_string(macro, SpfMacroPlace::domain)->front();
    const auto made =
        lower(spf_transformed(part, part.letter == 's' ? from + "@sender.example" : from));
    const auto before = random_() % 2 == 0 ? std::string() : std::string("user-");
    const auto name = before + made + ".users.sender.example";
    record.facts.add({QuestionKind::spf, "TXT", "sender.example"},
                     Answer::found({"v=spf1 exists:" + before + macro + ".users.%{d} -all"}));
    record.facts.add({QuestionKind::spf, "A", name}, Answer::nothing());
    auto& entry = record.decision.trail.back();
    AnswerSource source;
    source.note = "no SPF record at " + name;
    entry.evidence.push_back({"spf", "permerror", source});
    entry.cause = "no SPF record at " + name;
    ReplyText text;
    text.host = "mx1.example.org";
    text.sentence = clean_for_reply("No SPF record at " + name, 90);
    text.reference = "ref 0000-0000-0000";
    text.quote = clean_for_reply("Their text is \"" + made + " may not\"", 150);
    record.sent->expected = {"550 5.7.1 " + text.sentence, "550 5.7.1 " + text.quote};
    record.sent->answer = "action=550 5.7.1 " + text.sentence + ' ' + text.quote;
    auto reply = Reply::make(ReplyStage::rcpt, *ReplyForm::parse("550 5.7.1"), text);
    ASSERT_TRUE(reply) << render(reply.problems());
    record.decision.reply = *reply;
  }

  std::mt19937 random_;
};

TEST(PersonalNames, NoLocalPartStaysInAnyRecordInAnySpelling) {
  People people(11);
  for (int round = 0; round < 400; ++round) {
    const auto record = people.record();
    for (const auto& mask : {hashed, AddressMask::cut()}) {
      auto line = to_json(record);
      ASSERT_TRUE(mask.apply(line, "postmaster@example.org"));
      ASSERT_EQ(around(line, "qzx"), "") << around(to_json(record), "%{") << from_of(record);
      auto again = line;
      ASSERT_TRUE(mask.apply(again, "postmaster@example.org"));
      const auto differs = std::mismatch(again.begin(), again.end(), line.begin(), line.end());
      ASSERT_EQ(again, line) << "hiding twice is hiding once: "
                             << line.substr(static_cast<std::size_t>(differs.second - line.begin()),
                                            80);
    }
  }
}

TEST(PersonalNames, NoLocalPartStaysAfterItIsErased) {
  People people(12);
  for (int round = 0; round < 200; ++round) {
    const auto record = people.record();
    for (const auto& mask : {AddressMask(), hashed}) {
      auto line = to_json(record);
      ASSERT_TRUE(mask.apply(line, "postmaster@example.org"));
      const auto erase = [&line, &mask](const std::string& text) {
        // Not every address can be named in a shell.
        const auto eraser = AddressEraser::parse(text, mask);
        return eraser && eraser->edit(line);
      };
      const auto& transaction = record.transaction;
      const auto from = transaction.sender.value().text();
      const auto to = transaction.recipient.value().text();
      const auto login = transaction.authentication.user.value();
      if ((from + to + login).find(' ') != std::string::npos) continue;
      ASSERT_TRUE(erase(from)) << line;
      ASSERT_TRUE(erase(to)) << line;
      erase(login);
      ASSERT_EQ(around(line, "qzx"), "") << around(to_json(record), "%{") << from_of(record);
      for (const auto& each : {transaction.sender.value(), transaction.recipient.value()}) {
        ASSERT_EQ(around(line, hashed.local(each.local())), "");
      }
    }
  }
}

Record hidden(const Record& record) {
  auto line = to_json(record);
  EXPECT_TRUE(hashed.apply(line, ""));
  auto read = record_from_json(line);
  EXPECT_TRUE(read) << render(read.problems()) << line;
  return read ? *read : Record();
}

Record from_to(const std::string& sender, const std::string& recipient) {
  auto record = samples::refused_recipient();
  record.transaction.sender = MailAddress::from_unquoted(sender);
  record.transaction.recipient = MailAddress::from_unquoted(recipient);
  return record;
}

TEST(PersonalNames, ANameThatSpfMadeIsWhatSpfMakesOfTheHash) {
  auto record = from_to("zoe.spf@spf.example", "bob@example.org");
  const auto fact = [&record](const std::string& key) {
    return record.facts.find({QuestionKind::spf, "A", key});
  };
  record.facts.add({QuestionKind::spf, "TXT", "spf.example"},
                   Answer::found({"v=spf1 exists:%{l}.a.%{d} exists:x%{lr}.b.%{d} -all"}));
  record.facts.add({QuestionKind::spf, "A", "zoe.spf.a.spf.example"}, Answer::nothing());
  record.facts.add({QuestionKind::spf, "A", "xspf.zoe.b.spf.example"}, Answer::nothing());
  ASSERT_NE(fact("zoe.spf.a.spf.example"), nullptr);
  record = hidden(record);
  EXPECT_NE(fact(hashed.local("zoe.spf") + ".a.spf.example"), nullptr);
  EXPECT_NE(fact("x" + hashed.local("zoe.spf") + ".b.spf.example"), nullptr);
}

TEST(PersonalNames, WordsOfOthersStayAlsoIfSomebodyIsCalledLikeThem) {
  auto record = from_to("pass@example.net", "mail@example.org");
  record.transaction.authentication.user = std::string("550");
  record.transaction.macros["auth_authen"] = "shadow";
  auto& entry = record.decision.trail.emplace_back();
  entry.note = TrailNote::shadow;
  entry.evidence = {{"spf", "pass", {}}, {"sender.local", "pass", {}}};
  record.sent->expected = {"550 5.1.1 Your mail is refused; see https://mail.example.org/why"};
  const auto read = hidden(record);
  EXPECT_EQ(read.sent->expected, record.sent->expected);
  const auto& evidence = read.decision.trail.back().evidence;
  EXPECT_EQ(evidence[0].value, "pass");
  EXPECT_EQ(evidence[1].value, hashed.local("pass"));
}

}  // namespace
}  // namespace postern

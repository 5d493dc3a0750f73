#include "rules/condition.h"

#include "reply/compose.h"
#include "rules/names.h"
#include "support/sample_check.h"
#include "support/transactions.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace postern {
namespace {

using test::ordinary_transaction;
using test::sample_question;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const Table> table(const std::string& name, TableKind kind,
                                   const std::vector<std::string>& texts) {
  std::vector<TableEntry> entries;
  unsigned line = 0;
  for (const auto& text : texts) entries.push_back({text, {"tables/" + name, ++line, 1}});
  auto built = Table::build(name, kind, entries);
  EXPECT_TRUE(built.ok());
  return *built;
}

const Tables& tables() {
  static const Tables all{
      {"partners", table("partners", TableKind::cidr, {"198.51.100.0/24", "192.0.2.0/24"})},
      {"friends", table("friends", TableKind::address, {"alice@example.net", "@example.com"})},
      {"our_domains", table("our_domains", TableKind::domain, {"example.org", ".example.net"})},
      {"words", table("words", TableKind::string, {"tlsv1.3", "bob"})},
  };
  return all;
}

const CheckRegistry& checks() {
  static const auto registry = test::sample_checks();
  return registry;
}

Condition::Scope scope(std::optional<Stage> stage = std::nullopt) {
  return {&checks(), &tables(), stage};
}

Condition compiled(std::string_view source) {
  auto result = Condition::compile(source, scope());
  if (auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    ADD_FAILURE() << source << ": " << problems->front().message;
    return Condition::always();
  }
  return std::move(std::get<Condition>(result));
}

/// One line a problem: "offset+length message | hint".
std::string faults(std::string_view source, std::optional<Stage> stage = std::nullopt) {
  const auto result = Condition::compile(source, scope(stage));
  std::string text;
  if (const auto* problems = std::get_if<std::vector<ExpressionProblem>>(&result)) {
    for (const auto& problem : *problems) {
      text += std::to_string(problem.offset) + "+" + std::to_string(problem.length) + " " +
              problem.message + (problem.hint.empty() ? "" : " | " + problem.hint) + "\n";
    }
  }
  return text;
}

Truth truth(std::string_view source, const Transaction& transaction, const Facts& facts = {}) {
  const auto condition = compiled(source);
  const auto outcome = condition.evaluate(transaction, facts);
  EXPECT_EQ(outcome.truth, condition.truth(transaction, facts)) << source;
  return outcome.truth;
}

Truth truth(std::string_view source) {
  return truth(source, ordinary_transaction(source.find("recipients") == std::string_view::npos &&
                                                    source.find("_count") == std::string_view::npos
                                                ? Stage::rcpt
                                                : Stage::end_of_message));
}

Facts answers(std::initializer_list<std::pair<const char*, const char*>> all) {
  Facts facts;
  for (const auto& [name, value] : all) {
    const auto kind = checks().find(name)->description().kind;
    facts.add(sample_question(name, kind), std::string_view(value) == "!"
                                               ? Answer::unavailable("servfail")
                                               : Answer::found({value}));
  }
  return facts;
}

// Values.

TEST(Condition, WithoutTextIsAlwaysYes) {
  EXPECT_EQ(Condition::always().truth(ordinary_transaction(Stage::connect), {}), Truth::yes);
  EXPECT_EQ(Condition::always().earliest_stage(), Stage::connect);
}

TEST(Condition, ComparesAddressesOfHosts) {
  EXPECT_EQ(truth("client.ip == '192.0.2.7'"), Truth::yes);
  EXPECT_EQ(truth("client.ip == '::ffff:192.0.2.7'"), Truth::yes);
  EXPECT_EQ(truth("client.ip != '192.0.2.7'"), Truth::no);
  EXPECT_EQ(truth("client.ip in '192.0.2.0/24'"), Truth::yes);
  EXPECT_EQ(truth("client.ip in ['10.0.0.0/8', '2001:db8::/32']"), Truth::no);
  EXPECT_EQ(truth("client.ip not in ['10.0.0.0/8']"), Truth::yes);
  EXPECT_EQ(truth("server.ip == '203.0.113.1'"), Truth::yes);
}

TEST(Condition, ComparesDomainNamesWithoutCaseAndFinalDot) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.helo = std::string("MAIL.Example.NET.");
  EXPECT_EQ(truth("helo == 'mail.example.net'", transaction), Truth::yes);
  EXPECT_EQ(truth("helo == 'Mail.Example.net'", transaction), Truth::yes);
  EXPECT_EQ(truth("helo == client.name", transaction), Truth::yes);
  EXPECT_EQ(truth("helo starts_with 'Mail.'", transaction), Truth::yes);
  EXPECT_EQ(truth("helo contains 'EXAMPLE'", transaction), Truth::yes);
  EXPECT_EQ(truth("helo matches '^mail\\.'", transaction), Truth::yes);
  EXPECT_EQ(truth("helo in our_domains", transaction), Truth::yes);
  EXPECT_EQ(truth("helo == 'example.net'", transaction), Truth::no);
  EXPECT_EQ(truth("client.name ends_with '.example.net'"), Truth::yes);
}

TEST(Condition, ComparesOtherTextsOctetByOctet) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.tls.version = std::string("TLSv1.3");
  transaction.tls.bits = std::int64_t{256};
  EXPECT_EQ(truth("tls.version == 'TLSv1.3'", transaction), Truth::yes);
  EXPECT_EQ(truth("tls.version == 'tlsv1.3'", transaction), Truth::no);
  EXPECT_EQ(truth("tls.version matches 'tls'", transaction), Truth::no);
  EXPECT_EQ(truth("tls.version matches '(?i)tls'", transaction), Truth::yes);
  EXPECT_EQ(truth("tls.version starts_with 'tls'", transaction), Truth::no);
  EXPECT_EQ(truth("tls.version in words", transaction), Truth::yes);
  EXPECT_EQ(truth("tls and tls.bits >= 128 and tls == true", transaction), Truth::yes);
}

TEST(Condition, ComparesMailAddressesInOneSpelling) {
  EXPECT_EQ(truth("sender == 'alice@EXAMPLE.net'"), Truth::yes);
  EXPECT_EQ(truth("sender == '<alice@example.net>'"), Truth::yes);
  EXPECT_EQ(truth("sender in ['x@example.net', 'alice@example.net']"), Truth::yes);
  EXPECT_EQ(truth("sender in friends"), Truth::yes);
  EXPECT_EQ(truth("recipient in friends"), Truth::no);
  EXPECT_EQ(truth("recipient in our_domains"), Truth::yes);
  EXPECT_EQ(truth("recipient.local in words"), Truth::yes);
  EXPECT_EQ(truth("sender.local == 'alice' and sender.domain == 'Example.Net'"), Truth::yes);
  EXPECT_EQ(truth("sender ends_with '@Example.net'"), Truth::yes);
  EXPECT_EQ(truth("sender == recipient"), Truth::no);
}

TEST(Condition, CapitalLettersInALocalPartUsedToMakeAnotherMailboxOfIt) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("Alice@example.net");
  transaction.recipient = MailAddress::from_envelope("PostMaster@example.org");
  transaction.authentication.user = std::string("ALICE");
  EXPECT_EQ(truth("sender == 'alice@EXAMPLE.net'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender != 'aLICE@example.net'", transaction), Truth::no);
  EXPECT_EQ(truth("sender in ['x@example.net', 'alice@example.net']", transaction), Truth::yes);
  EXPECT_EQ(truth("sender in friends", transaction), Truth::yes);
  EXPECT_EQ(truth("recipient.local == 'postmaster'", transaction), Truth::yes);
  EXPECT_EQ(truth("recipient.local in ['abuse', 'POSTMASTER']", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local == 'alice'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local starts_with 'AL'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local matches '^al'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local contains 'ICE'", transaction), Truth::yes);
  EXPECT_EQ(truth("client.user == sender.local", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local == client.user", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local == 'alic'", transaction), Truth::no);
  EXPECT_EQ(truth("sender == recipient", transaction), Truth::no);
  transaction.recipient = MailAddress::from_envelope("aLiCe@example.net");
  EXPECT_EQ(truth("sender == recipient", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.local == recipient.local", transaction), Truth::yes);
  auto message = ordinary_transaction(Stage::data);
  message.recipients = std::vector<AcceptedRecipient>{
      {MailAddress::from_envelope("Bob@example.org"), false, {}, {}}};
  EXPECT_EQ(truth("recipients contains 'bob@example.org'", message), Truth::yes);
}

TEST(Condition, ASubAddressIsRecordedWithTheEntryThatFits) {
  auto built = Table::build("mailboxes", TableKind::address,
                            {{"eve@example.org", {"tables/mailboxes", 1, 1}},
                             {"bob@example.org", {"tables/mailboxes", 2, 1}}},
                            {LocalPartCase::ignore, "+"});
  ASSERT_TRUE(built.ok());
  const Tables mailboxes{{"mailboxes", *built}};
  auto result = Condition::compile("recipient in mailboxes", {&checks(), &mailboxes, {}});
  ASSERT_TRUE(std::holds_alternative<Condition>(result));
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.recipient = MailAddress::from_envelope("Bob+lists@example.org");
  const auto outcome = std::get<Condition>(result).evaluate(transaction, {});
  EXPECT_EQ(outcome.truth, Truth::yes);
  ASSERT_EQ(outcome.evidence.size(), 2U);
  EXPECT_EQ(outcome.evidence[0].value, "Bob+lists@example.org");
  EXPECT_EQ(outcome.evidence[1].value, "bob@example.org");
  EXPECT_EQ(outcome.evidence[1].source.line, 2U);
}

TEST(Condition, APatternCanStillTellCapitalLettersApart) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("Alice@example.net");
  EXPECT_EQ(truth("sender matches '(?-i)^Alice@'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender matches '(?-i)^alice@'", transaction), Truth::no);
}

TEST(Condition, TakesTheNullPathForAnAddressThatIsInNoList) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress();
  EXPECT_EQ(truth("sender == '<>'", transaction), Truth::yes);
  EXPECT_EQ(truth("sender == ''", transaction), Truth::yes);
  EXPECT_EQ(truth("sender != '<>'", transaction), Truth::no);
  EXPECT_EQ(truth("sender.domain == ''", transaction), Truth::yes);
  EXPECT_EQ(truth("sender.domain in our_domains", transaction), Truth::no);
  EXPECT_EQ(truth("sender in our_domains", transaction), Truth::no);
  EXPECT_EQ(truth("sender matches '.*'", transaction), Truth::no);
}

TEST(Condition, HoldsForAListIfItHoldsForAnyOfIt) {
  EXPECT_EQ(truth("recipients contains 'bob@example.org'"), Truth::yes);
  EXPECT_EQ(truth("'bob@example.org' in recipients"), Truth::yes);
  EXPECT_EQ(truth("recipients in our_domains"), Truth::yes);
  EXPECT_EQ(truth("recipients in friends"), Truth::no);
  EXPECT_EQ(truth("recipients ends_with '@example.org'"), Truth::yes);
  auto nobody = ordinary_transaction(Stage::data);
  nobody.recipients = std::vector<AcceptedRecipient>{};
  EXPECT_EQ(truth("recipients contains 'bob@example.org'", nobody), Truth::no);
}

TEST(Condition, ComparesNumbersAndSizes) {
  EXPECT_EQ(truth("client.port in [25, 40000]"), Truth::yes);
  EXPECT_EQ(truth("server.port == 25 and client.port > 1023"), Truth::yes);
  EXPECT_EQ(truth("declared_size <= 2kB and declared_size < 2001"), Truth::yes);
  EXPECT_EQ(truth("declared_size > 2kB"), Truth::no);
  EXPECT_EQ(truth("5 > recipient_count"), Truth::yes);
  EXPECT_EQ(truth("size >= 1 KiB", ordinary_transaction(Stage::end_of_message)), Truth::yes);
}

TEST(Condition, ReadsMacrosWithAndWithoutBraces) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.macros["daemon_name"] = "MTA-v4";
  EXPECT_EQ(truth("macro('daemon_name') == 'MTA-v4'", transaction), Truth::yes);
  EXPECT_EQ(truth("macro('{daemon_name}') == 'MTA-v4'", transaction), Truth::yes);
  EXPECT_EQ(truth("macro('j') == ''", transaction), Truth::yes);
  transaction.door = Door::policy;
  EXPECT_EQ(truth("macro('j') == ''", transaction), Truth::unavailable);
  EXPECT_EQ(truth("door == 'policy' and stage == 'rcpt'", transaction), Truth::yes);
}

TEST(Condition, TakesAbsentForEmptyTextAndForNoNumber) {
  EXPECT_EQ(truth("tls or client.authenticated"), Truth::no);
  EXPECT_EQ(truth("client.user == ''"), Truth::yes);
  EXPECT_EQ(truth("client.user == 'bob'"), Truth::no);
  EXPECT_EQ(truth("client.user != 'bob'"), Truth::yes);
  EXPECT_EQ(truth("client.user in words"), Truth::no);
  EXPECT_EQ(truth("client.user matches '.*'"), Truth::no);
  EXPECT_EQ(truth("tls.bits < 128"), Truth::no);
  EXPECT_EQ(truth("tls.bits >= 1"), Truth::no);
  EXPECT_EQ(truth("tls.bits != 128"), Truth::yes);
}

TEST(Condition, SaysNoOfALocalSubmissionsClient) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.client.address.reset();
  EXPECT_EQ(truth("client.ip in partners", transaction), Truth::no);
  EXPECT_EQ(truth("client.ip in ['0.0.0.0/0', '::/0']", transaction), Truth::no);
  EXPECT_EQ(truth("client.ip == '192.0.2.7'", transaction), Truth::no);
}

TEST(Condition, IsUnavailableWhereTheMtaDoesNotTell) {
  auto transaction = ordinary_transaction(Stage::rcpt);
  transaction.client.name = Told<std::string>();
  transaction.tls.version = Told<std::string>();
  auto without_address = transaction;
  without_address.client.address.reset();
  const auto by_name = compiled("client.name == 'x.example'").evaluate(without_address, {});
  EXPECT_EQ(by_name.truth, Truth::unavailable);
  EXPECT_EQ(by_name.cause, "client.name: the mail server did not tell");
  EXPECT_EQ(by_name.cause_kind, QuestionKind::reverse_dns);
  const auto by_tls = compiled("not tls").evaluate(transaction, {});
  EXPECT_EQ(by_tls.truth, Truth::unavailable);
  EXPECT_EQ(by_tls.cause_kind, QuestionKind::upstream);
  EXPECT_EQ(truth("client.name == 'x.example' and tls.bits > 1", transaction), Truth::no);
  EXPECT_EQ(truth("size > 5", transaction), Truth::unavailable);
}

// Four truths.

TEST(Condition, FollowsTheTableOfTheFourTruths) {
  // sample_a and sample_b stand for every pair: yes "good", no "bad", unknown, unavailable.
  const std::vector<const char*> states{"bad", "good", "?", "!"};
  constexpr auto no = Truth::no;
  constexpr auto yes = Truth::yes;
  constexpr auto open = Truth::unknown;
  constexpr auto gone = Truth::unavailable;
  const Truth both[4][4] = {
      {no, no, no, no}, {no, yes, open, gone}, {no, open, open, open}, {no, gone, open, gone}};
  const Truth either[4][4] = {{no, yes, open, gone},
                              {yes, yes, yes, yes},
                              {open, yes, open, open},
                              {gone, yes, open, gone}};
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < 4; ++b) {
      Facts facts;
      const auto add = [&](const char* name, const char* state) {
        if (*state == '!') facts.add(sample_question(name), Answer::unavailable("timeout"));
        if (*state != '!' && *state != '?') {
          facts.add(sample_question(name), Answer::found({state}));
        }
      };
      add("sample_a", states[a]);
      add("sample_b", states[b]);
      const auto transaction = ordinary_transaction(Stage::connect);
      EXPECT_EQ(truth("sample_a == 'good' and sample_b == 'good'", transaction, facts), both[a][b])
          << states[a] << states[b];
      EXPECT_EQ(truth("sample_a == 'good' or sample_b == 'good'", transaction, facts), either[a][b])
          << states[a] << states[b];
      EXPECT_EQ(truth("not (sample_a != 'good' or not sample_b == 'good')", transaction, facts),
                both[a][b])
          << states[a] << states[b];
    }
  }
}

TEST(Condition, NamesTheFirstFactThatIsMissing) {
  const auto facts = answers({{"sample_spf", "!"}, {"sample_dns", "!"}});
  const auto transaction = ordinary_transaction(Stage::rcpt);
  const auto outcome =
      compiled("tls or sample_dns == 'bad' or sample_spf == 'bad'").evaluate(transaction, facts);
  EXPECT_EQ(outcome.truth, Truth::unavailable);
  EXPECT_EQ(outcome.cause, "sample_dns: servfail");
  EXPECT_EQ(outcome.cause_kind, QuestionKind::dns);
}

TEST(Condition, ForgetsTheCauseOfAPartThatWasDecidedWithoutIt) {
  const auto facts = answers({{"sample_spf", "!"}, {"sample_dns", "!"}});
  const auto outcome = compiled("(sample_spf == 'bad' and tls) or sample_dns == 'bad'")
                           .evaluate(ordinary_transaction(Stage::rcpt), facts);
  EXPECT_EQ(outcome.cause, "sample_dns: servfail");
}

TEST(Condition, TakesTemperrorForUnavailableUnlessItIsNamed) {
  const auto facts = answers({{"sample_spf", "temperror"}});
  const auto transaction = ordinary_transaction(Stage::rcpt);
  EXPECT_EQ(truth("sample_spf == 'bad'", transaction, facts), Truth::unavailable);
  EXPECT_EQ(truth("sample_spf != 'good'", transaction, facts), Truth::unavailable);
  EXPECT_EQ(truth("sample_spf in ['good', 'bad']", transaction, facts), Truth::unavailable);
  EXPECT_EQ(truth("sample_spf == 'temperror'", transaction, facts), Truth::yes);
  EXPECT_EQ(truth("sample_spf != 'temperror'", transaction, facts), Truth::no);
  EXPECT_EQ(truth("sample_spf in ['bad', 'temperror']", transaction, facts), Truth::yes);
}

TEST(Condition, HoldsForACheckWithSeveralMeaningsIfAnyFits) {
  Facts facts;
  facts.add(sample_question("sample_a"), Answer::found({"odd", "bad"}));
  const auto transaction = ordinary_transaction(Stage::connect);
  EXPECT_EQ(truth("sample_a == 'bad'", transaction, facts), Truth::yes);
  EXPECT_EQ(truth("sample_a in ['good', 'odd']", transaction, facts), Truth::yes);
  EXPECT_EQ(truth("sample_a == 'good'", transaction, facts), Truth::no);
  EXPECT_EQ(truth("sample_a != 'bad'", transaction, facts), Truth::no);
}

// Questions.

std::vector<std::string> asked(std::string_view source, const Facts& facts = {}) {
  std::vector<std::string> names;
  const auto outcome = compiled(source).evaluate(ordinary_transaction(Stage::rcpt), facts);
  for (const auto& question : outcome.questions) names.push_back(question.subject);
  return names;
}

TEST(Condition, AsksFreeQuestionsAtOnceAndEachOnce) {
  EXPECT_THAT(asked("sample_a == 'bad' and (sample_b == 'bad' or sample_a == 'odd')"),
              ElementsAre("sample_a", "sample_b"));
}

TEST(Condition, HoldsCostlyQuestionsBackUntilNothingElseCanSettleIt) {
  EXPECT_THAT(asked("sample_costly == 'high' and sample_a == 'bad'"), ElementsAre("sample_a"));
  EXPECT_THAT(asked("sample_costly == 'high' or sample_a == 'bad'"), ElementsAre("sample_a"));
  EXPECT_THAT(
      asked("sample_costly == 'high' and sample_a == 'bad'", answers({{"sample_a", "good"}})),
      IsEmpty());
  EXPECT_THAT(
      asked("sample_costly == 'high' and sample_a == 'bad'", answers({{"sample_a", "bad"}})),
      ElementsAre("sample_costly"));
  EXPECT_THAT(asked("sample_costly == 'high' and not tls"), ElementsAre("sample_costly"));
  EXPECT_THAT(asked("sample_costly == 'high' and tls"), IsEmpty());
}

TEST(Condition, AsksCostlyQuestionsOneAfterTheOther) {
  EXPECT_THAT(asked("sample_costly == 'high' and sample_count == 'high'"),
              ElementsAre("sample_costly"));
  // A free part beside a costly one may still settle the whole.
  EXPECT_THAT(asked("(sample_a == 'bad' or sample_costly == 'high') and "
                    "(sample_b == 'bad' and sample_count == 'high')",
                    answers({{"sample_a", "good"}})),
              ElementsAre("sample_b"));
}

TEST(Condition, DropsTheQuestionsOfAPartThatIsDecided) {
  EXPECT_THAT(asked("(sample_a == 'bad' and tls) or sample_b == 'bad'"), ElementsAre("sample_b"));
  EXPECT_THAT(asked("sample_a == 'bad' or helo.extended"), IsEmpty());
}

TEST(Condition, DoesNotWaitForACheckThatAsksWhatIsAnswered) {
  class Stubborn final : public Check {
   public:
    const CheckDescription& description() const noexcept override { return description_; }
    CheckOutcome evaluate(const Transaction&, const Facts&) const override {
      CheckOutcome outcome;
      outcome.state = CheckOutcome::State::open;
      outcome.questions.push_back(sample_question("stubborn"));
      return outcome;
    }
    CheckDescription description_ = [] {
      CheckDescription description;
      description.name = "stubborn";
      description.values = {"x", "y"};
      return description;
    }();
  };
  CheckRegistry registry;
  registry.add(std::make_shared<Stubborn>());
  auto result = Condition::compile("stubborn == 'x'", {&registry, nullptr, std::nullopt});
  const auto& condition = std::get<Condition>(result);
  const auto transaction = ordinary_transaction(Stage::rcpt);
  EXPECT_EQ(condition.truth(transaction, {}), Truth::unknown);
  Facts facts;
  facts.add(sample_question("stubborn"), Answer::found({"x"}));
  EXPECT_EQ(condition.truth(transaction, facts), Truth::unavailable);
}

// Evidence.

TEST(Condition, ShowsWhatItLookedAtAndWhichEntryMatched) {
  const auto outcome =
      compiled("client.ip in partners and sender != '<>' and sample_a == 'bad'")
          .evaluate(ordinary_transaction(Stage::rcpt), answers({{"sample_a", "bad"}}));
  ASSERT_EQ(outcome.evidence.size(), 4U);
  EXPECT_EQ(outcome.evidence[0], (Evidence{"client.ip", "192.0.2.7", {}}));
  EXPECT_EQ(outcome.evidence[1], (Evidence{"partners", "192.0.2.0/24", {}}));
  EXPECT_EQ(outcome.evidence[1].source.name, "table");
  EXPECT_EQ(outcome.evidence[1].source.file, "tables/partners");
  EXPECT_EQ(outcome.evidence[1].source.line, 2U);
  EXPECT_EQ(outcome.evidence[1].source.digest, tables().at("partners")->digest());
  EXPECT_EQ(outcome.evidence[2], (Evidence{"sender", "alice@example.net", {}}));
  EXPECT_EQ(outcome.evidence[3], (Evidence{"sample_a", "bad", {}}));
}

TEST(Condition, PrefersRecordedTableAnswers) {
  const auto transaction = ordinary_transaction(Stage::rcpt);
  const Question question{QuestionKind::table, "partners", "192.0.2.7", QuestionCost::free};
  Facts nothing;
  nothing.add(question, Answer::nothing());
  EXPECT_EQ(truth("client.ip in partners", transaction, nothing), Truth::no);
  Facts gone;
  gone.add(question, Answer::unavailable("not recorded"));
  const auto outcome = compiled("client.ip in partners").evaluate(transaction, gone);
  EXPECT_EQ(outcome.truth, Truth::unavailable);
  EXPECT_EQ(outcome.cause, "partners: not recorded");
  EXPECT_EQ(outcome.cause_kind, QuestionKind::table);
}

// Where and about what.

TEST(Condition, StandsWhereEverythingItNamesIsKnown) {
  EXPECT_EQ(compiled("client.ip in partners").earliest_stage(), Stage::connect);
  EXPECT_EQ(compiled("helo == 'x' and client.port == 5").earliest_stage(), Stage::helo);
  EXPECT_EQ(compiled("not tls").earliest_stage(), Stage::mail);
  EXPECT_EQ(compiled("recipient.domain in our_domains").earliest_stage(), Stage::rcpt);
  EXPECT_EQ(compiled("recipient_count > 5 or helo == 'x'").earliest_stage(), Stage::data);
  EXPECT_EQ(compiled("size > 5").earliest_stage(), Stage::end_of_message);
  EXPECT_EQ(compiled("macro('rcpt_host') == 'x'").earliest_stage(), Stage::rcpt);
}

TEST(Condition, AMacroOfTheRecipientReadAfterRcptRefusedEverybody) {
  Condition::Scope late = scope();
  late.stage = Stage::end_of_message;
  EXPECT_TRUE(std::holds_alternative<Condition>(
      Condition::compile("macro('mail_mailer') != 'local'", late)));
  const auto refused = Condition::compile("macro('rcpt_mailer') != 'local'", late);
  ASSERT_FALSE(std::holds_alternative<Condition>(refused));
  const auto& problem = std::get<std::vector<ExpressionProblem>>(refused).front();
  EXPECT_NE(problem.message.find("is known at rcpt alone"), std::string::npos) << problem.message;
  EXPECT_NE(problem.hint.find("stage = \"rcpt\""), std::string::npos) << problem.hint;
}

TEST(Condition, KnowsWhatItSpeaksOf) {
  EXPECT_FALSE(compiled("client.ip in partners and helo == 'x'").subjects().sender);
  EXPECT_TRUE(compiled("sender.domain == 'example.com'").subjects().sender);
  EXPECT_TRUE(compiled("recipient == 'a@b'").subjects().recipient);
  EXPECT_TRUE(compiled("recipients contains 'a@b'").subjects().recipient);
  EXPECT_TRUE(compiled("declared_size > 5").subjects().size);
  EXPECT_FALSE(compiled("size > 5").subjects().content);
  EXPECT_TRUE(compiled("size > 5").subjects().octets);
  for (const char* counted : {"declared_size > 5", "recipient_count > 5", "queue_id == 'x'"}) {
    EXPECT_TRUE(compiled(counted).subjects().size) << counted;
    EXPECT_FALSE(compiled(counted).subjects().octets) << counted;
  }
}

// Diagnostics.

TEST(Condition, NamesEveryFaultAtOnce) {
  EXPECT_EQ(faults("clinet.ip in partner or size > 10 or helo == 5 and tsl"),
            "0+9 unknown name \"clinet.ip\" | did you mean \"client.ip\"?\n"
            "13+7 unknown table \"partner\" | did you mean \"partners\"?\n"
            "45+1 \"helo\" is a domain name and cannot be compared with a number | a text stands "
            "between quotes\n"
            "51+3 unknown name \"tsl\" | did you mean \"tls\"?\n");
}

TEST(Condition, RefusesValuesACheckCanNeverReturn) {
  EXPECT_EQ(faults("sample_a == 'gud'"),
            "12+5 \"sample_a\" is never \"gud\" | did you mean \"good\"?\n");
  EXPECT_EQ(faults("sample_a in ['good', 'listed']"),
            "21+8 \"sample_a\" is never \"listed\" | it is one of good, bad, odd, temperror\n");
  EXPECT_EQ(faults("sample_a == good"),
            "12+4 unknown name \"good\" | a value stands between quotes, \"good\"\n");
  EXPECT_EQ(faults("sample_a"),
            "0+8 \"sample_a\" is a word of a fixed set and no condition by itself | compare it, as "
            "sample_a == \"good\"\n");
  EXPECT_EQ(faults("stage == 'rctp'"),
            "9+6 \"stage\" is never \"rctp\" | did you mean \"rcpt\"?\n");
}

TEST(Condition, RefusesWrongTypes) {
  EXPECT_EQ(faults("client.port == '25'"),
            "15+4 \"client.port\" is a number and cannot be compared with a text | a number has no "
            "quotes\n");
  EXPECT_EQ(faults("recipient_count > 5MB"),
            "18+3 \"recipient_count\" is a number and cannot be compared with a size | leave out "
            "the unit\n");
  EXPECT_EQ(faults("size > 5m"),
            "7+2 \"size\" is a size and cannot be compared with a duration | sizes end in B, "
            "kB, MB, GB, KiB, MiB or GiB; m is a minute, M a million octets\n");
  EXPECT_EQ(faults("helo > 'x'"),
            "5+1 \">\" has no meaning for \"helo\", which is a domain name | it has ==, !=, in, "
            "within, matches, starts_with, ends_with and contains\n");
  EXPECT_EQ(faults("client.ip matches '^192'"),
            "10+7 \"matches\" has no meaning for \"client.ip\", which is an IP address | it has "
            "==, != and in\n");
  EXPECT_EQ(faults("tls == 'yes'"),
            "7+5 \"tls\" is yes or no and cannot be compared with a text | write tls or not tls\n");
  EXPECT_EQ(
      faults("sender in partners"),
      "10+8 table \"partners\" is of kind cidr, but \"sender\" is a mail address | look it up "
      "in a table of kind address, domain, string or pattern\n");
  EXPECT_EQ(faults("client.ip in our_domains"),
            "13+11 table \"our_domains\" is of kind domain, but \"client.ip\" is an IP address | "
            "look it up in a table of kind cidr\n");
  EXPECT_EQ(faults("helo == sender"),
            "8+6 \"helo\" is a domain name, but \"sender\" is a mail address\n");
  EXPECT_EQ(faults("recipients == 'a@b'"),
            "11+2 \"==\" has no meaning for \"recipients\", which is a list of mail addresses | "
            "write recipients contains\n");
  EXPECT_EQ(faults("partners == 'x'"),
            "0+8 \"partners\" is a table, which cannot be compared | ask whether something is in "
            "it, as client.ip in partners\n");
  EXPECT_EQ(faults("helo in sender.domain"),
            "8+13 \"sender.domain\" is no table and no list | compare with ==\n");
  EXPECT_EQ(faults("helo in 'x'"),
            "8+3 \"in\" needs a table or a list behind it | write [\"x\"], or compare with ==\n");
  EXPECT_EQ(faults("helo == ['x']"), "8+5 \"==\" compares with one value | write in for a list\n");
}

TEST(Condition, RefusesComparisonsThatAlwaysComeOutTheSame) {
  EXPECT_EQ(faults("client.port > 65535"),
            "14+5 \"client.port\" is a number from 0 to 65535, so this is never true\n");
  EXPECT_EQ(faults("client.port != 70000"),
            "15+5 \"client.port\" is a number from 0 to 65535, so this is always true\n");
  EXPECT_EQ(faults("size >= 0"), "8+1 \"size\" is never below 0, so this is always true\n");
  EXPECT_EQ(faults("'a' == 'b'"),
            "0+10 both sides are fixed values, so the result is always the same | compare a name "
            "of the transaction, or a check\n");
  EXPECT_EQ(faults("helo == helo"),
            "0+12 both sides are the same, so the result is always the same\n");
  EXPECT_EQ(faults("helo in []"), "8+2 the list is empty, so nothing is ever in it\n");
  EXPECT_EQ(faults("helo contains ''"),
            "14+2 every text contains the empty text, so this says nothing\n");
  EXPECT_EQ(faults("sender.domain == '.example.com'"),
            "17+14 no domain name begins with a dot, so this is never true | write within "
            "\"example.com\" for that domain and all below it\n");
  EXPECT_EQ(faults("sender.domain == 'a@example.com'"),
            "17+15 no domain name holds an @, so this is never true | compare with sender\n");
  EXPECT_EQ(faults("sender == 'example.com'"),
            "10+13 \"example.com\" is no mail address | for a domain compare sender.domain\n");
  EXPECT_EQ(faults("recipient == '<>'"),
            "13+4 a recipient is never empty, so this is never true\n");
}

TEST(Condition, RefusesWrongAddressesAndNetworks) {
  EXPECT_EQ(faults("client.ip in '192.0.2.1/24'"),
            "13+14 \"192.0.2.1/24\" is no IP address and no network | did you mean "
            "\"192.0.2.0/24\"?\n");
  EXPECT_EQ(faults("client.ip == '192.0.2.0/24'"),
            "13+14 \"192.0.2.0/24\" is no IP address | write in for a network\n");
  EXPECT_EQ(faults("client.ip == 'localhost'"),
            "13+11 \"localhost\" is no IP address | write it as 192.0.2.1 or 2001:db8::1\n");
}

TEST(Condition, ChecksOfLaterVersionsUsedToBeUnknownNamesLikeSlipsOfThePen) {
  const std::string hint =
      " is not built in this version | conditions look at what the mail server tells, at tables "
      "and at DNS, so far\n";
  EXPECT_EQ(faults("dkim == 'fail'"), "0+4 \"dkim\"" + hint);
  EXPECT_EQ(faults("tls or dmarc != 'pass'"), "7+5 \"dmarc\"" + hint);
  EXPECT_EQ(faults("quota.used == 'x'"), "0+10 \"quota.used\"" + hint);
  EXPECT_EQ(faults("client.spf == 'x'").find("not built"), std::string::npos);
  for (const auto& row : expression::all_names()) {
    EXPECT_FALSE(expression::is_name_to_come(row.name)) << row.name;
  }
}

TEST(Condition, PointsAtTheBadPieceOfAPattern) {
  EXPECT_EQ(faults("helo matches '^(dhcp|ppp'"),
            "14+10 the pattern is not valid: missing ): ^(dhcp|ppp | patterns are written as RE2 "
            "reads them, without back-references and look-around\n");
  EXPECT_EQ(faults("helo matches 'a(?=b)'"),
            "15+3 the pattern is not valid: invalid perl operator: (?= | patterns are written as "
            "RE2 reads them, without back-references and look-around\n");
}

TEST(Condition, RefusesNamesThatAreNotKnownAtTheRulesStage) {
  EXPECT_EQ(faults("recipient.domain in our_domains", Stage::mail),
            "0+16 \"recipient.domain\" is known from rcpt on, but the rule stands at mail | write "
            "stage = \"rcpt\", or leave the stage out\n");
  EXPECT_EQ(faults("recipient == 'a@b'", Stage::data),
            "0+9 \"recipient\" is known at rcpt alone, but the rule stands at data | later stages "
            "have \"recipients\", all that were not refused\n");
  EXPECT_EQ(
      faults("recipient == 'a@b' and size > 5"),
      "0+9 \"recipient\" is known at rcpt alone, \"size\" only from end-of-message on | later "
      "stages have \"recipients\", all that were not refused\n");
  EXPECT_EQ(faults("client.ip in partners", Stage::end_of_message), "");
}

TEST(Condition, AProblemOfANameInACalculationUsedToPointIntoFreedMemory) {
  EXPECT_EQ(
      faults("size + 1B * recipient >= 10MB - 3 * 5B"),
      "12+9 \"recipient\" is a mail address and cannot be calculated with | numbers and sizes can\n"
      "12+9 \"recipient\" is known at rcpt alone, \"size\" only from end-of-message on | later "
      "stages have \"recipients\", all that were not refused\n");
}

TEST(Condition, ReportsSyntaxAndTypesTogether) {
  EXPECT_EQ(faults("helo = 5 and (sample_a == 'x'"),
            "5+1 \"=\" is no operator of a condition | write ==\n"
            "7+1 \"helo\" is a domain name and cannot be compared with a number | a text stands "
            "between quotes\n"
            "13+1 this \"(\" is not closed | add )\n"
            "26+3 \"sample_a\" is never \"x\" | it is one of good, bad, odd, temperror\n");
}

TEST(Condition, TellsWhichKindsOfCheckItAsks) {
  const auto spf = compiled("sample_spf == 'bad' and helo == 'x'");
  EXPECT_TRUE(spf.asks(QuestionKind::spf));
  EXPECT_FALSE(spf.asks(QuestionKind::store));
  const auto address = compiled("client.ip == '192.0.2.1'");
  for (const auto kind : {QuestionKind::reverse_dns, QuestionKind::dns, QuestionKind::upstream}) {
    EXPECT_FALSE(address.asks(kind));
  }
  EXPECT_TRUE(compiled("not (client.name == 'x')").asks(QuestionKind::reverse_dns));
  EXPECT_TRUE(compiled("helo == client.name").asks(QuestionKind::reverse_dns));
  EXPECT_TRUE(compiled("macro(\"client_resolve\") == 'OK'").asks(QuestionKind::store));
  EXPECT_FALSE(Condition::always().asks(QuestionKind::spf));
}

TEST(Condition, NamesTheOneLimitThatItNeedsToBeExceeded) {
  EXPECT_EQ(compiled("declared_size > 10000KiB").limit(), "10240000 octets");
  EXPECT_EQ(compiled("size > 1MB and not client.authenticated").limit(), "1000000 octets");
  EXPECT_EQ(compiled("recipient_count > 50").limit(), "50");
  EXPECT_EQ(compiled("50 < recipient_count").limit(), "50");
  for (const auto* other :
       {"size < 10", "size >= 10", "not (size > 10)", "size > 10 or helo == 'x'",
        "size > 10 and declared_size > 20", "client.port > 10"}) {
    EXPECT_EQ(compiled(other).limit(), "") << other;
  }
  EXPECT_EQ(Condition::always().limit(), "");
}

TEST(Names, AreAllInTheDocumentation) {
  std::ifstream file(POSTERN_SOURCE_DIR "/docs/policy-language.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& row : expression::all_names()) {
    const auto name = row.id == expression::Name::macro ? std::string("macro(\"daemon_name\")")
                                                        : std::string(row.name);
    const auto known = row.latest == Stage::end_of_message
                           ? "from " + std::string(to_text(row.earliest))
                           : "at " + std::string(to_text(row.earliest));
    const auto meaning = std::string(row.meaning);
    const auto line = "| `" + name + "` | " + std::string(to_text(row.type)) + " | " + known +
                      " | " + meaning + " |";
    EXPECT_NE(text.str().find(line), std::string::npos) << line;
  }
}

TEST(ReplyFields, AreAllInTheDocumentation) {
  std::ifstream file(POSTERN_SOURCE_DIR "/docs/policy-language.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  std::size_t documented = 0;
  for (std::string line; std::getline(text, line);)
    documented += line.starts_with("| `{") ? 1U : 0U;
  EXPECT_EQ(documented, reply_fields().size());
  for (const auto& field : reply_fields()) {
    const std::string known = (field.latest == field.earliest ? "at " : "from ") +
                              std::string(to_text(field.earliest)) + " | " +
                              std::string(field.meaning) + " | ";
    const auto begin = "| `{" + std::string(field.name) + "}` | " + known;
    const auto at = text.str().find(begin);
    ASSERT_NE(at, std::string::npos) << begin;
    const auto line = text.str().substr(at, text.str().find('\n', at) - at);
    const auto otherwise =
        field.otherwise.empty() ? std::string("-") : std::string(field.otherwise);
    EXPECT_TRUE(line.ends_with(" | " + otherwise + " |")) << line;
    // The name under which a condition knows the same, if it is said.
    const auto name = line.substr(begin.size(), line.find(" |", begin.size()) - begin.size());
    if (name == "-") continue;
    ASSERT_GT(name.size(), 2U) << line;
    EXPECT_NE(expression::find_name(name.substr(1, name.size() - 2)), nullptr) << line;
  }
}

}  // namespace
}  // namespace postern

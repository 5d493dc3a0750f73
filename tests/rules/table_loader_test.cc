#include "checks/check.h"
#include "model/time_text.h"
#include "postern/policy.h"
#include "rules/rule.h"
#include "support/policy_text.h"
#include "support/transactions.h"
#include "tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

using testing::compile_files;
using ::testing::ElementsAre;
using testing::Files;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* head = "[identity]\nhost = \"mx.example.org\"\n";

/// A policy with one table `t` of these keys.
Result<CompiledPolicy> with_table(const std::string& keys, Files files = {},
                                  const std::string& more = {}) {
  files["postern.toml"] = head + more + "[table.t]\n" + keys;
  return compile_files(files);
}

std::string problems_of(const Result<CompiledPolicy>& result) {
  return render(result ? result->warnings : result.problems());
}

/// "file:line entry -> value (note)".
std::string found(const Result<CompiledPolicy>& result, std::string_view key, Table::Time at = {}) {
  if (!result) return render(result.problems());
  const auto hit = result->policy->tables().at("t")->find(key, at);
  if (!hit) return "none";
  auto text =
      std::string(hit->file) + ':' + std::to_string(hit->line) + ' ' + std::string(hit->entry);
  if (!hit->value.empty()) text += " -> " + std::string(hit->value);
  if (const auto note = annotation_text(*hit); !note.empty()) text += " (" + note + ')';
  return text;
}

TEST(TableLoader, EntriesInThePolicyMayHaveValuesNotesAndAnEnd) {
  const auto result = with_table(
      "kind = \"map\"\nkeys = \"domain\"\nvalue = \"rest\"\nentries = [\n"
      "  \"a.example\",\n"
      "  { entry = \"b.example\", value = \"own\", until = 2027-01-31, note = \"moves\" },\n"
      "  { entry = \"c.example\", until = \"2027-01-31\" },\n]\n");
  EXPECT_EQ(found(result, "a.example"), "postern.toml:8 a.example -> rest");
  EXPECT_EQ(found(result, "b.example"),
            "postern.toml:9 b.example -> own (until 2027-01-31: moves)");
  EXPECT_EQ(found(result, "c.example", *day_from_text("2027-02-01")), "none");
}

TEST(TableLoader, EachFormatReachesTheTable) {
  EXPECT_EQ(found(with_table("kind = \"domain\"\nfile = \"f\"\n", {{"f", "a.example # x\n"}}),
                  "a.example"),
            "f:1 a.example (x)");
  EXPECT_EQ(found(with_table("kind = \"map\"\nfile = \"f\"\nformat = \"hash\"\n",
                             {{"f", "# h\na.example  one\n two\n"}}),
                  "A.example"),
            "f:2 a.example -> one two");
  EXPECT_EQ(found(with_table("kind = \"map\"\nfile = \"f\"\nformat = \"csv\"\ncolumn = \"name\"\n"
                             "value_column = \"2\"\nnote_column = \"why\"\nseparator = \";\"\n",
                             {{"f", "name;v;why\na.example;5;because\n"}}),
                  "a.example"),
            "f:2 a.example -> 5 (because)");
}

TEST(TableLoader, ADataBaseIsAskedThroughTheReader) {
  auto files = testing::memory_reader(
      {{"postern.toml", std::string(head) +
                            "[table.t]\nkind = \"map\"\nfile = \"d.sqlite\"\nformat = \"sqlite\"\n"
                            "query = \"SELECT x\"\n"}});
  std::string asked;
  Problems trouble;
  files.rows = [&](const DatabaseQuery& query, const FileReader::Row& row) {
    asked = query.path + '|' + query.query;
    row({"a.example", "5", "2027-01-31", "note"});
    row({"b.example", "", "", ""});
    return trouble;
  };
  const CheckRegistry none;
  const auto result = Policy::compile("postern.toml", files, none);
  EXPECT_EQ(asked, "d.sqlite|SELECT x");
  EXPECT_EQ(found(result, "a.example"), "d.sqlite:1 a.example -> 5 (until 2027-01-31: note)");
  EXPECT_EQ(found(result, "b.example"), "d.sqlite:2 b.example");

  trouble = {plain_problem("no such table", "make one")};
  const auto refused = Policy::compile("postern.toml", files, none);
  EXPECT_THAT(problems_of(refused), HasSubstr("cannot read \"d.sqlite\": no such table"));
  EXPECT_THAT(problems_of(refused), HasSubstr("hint: make one"));
}

TEST(TableLoader, FaultsOfAFileAreShownWithTheirLinesAndBounded) {
  std::string text = "192.0.2.0/24\n  192.0.2.1/24 # x\n";
  for (int i = 0; i < 1300; ++i) text += "no network\n";
  const auto result = with_table("kind = \"cidr\"\nfile = \"f\"\n", {{"f", text}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problems().size(), 21U);
  EXPECT_THAT(problems_of(result), HasSubstr("f:2:3: error: \"192.0.2.1/24\" has bits set beyond "
                                             "its prefix length\n"
                                             "    2 |   192.0.2.1/24 # x\n"
                                             "      |   ^~~~~~~~~~~~\n"));
  EXPECT_THAT(problems_of(result),
              HasSubstr("f:22:1: error: and 1,281 more faults in this table, from here on\n"));
}

TEST(TableLoader, ValuesThatNobodyLooksAtButDifferAreAWarning) {
  const auto result = with_table("kind = \"domain\"\nfile = \"f\"\nformat = \"hash\"\n",
                                 {{"f", "a.example OK\nb.example REJECT\n"}});
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(problems_of(result),
              HasSubstr("f:2:1: warning: the values differ, OK and REJECT, and a table of kind "
                        "\"domain\" does not look at them"));
}

// Maps in replies.

const std::string sender_map =
    "[table.texts]\nkind = \"map\"\nkeys = \"address\"\nfile = \"texts\"\n";

Result<CompiledPolicy> with_rule(const std::string& keys, const std::string& map) {
  return compile_files(
      {{"postern.toml", head + sender_map + "[[rule]]\nname = \"r\"\nstage = \"rcpt\"\n" + keys},
       {"texts", map}});
}

std::string reply_to(const Policy& policy, const char* sender) {
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope(sender);
  const auto outcome = evaluate(policy, transaction, {});
  const auto& decision = std::get<Decision>(outcome);
  if (!decision.reply) return "none";
  return decision.reply->form().text() + ' ' + decision.reply->text().sentence;
}

TEST(Maps, SayTheTextOfARefusal) {
  const auto result = with_rule(
      "when = 'sender in texts'\nreject = \"sender-blocked\"\ntext = \"Sorry, {map.texts}.\"\n",
      "a@b.example  we have parted\n@c.example \"no {braces} 100%\"\n");
  ASSERT_TRUE(result.ok()) << render(result.problems());
  EXPECT_THAT(reply_to(*result->policy, "a@b.example"), HasSubstr(" Sorry, we have parted."));
  EXPECT_THAT(reply_to(*result->policy, "x@c.example"), HasSubstr(" Sorry, no {braces} 100%."));
  EXPECT_EQ(reply_to(*result->policy, "x@d.example"), "none");
}

TEST(Maps, SayTheCodeOfARefusal) {
  const auto result =
      with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\ncode = \"{map.texts}\"\n",
                "a@b.example 550 5.7.1\n@c.example 554 5.7.1\n");
  ASSERT_TRUE(result.ok()) << render(result.problems());
  EXPECT_THAT(reply_to(*result->policy, "a@b.example"), HasSubstr("550 5.7.1 "));
  EXPECT_THAT(reply_to(*result->policy, "x@c.example"), HasSubstr("554 5.7.1 "));
}

TEST(Maps, AWordThatNoReplyMayHoldIsAFaultOfItsEntry) {
  const auto result = with_rule(
      "when = 'sender in texts'\nreject = \"sender-blocked\"\ntext = \"Sorry, {map.texts}.\"\n",
      "a@b.example good\nb@b.example two; parts\nc@b.example \xC3\xA4\n"
      "d@b.example " +
          std::string(120, 'x') + "\n");
  ASSERT_FALSE(result.ok());
  const auto text = problems_of(result);
  EXPECT_THAT(text, HasSubstr("texts:2:1: error: its value goes into a reply, and MTA logs cut "
                              "replies at ';'"));
  EXPECT_THAT(text, HasSubstr("texts:3:1: error: its value goes into a reply, and replies are "
                              "printable ASCII only (RFC 5321 4.2)"));
  EXPECT_THAT(text, HasSubstr("texts:4:1: error: its value has 120 octets, and the reply has room "
                              "for 92"));
}

TEST(Maps, ACodeThatTheReasonDoesNotAllowIsAFaultOfItsEntry) {
  const auto result =
      with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\ncode = \"{map.texts}\"\n",
                "a@b.example 550 5.7.1\nb@b.example 450 4.7.1\nc@b.example nonsense\n");
  ASSERT_FALSE(result.ok());
  const auto text = problems_of(result);
  EXPECT_THAT(text, HasSubstr("texts:2:1: error: \"450 4.7.1\" is not a reply with which "
                              "\"policy-reject\" refuses for good"));
  EXPECT_THAT(text, HasSubstr("texts:3:1: error: nonsense is not a reply"));
}

TEST(Maps, WhereNothingNeedBeFoundTheTextSaysWhatElse) {
  const std::string either =
      "when = 'sender in texts or recipient == \"x@example.org\"'\n"
      "reject = \"policy-reject\"\n";
  const auto without = with_rule(either + "text = \"Sorry, {map.texts}.\"\n", "a@b.example x\n");
  EXPECT_THAT(problems_of(without), HasSubstr("{map.texts} may have no value here"));
  EXPECT_TRUE(with_rule(either + "text = \"Sorry, {map.texts|no}.\"\n", "a@b.example x\n").ok());
}

TEST(Maps, ThatTheConditionDoesNotAskOrThatAreNoneAreFaults) {
  EXPECT_THAT(
      problems_of(with_rule("reject = \"policy-reject\"\ntext = \"Sorry, {map.texts|x}.\"\n",
                            "a@b.example x\n")),
      HasSubstr("the condition looks nothing up in \"texts\""));
  EXPECT_THAT(problems_of(with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\n"
                                    "text = \"Sorry, {map.text}.\"\n",
                                    "a@b.example x\n")),
              HasSubstr("there is no field {map.text}\n"));
  EXPECT_THAT(problems_of(with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\n"
                                    "code = \"{map.text}\"\n",
                                    "a@b.example x\n")),
              HasSubstr("there is no map \"text\""));
}

TEST(Maps, TheEntryAndItsValueAreEvidence) {
  const auto result = with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\n",
                                "a@b.example one # until 2999-01-31: ticket 5\n");
  ASSERT_TRUE(result.ok());
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("a@b.example");
  const auto trail = trail_of(*result->policy, transaction, {});
  ASSERT_EQ(trail.size(), 1U);
  const auto& evidence = trail[0].evidence.at(1);
  EXPECT_EQ(evidence.value, "a@b.example");
  EXPECT_EQ(evidence.source.mapped, "one");
  EXPECT_EQ(evidence.source.note, "until 2999-01-31: ticket 5");
  EXPECT_EQ(evidence.source.line, 1U);
}

TEST(Expiry, IsTheTransactionsTimeAndNotOurs) {
  const auto result = with_rule("when = 'sender in texts'\nreject = \"policy-reject\"\n",
                                "a@b.example one # until 2027-01-31\n");
  ASSERT_TRUE(result.ok());
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("a@b.example");
  const auto verdict = [&](const char* day) {
    transaction.time = *day_from_text(day);
    return std::get<Decision>(evaluate(*result->policy, transaction, {})).verdict;
  };
  EXPECT_EQ(verdict("2027-01-31"), Verdict::reject);
  EXPECT_EQ(verdict("2027-02-01"), Verdict::pass);
}

// A changed file.

class Refreshing : public ::testing::Test {
 protected:
  Refreshing() {
    files_["postern.toml"] = "include = [\"rules/*.toml\"]\n" + std::string(head) +
                             "[table.a]\nkind = \"domain\"\nfile = \"a\"\n"
                             "[table.b]\nkind = \"domain\"\nfile = \"b\"\n"
                             "[table.m]\nkind = \"map\"\nfile = \"m\"\n";
    files_["rules/r.toml"] =
        "[[rule]]\nname = \"r\"\nwhen = 'sender.domain in a and helo in m'\n"
        "stage = \"rcpt\"\nreject = \"policy-reject\"\ntext = \"No, {map.m}.\"\n";
    files_["a"] = "a.example\n";
    files_["b"] = "b.example\n";
    files_["m"] = "x y\n";
    auto compiled = compile_files(files_);
    EXPECT_TRUE(compiled.ok()) << render(compiled.problems());
    if (compiled) policy_ = compiled->policy;
  }

  Result<std::shared_ptr<const Policy>> refresh(const std::string& path) {
    const CheckRegistry none;
    return Policy::with_table_file(policy_, path, testing::memory_reader(files_), none);
  }

  Files files_;
  std::shared_ptr<const Policy> policy_;
};

TEST_F(Refreshing, TheChangedTableIsNewAndAllElseTheSame) {
  EXPECT_THAT(policy_->table_files(), ElementsAre("a", "b", "m"));
  files_["a"] = "c.example\n";
  files_["b"] = "changed.example\n";
  files_["postern.toml"] = "somebody is editing this";
  files_.erase("rules/r.toml");
  const auto newer = refresh("a");
  ASSERT_TRUE(newer.ok()) << render(newer.problems());
  const auto& tables = (*newer)->tables();
  EXPECT_TRUE(tables.at("a")->find(std::string_view("c.example")));
  EXPECT_FALSE(tables.at("a")->find(std::string_view("a.example")));
  EXPECT_EQ(tables.at("b"), policy_->tables().at("b"));
  EXPECT_EQ((*newer)->rules().size(), 1U);
  EXPECT_NE((*newer)->digest(), policy_->digest());
  // The old one is as it was: sessions go on with it.
  EXPECT_TRUE(policy_->tables().at("a")->find(std::string_view("a.example")));
}

TEST_F(Refreshing, ReachesTheRules) {
  auto transaction = test::ordinary_transaction(Stage::rcpt);
  transaction.sender = MailAddress::from_envelope("a@c.example");
  transaction.helo = std::string("x");
  files_["a"] = "c.example\n";
  const auto newer = refresh("a");
  ASSERT_TRUE(newer.ok());
  EXPECT_EQ(std::get<Decision>(evaluate(*policy_, transaction, {})).verdict, Verdict::pass);
  EXPECT_EQ(std::get<Decision>(evaluate(**newer, transaction, {})).verdict, Verdict::reject);
}

TEST_F(Refreshing, OfAFileThatHoldsWhatItHeldIsTheSamePolicy) {
  const auto same = refresh("a");
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(*same, policy_);
}

TEST_F(Refreshing, AndBackAgainIsThePolicyOfBefore) {
  const auto before = policy_;
  files_["a"] = "c.example\n";
  policy_ = *refresh("a");
  files_["a"] = "a.example\n";
  policy_ = *refresh("a");
  EXPECT_EQ(policy_->digest(), before->digest());
}

TEST_F(Refreshing, WithABadOrMissingFileFails) {
  files_["a"] = "*.example\n";
  EXPECT_THAT(render(refresh("a").problems()), HasSubstr("a:1:1: error: "));
  files_.erase("a");
  EXPECT_THAT(render(refresh("a").problems()), HasSubstr("cannot read \"a\""));
}

TEST_F(Refreshing, WithValuesThatARuleCannotSayFails) {
  files_["m"] = "x y;z\n";
  EXPECT_THAT(render(refresh("m").problems()), HasSubstr("m:1:1: error: its value goes"));
}

}  // namespace
}  // namespace postern

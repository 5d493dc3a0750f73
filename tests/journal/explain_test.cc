#include "journal/explain.h"

#include "journal/page.h"
#include "journal/samples.h"
#include "journal/trail_gaps.h"
#include "support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace postern {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void expect_fits_a_terminal(const std::string& text) {
  std::size_t column = 0;
  for (const char c : text) {
    if (c == '\n') {
      column = 0;
      continue;
    }
    ASSERT_TRUE(c >= 0x20 && c <= 0x7e) << text;
    ASSERT_LE(++column, Page::width) << text;
  }
  EXPECT_EQ(column, 0U) << "the last line has no end";
}

// What stands behind the marks of verbatim(), put together again.
std::string unfolded(const std::string& text, std::string_view line_start) {
  const auto at = text.find("    |" + std::string(line_start));
  if (at == std::string::npos) return {};
  std::string whole;
  std::size_t begin = at;
  do {
    const auto end = text.find('\n', begin);
    whole += text.substr(begin + 5, end - begin - 5);
    begin = end + 1;
  } while (text.compare(begin, 5, "    +") == 0);
  return whole;
}

ExplainOptions to(Voice voice) {
  ExplainOptions options;
  options.voice = voice;
  return options;
}

std::string for_admin(const Record& record) { return explain(record, to(Voice::admin)); }

TEST(Explain, TellsEachStoryAsTheGoldenFilesShow) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    for (const auto& [voice, folder] :
         {std::pair(Voice::admin, "admin"), std::pair(Voice::help_desk, "help_desk"),
          std::pair(Voice::sender, "sender")}) {
      if (record.kind != RecordKind::decision && voice != Voice::admin) continue;
      const std::string text = explain(record, to(voice));
      testing::expect_golden("explain/" + std::string(folder) + '/' + name + ".txt", text);
      expect_fits_a_terminal(text);
    }
  }
}

TEST(Explain, TellsTheHelpDeskNoMoreThanCanBeReadOut) {
  for (const auto& record : {samples::refused_recipient(), samples::blocked_client()}) {
    const auto text = explain(record);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 15) << text;
  }
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    if (record.kind != RecordKind::decision) continue;
    const auto text = explain(record);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 21) << name;
    EXPECT_THAT(text, Not(HasSubstr(".toml"))) << name;
    EXPECT_THAT(text, Not(HasSubstr("tables/"))) << name;
  }
}

TEST(Explain, TellsOfARepeatWhoseDecisionIsGone) {
  for (const auto& [voice, folder] :
       {std::pair(Voice::help_desk, "help_desk"), std::pair(Voice::sender, "sender")}) {
    auto options = to(voice);
    options.repeats = 2;
    const auto text = explain(samples::repeated(), options);
    testing::expect_golden("explain/" + std::string(folder) + "/repeated.txt", text);
    expect_fits_a_terminal(text);
  }
}

TEST(Explain, TellsTheAdministratorEverythingThatWasAsked) {
  const auto record = samples::full();
  const auto text = for_admin(record);
  testing::expect_golden("explain/admin/everything.txt", text);
  for (const auto& [name, value] : record.transaction.macros) {
    EXPECT_THAT(text, HasSubstr(name + " = "));
  }
  EXPECT_THAT(text, HasSubstr(record.transaction.policy_context));
  EXPECT_THAT(text, HasSubstr(record.transaction.server_address));
  for (const auto& [question, answer] : record.facts.all()) {
    EXPECT_THAT(text, HasSubstr(question.key));
    if (answer.source.age.count() == 0) continue;
    EXPECT_THAT(text, HasSubstr(std::to_string(answer.source.age.count()) + " second"));
  }
}

TEST(Explain, SaysInsideWhichRulesATrailLacks) {
  auto record = samples::accepted();
  record.detail = RecordDetail::compact;
  TrailGaps gaps;
  gaps.changed_tables = {"blocked", "partners"};
  const auto options = to(Voice::admin);
  testing::expect_golden("explain/admin/partly.txt", explain(record, options, gaps));
  TrailGaps none;
  none.why_compact = "cannot read /var/log/postern/decisions.jsonl.policies/00.policy";
  testing::expect_golden("explain/admin/without_policy.txt", explain(record, options, none));

  auto json = options;
  json.format = ExplainFormat::json;
  const auto partly = nlohmann::json::parse(explain(record, json, gaps));
  EXPECT_EQ(partly["trail"], "partly");
  EXPECT_EQ(partly["changed_tables"], nlohmann::json({"blocked", "partners"}));
  EXPECT_THAT(partly["text"].get<std::string>(), HasSubstr("Not all of them"));
  EXPECT_EQ(nlohmann::json::parse(explain(record, json, none))["trail"], "compact");
  EXPECT_EQ(nlohmann::json::parse(explain(record, json, none))["why_compact"], none.why_compact);
  record.detail = RecordDetail::full;
  EXPECT_EQ(nlohmann::json::parse(explain(record, json))["trail"], "whole");
}

TEST(Explain, TellsTheSenderNothingOfWhatIsOurs) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    if (record.kind != RecordKind::decision) continue;
    for (const auto format : {ExplainFormat::text, ExplainFormat::json}) {
      auto options = to(Voice::sender);
      options.format = format;
      const auto text = explain(record, options);
      for (const auto& entry : record.decision.trail) {
        EXPECT_THAT(text, Not(HasSubstr(entry.rule.name))) << name;
        if (!entry.rule.file.empty()) {
          EXPECT_THAT(text, Not(HasSubstr(entry.rule.file))) << name;
        }
        for (const auto& evidence : entry.evidence) {
          if (evidence.source.name != "table" || evidence.value.empty()) continue;
          EXPECT_THAT(text, Not(HasSubstr(evidence.value))) << name;
          EXPECT_THAT(text, Not(HasSubstr(evidence.name))) << name;
        }
      }
      for (const auto& effect : record.decision.effects) {
        EXPECT_THAT(text, Not(HasSubstr(effect.rule))) << name;
      }
      for (const auto& recipient : record.transaction.recipients.value()) {
        EXPECT_THAT(text, Not(HasSubstr('<' + recipient.address.text() + '>'))) << name;
      }
      if (!record.decision.note.empty()) {
        EXPECT_THAT(text, Not(HasSubstr(record.decision.note))) << name;
      }
      EXPECT_THAT(text, Not(HasSubstr(record.transaction.server_address))) << name;
    }
  }
}

TEST(Explain, TellsTheSenderTheSameOfAllThatWasNotRefused) {
  const auto passed = explain(samples::watched_by_shadow(), to(Voice::sender));
  auto dropped = samples::dropped();
  auto held = samples::held_and_marked();
  for (auto* record : {&dropped, &held}) {
    record->transaction = samples::watched_by_shadow().transaction;
    EXPECT_EQ(explain(*record, to(Voice::sender)), passed);
  }
}

TEST(Explain, TellsTheSenderNoReasonThatTheAnswerHasNotTold) {
  const auto told = explain(samples::blocked_client(), to(Voice::sender));
  const auto untold = explain(samples::worded_by_us(), to(Voice::sender));
  const std::string help(find_reason("client-blocked")->sender_help.substr(0, 40));
  EXPECT_THAT(told, HasSubstr(help));
  EXPECT_THAT(untold, Not(HasSubstr(help)));
  EXPECT_THAT(untold, HasSubstr("We do not accept this mail."));
}

TEST(Explain, PaintsWithoutMovingALetter) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    for (const auto voice : {Voice::admin, Voice::help_desk, Voice::sender}) {
      auto options = to(voice);
      const auto plain = explain(record, options);
      options.paint = Paint::ansi;
      auto painted = explain(record, options);
      EXPECT_NE(painted, plain) << name;
      for (auto at = painted.find('\033'); at != std::string::npos; at = painted.find('\033')) {
        painted.erase(at, painted.find('m', at) + 1 - at);
      }
      EXPECT_EQ(painted, plain) << name;
    }
  }
}

TEST(Explain, TellsOfRepeats) {
  ExplainOptions options;
  options.repeats = 3;
  EXPECT_THAT(explain(samples::refused_recipient(), options), HasSubstr("Asked again   3 times\n"));
  EXPECT_THAT(explain(samples::refused_recipient()), Not(HasSubstr("Asked again")));
  options.voice = Voice::admin;
  EXPECT_THAT(explain(samples::refused_recipient(), options), HasSubstr("asked the same again 3"));
  EXPECT_THAT(for_admin(samples::refused_recipient()), Not(HasSubstr("asked the same")));
}

TEST(Explain, ShowsEveryOctetThatWasSent) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    if (!record.sent || record.transaction.door != Door::policy) continue;
    SCOPED_TRACE(name);
    const std::string text = for_admin(record);
    EXPECT_EQ(unfolded(text, "action="), record.sent->answer);
    if (record.sent->expected.empty()) continue;  // no reply to the client
    EXPECT_EQ(unfolded(text, record.sent->expected[0].substr(0, 9)), record.sent->expected[0]);
  }
}

TEST(Explain, ShowsEveryOctetWhateverWhiteSpaceTheAnswerHolds) {
  std::mt19937 random(3);
  std::uniform_int_distribution<std::size_t> length(0, 400);
  std::uniform_int_distribution<int> kind(0, 9);
  for (int round = 0; round < 500; ++round) {
    std::string answer = "action=";
    for (auto left = length(random); left > 0; --left) answer += kind(random) == 0 ? ' ' : 'x';
    Record record = samples::refused_recipient();
    record.sent->answer = answer;
    ASSERT_EQ(unfolded(for_admin(record), "action="), answer);
  }
}

TEST(Explain, StaysCleanAndNarrowWhateverTheRecordHolds) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    Record record = samples::full();
    const auto octets = [&] { return samples::any_octets(random, 300); };
    record.host = octets();
    record.engine = octets();
    record.transaction.helo = octets();
    record.transaction.sender = MailAddress::from_envelope(octets());
    record.transaction.client.name = octets();
    record.transaction.session = octets();
    record.decision.rule->name = octets();
    record.decision.rule->file = octets();
    record.decision.softened_by = octets();
    record.decision.trail.front().cause = octets();
    record.decision.trail.front().truth = Truth::unavailable;
    record.decision.trail.front().evidence = {{octets(), octets(), {}}};
    record.sent->answer = octets();
    record.sent->expected = {octets()};
    record.decision.effects.front().rule = octets();
    for (const auto voice : {Voice::admin, Voice::help_desk, Voice::sender}) {
      expect_fits_a_terminal(explain(record, to(voice)));
    }
  }
}

TEST(Explain, GivesToolsTheRecordAndTheWordsOfTheCatalogue) {
  const Record record = samples::refused_recipient();
  ExplainOptions options;
  options.format = ExplainFormat::json;
  const std::string json = explain(record, options);
  EXPECT_THAT(json, HasSubstr("\"record\":" + to_json(record) + "}\n"));
  EXPECT_THAT(json, HasSubstr("\"reason\":{\"id\":\"rcpt-unknown\""));
  EXPECT_THAT(json, HasSubstr("\"repeats\":0,\"text\":\"ref "));
}

TEST(Page, FoldsBetweenWordsAndCutsOnlyWhatIsLongerThanALine) {
  Page page;
  page.paragraph("one  two " + std::string(100, 'x') + " three", 2, 4);
  EXPECT_EQ(page.take(), "  one two\n    " + std::string(74, 'x') + "\n    " +
                             std::string(26, 'x') + " three\n");
}

std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!line.empty() && line.back() != ' ')) line += space ? ' ' : c;
  }
  return line;
}

/// A rule that deferred because a list did not answer, after a HELO name that fitted.
Record put_off_for_want_of_an_answer() {
  auto record = samples::blocked_client();
  auto& decision = record.decision;
  decision.verdict = Verdict::defer;
  decision.reason = find_reason("dependency-down");
  decision.reply.reset();
  TrailEntry entry;
  entry.rule = *decision.rule;
  entry.truth = Truth::unavailable;
  entry.verdict = Verdict::reject;
  entry.reason = "dnsbl-listed";
  entry.cause = "zen: the list is suspended";
  entry.evidence = {{"helo", "dns.example.net", {}}};
  decision.trail = {entry};
  return record;
}

TEST(Explain, ForWantOfAnAnswerWhatWasFoundWasBlamed) {
  const auto record = put_off_for_want_of_an_answer();
  const auto text = on_one_line(explain(record));
  EXPECT_THAT(text, HasSubstr("could not be answered: zen: the list is suspended."));
  EXPECT_THAT(text, Not(HasSubstr("helo = dns.example.net")));
}

TEST(Explain, ARefusalForNowWasSaidToBeDecidedForGood) {
  const auto text = on_one_line(for_admin(put_off_for_want_of_an_answer()));
  EXPECT_THAT(text, HasSubstr("this decided: refuse for now"));
  EXPECT_THAT(text, HasSubstr("(dependency-down)"));
  EXPECT_THAT(text, Not(HasSubstr("refuse for good")));
}

TEST(Explain, HashesWereCalledByteForByteAndHandedToTheSender) {
  auto record = samples::refused_recipient();
  const std::string hash = "~07116db92e592f69@example.org";
  record.sent->answer = "action=550 5.1.1 User unknown, there is no mailbox " + hash + ".";
  record.sent->expected = {"550 5.1.1 User unknown, there is no mailbox " + hash + "."};
  EXPECT_THAT(for_admin(record), HasSubstr("byte for byte, but for addresses"));
  EXPECT_THAT(for_admin(samples::refused_recipient()), HasSubstr("byte for byte ('|'"));
  const auto told = explain(record, to(Voice::sender));
  EXPECT_THAT(told, Not(HasSubstr("~0711")));
  EXPECT_EQ(unfolded(told, "550"), "550 5.1.1 User unknown, there is no mailbox (an address).");
}

TEST(Explain, AClientThatPostfixDidNotTellWasCalledTheServerItself) {
  auto record = samples::refused_recipient();
  record.transaction.client = {};
  ASSERT_EQ(record.transaction.door, Door::policy);
  EXPECT_THAT(for_admin(record), HasSubstr("Client        not told by the MTA"));
  EXPECT_THAT(explain(record), HasSubstr("a host that the mail server did not name"));
  record.transaction.door = Door::milter;
  EXPECT_THAT(for_admin(record), HasSubstr("handed in on the mail server itself"));
  EXPECT_THAT(explain(record), HasSubstr("local mail"));
}

TEST(Explain, ARuleInShadowWasSaidToHaveTakenTheTimeAfterTheAnswer) {
  auto record = samples::refused_recipient();
  using std::chrono::microseconds;
  record.elapsed = microseconds(30);
  record.spent = TimeSpent{microseconds(10), microseconds(20), microseconds(46)};
  EXPECT_THAT(for_admin(record), HasSubstr("46 more"));
  EXPECT_THAT(for_admin(record), Not(HasSubstr("for rules in shadow")));
}

TEST(Explain, NobodySaidWhereHeldMailIs) {
  EXPECT_THAT(explain(samples::held_and_marked()), HasSubstr("until somebody releases"));
  EXPECT_THAT(explain(samples::dropped()), HasSubstr("It is gone, and"));
}

}  // namespace
}  // namespace postern

#include "journal/record.h"

#include "journal/json_writer.h"
#include "journal/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern {
namespace {

std::string json_string(std::string_view octets) {
  std::string out;
  append_json_string(out, octets);
  return out;
}

Record read_back(const Record& record) {
  auto read = record_from_json(to_json(record));
  EXPECT_TRUE(read) << render(read.problems()) << to_json(record);
  return read ? std::move(read).value() : Record{};
}

std::string problem_of(std::string_view line) {
  const auto read = record_from_json(line);
  return read ? std::string() : read.problems().front().message;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

void expect_same_facts(const Facts& a, const Facts& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (auto one = a.all().begin(), two = b.all().begin(); one != a.all().end(); ++one, ++two) {
    EXPECT_EQ(one->first, two->first);
    EXPECT_EQ(one->first.cost, two->first.cost);
    EXPECT_EQ(one->second.state, two->second.state);
    EXPECT_EQ(one->second.values, two->second.values);
    EXPECT_EQ(one->second.cause, two->second.cause);
    EXPECT_EQ(one->second.source.name, two->second.source.name);
    EXPECT_EQ(one->second.source.file, two->second.source.file);
    EXPECT_EQ(one->second.source.line, two->second.source.line);
    EXPECT_EQ(one->second.source.digest, two->second.source.digest);
    EXPECT_EQ(one->second.source.elapsed, two->second.source.elapsed);
    EXPECT_EQ(one->second.source.age, two->second.source.age);
    EXPECT_EQ(one->second.source.mapped, two->second.source.mapped);
    EXPECT_EQ(one->second.source.note, two->second.source.note);
  }
}

void expect_same_transaction(const Transaction& a, const Transaction& b) {
  EXPECT_EQ(a.stage, b.stage);
  EXPECT_EQ(a.door, b.door);
  EXPECT_EQ(a.reference, b.reference);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.utc_offset, b.utc_offset);
  EXPECT_EQ(a.client.address, b.client.address);
  EXPECT_EQ(a.client.port, b.client.port);
  EXPECT_EQ(a.client.name, b.client.name);
  EXPECT_EQ(a.client.reverse_name, b.client.reverse_name);
  EXPECT_EQ(a.server_address, b.server_address);
  EXPECT_EQ(a.server_port, b.server_port);
  EXPECT_EQ(a.tls.version, b.tls.version);
  EXPECT_EQ(a.tls.cipher, b.tls.cipher);
  EXPECT_EQ(a.tls.bits, b.tls.bits);
  EXPECT_EQ(a.authentication.user, b.authentication.user);
  EXPECT_EQ(a.authentication.mechanism, b.authentication.mechanism);
  EXPECT_EQ(a.helo, b.helo);
  EXPECT_EQ(a.extended_smtp, b.extended_smtp);
  EXPECT_EQ(a.sender, b.sender);
  EXPECT_EQ(a.declared_size, b.declared_size);
  EXPECT_EQ(a.recipient, b.recipient);
  EXPECT_EQ(a.recipients, b.recipients);
  EXPECT_EQ(a.recipient_count, b.recipient_count);
  EXPECT_EQ(a.size, b.size);
  EXPECT_EQ(a.queue_id, b.queue_id);
  EXPECT_EQ(a.instance, b.instance);
  EXPECT_EQ(a.session, b.session);
  EXPECT_EQ(a.policy_context, b.policy_context);
  EXPECT_EQ(a.macros, b.macros);
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.policy_digest, b.policy_digest);
  EXPECT_EQ(a.elapsed, b.elapsed);
  EXPECT_EQ(a.spent, b.spent);
  EXPECT_EQ(a.sent, b.sent);
  EXPECT_EQ(a.decision, b.decision);
  expect_same_transaction(a.transaction, b.transaction);
  expect_same_facts(a.facts, b.facts);
  EXPECT_EQ(to_json(a), to_json(b));
}

TEST(JsonString, KeepsValidTextAndEscapesWhatWouldSteerATerminal) {
  EXPECT_EQ(json_string("a \"b\" \\ \xc3\xa4"), "\"a \\\"b\\\" \\\\ \xc3\xa4\"");
  EXPECT_EQ(json_string("\n\t\x1b\x7f"), "\"\\n\\t\\u001b\\u007f\"");
  EXPECT_EQ(json_string("\xc2\x9b"), "\"\\u009b\"");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(JsonString, WritesAnOctetThatIsNoUtf8AsItsOwnCharacter) {
  EXPECT_EQ(json_string("\xe9"), "\"\\udbff\\udee9\"");
  EXPECT_EQ(json_string("\xc0\xaf"), "\"\\udbff\\udec0\\udbff\\udeaf\"");
  // The characters that stand for octets must not come out as one octet when they are in the mail.
  EXPECT_EQ(json_string("\xf4\x8f\xba\x80"),
            "\"\\udbff\\udef4\\udbff\\ude8f\\udbff\\udeba\\udbff\\ude80\"");
}

TEST(Record, ComesBackFromJsonWithEveryMember) {
  expect_same(samples::full(), read_back(samples::full()));
}

TEST(Record, ComesBackFromJsonForEverySample) {
  for (const auto& [name, record] : samples::all_for_golden_files()) {
    SCOPED_TRACE(name);
    expect_same(record, read_back(record));
  }
}

TEST(Record, ComesBackFromJsonWithNothingTold) {
  Record record;
  record.kind = RecordKind::join;
  expect_same(record, read_back(record));
}

TEST(Record, KeepsNotToldApartFromAbsentAndEmpty) {
  for (const auto& helo :
       {Told<std::string>(), Told<std::string>::absent(), Told<std::string>(std::string())}) {
    Record record = samples::refused_recipient();
    record.transaction.helo = helo;
    EXPECT_EQ(read_back(record).transaction.helo, helo);
  }
}

TEST(Record, KeepsEveryPartOfAReply) {
  ReplyText text;
  text.host = "mx1.example.org";
  text.sentence = "Service closes.";
  text.reference = "ref 0000-0000-0000";
  text.advice = "Come again.";
  text.quote = "The list says, no.";
  text.contact = "Contact postmaster@example.org for help.";
  text.help = "https://mail.example.org/why";
  auto reply = Reply::make(ReplyStage::connect, *ReplyForm::parse("421 4.3.2"), text);
  ASSERT_TRUE(reply) << render(reply.problems());
  Record record = samples::refused_recipient();
  record.decision.reply = *reply;
  EXPECT_EQ(read_back(record).decision.reply, *reply);
}

TEST(Record, KeepsAnyOctetsOfTheMail) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 2000; ++round) {
    Record record = samples::refused_recipient();
    const auto octets = [&] { return samples::any_octets(random, 40); };
    record.transaction.helo = octets();
    record.transaction.client.name = octets();
    record.transaction.queue_id = octets();
    record.transaction.macros = {{octets(), octets()}, {octets(), octets()}};
    record.facts.add({QuestionKind::dns, octets(), octets(), QuestionCost::free},
                     Answer::found({octets(), octets()}));
    record.decision.trail.front().rule.name = octets();
    record.decision.trail.front().evidence = {{octets(), octets(), {}}};
    record.sent->answer = octets();
    record.sent->expected = {octets()};
    const Record back = read_back(record);
    ASSERT_EQ(back.transaction.helo, record.transaction.helo);
    ASSERT_EQ(back.transaction.macros, record.transaction.macros);
    ASSERT_EQ(back.decision, record.decision);
    ASSERT_EQ(back.sent, record.sent);
    ASSERT_EQ(to_json(back), to_json(record));
  }
}

TEST(Record, KeepsAnyAddressThatAnMtaLetsThrough) {
  std::mt19937 random(7);
  std::vector<std::string> addresses = {"<>",
                                        "postmaster",
                                        "<a@B.Example>",
                                        "\"a b\"@c",
                                        "\"a@b\"@c",
                                        "\"a@b\"",
                                        "a@",
                                        "a@b..",
                                        "<x@y\">",
                                        "<@x,@y:a@b>",
                                        "<a@\xc3\xbc.example>",
                                        "\"\\\"\"@c",
                                        "<@x:@b:x@c\">",
                                        "< a@b >"};
  for (int round = 0; round < 3000; ++round) addresses.push_back(samples::any_octets(random, 12));
  for (int round = 0; round < 3000; ++round) {
    addresses.push_back('<' + samples::any_octets(random, 6) + '@' +
                        samples::any_octets(random, 6) + '>');
  }
  for (const auto& text : addresses) {
    Record record = samples::refused_recipient();
    const auto address = MailAddress::from_envelope(text);
    record.transaction.sender = address;
    const auto read = record_from_json(to_json(record));
    ASSERT_TRUE(read) << json_string(text) << ' ' << render(read.problems());
    EXPECT_EQ(read->transaction.sender.value().local(), address.local()) << json_string(text);
    EXPECT_EQ(read->transaction.sender.value().domain(), address.domain()) << json_string(text);
  }
}

TEST(Record, IgnoresMembersOfLaterVersionsOfTheFormat) {
  const std::string line = to_json(samples::full());
  const std::string more = replaced(line, "{\"v\":1,", "{\"later\":[{\"a\":null}],\"v\":1,");
  const auto read = record_from_json(replaced(more, "\"client\":{", "\"client\":{\"asn\":64496,"));
  ASSERT_TRUE(read) << render(read.problems());
  EXPECT_EQ(to_json(*read), line);
}

TEST(Record, IsRefusedWhereverTheLineWasTorn) {
  const std::string line = to_json(samples::full());
  for (std::size_t length = 0; length < line.size(); ++length) {
    EXPECT_FALSE(record_from_json(std::string_view(line).substr(0, length))) << length;
  }
}

TEST(Record, NamesWhatIsWrongWithALine) {
  const std::string line = to_json(samples::full());
  using ::testing::HasSubstr;
  EXPECT_THAT(problem_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(problem_of("{}"), HasSubstr("v: is missing"));
  EXPECT_THAT(problem_of("\xff"), HasSubstr("torn or no JSON"));
  EXPECT_THAT(problem_of(replaced(line, "\"v\":1", "\"v\":2")), HasSubstr("newer"));
  EXPECT_THAT(problem_of(replaced(line, "\"kind\":\"decision\"", "\"kind\":\"x\"")),
              HasSubstr("kind"));
  EXPECT_THAT(problem_of(replaced(line, "\"kind\":\"decision\",", "")), HasSubstr("kind"));
  EXPECT_THAT(problem_of(replaced(line, "\"port\":40112", "\"port\":65536")), HasSubstr("port"));
  EXPECT_THAT(problem_of(replaced(line, "\"port\":40112", "\"port\":1.5")), HasSubstr("port"));
  EXPECT_THAT(problem_of(replaced(line, "\"extended_smtp\":true", "\"extended_smtp\":1")),
              HasSubstr("extended_smtp"));
  EXPECT_THAT(problem_of(replaced(line, "2026-11-21T", "2026-11-31T")), HasSubstr("time"));
  EXPECT_THAT(problem_of(replaced(line, "192.0.2.7", "192.0.2.777")), HasSubstr("IP address"));
  EXPECT_THAT(problem_of(replaced(line, "\"message-too-big\"", "\"no-such-reason\"")),
              HasSubstr("reason"));
  EXPECT_THAT(problem_of(replaced(line, "\"code\":5", "\"code\":4")), HasSubstr("reply"));
  EXPECT_THAT(problem_of(replaced(line, "\"trail\":[", "\"trail\":[7,")), HasSubstr("trail"));
}

TEST(Record, RefusesALineBeyondItsBounds) {
  const std::string line = to_json(samples::full());
  const std::string padding(longest_journal_line, ' ');
  EXPECT_FALSE(record_from_json(line + padding));
  EXPECT_TRUE(record_from_json(line + padding.substr(line.size())));
  EXPECT_FALSE(record_from_json(std::string(500'000, '[')));
  EXPECT_FALSE(
      record_from_json("{\"v\":1,\"x\":" + std::string(40, '[') + std::string(40, ']') + '}'));
}

// The examples of docs/journal-format.md, in their order.
std::vector<std::string> documented_examples() {
  const std::string page =
      samples::read_file(std::string(POSTERN_SOURCE_DIR) + "/docs/journal-format.md");
  const std::string fence = "```json\n";
  std::vector<std::string> examples;
  for (auto at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    at += fence.size();
    examples.push_back(page.substr(at, page.find("```", at) - at));
  }
  return examples;
}

TEST(JournalFormat, IsDocumentedWithTheLinesThatAreWritten) {
  const std::vector<Record> shown = {samples::blocked_client(), samples::repeated(),
                                     samples::joined()};
  const auto examples = documented_examples();
  ASSERT_EQ(examples.size(), shown.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto read = record_from_json(examples[i]);
    ASSERT_TRUE(read) << render(read.problems());
    EXPECT_EQ(to_json(*read), to_json(shown[i]));
  }
}

}  // namespace
}  // namespace postern

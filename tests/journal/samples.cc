#include "journal/samples.h"

#include "reply/compose.h"
#include "reply/render.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace postern::samples {
namespace {

using namespace std::chrono;

const ReplyIdentity identity{"mx1.example.org", "postmaster@example.org", ""};
const std::string digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

RulePlace place(std::string name, std::string file, unsigned line, Stage stage) {
  return {std::move(name), std::move(file), line, stage};
}

const RulePlace partners = place("partners are welcome", "postern.toml", 31, Stage::connect);
const RulePlace blocked = place("blocked networks", "rules/clients.toml", 4, Stage::connect);
const RulePlace sizes = place("no huge mail", "rules/content.toml", 9, Stage::end_of_message);
const RulePlace unknown_users =
    place("unknown recipients", "rules/recipients.toml", 12, Stage::rcpt);
const RulePlace first_contact =
    place("first contact waits", "rules/recipients.toml", 19, Stage::rcpt);

Evidence evidence(std::string name, std::string value) {
  return {std::move(name), std::move(value), {}};
}

Evidence table_hit(std::string name, std::string value, std::string file, unsigned line) {
  AnswerSource source;
  source.name = "table";
  source.file = std::move(file);
  source.line = line;
  return {std::move(name), std::move(value), std::move(source)};
}

Evidence table_miss(std::string name) { return table_hit(std::move(name), "", "", 0); }

TrailEntry entry(const RulePlace& rule, Truth truth, Verdict verdict, std::string reason = {},
                 TrailNote note = TrailNote::none, std::vector<Evidence> looked_at = {}) {
  TrailEntry result;
  result.rule = rule;
  result.truth = truth;
  result.note = note;
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.evidence = std::move(looked_at);
  return result;
}

Transaction transaction(Stage stage, Door door) {
  Transaction result;
  result.stage = stage;
  result.door = door;
  result.time = sys_days{year{2026} / November / 21} + hours{12} + minutes{55} + seconds{39} +
                microseconds{123456};
  result.reference = Reference::make(result.time, 5, 1);
  result.client.address = IpAddress::parse("192.0.2.7");
  result.client.port = 40112;
  result.client.name = std::string("mail.example.net");
  result.client.reverse_name = std::string("mail.example.net");
  result.server_address = "198.51.100.1";
  result.server_port = 25;
  result.tls.version = std::string("TLSv1.3");
  result.tls.cipher = std::string("TLS_AES_256_GCM_SHA384");
  result.tls.bits = 256;
  result.authentication.user = Told<std::string>::absent();
  result.authentication.mechanism = Told<std::string>::absent();
  result.helo = std::string("mail.example.net");
  result.extended_smtp = true;
  if (stage >= Stage::mail) {
    result.sender = MailAddress::from_envelope("<anna@example.net>");
    result.declared_size = 2048;
  }
  if (stage == Stage::rcpt) result.recipient = MailAddress::from_envelope("<bob@example.org>");
  if (door == Door::policy) {
    result.instance = "437b.6b009e9b.c35ad.0";
    result.policy_context = "recipient";
  } else {
    result.session = "s7Q2";
  }
  return result;
}

Record record(Stage stage, Door door) {
  Record result;
  result.host = identity.host;
  result.engine = "0.1.0";
  result.policy_digest = digest;
  result.transaction = transaction(stage, door);
  result.elapsed = microseconds{213};
  return result;
}

Reply reply_for(const Record& record, const Reason& reason, Stage spoken) {
  const auto stage = reply_stage(spoken);
  const auto form = form_at(reason, std::nullopt, stage);
  EXPECT_TRUE(form) << reason.id;
  auto reply = compose(reason, *form, stage, {}, field_values(record.transaction), identity,
                       record.transaction.reference);
  EXPECT_TRUE(reply) << render(reply.problems());
  return std::move(reply).value();
}

void refuse(Record& record, Verdict verdict, std::string_view reason, const RulePlace& rule,
            Stage spoken) {
  record.decision.verdict = verdict;
  record.decision.rule = rule;
  record.decision.reason = find_reason(reason);
  ASSERT_NE(record.decision.reason, nullptr);
  record.decision.reply = reply_for(record, *record.decision.reason, spoken);
  SentReply sent;
  sent.spoken = spoken;
  if (record.transaction.door == Door::policy) {
    const auto answer =
        render_for_policy(*record.decision.reply, *record.decision.reason, PolicyContext::recipient,
                          policy_prefix(PolicyContext::recipient, "<bob@example.org>"));
    sent.answer = "action=" + answer.action;
    sent.expected = {answer.expected};
    sent.condition = answer.condition;
  } else {
    const auto rendered = render_for_milter(*record.decision.reply, 0);
    sent.answer = rendered.code + ' ' + rendered.enhanced;
    for (const auto& line : rendered.lines) sent.answer += '\n' + line;
    sent.expected = rendered.expected;
  }
  record.sent = std::move(sent);
}

TrailEntry partners_say_no() {
  return entry(partners, Truth::no, Verdict::accept, {}, TrailNote::none,
               {evidence("client.ip", "192.0.2.7"), table_miss("partners")});
}

}  // namespace

Record full() {
  Record result = several_recipients();
  result.share = 20;
  result.decision.note = "why";
  result.decision.effects = {{EffectKind::add_header, "rule", "X-A", "value", {}},
                             {EffectKind::delay, "rule", "", "", milliseconds{1500}}};
  result.sent->effects = {{EffectState::failed, "because"}, {EffectState::waiting, ""}};
  result.decision.trail.front().effects = {"add_header X-A: value"};
  Transaction& transaction = result.transaction;
  transaction.authentication.user = std::string("anna");
  transaction.authentication.mechanism = std::string("PLAIN");
  transaction.client.reverse_name = Told<std::string>::absent();
  transaction.recipient = MailAddress::from_envelope("<bob@example.org>");
  transaction.instance = "437b.6b009e9b.c35ad.0";
  transaction.policy_context = "end";
  transaction.macros = {{"i", "5ALCtd1N001234"}, {"{auth_type}", "PLAIN"}};
  AnswerSource source;
  source.name = "network";
  source.file = "tables/users";
  source.line = 7;
  source.digest = digest;
  source.elapsed = microseconds{1500};
  source.age = std::chrono::seconds{17};
  source.mapped = "550 5.7.1";
  source.note = "until 2027-01-31: ticket 7";
  Answer found = Answer::found({"127.0.0.2", "127.0.0.4"});
  found.source = source;
  result.facts.add({QuestionKind::dns, "A", "7.2.0.192.zen.example", QuestionCost::free}, found);
  result.facts.add({QuestionKind::table, "users", "bob@example.org", QuestionCost::free},
                   Answer::nothing());
  result.facts.add({QuestionKind::store, "seen", "192.0.2.0/24", QuestionCost::costly},
                   Answer::unavailable("deadline"));
  result.decision.scope = AcceptScope::message;
  result.decision.softened_by = "partners are welcome";
  result.decision.softened_from = "client-blocked";
  result.decision.missing = QuestionKind::recipients;
  result.decision.trail.front().cause = "partners: the file could not be read";
  result.decision.trail.front().mode = RuleMode::shadow;
  result.decision.trail.front().evidence.push_back({"zen", "spam", source});
  result.sent->condition = "unless a later restriction rejects";
  result.spent = TimeSpent{microseconds{12}, microseconds{201}, microseconds{95}};
  return result;
}

Record refused_recipient() {
  Record result = record(Stage::rcpt, Door::policy);
  refuse(result, Verdict::reject, "rcpt-unknown", unknown_users, Stage::rcpt);
  result.decision.trail = {
      partners_say_no(),
      entry(blocked, Truth::no, Verdict::reject, "client-blocked", TrailNote::none,
            {evidence("client.ip", "192.0.2.7"), table_miss("bad_networks")}),
      entry(unknown_users, Truth::yes, Verdict::reject, "rcpt-unknown", TrailNote::none,
            {evidence("recipient", "bob@example.org"), table_miss("users")}),
      entry(first_contact, Truth::no, Verdict::defer, "greylisted", TrailNote::not_reached)};
  return result;
}

Record blocked_client() {
  Record result = record(Stage::rcpt, Door::milter);
  result.transaction.client.name = Told<std::string>::absent();
  result.transaction.client.reverse_name = std::string("dhcp-7.example.net");
  refuse(result, Verdict::reject, "client-blocked", blocked, Stage::rcpt);
  result.decision.trail = {
      partners_say_no(),
      entry(blocked, Truth::yes, Verdict::reject, "client-blocked", TrailNote::none,
            {evidence("client.ip", "192.0.2.7"),
             table_hit("bad_networks", "192.0.2.0/24", "tables/bad.cidr", 3)}),
      entry(unknown_users, Truth::no, Verdict::reject, "rcpt-unknown", TrailNote::not_reached)};
  return result;
}

Record worded_by_us() {
  Record result = blocked_client();
  const auto form = result.decision.reply->form();
  ReplyText text;
  text.sentence = "We do not accept this mail.";
  text.reference = "ref " + result.transaction.reference.text();
  const auto reply = Reply::make(ReplyStage::rcpt, form, text);
  EXPECT_TRUE(reply) << render(reply.problems());
  result.decision.reply = *reply;
  const auto rendered = render_for_milter(*result.decision.reply, 0);
  result.sent->answer = rendered.code + ' ' + rendered.enhanced;
  for (const auto& line : rendered.lines) result.sent->answer += '\n' + line;
  result.sent->expected = rendered.expected;
  return result;
}

Record refused_by_score() {
  Record result = record(Stage::rcpt, Door::policy);
  const auto junk = place("looks like junk", "rules/scores.toml", 20, Stage::rcpt);
  refuse(result, Verdict::reject, "spam", junk, Stage::rcpt);
  auto odd_name =
      entry(place("odd host name", "rules/scores.toml", 3, Stage::connect), Truth::yes,
            Verdict::pass, {}, TrailNote::none, {evidence("client.name", "mail.example.net")});
  odd_name.effects = {"add 2.5 to score.junk"};
  auto friendly = entry(place("known friends", "rules/scores.toml", 9, Stage::mail), Truth::no,
                        Verdict::pass, {}, TrailNote::none, {table_miss("friends")});
  friendly.effects = {"take 5 from score.junk"};
  auto young =
      entry(place("young domain", "rules/scores.toml", 14, Stage::mail), Truth::yes, Verdict::pass,
            {}, TrailNote::none, {evidence("sender.domain", "example.net")});
  young.effects = {"add 3 to score.junk"};
  result.decision.trail = {odd_name, friendly, young,
                           entry(junk, Truth::yes, Verdict::reject, "spam", TrailNote::none,
                                 {evidence("score.junk", "5.5")})};
  return result;
}

Record in_maintenance() {
  Record result = record(Stage::rcpt, Door::milter);
  const auto rule = place("maintenance", "/var/log/postern/maintenance", 1, Stage::connect);
  refuse(result, Verdict::defer, "shutdown", rule, Stage::rcpt);
  result.decision.trail = {entry(rule, Truth::yes, Verdict::defer, "shutdown"),
                           entry(partners, Truth::no, Verdict::accept, {}, TrailNote::not_reached)};
  return result;
}

Record in_trouble() {
  Record result = record(Stage::rcpt, Door::milter);
  refuse(result, Verdict::defer, "internal-error", partners, Stage::rcpt);
  result.decision.rule = std::nullopt;
  return result;
}

Record put_off() {
  Record result = record(Stage::rcpt, Door::policy);
  result.transaction.sender = MailAddress::from_envelope("<>");
  refuse(result, Verdict::defer, "greylisted", first_contact, Stage::rcpt);
  result.decision.trail = {partners_say_no(),
                           entry(first_contact, Truth::yes, Verdict::defer, "greylisted",
                                 TrailNote::none, {evidence("sender", "")})};
  return result;
}

Record softened() {
  Record result = record(Stage::rcpt, Door::policy);
  refuse(result, Verdict::defer, "dependency-down", blocked, Stage::rcpt);
  result.decision.softened_by = partners.name;
  result.decision.softened_from = "client-blocked";
  result.decision.missing = QuestionKind::table;
  auto unanswered = entry(partners, Truth::unavailable, Verdict::accept);
  unanswered.cause = "partners: deadline";
  result.decision.trail = {
      unanswered, entry(blocked, Truth::yes, Verdict::reject, "client-blocked", TrailNote::none,
                        {table_hit("bad_networks", "192.0.2.0/24", "tables/bad.cidr", 3)})};
  result.facts.add({QuestionKind::table, "partners", "192.0.2.7", QuestionCost::free},
                   Answer::unavailable("deadline"));
  return result;
}

Record softened_for_unknown_recipients() {
  Record result = record(Stage::end_of_message, Door::policy);
  result.transaction.recipient_count = 2;
  refuse(result, Verdict::defer, "policy-defer", sizes, Stage::end_of_message);
  result.decision.softened_by = first_contact.name;
  result.decision.softened_from = "message-too-big";
  result.decision.missing = QuestionKind::recipients;
  result.decision.trail = {
      partners_say_no(),
      entry(first_contact, Truth::no, Verdict::defer, "greylisted", TrailNote::recipients_unknown),
      entry(sizes, Truth::yes, Verdict::reject, "message-too-big", TrailNote::none,
            {evidence("size", "52428801")})};
  return result;
}

Record softened_for_a_recipient() {
  Record result = several_recipients();
  refuse(result, Verdict::defer, "dns-timeout", sizes, Stage::end_of_message);
  result.decision.softened_by = "friends";
  result.decision.softened_from = "message-too-big";
  result.decision.missing = QuestionKind::dns;
  const auto friends = place("friends", "rules/recipients.toml", 3, Stage::rcpt);
  result.decision.trail.insert(
      result.decision.trail.begin() + 1,
      entry(friends, Truth::no, Verdict::accept, {}, TrailNote::no_recipient));
  return result;
}

Record accepted() {
  Record result = record(Stage::rcpt, Door::milter);
  result.transaction.queue_id = "5ALCtd1N001234";
  result.transaction.authentication.user = std::string("anna");
  result.transaction.authentication.mechanism = std::string("PLAIN");
  result.decision.verdict = Verdict::accept;
  result.decision.scope = AcceptScope::session;
  result.decision.rule = partners;
  result.decision.trail = {
      entry(partners, Truth::yes, Verdict::accept, {}, TrailNote::none,
            {table_hit("partners", "192.0.2.0/28", "postern.toml", 18)}),
      entry(blocked, Truth::no, Verdict::reject, "client-blocked", TrailNote::settled)};
  return result;
}

Record watched_by_shadow() {
  Record result = record(Stage::rcpt, Door::policy);
  auto watching = entry(unknown_users, Truth::yes, Verdict::reject, "rcpt-unknown",
                        TrailNote::shadow, {table_miss("users")});
  watching.mode = RuleMode::shadow;
  const auto header_rule = place("no forged dates", "rules/content.toml", 3, Stage::end_of_headers);
  result.decision.trail = {
      partners_say_no(), watching,
      entry(header_rule, Truth::no, Verdict::reject, "policy-reject", TrailNote::not_at_this_door)};
  return result;
}

Record held_and_marked() {
  Record result = record(Stage::end_of_message, Door::milter);
  result.transaction.queue_id = "5ALCtd1N001234";
  result.transaction.recipient_count = 1;
  result.transaction.recipient = MailAddress::from_envelope("<bob@example.org>");
  const auto odd = place("odd attachments", "rules/content.toml", 20, Stage::end_of_message);
  const auto marks = place("marks strangers", "rules/clients.toml", 9, Stage::connect);
  result.decision.verdict = Verdict::quarantine;
  result.decision.rule = odd;
  result.decision.note = "an attachment that nobody sends";
  result.decision.effects = {{EffectKind::add_header, marks.name, "X-Client", "192.0.2.7", {}},
                             {EffectKind::remove_header, marks.name, "X-Spam-Flag", "", {}},
                             {EffectKind::tag, marks.name, "", "stranger", {}},
                             {EffectKind::warn, odd.name, "", "\"odd\" from mail.example.net", {}},
                             {EffectKind::delay, odd.name, "", "", milliseconds{500}}};
  result.decision.trail = {entry(marks, Truth::yes, Verdict::pass),
                           entry(odd, Truth::yes, Verdict::quarantine)};
  result.decision.trail[0].effects = {"add_header X-Client: {client_address}",
                                      "remove_header X-Spam-Flag", "tag stranger"};
  result.sent = SentReply{"quarantine an attachment that nobody sends (ref " +
                              result.transaction.reference.text() + ")",
                          {},
                          {},
                          Stage::end_of_message,
                          {{EffectState::done, ""},
                           {EffectState::failed, "the mail server refused it"},
                           {EffectState::done, ""},
                           {EffectState::done, ""},
                           {EffectState::failed, "as many answers as may were delayed already"}},
                          1};
  return result;
}

Record dropped() {
  Record result = record(Stage::rcpt, Door::policy);
  const auto loops = place("our own bounces", "rules/senders.toml", 7, Stage::mail);
  result.decision.verdict = Verdict::discard;
  result.decision.rule = loops;
  result.decision.note = "answers to our own bounces";
  result.decision.trail = {entry(loops, Truth::yes, Verdict::discard)};
  result.sent = SentReply{
      "action=DISCARD answers to our own bounces (ref " + result.transaction.reference.text() + ")",
      {},
      {},
      Stage::rcpt};
  return result;
}

Record several_recipients() {
  Record result = record(Stage::end_of_message, Door::milter);
  Transaction& transaction = result.transaction;
  transaction.queue_id = "5ALCtd1N001234";
  transaction.recipients = std::vector<AcceptedRecipient>{
      {MailAddress::from_envelope("<bob@example.org>"), false, "",
       HeldBack{"friends", HeldBack::Would::accept, QuestionKind::dns}},
      {MailAddress::from_envelope("<postmaster@example.org>"),
       true,
       "postmaster is reachable",
       {}}};
  transaction.recipient_count = 3;
  transaction.size = 52'428'801;
  refuse(result, Verdict::reject, "message-too-big", sizes, Stage::end_of_message);
  result.decision.trail = {
      partners_say_no(),
      entry(unknown_users, Truth::no, Verdict::reject, "rcpt-unknown", TrailNote::no_recipient),
      entry(sizes, Truth::yes, Verdict::reject, "message-too-big", TrailNote::none,
            {evidence("size", "52428801")})};
  return result;
}

Record repeated() {
  Record result = refused_recipient();
  result.kind = RecordKind::repeat;
  result.decision = {};
  result.elapsed = microseconds{9};
  return result;
}

Record joined() {
  Record result = record(Stage::data, Door::milter);
  result.kind = RecordKind::join;
  result.transaction.reference = {};
  result.transaction.queue_id = "5ALCtd1N001234";
  return result;
}

std::vector<std::pair<std::string, Record>> all_for_golden_files() {
  return {{"refused_recipient", refused_recipient()},
          {"blocked_client", blocked_client()},
          {"put_off", put_off()},
          {"softened", softened()},
          {"softened_for_unknown_recipients", softened_for_unknown_recipients()},
          {"softened_for_a_recipient", softened_for_a_recipient()},
          {"accepted", accepted()},
          {"watched_by_shadow", watched_by_shadow()},
          {"held_and_marked", held_and_marked()},
          {"dropped", dropped()},
          {"refused_by_score", refused_by_score()},
          {"worded_by_us", worded_by_us()},
          {"in_maintenance", in_maintenance()},
          {"in_trouble", in_trouble()},
          {"several_recipients", several_recipients()},
          {"repeated", repeated()},
          {"joined", joined()}};
}

Record with(Record base, unsigned sequence, std::string_view queue_id, std::string_view session,
            std::string_view instance) {
  const auto later = base.transaction.time + milliseconds{sequence / 256};
  base.transaction.reference = Reference::make(later, 5, sequence % 256);
  base.transaction.queue_id = queue_id;
  base.transaction.session = session;
  base.transaction.instance = instance;
  return base;
}

std::string any_octets(std::mt19937& random, std::size_t longest) {
  // Pieces that a careless writer or reader gets wrong.
  static const std::vector<std::string> special = {"\"",
                                                   "\\",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "\x7f",
                                                   "\xc2\x85",
                                                   "\xc3\xa4",
                                                   "\xe2\x80\xa8",
                                                   "\xf0\x9f\x93\xac",
                                                   "\xc0\xaf",
                                                   "\xed\xa0\x80",
                                                   "\xe0\x80\x80",
                                                   "\xf4\x90\x80\x80",
                                                   "\xff",
                                                   "\xf4\x8f\xba\x80",
                                                   "\xf4\x8f\xbb\xbf",
                                                   "\xf4\x8f\xba",
                                                   "\xf4\x8f",
                                                   "\\udbff\\ude80",
                                                   "\xc3"};
  std::uniform_int_distribution<std::size_t> length(0, longest);
  std::uniform_int_distribution<std::size_t> choice(0, special.size() * 2);
  std::uniform_int_distribution<int> octet(0, 255);
  std::string octets;
  for (auto left = length(random); left > 0; --left) {
    const auto chosen = choice(random);
    if (chosen < special.size()) {
      octets += special[chosen];
    } else {
      octets += static_cast<char>(octet(random));
    }
  }
  octets.resize(std::min(octets.size(), longest));
  return octets;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace postern::samples

#include "journal/json_writer.h"
#include "journal/record.h"
#include "journal/timestamp.h"

namespace postern {
namespace {

void write(JsonWriter& json, const std::string& text) { json.string(text); }
void write(JsonWriter& json, std::int64_t number) { json.number(number); }

// The domain never holds an '@', so local and domain are what stands before and after the last one.
// An address that is no such pair although it holds an '@' is written as an object.
void write(JsonWriter& json, const MailAddress& address) {
  if (!address.domain().empty() || address.local().find('@') == std::string::npos) {
    json.string(address.text());
    return;
  }
  json.begin_object();
  json.member("local", address.local());
  json.end_object();
}

void write(JsonWriter& json, const std::vector<AcceptedRecipient>& recipients) {
  json.begin_array();
  for (const auto& recipient : recipients) {
    json.begin_object();
    json.key("address");
    write(json, recipient.address);
    if (recipient.settled) json.key("settled").boolean(true);
    json.member_unless_empty("settled_by", recipient.settled_by);
    json.end_object();
  }
  json.end_array();
}

// Not told: no member; told to be absent: null.
template <typename T>
void member(JsonWriter& json, std::string_view name, const Told<T>& told) {
  if (told.is_told()) {
    json.key(name);
    write(json, told.value());
  } else if (told.is_absent()) {
    json.key(name).null();
  }
}

void write(JsonWriter& json, const Transaction& transaction) {
  json.begin_object();
  json.key("client").begin_object();
  if (transaction.client.address) json.member("address", transaction.client.address->text());
  if (transaction.client.port != 0) json.member("port", transaction.client.port);
  member(json, "name", transaction.client.name);
  member(json, "reverse_name", transaction.client.reverse_name);
  json.end_object();
  json.key("server").begin_object();
  json.member_unless_empty("address", transaction.server_address);
  if (transaction.server_port != 0) json.member("port", transaction.server_port);
  json.end_object();
  json.key("tls").begin_object();
  member(json, "version", transaction.tls.version);
  member(json, "cipher", transaction.tls.cipher);
  member(json, "bits", transaction.tls.bits);
  json.end_object();
  json.key("authentication").begin_object();
  member(json, "user", transaction.authentication.user);
  member(json, "mechanism", transaction.authentication.mechanism);
  json.end_object();
  member(json, "helo", transaction.helo);
  if (transaction.extended_smtp) json.key("extended_smtp").boolean(true);
  member(json, "sender", transaction.sender);
  member(json, "declared_size", transaction.declared_size);
  member(json, "recipient", transaction.recipient);
  member(json, "recipients", transaction.recipients);
  member(json, "recipient_count", transaction.recipient_count);
  member(json, "size", transaction.size);
  json.member_unless_empty("queue_id", transaction.queue_id);
  json.member_unless_empty("instance", transaction.instance);
  json.member_unless_empty("session", transaction.session);
  json.member_unless_empty("policy_context", transaction.policy_context);
  if (!transaction.macros.empty()) {
    json.key("macros").begin_object();
    for (const auto& [name, value] : transaction.macros) json.member(name, value);
    json.end_object();
  }
  json.end_object();
}

void member(JsonWriter& json, std::string_view name, const AnswerSource& source) {
  const bool empty = source.name.empty() && source.file.empty() && source.line == 0 &&
                     source.digest.empty() && source.elapsed.count() == 0;
  if (empty) return;
  json.key(name).begin_object();
  json.member_unless_empty("name", source.name);
  json.member_unless_empty("file", source.file);
  if (source.line != 0) json.member("line", source.line);
  json.member_unless_empty("digest", source.digest);
  if (source.elapsed.count() != 0) json.member("elapsed_us", source.elapsed.count());
  json.end_object();
}

void write(JsonWriter& json, const Facts& facts) {
  json.begin_array();
  for (const auto& [question, answer] : facts.all()) {
    json.begin_object();
    json.member("kind", to_text(question.kind));
    json.member("subject", question.subject);
    json.member("key", question.key);
    if (question.cost == QuestionCost::costly) json.key("costly").boolean(true);
    switch (answer.state) {
      case Answer::State::value:
        json.key("values").begin_array();
        for (const auto& value : answer.values) json.string(value);
        json.end_array();
        break;
      case Answer::State::empty:
        json.key("values").null();
        break;
      case Answer::State::unavailable:
        json.member("unavailable", answer.cause);
        break;
    }
    member(json, "source", answer.source);
    json.end_object();
  }
  json.end_array();
}

void write(JsonWriter& json, const RulePlace& place) {
  json.begin_object();
  json.member("name", place.name);
  json.member_unless_empty("file", place.file);
  if (place.line != 0) json.member("line", place.line);
  json.member("stage", to_text(place.stage));
  json.end_object();
}

void write(JsonWriter& json, const Reply& reply) {
  json.begin_object();
  json.member("stage", to_text(reply.stage()));
  json.member("code", reply.code().value());
  if (reply.enhanced()) json.member("enhanced", reply.enhanced()->text());
  const ReplyText& text = reply.text();
  json.key("text").begin_object();
  json.member("sentence", text.sentence);
  json.member_unless_empty("reference", text.reference);
  json.member_unless_empty("advice", text.advice);
  json.member_unless_empty("quote", text.quote);
  json.member_unless_empty("contact", text.contact);
  json.member_unless_empty("help", text.help);
  json.end_object();
  json.end_object();
}

void write(JsonWriter& json, const TrailEntry& entry) {
  json.begin_object();
  json.key("rule");
  write(json, entry.rule);
  json.member("truth", to_text(entry.truth));
  if (entry.note != TrailNote::none) json.member("note", to_text(entry.note));
  json.member("mode", to_text(entry.mode));
  json.member("verdict", to_text(entry.verdict));
  json.member_unless_empty("reason", entry.reason);
  json.member_unless_empty("cause", entry.cause);
  if (!entry.evidence.empty()) {
    json.key("evidence").begin_array();
    for (const auto& evidence : entry.evidence) {
      json.begin_object();
      json.member("name", evidence.name);
      json.member("value", evidence.value);
      member(json, "source", evidence.source);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void write(JsonWriter& json, const Decision& decision) {
  json.begin_object();
  json.member("verdict", to_text(decision.verdict));
  if (decision.scope) json.member("scope", to_text(*decision.scope));
  if (decision.rule) {
    json.key("rule");
    write(json, *decision.rule);
  }
  if (decision.reason != nullptr) json.member("reason", decision.reason->id);
  json.member_unless_empty("softened_by", decision.softened_by);
  json.member_unless_empty("softened_from", decision.softened_from);
  if (decision.reply) {
    json.key("reply");
    write(json, *decision.reply);
  }
  json.key("trail").begin_array();
  for (const auto& entry : decision.trail) write(json, entry);
  json.end_array();
  json.end_object();
}

void write(JsonWriter& json, const SentReply& sent) {
  json.begin_object();
  json.member("answer", sent.answer);
  json.key("expected").begin_array();
  for (const auto& line : sent.expected) json.string(line);
  json.end_array();
  json.member_unless_empty("condition", sent.condition);
  json.member("spoken", to_text(sent.spoken));
  json.end_object();
}

}  // namespace

std::string to_json(const Record& record) {
  std::string out;
  // A record of one recipient with a dozen rules; spares most of the growing.
  out.reserve(4096);
  JsonWriter json(out);
  json.begin_object();
  json.member("v", journal_format_version);
  json.member("kind", to_text(record.kind));
  json.member("ref",
              record.transaction.reference.empty() ? "" : record.transaction.reference.text());
  json.member("time", timestamp(record.transaction.time));
  json.member_unless_empty("host", record.host);
  json.member_unless_empty("engine", record.engine);
  json.member_unless_empty("policy", record.policy_digest);
  json.member("door", to_text(record.transaction.door));
  json.member("stage", to_text(record.transaction.stage));
  json.key("transaction");
  write(json, record.transaction);
  if (!record.facts.empty()) {
    json.key("facts");
    write(json, record.facts);
  }
  if (record.kind == RecordKind::decision) {
    json.key("decision");
    write(json, record.decision);
  }
  if (record.sent) {
    json.key("sent");
    write(json, *record.sent);
  }
  json.member("elapsed_us", record.elapsed.count());
  json.end_object();
  return out;
}

}  // namespace postern

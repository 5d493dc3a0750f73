#include "journal/json_writer.h"
#include "journal/record.h"
#include "journal/timestamp.h"

#include <algorithm>
#include <map>
#include <utility>

namespace postern {
namespace {

/// Whence an answer of a table comes.
constexpr std::string_view table_source = "table";

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

void write(JsonWriter& json, const HeldBack& held_back) {
  const auto& [rule, would, missing] = held_back;
  json.begin_object();
  json.member("rule", rule);
  json.member("would", to_text(would));
  json.member("missing", to_text(missing));
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
    if (recipient.held_back) {
      json.key("held_back");
      write(json, *recipient.held_back);
    }
    json.end_object();
  }
  json.end_array();
}

void write(JsonWriter& json, bool value) { json.boolean(value); }

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

// Structured bindings, here and below, so that a member added to one of these structures does not
// compile until the journal keeps it: a record without it could not be replayed.
void write(JsonWriter& json, const Transaction& transaction) {
  const auto& [stage, door, reference, time, utc_offset, client, server_address, server_port, tls,
               authentication, helo, extended_smtp, sender, declared_size, recipient, recipients,
               recipient_count, size, queue_id, instance, session, policy_context, macros] =
      transaction;
  json.begin_object();
  json.key("client").begin_object();
  if (client.address) json.member("address", client.address->text());
  if (client.port != 0) json.member("port", client.port);
  member(json, "name", client.name);
  member(json, "reverse_name", client.reverse_name);
  json.end_object();
  json.key("server").begin_object();
  json.member_unless_empty("address", server_address);
  if (server_port != 0) json.member("port", server_port);
  json.end_object();
  json.key("tls").begin_object();
  member(json, "version", tls.version);
  member(json, "cipher", tls.cipher);
  member(json, "bits", tls.bits);
  json.end_object();
  json.key("authentication").begin_object();
  member(json, "user", authentication.user);
  member(json, "mechanism", authentication.mechanism);
  json.end_object();
  member(json, "helo", helo);
  member(json, "extended_smtp", extended_smtp);
  member(json, "sender", sender);
  member(json, "declared_size", declared_size);
  member(json, "recipient", recipient);
  member(json, "recipients", recipients);
  member(json, "recipient_count", recipient_count);
  member(json, "size", size);
  if (utc_offset.count() != 0) json.member("utc_offset", utc_offset.count());
  json.member_unless_empty("queue_id", queue_id);
  json.member_unless_empty("instance", instance);
  json.member_unless_empty("session", session);
  json.member_unless_empty("policy_context", policy_context);
  if (!macros.empty()) {
    json.key("macros").begin_object();
    for (const auto& [name, value] : macros) json.member(name, value);
    json.end_object();
  }
  json.end_object();
}

void member(JsonWriter& json, std::string_view name, const AnswerSource& source) {
  const auto& [source_name, file, line, digest, elapsed, mapped, note, age] = source;
  const bool empty = source_name.empty() && file.empty() && line == 0 && digest.empty() &&
                     elapsed.count() == 0 && mapped.empty() && note.empty() && age.count() == 0;
  if (empty) return;
  json.key(name).begin_object();
  json.member_unless_empty("name", source_name);
  json.member_unless_empty("file", file);
  if (line != 0) json.member("line", line);
  json.member_unless_empty("digest", digest);
  if (elapsed.count() != 0) json.member("elapsed_us", elapsed.count());
  if (age.count() != 0) json.member("age_s", age.count());
  json.member_unless_empty("mapped", mapped);
  json.member_unless_empty("note", note);
  json.end_object();
}

/// What needs no more than the short form of tables; it is by far the most.
bool is_short(const Question& question, const Answer& answer) {
  const auto& source = answer.source;
  return question.kind == QuestionKind::table && question.cost == QuestionCost::free &&
         source.name == table_source && answer.state != Answer::State::unavailable &&
         answer.values.size() <= 1 && source.elapsed.count() == 0 && source.age.count() == 0 &&
         (answer.state == Answer::State::value || (source.file.empty() && source.line == 0 &&
                                                   source.mapped.empty() && source.note.empty()));
}

/// An entry that was found.
void write_found(JsonWriter& json, const Question& question, const Answer& answer) {
  const auto& source = answer.source;
  json.begin_object();
  json.member("key", question.key);
  json.member("value", answer.values.front());
  json.member_unless_empty("mapped", source.mapped);
  json.member_unless_empty("file", source.file);
  if (source.line != 0) json.member("line", source.line);
  json.member_unless_empty("note", source.note);
  json.end_object();
}

using FactsAt = std::map<Question, Answer>::const_iterator;

/// Look-ups in one table.
void write_table(JsonWriter& json, FactsAt begin, FactsAt end) {
  const auto write_list = [&](std::string_view name, Answer::State state, const auto& write_one) {
    bool any = false;
    for (auto at = begin; at != end; ++at) {
      if (at->second.state != state || !is_short(at->first, at->second)) continue;
      if (!std::exchange(any, true)) json.key(name).begin_array();
      write_one(*at);
    }
    if (any) json.end_array();
  };
  json.begin_object();
  json.member("name", begin->first.subject);
  json.member_unless_empty("digest", begin->second.source.digest);
  write_list("none", Answer::State::empty, [&](const auto& each) { json.string(each.first.key); });
  write_list("found", Answer::State::value,
             [&](const auto& each) { write_found(json, each.first, each.second); });
  json.end_object();
}

void write_tables(JsonWriter& json, const Facts& facts) {
  bool any = false;
  const auto& all = facts.all();
  // Tables sort first.
  for (auto at = all.begin(); at != all.end() && at->first.kind == QuestionKind::table;) {
    if (!is_short(at->first, at->second)) {
      ++at;
      continue;
    }
    const auto same = [&](const auto& each) {
      return is_short(each.first, each.second) && each.first.subject == at->first.subject &&
             each.second.source.digest == at->second.source.digest;
    };
    const auto end = std::find_if_not(at, all.end(), same);
    if (!std::exchange(any, true)) json.key("tables").begin_array();
    write_table(json, at, end);
    at = end;
  }
  if (any) json.end_array();
}

void write_facts(JsonWriter& json, const Facts& facts) {
  bool any = false;
  for (const auto& [question, answer] : facts.all()) {
    if (is_short(question, answer)) continue;
    if (!std::exchange(any, true)) json.key("facts").begin_array();
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
  if (any) json.end_array();
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
  const auto& [host, sentence, reference, advice, quote, contact, help] = reply.text();
  json.key("text").begin_object();
  json.member_unless_empty("host", host);
  json.member("sentence", sentence);
  json.member_unless_empty("reference", reference);
  json.member_unless_empty("advice", advice);
  json.member_unless_empty("quote", quote);
  json.member_unless_empty("contact", contact);
  json.member_unless_empty("help", help);
  json.end_object();
  json.end_object();
}

void write(JsonWriter& json, const TrailEntry& entry) {
  const auto& [rule, truth, note, mode, share, verdict, reason, cause, evidence_list, effects] =
      entry;
  json.begin_object();
  json.key("rule");
  write(json, rule);
  json.member("truth", to_text(truth));
  if (note != TrailNote::none) json.member("note", to_text(note));
  json.member("mode", to_text(mode));
  if (share != 0) json.member("share", static_cast<std::int64_t>(share));
  json.member("verdict", to_text(verdict));
  json.member_unless_empty("reason", reason);
  json.member_unless_empty("cause", cause);
  if (!evidence_list.empty()) {
    json.key("evidence").begin_array();
    for (const auto& [name, value, source] : evidence_list) {
      json.begin_object();
      json.member("name", name);
      json.member("value", value);
      member(json, "source", source);
      json.end_object();
    }
    json.end_array();
  }
  if (!effects.empty()) {
    json.key("effects").begin_array();
    for (const auto& effect : effects) json.string(effect);
    json.end_array();
  }
  json.end_object();
}

void write(JsonWriter& json, const Effect& effect) {
  const auto& [kind, rule, name, value, delay] = effect;
  json.begin_object();
  json.member("kind", to_text(kind));
  json.member("rule", rule);
  json.member_unless_empty("name", name);
  json.member_unless_empty("value", value);
  if (delay.count() != 0) json.member("delay_ms", delay.count());
  json.end_object();
}

void write(JsonWriter& json, const EffectFate& fate) {
  const auto& [state, why] = fate;
  json.begin_object();
  json.member("state", to_text(state));
  json.member_unless_empty("why", why);
  json.end_object();
}

template <typename T>
void member_unless_empty(JsonWriter& json, std::string_view name, const std::vector<T>& list) {
  if (list.empty()) return;
  json.key(name).begin_array();
  for (const auto& each : list) write(json, each);
  json.end_array();
}

void write(JsonWriter& json, const Decision& decision) {
  const auto& [verdict, scope, rule, reason, reply, softened_by, softened_from, missing, held_back,
               trail, trail_state, note, effects] = decision;
  json.begin_object();
  json.member("verdict", to_text(verdict));
  json.member_unless_empty("note", note);
  if (scope) json.member("scope", to_text(*scope));
  if (rule) {
    json.key("rule");
    write(json, *rule);
  }
  if (reason != nullptr) json.member("reason", reason->id);
  json.member_unless_empty("softened_by", softened_by);
  json.member_unless_empty("softened_from", softened_from);
  if (missing) json.member("missing", to_text(*missing));
  if (held_back) {
    json.key("held_back");
    write(json, *held_back);
  }
  if (reply) {
    json.key("reply");
    write(json, *reply);
  }
  member_unless_empty(json, "effects", effects);
  json.key("trail").begin_array();
  for (const auto& entry : trail) write(json, entry);
  json.end_array();
  json.end_object();
}

void write(JsonWriter& json, const SentReply& sent) {
  const auto& [answer, expected, condition, spoken, effects, forged_results] = sent;
  json.begin_object();
  json.member("answer", answer);
  json.key("expected").begin_array();
  for (const auto& line : expected) json.string(line);
  json.end_array();
  json.member_unless_empty("condition", condition);
  json.member("spoken", to_text(spoken));
  member_unless_empty(json, "effects", effects);
  if (forged_results > 0) json.member("forged_results", forged_results);
  json.end_object();
}

/// Nothing where all the time went into the rules.
void write_spent(JsonWriter& json, const Record& record) {
  if (!record.spent) return;
  const auto& [rules, waiting, afterwards] = *record.spent;
  json.key("spent").begin_object();
  json.member("rules_us", rules.count());
  json.member("waiting_us", waiting.count());
  if (afterwards.count() != 0) json.member("afterwards_us", afterwards.count());
  json.end_object();
}

}  // namespace

std::string to_json(const Record& record) {
  std::string out;
  // A record of one recipient with a dozen rules; spares most of the growing.
  out.reserve(4096);
  append_json(out, record);
  return out;
}

void append_json(std::string& out, const Record& record) {
  JsonWriter json(out);
  json.begin_object();
  json.member("v", journal_format_version);
  json.member("kind", to_text(record.kind));
  if (record.detail != RecordDetail::full) json.member("detail", to_text(record.detail));
  if (record.share != 0) json.member("share", static_cast<std::int64_t>(record.share));
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
  write_facts(json, record.facts);
  write_tables(json, record.facts);
  if (record.kind == RecordKind::decision) {
    json.key("decision");
    write(json, record.decision);
  }
  if (record.sent) {
    json.key("sent");
    write(json, *record.sent);
  }
  json.member("elapsed_us", record.elapsed.count());
  write_spent(json, record);
  json.end_object();
}

}  // namespace postern

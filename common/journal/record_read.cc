#include "journal/json_writer.h"
#include "journal/record.h"
#include "journal/timestamp.h"

#include <nlohmann/json.hpp>

#include <exception>
#include <initializer_list>
#include <limits>
#include <utility>

namespace postern {
namespace {

using Json = nlohmann::json;

// Our deepest member (decision.trail[].evidence[].source) lies seven levels down. The bound keeps a
// hostile line from costing more than its length.
constexpr int deepest_nesting = 32;

bool nests_too_deep(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest_nesting) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Remembers the first fault and goes on with defaults, so that the readers below need no early
// exits; the record is dropped as a whole in the end.
class Faults {
 public:
  void add(std::string_view member, std::string_view what) {
    if (first_.empty()) first_ = std::string(member) + ": " + std::string(what);
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

// One object of the record; a missing member, or a missing object, reads as the default.
class Object {
 public:
  Object(const Json* value, std::string_view name, Faults& faults) : faults_(faults) {
    if (value == nullptr) return;
    if (value->is_object()) {
      value_ = value;
    } else {
      faults.add(name, "is no object");
    }
  }

  const Json* find(const char* name) const {
    if (value_ == nullptr) return nullptr;
    const auto found = value_->find(name);
    return found == value_->end() ? nullptr : &*found;
  }
  Object object(const char* name) const { return {find(name), name, faults_}; }

  std::string text(const char* name) const {
    const Json* value = find(name);
    return value == nullptr ? std::string() : as_text(*value, name);
  }
  std::string as_text(const Json& value, const char* name) const {
    const auto* text = value.get_ptr<const Json::string_t*>();
    if (text != nullptr) return octets_from_json(*text);
    faults_.add(name, "is no string");
    return {};
  }

  template <typename Number>
  Number number(const char* name) const {
    const Json* value = find(name);
    return value == nullptr ? Number{} : as_number<Number>(*value, name);
  }
  template <typename Number>
  Number as_number(const Json& value, const char* name) const {
    if (const auto* natural = value.get_ptr<const Json::number_unsigned_t*>()) {
      if (std::in_range<Number>(*natural)) return static_cast<Number>(*natural);
    } else if (const auto* whole = value.get_ptr<const Json::number_integer_t*>()) {
      if (std::in_range<Number>(*whole)) return static_cast<Number>(*whole);
    }
    faults_.add(name, "is no whole number in range");
    return {};
  }

  bool flag(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (const auto* flag = value->get_ptr<const Json::boolean_t*>()) return *flag;
    faults_.add(name, "is neither true nor false");
    return false;
  }

  /// `parse` turns the text into an optional<T>; a member that must be there or is not understood
  /// is a fault.
  template <typename T, typename Parse>
  T word(const char* name, T otherwise, Parse parse) const {
    const Json* value = find(name);
    if (value == nullptr) {
      faults_.add(name, "is missing");
      return otherwise;
    }
    const std::string text = as_text(*value, name);
    if (const auto parsed = parse(std::string_view(text))) return *parsed;
    faults_.add(name, "is not a word this version knows: \"" + text + '"');
    return otherwise;
  }

  /// Calls `each` for the elements of a list; a missing list is empty.
  template <typename Each>
  void list(const char* name, Each each) const {
    const Json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_array()) {
      faults_.add(name, "is no list");
      return;
    }
    for (const auto& element : *value) each(element);
  }

  Faults& faults() const { return faults_; }

 private:
  const Json* value_ = nullptr;
  Faults& faults_;
};

template <typename Enum>
auto parser(std::initializer_list<Enum> all) {
  return [all](std::string_view text) -> std::optional<Enum> {
    for (const auto value : all) {
      if (to_text(value) == text) return value;
    }
    return std::nullopt;
  };
}

std::optional<RuleMode> mode_from_text(std::string_view text) {
  return parser({RuleMode::enforce, RuleMode::shadow})(text);
}

std::optional<TrailNote> note_from_text(std::string_view text) {
  return parser({TrailNote::none, TrailNote::not_reached, TrailNote::settled,
                 TrailNote::not_at_this_door, TrailNote::no_recipient,
                 TrailNote::recipients_unknown, TrailNote::local_submission, TrailNote::shadow,
                 TrailNote::expired})(text);
}

std::string quoted(const std::string& local) {
  std::string text = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

// from_envelope() is the only way to an address, so we hand it a spelling that gives back exactly
// these parts. The odd spellings are for what an MTA lets through although it is no address.
std::optional<MailAddress> address_of(const std::string& local, const std::string& domain) {
  const auto exact = [&](const std::string& text) -> std::optional<MailAddress> {
    auto address = MailAddress::from_envelope(text);
    if (address.local() == local && address.domain() == domain) return address;
    return std::nullopt;
  };
  if (domain.empty()) {
    if (local.empty()) return MailAddress();
    return exact(quoted(local));
  }
  for (const std::string_view end : {"", "."}) {
    for (const auto& spelling : {quoted(local), local, "@x:" + local}) {
      std::string text = "<";
      text.append(spelling).append("@").append(domain).append(end).append(">");
      if (auto address = exact(text)) return address;
    }
  }
  return std::nullopt;
}

MailAddress read_address(const Json& value, const char* name, const Object& parent) {
  std::optional<MailAddress> address;
  if (value.is_object()) {
    address = address_of(Object(&value, name, parent.faults()).text("local"), {});
  } else {
    const std::string text = parent.as_text(value, name);
    const auto at = text.rfind('@');
    address = at == std::string::npos ? address_of(text, {})
                                      : address_of(text.substr(0, at), text.substr(at + 1));
  }
  if (address) return *address;
  parent.faults().add(name, "is not an address in normal form");
  return {};
}

// Missing: not told. null: the MTA said that there is none.
template <typename T, typename Read>
Told<T> read_told(const Object& parent, const char* name, Read read) {
  const Json* value = parent.find(name);
  if (value == nullptr) return {};
  if (value->is_null()) return Told<T>::absent();
  return Told<T>(read(*value));
}

Told<std::string> told_text(const Object& parent, const char* name) {
  return read_told<std::string>(parent, name,
                                [&](const Json& value) { return parent.as_text(value, name); });
}

Told<std::int64_t> told_number(const Object& parent, const char* name) {
  return read_told<std::int64_t>(
      parent, name, [&](const Json& value) { return parent.as_number<std::int64_t>(value, name); });
}

Told<bool> told_flag(const Object& parent, const char* name) {
  return read_told<bool>(parent, name, [&](const Json&) { return parent.flag(name); });
}

Told<MailAddress> told_address(const Object& parent, const char* name) {
  return read_told<MailAddress>(
      parent, name, [&](const Json& value) { return read_address(value, name, parent); });
}

std::optional<HeldBack> read_held_back(const Object& parent) {
  if (parent.find("held_back") == nullptr) return std::nullopt;
  const Object from = parent.object("held_back");
  return HeldBack{from.text("rule"), from.word("would", HeldBack::Would::accept, would_from_text),
                  from.word("missing", QuestionKind::sample, question_kind_from_text)};
}

std::vector<AcceptedRecipient> read_recipients(const Object& parent) {
  std::vector<AcceptedRecipient> recipients;
  parent.list("recipients", [&](const Json& element) {
    const Object object(&element, "recipients", parent.faults());
    AcceptedRecipient recipient;
    if (const Json* address = object.find("address")) {
      recipient.address = read_address(*address, "address", object);
    }
    recipient.settled = object.flag("settled");
    recipient.settled_by = object.text("settled_by");
    recipient.held_back = read_held_back(object);
    recipients.push_back(std::move(recipient));
  });
  return recipients;
}

void read_transaction(const Object& from, Transaction& transaction) {
  const Object client = from.object("client");
  if (const std::string address = client.text("address"); !address.empty()) {
    transaction.client.address = IpAddress::parse(address);
    if (!transaction.client.address) from.faults().add("client.address", "is no IP address");
  }
  transaction.client.port = client.number<std::uint16_t>("port");
  transaction.client.name = told_text(client, "name");
  transaction.client.reverse_name = told_text(client, "reverse_name");
  const Object server = from.object("server");
  transaction.server_address = server.text("address");
  transaction.server_port = server.number<std::uint16_t>("port");
  const Object tls = from.object("tls");
  transaction.tls.version = told_text(tls, "version");
  transaction.tls.cipher = told_text(tls, "cipher");
  transaction.tls.bits = told_number(tls, "bits");
  const Object authentication = from.object("authentication");
  transaction.authentication.user = told_text(authentication, "user");
  transaction.authentication.mechanism = told_text(authentication, "mechanism");
  transaction.helo = told_text(from, "helo");
  transaction.extended_smtp = told_flag(from, "extended_smtp");
  transaction.sender = told_address(from, "sender");
  transaction.declared_size = told_number(from, "declared_size");
  transaction.recipient = told_address(from, "recipient");
  transaction.recipients = read_told<std::vector<AcceptedRecipient>>(
      from, "recipients", [&](const Json&) { return read_recipients(from); });
  transaction.recipient_count = told_number(from, "recipient_count");
  transaction.size = told_number(from, "size");
  transaction.utc_offset = std::chrono::seconds(from.number<std::int32_t>("utc_offset"));
  transaction.queue_id = from.text("queue_id");
  transaction.instance = from.text("instance");
  transaction.session = from.text("session");
  transaction.policy_context = from.text("policy_context");
  if (const Json* macros = from.find("macros"); macros != nullptr && macros->is_object()) {
    for (const auto& [name, value] : macros->items()) {
      transaction.macros.emplace(octets_from_json(name), from.as_text(value, "macros"));
    }
  } else if (macros != nullptr) {
    from.faults().add("macros", "is no object");
  }
}

AnswerSource read_source(const Object& parent) {
  const Object from = parent.object("source");
  AnswerSource source;
  source.name = from.text("name");
  source.file = from.text("file");
  source.line = from.number<unsigned>("line");
  source.digest = from.text("digest");
  source.elapsed = std::chrono::microseconds(from.number<std::int64_t>("elapsed_us"));
  source.mapped = from.text("mapped");
  source.note = from.text("note");
  return source;
}

Answer read_answer(const Object& from) {
  Answer answer;
  if (from.find("unavailable") != nullptr) {
    answer = Answer::unavailable(from.text("unavailable"));
  } else if (const Json* values = from.find("values"); values != nullptr && !values->is_null()) {
    std::vector<std::string> found;
    from.list("values", [&](const Json& value) { found.push_back(from.as_text(value, "values")); });
    if (found.empty()) from.faults().add("values", "has no value");
    answer = Answer::found(std::move(found));
  }
  answer.source = read_source(from);
  return answer;
}

void read_facts(const Object& parent, Facts& facts) {
  parent.list("facts", [&](const Json& element) {
    const Object from(&element, "facts", parent.faults());
    Question question;
    question.kind = from.word("kind", QuestionKind::sample, question_kind_from_text);
    question.subject = from.text("subject");
    question.key = from.text("key");
    question.cost = from.flag("costly") ? QuestionCost::costly : QuestionCost::free;
    facts.add(std::move(question), read_answer(from));
  });
}

RulePlace read_place(const Object& from) {
  RulePlace place;
  place.name = from.text("name");
  place.file = from.text("file");
  place.line = from.number<unsigned>("line");
  place.stage = from.word("stage", Stage::connect, stage_from_text);
  return place;
}

TrailEntry read_trail_entry(const Object& from) {
  TrailEntry entry;
  entry.rule = read_place(from.object("rule"));
  entry.truth = from.word("truth", Truth::no, truth_from_text);
  if (from.find("note") != nullptr) {
    entry.note = from.word("note", TrailNote::none, note_from_text);
  }
  entry.mode = from.word("mode", RuleMode::enforce, mode_from_text);
  if (from.find("share") != nullptr) entry.share = from.number<unsigned>("share");
  entry.verdict = from.word("verdict", Verdict::pass, verdict_from_text);
  entry.reason = from.text("reason");
  entry.cause = from.text("cause");
  from.list("evidence", [&](const Json& element) {
    const Object evidence(&element, "evidence", from.faults());
    entry.evidence.push_back(
        {evidence.text("name"), evidence.text("value"), read_source(evidence)});
  });
  from.list("effects", [&](const Json& element) {
    entry.effects.push_back(from.as_text(element, "effects"));
  });
  return entry;
}

std::optional<Reply> read_reply(const Object& from) {
  const auto stage = from.word("stage", ReplyStage::rcpt, reply_stage_from_text);
  const auto code = ReplyCode::from(from.number<int>("code"));
  std::optional<EnhancedCode> enhanced;
  if (const std::string text = from.text("enhanced"); !text.empty()) {
    enhanced = EnhancedCode::parse(text);
    if (!enhanced) from.faults().add("reply.enhanced", "is not registered: " + text);
  }
  if (!code) {
    from.faults().add("reply.code", "is not registered");
    return std::nullopt;
  }
  const Object parts = from.object("text");
  ReplyText text;
  text.host = parts.text("host");
  text.sentence = parts.text("sentence");
  text.reference = parts.text("reference");
  text.advice = parts.text("advice");
  text.quote = parts.text("quote");
  text.contact = parts.text("contact");
  text.help = parts.text("help");
  auto reply = Reply::make(stage, ReplyForm{*code, enhanced}, std::move(text));
  if (reply) return std::move(reply).value();
  const auto& problems = reply.problems();
  from.faults().add("reply", problems.empty() ? "is not legal" : problems.front().message);
  return std::nullopt;
}

Effect read_effect(const Object& from) {
  Effect effect;
  effect.kind = from.word("kind", EffectKind::tag, effect_kind_from_text);
  effect.rule = from.text("rule");
  effect.name = from.text("name");
  effect.value = from.text("value");
  effect.delay = std::chrono::milliseconds(from.number<std::int64_t>("delay_ms"));
  return effect;
}

void read_decision(const Object& from, Decision& decision) {
  decision.verdict = from.word("verdict", Verdict::pass, verdict_from_text);
  if (from.find("scope") != nullptr) {
    decision.scope = from.word("scope", AcceptScope::stage, accept_scope_from_text);
  }
  if (from.find("rule") != nullptr) decision.rule = read_place(from.object("rule"));
  if (const std::string reason = from.text("reason"); !reason.empty()) {
    decision.reason = find_reason(reason);
    if (decision.reason == nullptr) from.faults().add("reason", "is not in the catalogue");
  }
  if (from.find("reply") != nullptr) decision.reply = read_reply(from.object("reply"));
  decision.softened_by = from.text("softened_by");
  decision.softened_from = from.text("softened_from");
  if (from.find("missing") != nullptr) {
    decision.missing = from.word("missing", QuestionKind::sample, question_kind_from_text);
  }
  decision.held_back = read_held_back(from);
  decision.note = from.text("note");
  from.list("effects", [&](const Json& element) {
    decision.effects.push_back(read_effect(Object(&element, "effects", from.faults())));
  });
  from.list("trail", [&](const Json& element) {
    decision.trail.push_back(read_trail_entry(Object(&element, "trail", from.faults())));
  });
}

SentReply read_sent(const Object& from) {
  SentReply sent;
  sent.answer = from.text("answer");
  from.list("expected",
            [&](const Json& line) { sent.expected.push_back(from.as_text(line, "expected")); });
  sent.condition = from.text("condition");
  sent.spoken = from.word("spoken", Stage::connect, stage_from_text);
  from.list("effects", [&](const Json& element) {
    const Object fate(&element, "effects", from.faults());
    sent.effects.push_back(
        {fate.word("state", EffectState::waiting, effect_state_from_text), fate.text("why")});
  });
  return sent;
}

Record read_record(const Object& from) {
  Record record;
  const auto version = from.number<int>("v");
  if (version < 1) {
    from.faults().add("v", "is missing: no record of Postern's journal");
  } else if (version > journal_format_version) {
    from.faults().add("v", "is newer than this program understands");
  }
  record.kind = from.word("kind", RecordKind::decision, record_kind_from_text);
  if (from.find("detail") != nullptr) {
    record.detail = from.word("detail", RecordDetail::full, record_detail_from_text);
  }
  Transaction& transaction = record.transaction;
  if (const std::string reference = from.text("ref"); !reference.empty()) {
    const auto parsed = Reference::parse(reference);
    if (parsed) transaction.reference = *parsed;
    if (!parsed) from.faults().add("ref", "is no reference");
  }
  transaction.time = from.word("time", transaction.time, timestamp_from_text);
  record.host = from.text("host");
  record.engine = from.text("engine");
  record.policy_digest = from.text("policy");
  transaction.door = from.word("door", Door::library, door_from_text);
  transaction.stage = from.word("stage", Stage::connect, stage_from_text);
  read_transaction(from.object("transaction"), transaction);
  read_facts(from, record.facts);
  if (record.kind == RecordKind::decision) {
    if (from.find("decision") == nullptr) from.faults().add("decision", "is missing");
    read_decision(from.object("decision"), record.decision);
  }
  if (from.find("sent") != nullptr) record.sent = read_sent(from.object("sent"));
  record.elapsed = std::chrono::microseconds(from.number<std::int64_t>("elapsed_us"));
  return record;
}

Result<Record> unreadable(std::string message) {
  return plain_problem("this line is no journal record: " + std::move(message));
}

}  // namespace

Result<Record> record_from_json(std::string_view line) {
  if (line.size() > longest_journal_line) return unreadable("it is longer than a record can be");
  if (nests_too_deep(line)) return unreadable("it is nested too deep");
  // The parser is told not to throw; memory can still run out.
  try {
    const Json json = Json::parse(line.begin(), line.end(), nullptr, false);
    if (json.is_discarded()) return unreadable("it is torn or no JSON");
    if (!json.is_object()) return unreadable("it is no JSON object");
    Faults faults;
    Record record = read_record(Object(&json, "record", faults));
    if (!faults.first().empty()) return unreadable(faults.first());
    return record;
  } catch (const std::exception& trouble) {
    return unreadable(trouble.what());
  }
}

}  // namespace postern

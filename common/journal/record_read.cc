#include "journal/json_object.h"
#include "journal/record.h"
#include "journal/record_parser.h"
#include "journal/record_parts.h"
#include "journal/timestamp.h"

#include <exception>
#include <new>
#include <utility>

namespace postern {
namespace {

// Our deepest member (decision.trail[].evidence[].source) lies seven levels down. The bound keeps a
// hostile line from costing more than its length.
constexpr std::size_t deepest_nesting = 32;

Answer read_answer(const JsonObject& from) {
  Answer answer;
  if (from.has("unavailable")) {
    answer = Answer::unavailable(from.text("unavailable"));
  } else if (const auto values = from.find("values"); values && !values->is_null()) {
    std::vector<std::string> found;
    from.list("values",
              [&](const JsonValue& value) { found.push_back(from.as_text(value, "values")); });
    if (found.empty()) from.faults().add("values", "has no value");
    answer = Answer::found(std::move(found));
  }
  answer.source = read_source(from);
  return answer;
}

void read_facts(const JsonObject& parent, Facts& facts) {
  parent.list("facts", [&](const JsonValue& element) {
    const JsonObject from(element, "facts", parent.faults());
    Question question;
    question.kind = from.word("kind", QuestionKind::sample, question_kind_from_text);
    question.subject = from.text("subject");
    question.key = from.text("key");
    question.cost = from.flag("costly") ? QuestionCost::costly : QuestionCost::free;
    facts.add(std::move(question), read_answer(from));
  });
}

/// The short form of answers of tables.
void read_tables(const JsonObject& parent, Facts& facts) {
  parent.list("tables", [&](const JsonValue& element) {
    const JsonObject table(element, "tables", parent.faults());
    const auto add = [&](std::string key, Answer answer) {
      answer.source.name = "table";
      answer.source.digest = table.text("digest");
      facts.add({QuestionKind::table, table.text("name"), std::move(key), QuestionCost::free},
                std::move(answer));
    };
    table.list("none",
               [&](const JsonValue& key) { add(table.as_text(key, "none"), Answer::nothing()); });
    table.list("found", [&](const JsonValue& each) {
      const JsonObject entry(each, "found", table.faults());
      auto answer = Answer::found({entry.text("value")});
      answer.source.mapped = entry.text("mapped");
      answer.source.file = entry.text("file");
      answer.source.line = entry.number<unsigned>("line");
      answer.source.note = entry.text("note");
      add(entry.text("key"), std::move(answer));
    });
  });
}

SentReply read_sent(const JsonObject& from) {
  SentReply sent;
  sent.answer = from.text("answer");
  from.list("expected", [&](const JsonValue& line) {
    sent.expected.push_back(from.as_text(line, "expected"));
  });
  sent.condition = from.text("condition");
  sent.spoken = from.word("spoken", Stage::connect, stage_from_text);
  from.list("effects", [&](const JsonValue& element) {
    const JsonObject fate(element, "effects", from.faults());
    sent.effects.push_back(
        {fate.word("state", EffectState::waiting, effect_state_from_text), fate.text("why")});
  });
  if (from.has("forged_results")) sent.forged_results = from.number<unsigned>("forged_results");
  return sent;
}

Record read_record(const JsonObject& from) {
  Record record;
  const auto version = from.number<int>("v");
  if (version < 1) {
    from.faults().add("v", "is missing: no record of Postern's journal");
  } else if (version > journal_format_version) {
    from.faults().add("v", "is newer than this program understands");
  }
  record.kind = from.word("kind", RecordKind::decision, record_kind_from_text);
  if (from.has("detail")) {
    record.detail = from.word("detail", RecordDetail::full, record_detail_from_text);
  }
  if (from.has("share")) {
    record.share = from.number<unsigned>("share");
    if (record.share == 0 || record.share > 99) from.faults().add("share", "is no percentage");
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
  read_tables(from, record.facts);
  if (record.kind == RecordKind::decision) {
    if (!from.has("decision")) from.faults().add("decision", "is missing");
    read_decision(from.object("decision"), record.decision);
  }
  if (from.has("sent")) record.sent = read_sent(from.object("sent"));
  record.elapsed = std::chrono::microseconds(from.number<std::int64_t>("elapsed_us"));
  if (from.has("spent")) {
    const auto spent = from.object("spent");
    const auto part = [&spent](const char* name) {
      return std::chrono::microseconds(spent.number<std::int64_t>(name));
    };
    record.spent = TimeSpent{part("rules_us"), part("waiting_us"), part("afterwards_us")};
  }
  return record;
}

Result<Record> unreadable(std::string message) {
  return plain_problem("this line is no journal record: " + std::move(message));
}

}  // namespace

struct RecordParser::State {
  simdjson::dom::parser parser{longest_journal_line};
  bool whole = false;
};

RecordParser::RecordParser() : state_(std::make_unique<State>()) {}
RecordParser::~RecordParser() = default;
RecordParser::RecordParser(RecordParser&&) noexcept = default;
RecordParser& RecordParser::operator=(RecordParser&&) noexcept = default;

Result<Record> RecordParser::parse(std::string_view line) {
  state_->whole = false;
  if (line.size() > longest_journal_line) return unreadable("it is longer than a record can be");
  try {
    auto& parser = state_->parser;
    if (parser.capacity() < line.size() || parser.max_depth() != deepest_nesting) {
      if (parser.allocate(line.size(), deepest_nesting) != simdjson::SUCCESS) {
        throw std::bad_alloc();
      }
    }
    JsonValue json;
    const auto error = parser.parse(line.data(), line.size()).get(json);
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    if (error == simdjson::DEPTH_ERROR) return unreadable("it is nested too deep");
    if (error != simdjson::SUCCESS) return unreadable("it is torn or no JSON");
    if (!json.is_object()) return unreadable("it is no JSON object");
    state_->whole = true;
    Faults faults;
    Record record = read_record(JsonObject(json, "record", faults));
    if (!faults.first().empty()) return unreadable(faults.first());
    return record;
  } catch (const std::exception& trouble) {
    return unreadable(trouble.what());
  }
}

bool RecordParser::was_whole() const noexcept { return state_->whole; }

Result<Record> record_from_json(std::string_view line) { return RecordParser().parse(line); }

}  // namespace postern

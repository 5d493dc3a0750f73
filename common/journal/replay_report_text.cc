#include "journal/json_writer.h"
#include "journal/replay_report.h"
#include "model/text.h"
#include "model/time_text.h"

#include <utility>

namespace postern {
namespace {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string times(std::uint64_t count) {
  return count == 1 ? std::string("once") : grouped(count) + " times";
}

std::string of_rule(const std::string& rule) {
  return rule.empty() ? std::string("no rule") : "rule " + quoted(rule);
}

void append_example(std::string& text, const ReplayExample& example) {
  text += "      " + example.reference + "  " + utc_text(example.time);
  if (!example.client.empty()) text += "  " + example.client;
  if (!example.sender.empty()) text += "  from " + example.sender;
  if (!example.recipient.empty()) text += "  to " + example.recipient;
  text += '\n';
}

void append_line(std::string& text, std::uint64_t count, std::string_view what) {
  const auto number = grouped(count);
  constexpr std::size_t width = 13;
  text.append(number.size() < width ? width - number.size() : 0, ' ');
  text += number + "  ";
  text += what;
  text += '\n';
}

void append_groups(std::string& text, const ReplayReport& report) {
  bool said = false;
  for (const auto& group : report.groups()) {
    const bool changes = group.outcome_before != group.outcome_after;
    if (!changes && !said) {
      text += "\nThe same outcome, decided by another rule\n";
      said = true;
    }
    text += "\n  " + times(group.count) + "  ";
    if (changes) {
      text += group.outcome_before + "  ->  " + group.outcome_after + "\n    was " +
              of_rule(group.rule_before) + ", would be " + of_rule(group.rule_after) + '\n';
    } else {
      text += group.outcome_before + ": " + of_rule(group.rule_before) + "  ->  " +
              of_rule(group.rule_after) + '\n';
    }
    for (const auto& example : group.examples) append_example(text, example);
  }
}

void append_undecided(std::string& text, const ReplayReport& report) {
  if (report.counts().undecided == 0) return;
  text += "\nCannot be decided, because the answer was never asked for\n";
  for (const auto& [what, count] : report.lacking()) append_line(text, count, what);
  for (const auto& example : report.undecided()) append_example(text, example);
}

void append_contradictions(std::string& text, const ReplayReport& report) {
  if (report.contradictions().empty()) return;
  text +=
      "\nNot what the policy of the record decides: the record was altered, or Postern is at "
      "fault\n";
  for (const auto& contradiction : report.contradictions()) {
    append_example(text, contradiction.example);
    for (const auto& difference : contradiction.differences) {
      text += "        " + difference.what + ": recorded " + difference.recorded +
              ", decided again " + difference.replayed + '\n';
    }
  }
}

void write_example(JsonWriter& json, const ReplayExample& example) {
  json.begin_object();
  json.member("ref", example.reference);
  json.member("time", utc_text(example.time, Precision::microseconds));
  json.member_unless_empty("client", example.client);
  json.member_unless_empty("sender", example.sender);
  json.member_unless_empty("recipient", example.recipient);
  json.end_object();
}

void write_examples(JsonWriter& json, const std::vector<ReplayExample>& examples) {
  json.key("examples").begin_array();
  for (const auto& example : examples) write_example(json, example);
  json.end_array();
}

void write_side(JsonWriter& json, std::string_view name, const std::string& rule,
                const std::string& outcome) {
  json.key(name).begin_object();
  json.member_unless_empty("rule", rule);
  json.member("outcome", outcome);
  json.end_object();
}

std::int64_t as_signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

}  // namespace

std::string to_text(const ReplayReport& report) {
  const auto& counts = report.counts();
  std::string text;
  append_line(text, counts.decisions, counts.decisions == 1 ? "decision" : "decisions");
  append_line(text, counts.equal, "decided alike");
  if (counts.other_rule > 0) append_line(text, counts.other_rule, "alike, but by another rule");
  append_line(text, counts.changed, "changed");
  const std::pair<std::uint64_t, const char*> kinds[] = {
      {counts.new_rejects, "  of these newly refused for good"},
      {counts.new_defers, "  of these newly put off"},
      {counts.let_in, "  of these newly let in"}};
  for (const auto& [count, what] : kinds) {
    if (count > 0) append_line(text, count, what);
  }
  if (counts.undecided > 0) append_line(text, counts.undecided, "cannot be decided");
  if (counts.contradictions > 0) {
    append_line(text, counts.contradictions, "not as their own policy decides");
  }
  append_contradictions(text, report);
  append_groups(text, report);
  append_undecided(text, report);
  return text;
}

std::string to_json(const ReplayReport& report) {
  const auto& counts = report.counts();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const std::pair<const char*, std::uint64_t> numbers[] = {
      {"decisions", counts.decisions},
      {"equal", counts.equal},
      {"other_rule", counts.other_rule},
      {"changed", counts.changed},
      {"new_rejects", counts.new_rejects},
      {"new_defers", counts.new_defers},
      {"let_in", counts.let_in},
      {"undecided", counts.undecided},
      {"contradictions", counts.contradictions}};
  for (const auto& [name, count] : numbers) json.member(name, as_signed(count));
  json.key("groups").begin_array();
  for (const auto& group : report.groups()) {
    json.begin_object();
    json.member("count", as_signed(group.count));
    write_side(json, "before", group.rule_before, group.outcome_before);
    write_side(json, "after", group.rule_after, group.outcome_after);
    write_examples(json, group.examples);
    json.end_object();
  }
  json.end_array();
  json.key("lacking").begin_object();
  for (const auto& [what, count] : report.lacking()) json.member(what, as_signed(count));
  json.end_object();
  json.key("undecided_examples").begin_array();
  for (const auto& example : report.undecided()) write_example(json, example);
  json.end_array();
  json.key("contradicting").begin_array();
  for (const auto& contradiction : report.contradictions()) {
    json.begin_object();
    json.key("record");
    write_example(json, contradiction.example);
    json.key("differences").begin_array();
    for (const auto& difference : contradiction.differences) {
      json.begin_object();
      json.member("what", difference.what);
      json.member("recorded", difference.recorded);
      json.member("replayed", difference.replayed);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out + '\n';
}

}  // namespace postern

#include "journal/json_writer.h"
#include "journal/replay_report.h"
#include "model/text.h"
#include "model/time_text.h"
#include "tables/entries.h"

#include <utility>

namespace postern {
namespace {

std::string times(std::uint64_t count) {
  return count == 1 ? std::string("once") : grouped(count) + " times";
}

std::string of_rule(const std::string& rule) {
  return rule.empty() ? std::string("no rule") : "rule " + quoted(rule);
}

void append_example(std::string& text, const ReplayExample& example) {
  auto line = example.reference + "  " + utc_text(example.time);
  if (!example.client.empty()) line += "  " + example.client;
  if (!example.sender.empty()) line += "  from " + example.sender;
  if (!example.recipient.empty()) line += "  to " + example.recipient;
  text += "      " + clean_for_terminal(line) + '\n';
}

void append_line(std::string& text, std::uint64_t count, std::string_view what) {
  const auto number = grouped(count);
  constexpr std::size_t width = 13;
  text.append(number.size() < width ? width - number.size() : 0, ' ');
  text += number + "  ";
  text += what;
  text += '\n';
}

void append_changes(std::string& text, const ReplayChanges& changes) {
  append_line(text, changes.equal, "decided alike");
  if (changes.other_rule > 0) append_line(text, changes.other_rule, "alike, but by another rule");
  append_line(text, changes.changed, "changed");
  const std::pair<std::uint64_t, const char*> kinds[] = {
      {changes.new_rejects, "  of these newly refused for good"},
      {changes.new_defers, "  of these newly put off"},
      {changes.new_holds, "  of these newly held"},
      {changes.let_in, "  of these newly let in"},
      {changes.let_on, "  of these let on to rules of later stages, which may refuse them"}};
  for (const auto& [count, what] : kinds) {
    if (count > 0) append_line(text, count, what);
  }
  if (changes.by_tables > 0) {
    append_line(text, changes.by_tables,
                "as the rules of then decide too with the tables of today");
  }
}

void append_group(std::string& text, const ReplayGroup& group) {
  text += "\n  " + times(group.count) + "  ";
  if (group.outcome_before != group.outcome_after) {
    text += group.outcome_before + "  ->  " + group.outcome_after + "\n    was " +
            of_rule(group.rule_before) + ", would be " + of_rule(group.rule_after) + '\n';
  } else {
    text += group.outcome_before + ": " + of_rule(group.rule_before) + "  ->  " +
            of_rule(group.rule_after) + '\n';
  }
  if (group.by_tables > 0) {
    text += "    the rules of then would do it too, with the tables of today: " +
            times(group.by_tables) + '\n';
  }
  for (const auto& example : group.examples) append_example(text, example);
}

void append_groups(std::string& text, const ReplayReport& report) {
  bool said_same = false;
  bool said_today = false;
  for (const auto& group : report.groups()) {
    const bool today = group.basis == ReplayBasis::today;
    if (today && !said_today) {
      text += "\nOn answers of today, which may not be those of then\n";
      said_today = true;
      said_same = false;
    }
    if (group.outcome_before == group.outcome_after && !said_same) {
      text += "\nThe same outcome, decided by another rule\n";
      said_same = true;
    }
    append_group(text, group);
  }
  if (report.ungrouped() > 0) {
    text += "\n  " + times(report.ungrouped()) + "  in further ways, too many to list\n";
  }
}

void append_undecided(std::string& text, const ReplayReport& report) {
  if (report.counts().undecided == 0) return;
  text += "\nCannot be decided, for the record does not tell\n";
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
      text += "        " + difference.what + ": recorded " +
              clean_for_terminal(difference.recorded) + ", decided again " +
              clean_for_terminal(difference.replayed) + '\n';
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

/// Of which such changes are counted.
std::uint64_t decisions_of(const ReplayChanges& changes) {
  return changes.equal + changes.other_rule + changes.changed;
}

std::int64_t as_signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

void write_changes(JsonWriter& json, const ReplayChanges& changes) {
  const std::pair<const char*, std::uint64_t> numbers[] = {
      {"equal", changes.equal},           {"other_rule", changes.other_rule},
      {"changed", changes.changed},       {"new_rejects", changes.new_rejects},
      {"new_defers", changes.new_defers}, {"new_holds", changes.new_holds},
      {"let_in", changes.let_in},         {"let_on", changes.let_on},
      {"by_tables", changes.by_tables}};
  for (const auto& [name, count] : numbers) json.member(name, as_signed(count));
}

void write_gates(JsonWriter& json, const std::vector<ReplayGate>& gates) {
  json.key("gates").begin_array();
  for (const auto& [name, why] : gates) {
    json.begin_object();
    json.member("gate", name);
    json.key("open").boolean(why.empty());
    json.member_unless_empty("why", why);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string to_text(const ReplayReport& report) {
  const auto& counts = report.counts();
  std::string text;
  std::string what = counts.decisions == 1 ? "decision" : "decisions";
  if (counts.decisions > 0) {
    what += ", " + utc_text(report.first()) + " to " + utc_text(report.last());
  }
  append_line(text, counts.decisions, what);
  append_changes(text, counts);
  if (counts.undecided > 0) append_line(text, counts.undecided, "cannot be decided");
  if (counts.in_trouble > 0) {
    append_line(text, counts.in_trouble, "put off for trouble of our own, by no policy");
  }
  if (counts.contradictions > 0) {
    append_line(text, counts.contradictions, "not as their own policy decides");
  }
  if (const auto on_today = decisions_of(counts.today); on_today > 0) {
    text += '\n';
    append_line(text, on_today, "more on answers of today, which may not be those of then");
    append_changes(text, counts.today);
  }
  append_contradictions(text, report);
  append_groups(text, report);
  append_undecided(text, report);
  return text;
}

std::string to_json(const ReplayReport& report, const std::vector<ReplayGate>& gates) {
  const auto& counts = report.counts();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("decisions", as_signed(counts.decisions));
  if (counts.decisions > 0) {
    json.member("first", utc_text(report.first(), Precision::microseconds));
    json.member("last", utc_text(report.last(), Precision::microseconds));
  }
  write_changes(json, counts);
  json.member("undecided", as_signed(counts.undecided));
  json.member("own_trouble", as_signed(counts.in_trouble));
  json.member("contradictions", as_signed(counts.contradictions));
  if (decisions_of(counts.today) > 0) {
    json.key("answered_today").begin_object();
    write_changes(json, counts.today);
    json.end_object();
  }
  json.key("groups").begin_array();
  for (const auto& group : report.groups()) {
    json.begin_object();
    json.member("count", as_signed(group.count));
    if (group.by_tables > 0) json.member("by_tables", as_signed(group.by_tables));
    if (group.basis == ReplayBasis::today) json.key("answered_today").boolean(true);
    write_side(json, "before", group.rule_before, group.outcome_before);
    write_side(json, "after", group.rule_after, group.outcome_after);
    write_examples(json, group.examples);
    json.end_object();
  }
  json.end_array();
  if (report.ungrouped() > 0) json.member("ungrouped", as_signed(report.ungrouped()));
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
  if (!gates.empty()) write_gates(json, gates);
  json.end_object();
  return out + '\n';
}

}  // namespace postern

// Values of maps: {map.NAME} in a text, as the code, and as what is added to a score.

#include "model/text.h"
#include "reply/compose.h"
#include "rules/loader.h"
#include "rules/program.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace postern {
namespace {

constexpr std::string_view prefix = "map.";

/// The part of a string's value that `what` stands in, else all of it.
Span span_of(const Node& value, std::string_view what) {
  const auto at = value.string.find(what);
  return at == std::string::npos ? value.span : value.part(at, what.size());
}

/// True if `condition` looks up different things in `map`.
bool has_several_keys(const Condition& condition, std::string_view map) {
  const expression::Test* first = nullptr;
  for (const auto& test : condition.program().tests) {
    if (test.comparison != expression::Comparison::in_table || test.table_name != map) continue;
    if (first == nullptr) first = &test;
    if (test.name != first->name || test.macro != first->macro) return true;
  }
  return false;
}

}  // namespace

/// Reported at `by` when there is no such map. One that did not load has no entries and no faults.
const Table* RuleCompiler::find_map(std::string_view name, const Span& by) const {
  const auto found = tables_.tables.find(name);
  if (found == tables_.tables.end()) {
    if (unread_ != Unread::nothing) return nullptr;
    std::vector<std::string> known;
    for (const auto& [table, content] : tables_.tables) {
      if (content != nullptr && content->kind() == TableKind::map) known.push_back(table);
    }
    values_.diagnostics().error(
        by, "there is no map " + quoted(name),
        nearest_hint(name, known,
                     "a map is a section [table." + std::string(name) + "] with kind = \"map\""));
    return nullptr;
  }
  const auto* table = found->second.get();
  if (table == nullptr) return nullptr;
  if (table->kind() == TableKind::map) return table;
  values_.diagnostics().error(by,
                              "table " + quoted(name) + " is of kind " +
                                  quoted(to_text(table->kind())) + ", whose entries have no values",
                              "make it one of kind = \"map\"");
  return nullptr;
}

/// Faults in the values of a map, at the map's own lines.
void RuleCompiler::report(const Table& map, TableFaults& faults) const {
  auto problems = faults.take();
  const auto loaded = tables_.loaded.find(map.name());
  if (loaded != tables_.loaded.end()) {
    if (const auto text = sources_.known_text(loaded->second.path)) {
      add_source_lines(problems, loaded->second.path, *text);
    }
  }
  for (auto& problem : problems) values_.diagnostics().add(std::move(problem));
}

void RuleCompiler::check_map_codes(const Node& source, const Action& action,
                                   const std::optional<Condition>& condition) const {
  const auto& value = source.find("code")->value;
  const auto* map = find_map(action.code_map, value.span);
  if (map == nullptr) return;
  if (condition && condition->looks_up(action.code_map) == Condition::LookUp::never) {
    values_.diagnostics().error(
        value.span,
        "the condition looks nothing up in " + quoted(action.code_map) + ", so there is no value",
        "as in when = 'sender in " + action.code_map + "'");
    return;
  }
  if (action.reason == nullptr) return;
  const auto forms = allowed_forms(*action.reason);
  const bool temporary = action.verdict == Verdict::defer;
  std::vector<std::string> good;
  for (const auto& form : forms) {
    // A 551 names the new address, which is another one for each entry (RFC 5321 3.4).
    const bool of_class = (form.code.first_digit() == 4) == temporary;
    if (of_class && form.code.value() != 551) good.push_back(form.text());
  }
  const auto is_good = [&](std::string_view text) {
    const auto form = ReplyForm::parse(text);
    return form && std::find(good.begin(), good.end(), form->text()) != good.end();
  };
  // A million entries have few codes among them.
  std::map<std::string_view, bool> known;
  TableFaults faults;
  for (std::size_t i = 0; i < map->size(); ++i) {
    const auto code = map->value_of(i);
    auto seen = known.find(code);
    if (seen == known.end()) seen = known.emplace(code, is_good(code)).first;
    if (seen->second) continue;
    faults.add(entry_problem(map->entries(), i,
                             quote_for_log(code, 40) + " is not a reply with which " +
                                 quoted(action.reason->id) +
                                 (temporary ? " refuses for now" : " refuses for good"),
                             "the rule at " + place_text(source.span) +
                                 " takes its code from here; it may be " + list_text(good)));
  }
  report(*map, faults);
}

std::vector<std::string> RuleCompiler::check_map_texts(
    const Node& source, const std::optional<Condition>& condition) const {
  std::vector<std::string> maps;
  const auto* member = source.find("text");
  if (member == nullptr || member->value.kind != Node::Kind::string) return maps;
  const auto& text = member->value.string;
  for (const auto field : fields_of(text)) {
    if (!field.starts_with(prefix)) continue;
    const auto name = field.substr(prefix.size());
    // What is no table at all has been reported with the other fields.
    if (tables_.tables.find(name) == tables_.tables.end()) continue;
    const auto span = span_of(member->value, field);
    const auto* map = find_map(name, span);
    if (map == nullptr) continue;
    if (condition && condition->looks_up(name) == Condition::LookUp::never) {
      values_.diagnostics().error(
          span, "the condition looks nothing up in " + quoted(name) + ", so there is no value",
          "as in when = 'sender in " + std::string(name) + "'");
      continue;
    }
    maps.emplace_back(name);
    const auto room = room_for(text, field);
    TableFaults faults;
    for (std::size_t i = 0; i < map->size(); ++i) {
      const auto value = map->value_of(i);
      const auto forbidden = find_forbidden(value);
      if (forbidden < value.size()) {
        const char c = value[forbidden];
        faults.add(
            entry_problem(map->entries(), i,
                          c == ';' || c == ':'
                              ? "its value goes into a reply, and MTA logs cut replies at '" +
                                    std::string(1, c) + "'"
                              : "its value goes into a reply, and replies are printable ASCII only "
                                "(RFC 5321 4.2)",
                          "the rule at " + place_text(source.span) + " says it; use other words"));
      } else if (value.size() > room) {
        faults.add(
            entry_problem(map->entries(), i,
                          "its value has " + std::to_string(value.size()) +
                              " octets, and the reply has room for " + std::to_string(room),
                          "the rule at " + place_text(source.span) + " says it; shorten it"));
      }
    }
    report(*map, faults);
  }
  return maps;
}

std::vector<ScorePoints> RuleCompiler::check_map_points(
    const Node& source, std::vector<ScorePoints> scores,
    const std::optional<Condition>& condition) const {
  auto& diagnostics = values_.diagnostics();
  std::map<std::string, std::shared_ptr<const MapPoints>, std::less<>> known;
  for (auto& added : scores) {
    if (!added.from || added.from->of != MapPoints::Of::map) continue;
    const auto& name = added.from->map;
    if (const auto seen = known.find(name); seen != known.end()) {
      added.from = seen->second;
      continue;
    }
    known.emplace(name, added.from);
    const auto& value = source.find("score")->value.find(added.score)->value;
    const auto span = span_of(value, "map." + name);
    const auto* map = find_map(name, span);
    if (map == nullptr || !condition) continue;
    if (condition->looks_up(name) == Condition::LookUp::never) {
      diagnostics.error(
          span, "the condition looks nothing up in " + quoted(name) + ", so there is no value",
          "as in when = 'sender in " + name + "'");
      continue;
    }
    if (has_several_keys(*condition, name)) {
      diagnostics.error(span,
                        "the condition looks several things up in " + quoted(name) +
                            ", and only one can be added",
                        "make it one rule for each");
      continue;
    }
    MapPoints points{name, condition->look_up(name)};
    TableFaults faults;
    for (std::size_t i = 0; i < map->size(); ++i) {
      const auto text = map->value_of(i);
      if (const auto number = added_points_from_text(text)) {
        points.least = std::min(points.least, *number);
        points.most = std::max(points.most, *number);
        continue;
      }
      faults.add(entry_problem(
          map->entries(), i,
          quoted(quote_for_log(text, 40)) + " is no number that can be added to a score",
          "the rule at " + place_text(source.span) + " adds it; " + std::string(points_allowed)));
    }
    report(*map, faults);
    known[name] = added.from = std::make_shared<const MapPoints>(std::move(points));
  }
  return scores;
}

}  // namespace postern

#include "rules/resolve.h"

#include "checks/geo_check.h"
#include "model/text.h"
#include "postern/reason.h"
#include "rules/check_weights.h"
#include "rules/program.h"
#include "rules/schema.h"
#include "tables/table.h"

#include <algorithm>

namespace postern::expression {
namespace {

/// A check speaks of whatever the stage it waits for brings; that is as close as can be told.
Subjects subjects_at(Stage earliest) {
  Subjects subjects;
  subjects.sender = earliest >= Stage::mail;
  subjects.recipient = earliest >= Stage::rcpt;
  subjects.content = earliest >= Stage::end_of_headers;
  return subjects;
}

Subjects subjects_of_macro(std::string_view macro) {
  Subjects subjects;
  subjects.sender = macro.substr(0, 5) == "mail_";
  subjects.recipient = macro.substr(0, 5) == "rcpt_";
  subjects.size = macro == "i";
  return subjects;
}

}  // namespace

void Resolver::problem(std::size_t offset, std::size_t length, std::string message,
                       std::string hint) {
  problems_.push_back(
      {offset, std::max<std::size_t>(length, 1), std::move(message), std::move(hint)});
}

void Resolver::problem(const Node& node, std::string message, std::string hint) {
  problem(node.offset, node.length, std::move(message), std::move(hint));
}

void Resolver::warning(const Node& node, std::string message, std::string hint) {
  warnings_.push_back(
      {node.offset, std::max<std::size_t>(node.length, 1), std::move(message), std::move(hint)});
}

std::optional<Operand> Resolver::operand(const Node& node, const Operand* wanted) {
  Operand result;
  if (node.kind == NodeKind::macro) {
    result.row = &row_of(Name::macro);
    result.macro = node.text;
    // Both spellings are in use: {auth_type} in sendmail.cf, auth_type in most tables.
    if (result.macro.size() > 2 && result.macro.front() == '{' && result.macro.back() == '}') {
      result.macro = result.macro.substr(1, result.macro.size() - 2);
    }
    result.spelling = "macro(" + quoted(result.macro) + ")";
    if (result.macro.empty()) {
      problem(node, "a macro has a name", "write macro(\"daemon_name\")");
      return std::nullopt;
    }
    use(node, result.spelling, earliest_of_macro(result.macro), latest_of_macro(result.macro),
        subjects_of_macro(result.macro));
    return result;
  }
  result.spelling = node.text;
  if (scope_.further != nullptr) {
    if (const auto* further = scope_.further->find(node.text)) {
      result.further = further;
      result.row = &further->row;
      result.type = further->row.type;
      return result;
    }
  }
  constexpr std::string_view of_score = "score.";
  if (node.text.starts_with(of_score)) {
    if (scope_.further != nullptr) {
      problem(node, "scores are known while rules are asked, not afterwards",
              "ask for the rule that tests it, as in rule == \"spam\"");
      return std::nullopt;
    }
    result.score = node.text.substr(of_score.size());
    result.type = ValueType::number;
    if (!use_score(node, result.score)) return std::nullopt;
    return result;
  }
  if (const auto* row = node.text == "macro" ? nullptr : find_name(node.text)) {
    result.row = row;
    result.type = row->type;
    names_.push_back({row->name, node.offset, node.length, row->kind});
    use(node, row->name, row->earliest, row->latest, row->subjects);
    return result;
  }
  if (scope_.checks) {
    if (auto check = scope_.checks->find(node.text)) {
      const auto& description = check->description();
      use(node, node.text, description.earliest, description.latest,
          subjects_at(description.earliest));
      result.check = std::move(check);
      result.type = ValueType::choice;
      return result;
    }
  }
  if (scope_.checks && node.text.ends_with(weight_ending)) {
    const auto name =
        std::string_view(node.text).substr(0, node.text.size() - weight_ending.size());
    if (auto check = scope_.checks->find(name)) {
      const auto& description = check->description();
      if (description.weights.empty()) {
        problem(node, "nothing that " + quoted(name) + " finds has a weight",
                "write weight = { ... } in its section, as { " + description.values.front() +
                    " = 2.5 }; lists have weights");
        return std::nullopt;
      }
      use(node, node.text, description.earliest, description.latest,
          subjects_at(description.earliest));
      result.check = std::move(check);
      result.type = ValueType::number;
      return result;
    }
  }
  unknown(node, wanted);
  return std::nullopt;
}

std::optional<std::shared_ptr<const Condition>> Resolver::condition(const Node& node) const {
  if (node.kind != NodeKind::name || !scope_.conditions) return std::nullopt;
  const auto found = scope_.conditions->find(node.text);
  if (found == scope_.conditions->end()) return std::nullopt;
  return found->second;
}

void Resolver::use(const Node& node, const Program& condition) {
  use(node, node.text, condition.earliest, condition.latest, condition.subjects);
  for (const auto& name : condition.names) {
    names_.push_back({name.name, node.offset, node.length, name.kind});
  }
  for (const auto& score : condition.scores) use_score(node, score);
}

/// False, and reported, if no rule so far adds to it.
bool Resolver::use_score(const Node& node, const std::string& score) {
  if (std::find(scores_.begin(), scores_.end(), score) == scores_.end()) scores_.push_back(score);
  if (!scope_.scores) return true;
  const auto found = scope_.scores->find(score);
  if (found == scope_.scores->end()) {
    std::vector<std::string> known;
    for (const auto& [name, content] : *scope_.scores) known.push_back(name);
    const auto nearest = nearest_name(score, known);
    problem(node, "no rule before this one adds to the score " + quoted(score),
            nearest.empty() ? "an earlier rule adds to it with score = { " + score + " = 1 }"
                            : "did you mean " + quoted("score." + nearest) + "?");
    return false;
  }
  const auto& known = found->second;
  use(node, "score." + score, known.earliest, Stage::end_of_message, known.subjects);
  for (const auto& name : known.names) {
    names_.push_back({name.name, node.offset, node.length, name.kind});
  }
  return true;
}

Stage Resolver::latest() const {
  auto latest = Stage::end_of_message;
  for (const auto& limited : limited_) latest = std::min(latest, limited.latest);
  return latest;
}

void Resolver::unknown(const Node& node, const Operand* wanted) {
  const auto& word = node.text;
  if (word == "macro") {
    problem(node, "macro takes the name of one macro", "write macro(\"daemon_name\")");
    return;
  }
  if (wanted && wanted->type == ValueType::choice) {
    const auto& words = wanted->words();
    if (std::find(words.begin(), words.end(), word) != words.end()) {
      problem(node, "unknown name " + quoted(word),
              "a value stands between quotes, " + quoted(word));
      return;
    }
  }
  if (scope_.conditions && scope_.conditions->find(word) != scope_.conditions->end()) {
    problem(node, quoted(word) + " is a condition, which cannot be compared",
            "write " + word + " or not " + word);
    return;
  }
  if (scope_.tables && scope_.tables->find(word) != scope_.tables->end()) {
    problem(node, quoted(word) + " is a table, which cannot be compared",
            "ask whether something is in it, as client.ip in " + word);
    return;
  }
  if (word == "score") {
    problem(node, "a score has a name", "write score.NAME, as score.spam");
    return;
  }
  for (const auto fact : geo_facts) {
    if (word != geo_check_name(fact)) continue;
    const std::string key(to_text(fact));
    problem(node, quoted(word) + " is known from a file, which is not named",
            "write [geo] with " + key + " = \"...\", the path of a file in MaxMind's format");
    return;
  }
  if (word == "dnsbl" || word == "dnswl") {
    problem(node, quoted(word) + " is a kind of check, not one by itself",
            "a list gets a name by a section [check.NAME] with kind = " + quoted(word));
    return;
  }
  if (is_name_to_come(word)) {
    problem(node, quoted(word) + ' ' + std::string(not_built),
            "conditions look at what the mail server tells, at tables and at DNS, so far");
    return;
  }
  std::vector<std::string> known;
  for (const auto& row : all_names()) {
    if (row.id != Name::macro) known.emplace_back(row.name);
  }
  if (scope_.further) {
    for (const auto& further : scope_.further->all) known.emplace_back(further.row.name);
  }
  if (scope_.checks) {
    for (const auto& [name, check] : scope_.checks->all()) known.push_back(name);
  }
  if (scope_.conditions) {
    for (const auto& [name, condition] : *scope_.conditions) known.push_back(name);
  }
  const auto nearest = nearest_name(word, known);
  std::string hint = nearest.empty() ? "" : "did you mean " + quoted(nearest) + "?";
  if (nearest.empty() && wanted) {
    hint = "a value stands between quotes, " + quoted(word);
  } else if (nearest.empty() && scope_.further) {
    hint = scope_.further->unknown_hint;
  }
  problem(node, "unknown name " + quoted(word), std::move(hint));
}

std::optional<std::shared_ptr<const Table>> Resolver::table(const Node& node) {
  if (scope_.tables) {
    const auto found = scope_.tables->find(node.text);
    if (found != scope_.tables->end()) return found->second;
  }
  const auto* further = scope_.further ? scope_.further->find(node.text) : nullptr;
  const auto* row = further ? &further->row : find_name(node.text);
  if (row || (scope_.checks && scope_.checks->find(node.text))) {
    const bool several =
        row && (row->type == ValueType::addresses || row->type == ValueType::texts);
    problem(node, quoted(node.text) + " is no table and no list", several ? "" : "compare with ==");
    return std::nullopt;
  }
  if (scope_.more_tables) return std::shared_ptr<const Table>{};
  std::vector<std::string> known;
  if (scope_.tables) {
    for (const auto& [name, table] : *scope_.tables) known.push_back(name);
  }
  const auto nearest = nearest_name(node.text, known);
  std::string hint = "a table is made by a section [table." + node.text + "]";
  if (!nearest.empty()) {
    hint = "did you mean " + quoted(nearest) + "?";
  } else if (scope_.further) {
    hint = scope_.further->table_hint;
  }
  problem(node, "unknown table " + quoted(node.text), std::move(hint));
  return std::nullopt;
}

/// The first stage from `earliest` on at which the rule may refuse; nothing when there is none.
std::optional<Stage> Resolver::stage_for(Stage earliest) const {
  if (scope_.reason == nullptr) return earliest;
  for (auto i = static_cast<std::size_t>(earliest); i < stage_count; ++i) {
    if (may_stand_at(*scope_.reason, static_cast<Stage>(i))) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

void Resolver::use(const Node& node, std::string_view name, Stage earliest, Stage latest,
                   const Subjects& subjects) {
  subjects_.sender |= subjects.sender;
  subjects_.recipient |= subjects.recipient;
  subjects_.size |= subjects.size;
  subjects_.octets |= subjects.octets;
  subjects_.content |= subjects.content;
  if (scope_.stage && *scope_.stage < earliest) {
    const std::string from(postern::to_text(earliest));
    const auto fitting = stage_for(earliest);
    problem(node,
            quoted(name) + " is known from " + from + " on, but the rule stands at " +
                std::string(postern::to_text(*scope_.stage)),
            fitting
                ? "write stage = " + quoted(postern::to_text(*fitting)) + ", or leave the stage out"
                : "a refusal that may stand at " + quoted(from) + " can look at it; " +
                      quoted(scope_.reason->id) + " may not");
  }
  if (latest != Stage::end_of_message) {
    limited_.push_back({node.offset, node.length, std::string(name), latest});
  }
  if (earliest > earliest_) {
    earliest_ = earliest;
    earliest_name_ = name;
  }
}

/// What to do about a name that is asked for too late.
std::string Resolver::hint_for(const Limited& limited) const {
  const bool macro = limited.name.starts_with("macro(");
  const bool condition =
      scope_.conditions && scope_.conditions->find(limited.name) != scope_.conditions->end();
  if (!macro && !condition) return "later stages have \"recipients\", all that were not refused";
  if (earliest_ > limited.latest) return "make it two rules, one for each stage";
  if (macro) return "write stage = \"rcpt\"; a message may have several recipients";
  return "write stage = " + quoted(postern::to_text(limited.latest));
}

void Resolver::check_stages() {
  if (scope_.further) return;
  const auto asked = scope_.stage.value_or(earliest_);
  for (const auto& limited : limited_) {
    if (asked <= limited.latest) continue;
    // A name that comes too late for its rule has been reported already.
    const auto why = scope_.stage
                         ? "the rule stands at " + std::string(postern::to_text(*scope_.stage))
                         : quoted(earliest_name_) + " only from " +
                               std::string(postern::to_text(earliest_)) + " on";
    problem(limited.offset, limited.length,
            quoted(limited.name) + " is known at " + std::string(postern::to_text(limited.latest)) +
                " alone, " + (scope_.stage ? "but " : "") + why,
            hint_for(limited));
  }
}

}  // namespace postern::expression

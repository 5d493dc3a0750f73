// Rulesets of postfwd: macros are replaced, each rule becomes one of ours or is left out whole,
// because a rule without one of its items would catch more mail than it did.

#include "import/conditions.h"
#include "import/parts.h"
#include "import/postfwd_items.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace postern::importer {
namespace {

/// Octets of one rule with its macros replaced; a macro that holds others may grow without bound.
constexpr std::size_t longest_rule = std::size_t{64} << 10U;
constexpr unsigned deepest_macro = 16;

/// Rules and macros as postfwd joins their lines: what begins with white space or '}' goes on, and
/// so does what ends in a backslash.
std::vector<Statement> statements_of(std::string_view text) {
  std::vector<Statement> statements;
  unsigned number = 0;
  bool joined = false;
  bool inside = false;  // the braces of a macro
  while (!text.empty()) {
    ++number;
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string content;
    for (const char c : line.substr(0, line.find('#'))) {
      if (c != '"') content += c;
    }
    const bool goes_on = joined || inside ||
                         (!content.empty() && (content.front() == ' ' || content.front() == '\t' ||
                                               content.front() == '}'));
    auto words = std::string(trimmed(content));
    joined = !words.empty() && words.back() == '\\';
    if (joined) words.pop_back();
    if (words.empty()) continue;
    for (const char c : words) {
      if (c == '{') inside = true;
      if (c == '}') inside = false;
    }
    if (goes_on && !statements.empty()) {
      statements.back().text += " ; " + words;
    } else {
      statements.push_back({number, words});
    }
    // A pattern may hold braces; only a macro's stay open.
    if (!statements.back().text.starts_with("&&")) inside = false;
  }
  return statements;
}

bool is_name_char(char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; }

using Macros = std::map<std::string, std::string>;

/// "&&NAME { ... }": adds it; false: this is no definition.
bool take_macro(const std::string& text, Macros& macros) {
  if (!text.starts_with("&&")) return false;
  std::size_t end = 2;
  while (end < text.size() && is_name_char(text[end])) ++end;
  const auto open = text.find_first_not_of(" \t;", end);
  if (end == 2 || open == std::string::npos || text[open] != '{') return false;
  const auto close = text.rfind('}');
  if (close == std::string::npos || close < open) return false;
  macros[text.substr(2, end - 2)] = text.substr(open + 1, close - open - 1);
  return true;
}

/// Empty `why`: all macros are replaced.
std::string replaced(const std::string& text, const Macros& macros, unsigned depth,
                     std::string& why) {
  std::string result;
  for (std::size_t i = 0; i < text.size() && why.empty();) {
    if (text.compare(i, 2, "&&") != 0) {
      result += text[i++];
      continue;
    }
    auto end = i + 2;
    while (end < text.size() && is_name_char(text[end])) ++end;
    const auto name = text.substr(i + 2, end - i - 2);
    const auto macro = macros.find(name);
    if (macro == macros.end()) {
      why = "there is no macro &&" + name;
    } else if (depth == deepest_macro) {
      why = "macros are nested too deeply";
    } else {
      result += replaced(macro->second, macros, depth + 1, why);
    }
    if (result.size() > longest_rule) why = "with its macros the rule is longer than 64 KiB";
    i = end;
  }
  return result;
}

const std::vector<std::pair<std::string, std::string>>& fields() {
  static const std::vector<std::pair<std::string, std::string>> all{
      {"$$(client_address)", "{client_address}"},
      {"$$client_address", "{client_address}"},
      {"$$(client_name)", "{client_name}"},
      {"$$client_name", "{client_name}"},
      {"$$(helo_name)", "{helo}"},
      {"$$helo_name", "{helo}"},
      {"$$(sender_domain)", "{sender_domain}"},
      {"$$sender_domain", "{sender_domain}"},
      {"$$(sender)", "{sender}"},
      {"$$sender", "{sender}"},
      {"$$(recipient_domain)", "{recipient_domain}"},
      {"$$recipient_domain", "{recipient_domain}"},
      {"$$(recipient)", "{recipient}"},
      {"$$recipient", "{recipient}"},
      {"$$(sasl_username)", "{user}"},
      {"$$sasl_username", "{user}"}};
  return all;
}

/// postfwd's own actions; empty: it is none of them.
std::string why_not(std::string_view action) {
  const auto name = lower(trimmed(action.substr(0, action.find('('))));
  if (action.find('(') == std::string_view::npos) return {};
  if (name == "rate" || name == "size" || name == "rcpt" || name.ends_with("5321")) {
    return "limits of rates are not built in this version";
  }
  if (name == "score") {
    return "scores of postfwd are not carried over; rules that add to a score are written anew";
  }
  if (name == "jump" || name == "skip") {
    return "rules are not jumped over; put what it skips under its condition";
  }
  if (name == "set") return "values are not set by rules; write the condition as [when.NAME]";
  if (name == "ask") return "other policy services are not asked; name them in main.cf";
  if (name == "wait") return "rules made by the importer do not delay answers";
  if (name == "note") return "the journal records every decision; there is no action for notes";
  if (name == "groupadd" || name == "groupdel") return "dynamic groups have no counterpart";
  if (name == "mail" || name == "sendmail" || name == "quit" || name == "dumprequest") {
    return "this action of postfwd has no counterpart";
  }
  return {};
}

/// Whether a rule with this action may have ended the ruleset without a refusal, or jumped over
/// some.
bool may_pass(std::string_view action) {
  const auto name = lower(trimmed(action.substr(0, action.find_first_of("( \t"))));
  if (name.empty() || name == "reject" || name.starts_with("defer")) return false;
  if (name.size() == 3 && (name.front() == '4' || name.front() == '5')) return false;
  constexpr std::array<std::string_view, 13> going_on{
      "rate", "size", "rcpt",     "rate5321", "size5321", "rcpt5321", "score",
      "set",  "wait", "groupadd", "groupdel", "mail",     "note"};
  return std::find(going_on.begin(), going_on.end(), name) == going_on.end();
}

/// The action of a rule that is not read to its end. A macro may hold it: then anything.
std::string action_in(std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(';', begin), text.size());
    const auto item = read_item(text.substr(begin, end - begin));
    if (item && item->name == "action") return item->value;
    begin = end + 1;
  }
  return "dunno";
}

class Ruleset {
 public:
  explicit Ruleset(Draft& draft) : draft_(draft) {}

  void take(const Statement& statement) {
    if (take_macro(statement.text, macros_)) return;
    draft_.count_statement();
    std::string why;
    const auto text = replaced(statement.text, macros_, 0, why);
    if (!why.empty()) return leave_out(statement, why, action_in(statement.text));
    std::string id;
    std::string action;
    std::vector<PostfwdItem> items;
    for (std::size_t begin = 0; begin <= text.size();) {
      const auto end = std::min(text.find(';', begin), text.size());
      const auto piece = trimmed(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
      if (piece.empty()) continue;
      auto item = read_item(piece);
      if (!item) {
        return leave_out(statement, "\"" + std::string(piece) + "\" is no item of a rule",
                         action_in(text));
      }
      if (item->name == "id") {
        id = item->value;
      } else if (item->name == "action") {
        action = item->value;
      } else if (item->name != "request") {
        items.push_back(std::move(*item));
      }
    }
    write(statement, id, action, items);
  }

 private:
  /// A rule is left out whole; `action`: what it would have done.
  void leave_out(const Statement& statement, const std::string& why, const std::string& action) {
    if (may_pass(action)) return draft_.leave_out_pass(statement, why);
    draft_.leave_out(statement, why);
  }

  void write(const Statement& statement, const std::string& id, const std::string& action,
             const std::vector<PostfwdItem>& items) {
    if (action.empty()) return draft_.leave_out(statement, "without an action, postfwd only warns");
    if (auto why = why_not(action); !why.empty()) return leave_out(statement, why, action);
    auto condition = condition_of(items);
    const auto words = with_fields(action, fields());
    auto done = read_access_action(words, condition.subject, condition.stage);
    if (done.kind == Action::Kind::effect) {
      const bool only_warns = done.effect == "warn";
      done = {};
      done.why = only_warns
                     ? "rules made of postfwd's do not only warn; one with mode = \"shadow\" does"
                     : "what it does with the message is written anew, see actions.md";
    }
    // dunno ends the ruleset, which is an accept of the stage.
    if (done.kind == Action::Kind::shield) done.kind = Action::Kind::accept;
    if (!condition.why.empty()) {
      return leave_out(statement, condition.why, action);
    }
    if (done.kind == Action::Kind::unknown && condition.stage == Stage::data) {
      // Few reasons have a reply there.
      auto later = read_access_action(words, condition.subject, Stage::end_of_message);
      if (later.kind == Action::Kind::refuse &&
          condition_fault(condition.condition, Stage::end_of_message).empty()) {
        condition.stage = Stage::end_of_message;
        later.differences.emplace_back("it refuses at the end of the message instead of at DATA");
        done = std::move(later);
      }
    }
    if (done.kind == Action::Kind::unknown) return leave_out(statement, done.why, action);
    if (done.text.find("$$") != std::string::npos) {
      done.text.clear();
      done.differences.emplace_back(
          "its text names values that replies have no fields for, so the catalogue's is sent");
    }
    if (lower(action).starts_with("ok") || lower(action).starts_with("permit")) {
      done.differences.emplace_back(
          "Postfix is told DUNNO, so restrictions behind the policy service are asked as well");
    }
    if (done.kind == Action::Kind::accept) accepts_.insert(condition.stage);
    for (const auto& difference : done.differences) draft_.differ(statement, difference);
    NewRule rule;
    rule.about = "From line " + std::to_string(statement.line) + ".";
    rule.name = draft_.stem() + ": " +
                (id.empty() ? "line " + std::to_string(statement.line) : clean_for_terminal(id));
    rule.stage = to_text(condition.stage);
    rule.when = condition.condition;
    set_action(rule, done);
    if (done.kind == Action::Kind::refuse) {
      if (draft_.pass_lost_before(statement.line)) {
        draft_.shadow(rule, statement);
      } else if (accepts_.size() > accepts_.count(condition.stage)) {
        draft_.shadow(
            rule, statement,
            "rules before it that accept mail do so at another stage and do not keep this "
            "one from being asked");
      }
    }
    draft_.rule(std::move(rule));
  }

  Draft& draft_;
  Macros macros_;
  std::set<Stage> accepts_;  ///< where rules before do
};

}  // namespace

void read_postfwd(std::string_view text, Draft& draft) {
  Ruleset rules(draft);
  for (const auto& statement : statements_of(text)) rules.take(statement);
}

}  // namespace postern::importer

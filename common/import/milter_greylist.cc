// greylist.conf(5): lists become tables, entries of the access list rules. Greylisting itself is
// not built in this version; an entry that greylists still keeps mail from the entries behind it,
// so it stays as an accept where one of those refuses.

#include "import/conditions.h"
#include "import/greylist_tokens.h"
#include "import/parts.h"
#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace postern::importer {
namespace {

using Kind = GreylistToken::Kind;

/// An entry of the access list, before it is known what stands behind it.
struct Entry {
  Statement statement;
  std::string word;  ///< whitelist, greylist, blacklist
  std::string condition;
  Subject subject = Subject::mixed;
  Stage stage = Stage::rcpt;
  std::string code;
  std::string enhanced;
  std::string text;
};

const std::vector<std::pair<std::string, std::string>>& fields() {
  static const std::vector<std::pair<std::string, std::string>> all{{"%r", "{recipient}"},
                                                                    {"%f", "{sender}"},
                                                                    {"%i", "{client_address}"},
                                                                    {"%d", "{client_name}"},
                                                                    {"%h", "{helo}"}};
  return all;
}

/// Clauses that this version's rules cannot ask, by their keyword; empty: it is none.
std::string why_not(const std::string& word) {
  static const std::map<std::string, std::string> words{
      {"time", "rules made by the importer do not look at the time"},
      {"geoip", "countries are not known in this version"},
      {"p0f", "operating systems of clients are not known"},
      {"spf", "SPF is not asked in this version"},
      {"dkim", "signatures are not looked at in this version"},
      {"dnsrbl", "lists in DNS are not asked in this version"},
      {"urlcheck", "other services are not asked"},
      {"ldapcheck", "directories are not asked"},
      {"sm_macro", "write macro(\"name\") in a condition for the value of a milter macro"},
      {"nsupdate", "DNS is not changed by rules"},
      {"ratelimit", "limits of rates are not built in this version"},
      {"tls", "certificates of clients are not known to the rules"},
      {"header", "the importer does not carry over conditions on the message"},
      {"body", "the importer does not carry over conditions on the message"},
      {"spamd", "scanners are not asked in this version"},
      {"set", "values are not set by rules"},
      {"rset", "values are not set by rules"},
      {"log", "the journal records every decision; there is no action for notes"},
      {"stat", "the journal records every decision; there is no action for notes"}};
  const auto found = words.find(word);
  return found == words.end() ? std::string() : found->second;
}

/// Parameters of an entry that change nothing about who is accepted or refused; how many values.
std::optional<unsigned> ignored_values(const std::string& word) {
  static const std::map<std::string, unsigned> words{{"delay", 1},   {"autowhite", 1},
                                                     {"nolog", 0},   {"report", 1},
                                                     {"maxpeek", 1}, {"flushaddr", 0}};
  const auto found = words.find(word);
  if (found == words.end()) return {};
  return found->second;
}

std::string plain_address(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != '<' && c != '>' && c != ' ' && c != '\t') result += c;
  }
  return result;
}

class Configuration {
 public:
  Configuration(const std::vector<GreylistStatement>& statements, Draft& draft)
      : statements_(statements), draft_(draft) {}

  void read() {
    for (const auto& statement : statements_) {
      const auto& word = statement.tokens.front().value;
      if (word == "domainexact") exact_ = true;
      if (word == "extendedregex") extended_ = true;
    }
    for (const auto& statement : statements_) {
      source_ = {statement.line, statement.text};
      const auto word = lower(statement.tokens.front().value);
      if (word == "domainexact" || word == "extendedregex") continue;
      draft_.count_statement();
      if (word == "list") {
        list(statement.tokens);
      } else if (word == "racl" || word == "acl" || word == "dacl") {
        entry(statement.tokens, word == "dacl" ? Stage::end_of_message : Stage::rcpt);
      } else if (word == "addr" || word == "domain" || word == "from" || word == "rcpt") {
        draft_.leave_out(source_, "write this old form as racl whitelist " + word + " ... first");
      } else {
        draft_.leave_out(source_, "this sets up milter-greylist itself and is no rule");
      }
    }
    write();
  }

 private:
  std::string pattern(const std::string& text) const {
    return extended_ ? text : from_basic_pattern(text);
  }

  // Lists ----------------------------------------------------------------------------------------

  struct List {
    std::string table;
    std::string word;  ///< what its entries are: addr, domain, from, ...
    Subject subject = Subject::mixed;
    std::string why;  ///< not empty: there is no table
  };

  static Subject subject_of_word(const std::string& word) {
    if (word == "from" || word == "rawfrom") return Subject::sender;
    if (word == "rcpt") return Subject::recipient;
    return word == "helo" ? Subject::helo : Subject::client;
  }
  static std::string name_of_word(const std::string& word, Stage stage) {
    if (word == "addr") return "client.ip";
    if (word == "domain") return "client.name";
    if (word == "from" || word == "rawfrom") return "sender";
    if (word == "helo") return "helo";
    if (word == "auth") return "client.user";
    return stage > Stage::rcpt ? "recipients" : "recipient";
  }

  void list(const std::vector<GreylistToken>& tokens) {
    const bool formed = tokens.size() >= 5 && tokens[1].kind == Kind::text &&
                        tokens[2].kind == Kind::word && tokens[3].kind == Kind::open &&
                        tokens.back().kind == Kind::close;
    if (!formed)
      return draft_.leave_out(source_, "a list has a name, a kind, and entries in braces");
    const auto& name = tokens[1].value;
    const auto kind = lower(tokens[2].value);
    auto& list = lists_[name];
    list.subject = subject_of_word(kind);
    if (kind != "addr" && kind != "domain" && kind != "from" && kind != "rcpt" && kind != "helo" &&
        kind != "auth") {
      list.why = "its list \"" + name + "\" was left out";
      auto why = why_not(kind);
      return draft_.leave_out(source_, why.empty() ? "lists of this kind are not known" : why);
    }
    auto& table = draft_.table(kind == "addr" ? TableKind::cidr : TableKind::pattern, name,
                               "The list \"" + clean_for_terminal(name) + "\", line " +
                                   std::to_string(source_.line) + ".");
    for (std::size_t i = 4; i + 1 < tokens.size(); ++i) {
      const auto fault = add(table, kind, tokens[i]);
      if (fault.empty()) continue;
      draft_.count_statement();
      draft_.leave_out({source_.line, tokens[i].value}, "of the list \"" + name + "\": " + fault);
    }
    if (table.entries.empty()) list.why = "its list \"" + name + "\" is empty";
    list.table = table.name;
    list.word = kind;
  }

  /// Plain texts of lists are looked for inside (addresses) or at the end (names of clients).
  std::string add(NewTable& table, const std::string& kind, const GreylistToken& token) const {
    if (kind == "addr") {
      std::string nearest;
      if (Network::parse(token.value, &nearest) || nearest.empty()) {
        return draft_.add(table, token.value);
      }
      return draft_.add(table, nearest);
    }
    return draft_.add(table, text_pattern(kind, token));
  }

  std::string text_pattern(const std::string& kind, const GreylistToken& token) const {
    if (token.kind == Kind::pattern) return pattern(token.value);
    if (kind == "auth") return "^" + literal_pattern(token.value) + "$";
    if (kind == "domain") return (exact_ ? "(^|\\.)" : "") + literal_pattern(token.value) + "$";
    return literal_pattern(plain_address(token.value));
  }

  // Entries --------------------------------------------------------------------------------------

  /// Reads tokens of one entry.
  struct Cursor {
    const std::vector<GreylistToken>& tokens;
    std::size_t at = 0;
    bool done() const { return at >= tokens.size(); }
    const GreylistToken* take() { return done() ? nullptr : &tokens[at++]; }
  };

  void entry(const std::vector<GreylistToken>& tokens, Stage stage) {
    Cursor cursor{tokens, 1};
    if (!cursor.done() && tokens[cursor.at].kind == Kind::text) ++cursor.at;  // its id
    const auto* action = cursor.take();
    Entry entry;
    entry.statement = source_;
    entry.stage = stage;
    entry.word = action == nullptr ? std::string() : lower(action->value);
    if (entry.word == "continue") {
      return draft_.leave_out(source_, "an entry that decides nothing has no counterpart");
    }
    if (entry.word != "whitelist" && entry.word != "greylist" && entry.word != "blacklist") {
      return draft_.leave_out(source_, "this is neither whitelist, greylist nor blacklist");
    }
    std::vector<std::string> parts;
    std::optional<Subject> subject;
    std::string why;
    trials_.clear();
    while (!cursor.done() && why.empty()) {
      why = clause(cursor, entry, parts, subject);
      if (trials_.size() < parts.size()) trials_.push_back(parts.back());
    }
    entry.condition = all_of(parts);
    entry.subject = subject.value_or(Subject::mixed);
    if (why.empty() && !trials_.empty()) why = condition_fault(all_of(trials_), entry.stage);
    if (!why.empty()) {
      if (entry.word != "blacklist") {
        why += "; it let mail pass, which entries behind it may now refuse";
      }
      return draft_.leave_out(source_, why);
    }
    entries_.push_back(std::move(entry));
  }

  /// Takes one clause or parameter; returns why it cannot be carried over.
  std::string clause(Cursor& cursor, Entry& entry, std::vector<std::string>& parts,
                     std::optional<Subject>& subject) {
    auto word = lower(cursor.take()->value);
    const bool negated = word == "not";
    if (negated) {
      const auto* next = cursor.take();
      if (next == nullptr) return "nothing stands behind \"not\"";
      word = lower(next->value);
    }
    if (word == "default") return {};
    if (auto why = why_not(word); !why.empty()) return why;
    if (const auto values = ignored_values(word)) {
      for (unsigned i = 0; i < *values; ++i) cursor.take();
      return {};
    }
    if (word == "addheader" || word == "addfooter") {
      return "rules made by the importer do not change messages";
    }
    if (word == "rcptcount") return count(cursor, entry, parts, negated, subject);
    if (word == "msgsize") return size(cursor, entry, parts, negated, subject);
    const auto* value = cursor.take();
    if (value == nullptr) return "nothing stands behind \"" + word + "\"";
    if (word == "code") entry.code = value->value;
    if (word == "ecode") entry.enhanced = value->value;
    if (word == "msg") entry.text = value->value;
    if (word == "code" || word == "ecode" || word == "msg") return {};
    std::string part;
    Subject about = subject_of_word(word);
    if (word == "list") {
      const auto found = lists_.find(value->value);
      if (found == lists_.end()) return "there is no list \"" + value->value + "\" before it";
      if (!found->second.why.empty()) return found->second.why;
      about = found->second.subject;
      const auto name = name_of_word(found->second.word, entry.stage);
      part = name + " in " + found->second.table;
      // The table is not made yet.
      trials_.push_back(name +
                        (found->second.word == "addr" ? " in [\"192.0.2.1\"]" : " matches \"x\""));
    } else {
      auto made = comparison(word, *value, entry.stage);
      if (!made.second.empty()) return made.second;
      part = std::move(made.first);
    }
    subject = !subject || *subject == about ? about : Subject::mixed;
    parts.push_back(negated ? negation(part) : part);
    return {};
  }

  std::pair<std::string, std::string> comparison(const std::string& word,
                                                 const GreylistToken& value, Stage stage) const {
    if (word != "addr" && word != "domain" && word != "from" && word != "rawfrom" &&
        word != "rcpt" && word != "helo" && word != "auth") {
      return {{}, "\"" + word + "\" is no clause that the rules know"};
    }
    if (!value.value.empty() && value.value.front() == '$') {
      return {{}, "properties have no counterpart"};
    }
    const auto name = name_of_word(word, stage);
    if (word == "addr") {
      std::string nearest;
      if (Network::parse(value.value, &nearest)) nearest = value.value;
      if (nearest.empty()) return {{}, "\"" + value.value + "\" is no network"};
      return {name + " in [" + condition_text(nearest) + "]", {}};
    }
    if (value.kind == Kind::pattern) {
      const auto text = "(?i)" + pattern(value.value);
      if (const auto wrong = pattern_fault(text); !wrong.empty()) {
        return {{}, "RE2 does not take this pattern (" + wrong + ")"};
      }
      return {name + " matches " + condition_text(text), {}};
    }
    if (word == "from" && (value.value == "<>" || value.value.empty())) {
      return {"sender == \"<>\"", {}};
    }
    if (word == "domain") {
      const auto text = condition_text(value.value);
      if (!exact_) return {name + " ends_with " + text, {}};
      return {"(" + name + " == " + text + " or " + name + " ends_with " +
                  condition_text("." + value.value) + ")",
              {}};
    }
    if (word == "auth") {
      return {name + " matches " + condition_text("(?i)^" + literal_pattern(value.value) + "$"),
              {}};
    }
    return {name + " contains " + condition_text(plain_address(value.value)), {}};
  }

  /// "rcptcount >= 25", "msgsize > 4M".
  static std::string number(Cursor& cursor, std::string& comparison, std::string& value) {
    const auto* op = cursor.take();
    const auto* count = cursor.take();
    if (op == nullptr || count == nullptr) return "an operator and a number are missing";
    comparison = op->value == "=" ? "==" : op->value;
    value = count->value;
    const bool known = comparison == "==" || comparison == "!=" || comparison == "<" ||
                       comparison == ">" || comparison == "<=" || comparison == ">=";
    return known ? std::string() : "\"" + comparison + "\" is no comparison of numbers";
  }

  static std::string count(Cursor& cursor, Entry& entry, std::vector<std::string>& parts,
                           bool negated, std::optional<Subject>& subject) {
    std::string comparison;
    std::string value;
    if (auto why = number(cursor, comparison, value); !why.empty()) return why;
    if (entry.stage < Stage::data) entry.stage = Stage::data;
    const auto part = "recipient_count " + comparison + " " + value;
    parts.push_back(negated ? negation(part) : part);
    subject = subject ? Subject::mixed : Subject::count;
    return {};
  }

  static std::string size(Cursor& cursor, Entry& entry, std::vector<std::string>& parts,
                          bool negated, std::optional<Subject>& subject) {
    std::string comparison;
    std::string value;
    if (auto why = number(cursor, comparison, value); !why.empty()) return why;
    entry.stage = Stage::end_of_message;
    if (!value.empty() && (value.back() == 'k' || value.back() == 'K')) {
      value.back() = 'K';
      value += "iB";
    } else if (!value.empty() && value.back() == 'M') {
      value += "iB";
    }
    const auto part = "size " + comparison + " " + value;
    parts.push_back(negated ? negation(part) : part);
    subject = subject ? Subject::mixed : Subject::size;
    return {};
  }

  // Rules ----------------------------------------------------------------------------------------

  void write() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const bool before_refusal =
          std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(i) + 1, entries_.end(),
                      [](const Entry& later) { return later.word == "blacklist"; });
      write(entries_[i], before_refusal);
    }
  }

  void write(const Entry& entry, bool before_refusal) {
    NewRule rule;
    rule.about = "From line " + std::to_string(entry.statement.line) + ".";
    rule.name =
        draft_.stem() + ": " + entry.word + ", line " + std::to_string(entry.statement.line);
    rule.stage = to_text(entry.stage);
    rule.when = entry.condition;
    if (entry.word == "blacklist") return write_refusal(entry, std::move(rule));
    if (entry.word == "greylist" && before_refusal) {
      draft_.differ(entry.statement,
                    "greylisting is not built in this version, so what this put off is accepted at "
                    "once");
    } else if (entry.word == "greylist") {
      draft_.leave_out(entry.statement, "greylisting is not built in this version");
    }
    if (before_refusal) {
      accepts_ = true;
      draft_.rule(std::move(rule));
    } else if (entry.word == "whitelist") {
      draft_.differ(
          entry.statement,
          "nothing behind it refuses, so it needs no rule; one that accepts would only keep "
          "your other rules from being asked");
    }
  }

  void write_refusal(Entry entry, NewRule rule) {
    auto text = with_fields(entry.text, fields());
    const bool other = text.find('%') != std::string::npos;
    if (other) text.clear();
    const auto verdict =
        !entry.code.empty() && entry.code.front() == '4' ? Verdict::defer : Verdict::reject;
    auto action = refusal(verdict, entry.code, entry.enhanced, text, entry.subject, entry.stage);
    if (action.kind == Action::Kind::unknown && entry.stage == Stage::data) {
      action =
          refusal(verdict, entry.code, entry.enhanced, text, entry.subject, Stage::end_of_message);
      rule.stage = to_text(Stage::end_of_message);
      action.differences.emplace_back("it refuses at the end of the message");
    }
    if (action.kind == Action::Kind::unknown) return draft_.leave_out(entry.statement, action.why);
    if (other) {
      action.differences.emplace_back(
          "its text names values that replies have no fields for, so the catalogue's is sent");
    }
    if (entry.stage > Stage::rcpt && accepts_) {
      action.differences.emplace_back(
          "entries before it that accept mail do so at RCPT and do not keep this one from being "
          "asked");
    }
    for (const auto& difference : action.differences) draft_.differ(entry.statement, difference);
    set_action(rule, action);
    draft_.rule(std::move(rule));
  }

  const std::vector<GreylistStatement>& statements_;
  Draft& draft_;
  Statement source_;
  bool exact_ = false;
  bool extended_ = false;
  bool accepts_ = false;  ///< a rule was made that does
  std::map<std::string, List> lists_;
  std::vector<Entry> entries_;
  /// The parts of the condition in question, with something of the same type for each table.
  std::vector<std::string> trials_;
};

}  // namespace

void read_milter_greylist(std::string_view text, Draft& draft) {
  const auto statements = greylist_statements(text);
  Configuration(statements, draft).read();
}

}  // namespace postern::importer

// greylist.conf(5): lists become tables, entries of the access list rules. Greylisting itself is
// not built in this version; an entry that greylists still keeps mail from the entries behind it,
// so it stays as an accept where one of those refuses.

#include "import/conditions.h"
#include "import/greylist_entry.h"
#include "import/greylist_tokens.h"
#include "import/parts.h"
#include "model/text.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::importer {
namespace {

using Kind = GreylistToken::Kind;

const std::vector<std::pair<std::string, std::string>>& fields() {
  static const std::vector<std::pair<std::string, std::string>> all{{"%r", "{recipient}"},
                                                                    {"%f", "{sender}"},
                                                                    {"%i", "{client_address}"},
                                                                    {"%d", "{client_name}"},
                                                                    {"%h", "{helo}"}};
  return all;
}

class Configuration {
 public:
  Configuration(const std::vector<GreylistStatement>& statements, Draft& draft)
      : statements_(statements), draft_(draft) {}

  void read() {
    for (const auto& statement : statements_) {
      const auto& word = statement.tokens.front().value;
      if (word == "domainexact") reading_.exact = true;
      if (word == "extendedregex") reading_.extended = true;
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
        draft_.leave_out_pass(source_,
                              "write this old form as racl whitelist " + word + " ... first");
      } else {
        draft_.leave_out(source_, "this sets up milter-greylist itself and is no rule");
      }
    }
    write();
  }

 private:
  void list(const std::vector<GreylistToken>& tokens) {
    const bool formed = tokens.size() >= 5 && tokens[1].kind == Kind::text &&
                        tokens[2].kind == Kind::word && tokens[3].kind == Kind::open &&
                        tokens.back().kind == Kind::close;
    if (!formed) {
      return draft_.leave_out(source_, "a list has a name, a kind, and entries in braces");
    }
    const auto& name = tokens[1].value;
    const auto kind = lower(tokens[2].value);
    auto& list = lists_[name];
    list.subject = subject_of_kind(kind);
    if (!is_greylist_kind(kind)) {
      list.why = "its list \"" + name + "\" was left out";
      auto why = greylist_why_not(kind);
      return draft_.leave_out(source_, why.empty() ? "lists of this kind are not known" : why);
    }
    auto& table = draft_.table(kind == "addr" ? TableKind::cidr : TableKind::pattern, name,
                               "The list \"" + clean_for_terminal(name) + "\", line " +
                                   std::to_string(source_.line) + ".");
    for (std::size_t i = 4; i + 1 < tokens.size(); ++i) {
      const auto added = add_greylist_entry(draft_, table, kind, tokens[i], reading_);
      list.partial = list.partial || added.partial || !added.why.empty();
      if (added.why.empty()) continue;
      draft_.count_statement();
      draft_.leave_out({source_.line, tokens[i].value},
                       "of the list \"" + name + "\": " + added.why);
    }
    if (table.entries.empty()) list.why = "its list \"" + name + "\" is empty";
    list.table = table.name;
    list.kind = kind;
  }

  void entry(const std::vector<GreylistToken>& tokens, Stage stage) {
    std::string why;
    auto entry = GreylistEntryReader(tokens, lists_, reading_).read(source_, stage, why);
    if (!entry) {
      // What is no verdict, or refuses, lets nothing pass.
      const bool passes = std::any_of(tokens.begin(), tokens.end(), [](const GreylistToken& token) {
        const auto word = lower(token.value);
        return token.kind == Kind::word && (word == "whitelist" || word == "greylist");
      });
      return passes ? draft_.leave_out_pass(source_, why) : draft_.leave_out(source_, why);
    }
    if (entry->partial && entry->word != "blacklist") {
      draft_.lose_pass(source_.line);
      draft_.differ(source_,
                    "it fits less than it did, because entries of its list were left out or its "
                    "pattern may mean the angle brackets; refusals behind it stand in shadow");
    }
    entries_.push_back(std::move(*entry));
  }

  void write() {
    std::size_t refusals = 0;  // behind what has been written
    for (const auto& entry : entries_) refusals += entry.word == "blacklist" ? 1 : 0;
    for (const auto& entry : entries_) {
      if (entry.word == "blacklist") --refusals;
      write(entry, refusals > 0);
    }
  }

  void write(const GreylistEntry& entry, bool before_refusal) {
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
      accepts_.insert(entry.stage);
      draft_.rule(std::move(rule));
    } else if (entry.word == "whitelist") {
      draft_.differ(
          entry.statement,
          "nothing behind it refuses, so it needs no rule; one that accepts would only keep "
          "your other rules from being asked");
    }
  }

  void write_refusal(GreylistEntry entry, NewRule rule) {
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
    for (const auto& difference : action.differences) draft_.differ(entry.statement, difference);
    set_action(rule, action);
    const bool elsewhere = accepts_.size() > accepts_.count(entry.stage);
    // What a dacl refuses is asked about behind all of racl.
    const auto line = entry.stage > Stage::rcpt ? 0U : entry.statement.line;
    if (draft_.pass_lost_before(line)) {
      draft_.shadow(rule, entry.statement);
    } else if (elsewhere) {
      draft_.shadow(
          rule, entry.statement,
          "entries before it that accept mail do so at RCPT and do not keep this one from "
          "being asked");
    }
    draft_.rule(std::move(rule));
  }

  const std::vector<GreylistStatement>& statements_;
  Draft& draft_;
  Statement source_;
  GreylistReading reading_;
  std::set<Stage> accepts_;  ///< where rules were made that do
  GreylistLists lists_;
  std::vector<GreylistEntry> entries_;
};

}  // namespace

void read_milter_greylist(std::string_view text, Draft& draft) {
  const auto statements = greylist_statements(text);
  Configuration(statements, draft).read();
}

}  // namespace postern::importer

#include "import/greylist_clauses.h"

#include "import/conditions.h"
#include "import/never.h"
#include "postern/address.h"

#include <map>

namespace postern::importer {
namespace {

using Kind = GreylistToken::Kind;

std::string plain_address(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != '<' && c != '>' && c != ' ' && c != '\t') result += c;
  }
  return result;
}

std::string pattern_of(const GreylistToken& token, GreylistReading reading) {
  return reading.extended ? token.value : from_basic_pattern(token.value);
}

/// milter-greylist keeps the angle brackets of addresses.
bool is_bounces(const GreylistToken& value) {
  if (value.kind == Kind::pattern) return value.value == "^<>$" || is_empty_pattern(value.value);
  return plain_address(value.value).empty();
}

/// Why this can never match; empty: it may.
std::string why_never(const std::string& word, const GreylistToken& value) {
  std::optional<Keys> keys;
  if (word == "domain") keys = Keys::client;
  if (word == "from" || word == "rawfrom") keys = Keys::sender;
  if (word == "rcpt") keys = Keys::recipient;
  if (!keys) return {};
  // Patterns about addresses are freed of their brackets.
  if (value.kind == Kind::pattern) {
    return *keys == Keys::client ? pattern_never(*keys, value.value).why : std::string();
  }
  if (word == "domain") {
    if (auto why = final_dot(value.value); !why.empty()) return why;
  }
  return word_never(*keys, word == "domain" ? value.value : plain_address(value.value)).why;
}

/// Whether an octet of a pattern stands for itself alone, from `at` on, or may be a bracket.
bool may_be_bracket(std::string_view pattern, std::size_t at) {
  const auto rest = pattern.substr(at);
  if (rest.starts_with("[^")) return true;
  if (rest.starts_with("\\W") || rest.starts_with("\\D") || rest.starts_with("\\S")) return true;
  // Nobody has an address that begins or ends with nothing.
  return rest.starts_with('.') && !rest.starts_with(".*") && !rest.starts_with(".+");
}

/// A pattern (as RE2 has it) about "<bob@example.org>" as one about bob@example.org.
struct Unbracketed {
  std::string pattern;
  std::string why;       ///< not empty: it cannot be said so
  bool partial = false;  ///< it may fit less
  bool bounces = false;  ///< it fits "<>"
};

Unbracketed unbracketed(std::string pattern) {
  Unbracketed result;
  result.bounces = pattern_fits(pattern, "<>");
  const std::string_view never =
      "addresses stand in angle brackets there, so that with ^, $ or a bracket at this place it "
      "would fit others here; write it as it was meant";
  std::string_view core = pattern;
  bool begins = core.starts_with("^<");
  if (begins) core.remove_prefix(2);
  if (!begins && core.starts_with('<')) {
    begins = true;
    core.remove_prefix(1);
  } else if (core.starts_with("^.*")) {
    core.remove_prefix(1);
  }
  bool ends = core.ends_with(">$") && !core.ends_with("\\>$");
  if (ends) core.remove_suffix(2);
  if (!ends && core.ends_with('>') && !core.ends_with("\\>")) {
    ends = true;
    core.remove_suffix(1);
  } else if (core.ends_with(".*$") && !core.ends_with("\\.*$")) {
    core.remove_suffix(1);
  }
  int depth = 0;
  bool set = false;
  bool edge = !begins;  // what is next may be the first octet
  for (std::size_t at = 0; at < core.size(); ++at) {
    const char c = core[at];
    if (set) {
      set = c != ']';
      continue;
    }
    result.partial = result.partial || (edge && may_be_bracket(core, at));
    edge = !begins && (c == '(' || c == '|');
    if (c == '[') {
      set = true;
      // A ']' that comes first is one of the set.
      if (at + 1 < core.size() && core[at + 1] == '^') ++at;
      if (at + 1 < core.size() && core[at + 1] == ']') ++at;
      // One at the end may be the closing bracket.
      const auto close = core.find(']', at + 1);
      if (!ends && core[at] == '^' && close != std::string_view::npos && close + 2 >= core.size()) {
        result.partial = true;
      }
      continue;
    }
    if (c == '(') ++depth;
    if (c == ')') --depth;
    const bool last = at + 1 == core.size() || core[at + 1] == ')' || core[at + 1] == '|';
    if (c == '.' && last && !ends) result.partial = true;
    if (c == '|' && depth == 0 && (begins || ends)) result.why = never;
    if (c == '\\' && at + 1 < core.size()) {
      ++at;
      if (core[at] == '<' || core[at] == '>') result.why = never;
      if (core[at] == 'W' || core[at] == 'D' || core[at] == 'S') result.partial = true;
      continue;
    }
    if (c == '^' || c == '$' || c == '<' || c == '>') result.why = never;
  }
  result.pattern = (begins ? "^" : "") + std::string(core) + (ends ? "$" : "");
  return result;
}

bool about_addresses(const std::string& kind) {
  return kind == "from" || kind == "rawfrom" || kind == "rcpt";
}

std::string text_pattern(const std::string& kind, const GreylistToken& token,
                         GreylistReading reading) {
  if (token.kind == Kind::pattern) return pattern_of(token, reading);
  if (kind == "auth") return "^" + literal_pattern(token.value) + "$";
  if (kind == "domain") {
    return (reading.exact ? "(^|\\.)" : "") + literal_pattern(token.value) + "$";
  }
  return literal_pattern(plain_address(token.value));
}

}  // namespace

std::string greylist_why_not(const std::string& word) {
  static const std::map<std::string, std::string> words{
      {"time", "rules made by the importer do not look at the time"},
      {"geoip", "countries are not known in this version"},
      {"p0f", "operating systems of clients are not known"},
      {"spf", "SPF is a check here (docs/dns.md)"},
      {"dkim", "signatures are not looked at in this version"},
      {"dnsrbl", "a list in DNS is a check of its own here (docs/dns.md)"},
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

std::optional<unsigned> ignored_values(const std::string& word) {
  static const std::map<std::string, unsigned> words{{"delay", 1},   {"autowhite", 1},
                                                     {"nolog", 0},   {"report", 1},
                                                     {"maxpeek", 1}, {"flushaddr", 0}};
  const auto found = words.find(word);
  if (found == words.end()) return {};
  return found->second;
}

bool is_greylist_kind(const std::string& word) {
  return word == "addr" || word == "domain" || word == "from" || word == "rcpt" || word == "helo" ||
         word == "auth";
}

Subject subject_of_kind(const std::string& word) {
  if (word == "from" || word == "rawfrom") return Subject::sender;
  if (word == "rcpt") return Subject::recipient;
  return word == "helo" ? Subject::helo : Subject::client;
}

std::string name_of_kind(const std::string& word, Stage stage) {
  if (word == "addr") return "client.ip";
  if (word == "domain") return "client.name";
  if (word == "from" || word == "rawfrom") return "sender";
  if (word == "helo") return "helo";
  if (word == "auth") return "client.user";
  return stage > Stage::rcpt ? "recipients" : "recipient";
}

GreylistClause greylist_clause(const std::string& word, const GreylistToken& value, Stage stage,
                               GreylistReading reading) {
  if (!is_greylist_kind(word) && word != "rawfrom") {
    return {{}, "\"" + word + "\" is no clause that the rules know"};
  }
  if (!value.value.empty() && value.value.front() == '$') {
    return {{}, "properties have no counterpart"};
  }
  const auto name = name_of_kind(word, stage);
  if (word == "addr") {
    std::string nearest;
    if (Network::parse(value.value, &nearest)) nearest = value.value;
    if (nearest.empty()) return {{}, "\"" + value.value + "\" is no network"};
    return {name + " in [" + condition_text(nearest) + "]", {}};
  }
  const bool senders = word == "from" || word == "rawfrom";
  if (senders && is_bounces(value)) return {"sender == \"<>\"", {}};
  if (const auto why = why_never(word, value); !why.empty()) return {{}, why};
  if (value.kind == Kind::pattern) {
    auto address = Unbracketed{pattern_of(value, reading), {}, false, false};
    if (about_addresses(word)) address = unbracketed(std::move(address.pattern));
    if (address.why.empty()) address.why = ends_of_words(address.pattern);
    if (!address.why.empty()) return {{}, address.why};
    const auto text = "(?i)" + address.pattern;
    if (const auto wrong = pattern_fault(text); !wrong.empty()) {
      return {{}, "RE2 does not take this pattern (" + wrong + ")"};
    }
    const auto condition = name + " matches " + condition_text(text);
    if (!senders || !address.bounces) return {condition, {}, address.partial};
    // No pattern fits the sender of bounces.
    return {"(" + condition + " or sender == \"<>\")", {}, address.partial};
  }
  if (word == "domain") {
    const auto text = condition_text(value.value);
    if (!reading.exact) return {name + " ends_with " + text, {}};
    return {"(" + name + " == " + text + " or " + name + " ends_with " +
                condition_text("." + value.value) + ")",
            {}};
  }
  if (word == "auth") {
    return {name + " matches " + condition_text("(?i)^" + literal_pattern(value.value) + "$"), {}};
  }
  return {name + " contains " + condition_text(plain_address(value.value)), {}};
}

GreylistClause add_greylist_entry(Draft& draft, NewTable& table, const std::string& kind,
                                  const GreylistToken& token, GreylistReading reading) {
  if (kind == "addr") {
    std::string nearest;
    if (Network::parse(token.value, &nearest) || nearest.empty()) {
      return {{}, draft.add(table, token.value)};
    }
    return {{}, draft.add(table, nearest)};
  }
  if (kind == "from" && is_bounces(token)) return {{}, bounces_apart(), true};
  if (auto why = why_never(kind, token); !why.empty()) return {{}, std::move(why), true};
  auto entry = Unbracketed{text_pattern(kind, token, reading), {}, false, false};
  if (about_addresses(kind) && token.kind == Kind::pattern) {
    entry = unbracketed(std::move(entry.pattern));
  }
  if (entry.why.empty() && token.kind == Kind::pattern) entry.why = ends_of_words(entry.pattern);
  if (!entry.why.empty()) return {{}, std::move(entry.why), true};
  return {{}, draft.add(table, entry.pattern), entry.partial || (kind == "from" && entry.bounces)};
}

}  // namespace postern::importer

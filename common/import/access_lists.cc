// cidr: and regexp: tables, of which the first line that fits counts. Lines of one action that
// follow each other become one table; a line of another action begins the next rule.

#include "import/never.h"
#include "import/parts.h"
#include "postern/address.h"

#include <algorithm>
#include <optional>

namespace postern::importer {
namespace {

/// As the tables of patterns have it.
constexpr std::size_t most_patterns = 10'000;

struct Entry {
  const AccessLine* line = nullptr;
  std::string text;
  std::optional<Network> network;
  bool negated = false;
  bool bounces = false;  ///< the pattern fits "<>", which Postfix asks for the sender of bounces
  bool alone = false;    ///< and nothing else
};

/// Two networks of different actions of which one contains the other.
bool overlap(std::vector<const Entry*> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return *a->network < *b->network; });
  std::vector<const Entry*> open;  // networks that contain the one in question
  for (const auto* entry : entries) {
    while (!open.empty() && !open.back()->network->contains(entry->network->address())) {
      open.pop_back();
    }
    if (!open.empty() && !same(open.back()->line->action, entry->line->action)) return true;
    open.push_back(entry);
  }
  return false;
}

class ListWriter {
 public:
  ListWriter(Draft& draft, TableKind kind, std::string_view name)
      : draft_(draft), kind_(kind), name_(name) {}

  void write(std::vector<Entry> entries) {
    gather(entries);
    for (std::size_t begin = 0; begin < entries.size();) {
      auto end = begin + 1;
      while (end < entries.size() && !entries[begin].negated && !entries[end].negated &&
             end - begin < most_patterns &&
             same(entries[begin].line->action, entries[end].line->action)) {
        ++end;
      }
      run(entries, begin, end);
      begin = end;
    }
  }

 private:
  /// Where the order does not matter, lines of one action come together.
  void gather(std::vector<Entry>& entries) const {
    std::vector<const Entry*> networks;
    for (const auto& entry : entries) {
      if (!entry.network || entry.negated) return;
      networks.push_back(&entry);
    }
    if (overlap(networks)) return;
    ActionNumbers actions;
    std::vector<std::pair<std::size_t, Entry>> numbered;
    numbered.reserve(entries.size());
    for (auto& entry : entries) {
      const auto number = actions.of(entry.line->action);
      numbered.emplace_back(number, std::move(entry));
    }
    std::stable_sort(numbered.begin(), numbered.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i] = std::move(numbered[i].second);
  }

  void run(const std::vector<Entry>& entries, std::size_t begin, std::size_t end) {
    const auto& action = entries[begin].line->action;
    std::vector<unsigned> lines;
    for (auto i = begin; i < end; ++i) lines.push_back(entries[i].line->statement.line);
    const bool shield = action.kind == Action::Kind::shield;
    // What stands behind would be refused although a line before spares it, so that it goes as
    // well.
    if (spared_.too_many() || (stands_at_mail(action) && before_.too_many())) {
      for (auto i = begin; i < end; ++i) {
        // Where lines behind are not left out as well, they would refuse the mail.
        leave_out(draft_, *entries[i].line, too_many_exceptions(),
                  spared_.too_many() ? Found::never : Found::perhaps);
      }
      return;
    }
    if (shield && end == entries.size()) return;  // nothing behind it
    for (auto i = begin; i < end; ++i) {
      for (const auto& difference : entries[i].line->action.differences) {
        draft_.differ(entries[i].line->statement, difference);
      }
    }
    const auto outcome = std::string(shield ? "spared" : outcome_text(action));
    auto& table =
        draft_.table(kind_, (kind_ == TableKind::cidr ? "networks_" : "patterns_") + outcome,
                     "From " + lines_text(lines) + ".");
    bool bounces = false;
    for (auto i = begin; i < end; ++i) {
      bounces = bounces || entries[i].bounces;
      if (!entries[i].alone) draft_.add(table, entries[i].text);
    }
    auto condition =
        table.entries.empty() ? std::string() : std::string(name_) + " in " + table.name;
    // No pattern fits what is not there, so that it is asked for beside them.
    if (entries[begin].negated && kind_ != TableKind::cidr) {
      condition = "not (" + condition + ")";
      const bool senders = name_ == "sender";
      if (name_ == "helo" || name_ == "client.name" || bounces) {
        condition =
            std::string(name_) + (senders ? " != \"<>\" and " : " != \"\" and ") + condition;
      }
    } else if (bounces && (action.lets_pass() || action.verdict == Verdict::defer)) {
      condition += condition.empty() ? "sender == \"<>\"" : " or sender == \"<>\"";
    }
    if (entries[begin].negated && kind_ == TableKind::cidr) {
      // Postfix compares addresses of one family: all others are not outside the network either.
      const bool v6 = entries[begin].text.find(':') != std::string::npos;
      condition = "(" + std::string(name_) + " in \"" + (v6 ? "::/0" : "0.0.0.0/0") +
                  "\" and not (" + condition + "))";
    }
    const auto& exceptions = (stands_at_mail(action) ? before_ : spared_).text();
    const bool choices = condition.find(" or ") != std::string::npos;
    const auto whole = choices && !exceptions.empty() ? "(" + condition + ")" + exceptions
                                                      : condition + exceptions;
    before_.add(condition);
    if (action.spares()) spared_.add(condition);
    if (shield) return;
    NewRule rule;
    rule.about = "From " + lines_text(lines) + ".";
    rule.name = draft_.stem() + ": " + std::string(to_text(draft_.request().keys)) + " " + outcome +
                ", line " + std::to_string(*std::min_element(lines.begin(), lines.end()));
    rule.stage = "rcpt";
    set_action(rule, action);
    // One at MAIL is asked before the rules that stand before it here.
    rule.when = whole;
    const auto last = *std::max_element(lines.begin(), lines.end());
    if (action.kind == Action::Kind::refuse && draft_.pass_lost_before(last)) {
      draft_.shadow(rule, entries[begin].line->statement);
    }
    draft_.rule(std::move(rule));
  }

  Draft& draft_;
  TableKind kind_;
  std::string_view name_;
  Exceptions spared_;  ///< what DUNNO and the like keep from what stands behind
  Exceptions before_;  ///< all that stands before
};

/// A pattern that can only fit an address of a client, not its name.
bool is_about_addresses(std::string_view pattern) {
  bool digits = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      digits = digits || pattern[i + 1] == 'd';
      ++i;
      continue;
    }
    const char c = pattern[i];
    if (is_letter(c)) return false;
    digits = digits || is_digit(c);
  }
  return digits;
}

}  // namespace

void read_access_networks(const std::vector<AccessLine>& lines, Draft& draft) {
  std::vector<Entry> entries;
  for (const auto& line : lines) {
    if (draft.request().keys != Keys::client) {
      leave_out(draft, line, "networks are asked about clients; say --keys client", Found::never);
      continue;
    }
    Entry entry{&line, line.key, {}, false, false, false};
    if (entry.text.front() == '!') {
      entry.negated = true;
      entry.text.erase(0, 1);
    }
    std::string nearest;
    entry.network = Network::parse(entry.text, &nearest);
    if (!entry.network) {
      // Postfix warns of it and goes on.
      leave_out(
          draft, line,
          nearest.empty() ? "this is no network" : "this is no network; " + nearest + " is one",
          Found::never);
      continue;
    }
    entry.text = entry.network->text();
    entries.push_back(std::move(entry));
  }
  ListWriter(draft, TableKind::cidr, "client.ip").write(std::move(entries));
}

namespace {

/// Why a pattern that heeds the case of letters means something else here; empty: it does not. Only
/// local parts keep their letters.
std::string case_fault(Keys keys, std::string_view pattern) {
  const bool addresses = keys == Keys::sender || keys == Keys::recipient;
  // The first letters of an address are those of its local part.
  const bool begins = pattern.starts_with('^') &&
                      std::all_of(pattern.begin() + 1, pattern.end(),
                                  [](char c) { return is_letter_or_digit(c) || c == '-'; });
  if (addresses && begins) return {};
  const auto at = pattern.rfind('@');
  const auto domain = at == std::string_view::npos ? pattern : pattern.substr(at + 1);
  if (std::none_of(domain.begin(), domain.end(), is_letter)) return {};
  return "names and domains are compared in small letters here, which this pattern tells apart";
}

/// What is left out whole because it is negated: what is not there would be refused.
constexpr std::string_view negated_part =
    "; behind ! a pattern is carried over whole or not at all, because what its lost part fits "
    "would now be refused";

class PatternReader {
 public:
  explicit PatternReader(Draft& draft) : draft_(draft), keys_(draft.request().keys) {}

  void take(const AccessLine& line) {
    Entry entry{&line, {}, {}, line.key.front() == '!', false, false};
    const auto begin = line.key.find('/');
    const auto end = line.key.rfind('/');
    entry.text = line.key.substr(begin + 1, end - begin - 1);
    const auto flags = line.key.substr(end + 1);
    if (flags.find_first_not_of('i') != std::string::npos) {
      return leave_out(draft_, line, "the flags of a pattern other than i have no counterpart",
                       Found::perhaps);
    }
    const bool senders = keys_ == Keys::sender;
    entry.bounces = senders && pattern_fits(entry.text, "<>");
    auto never = pattern_never(keys_, entry.text);
    // What stands in its way in any case is the better thing to tell.
    if (auto words = ends_of_words(entry.text); !words.empty()) {
      return leave_out(draft_, line, never.why.empty() ? std::move(words) : never.why,
                       Found::perhaps);
    }
    // Clients without a name are refused by no pattern here, negated ones included.
    const auto lost = entry.negated ? Found::perhaps : Found::never;
    if (!never.why.empty() && entry.negated) {
      return leave_out(draft_, line, never.why + std::string(negated_part), lost);
    }
    entry.alone = never.how == Never::How::at_all;
    if (entry.alone && !(entry.bounces && line.action.lets_pass())) {
      return leave_out(draft_, line, std::move(never.why), lost);
    }
    if (senders && is_empty_pattern(entry.text)) {
      return leave_out(draft_, line,
                       "Postfix asks for the sender of bounces as <>, so that this never matched",
                       lost);
    }
    // Each i turns the default, which is to ignore case.
    if (flags.size() % 2 == 1) {
      if (auto why = case_fault(keys_, entry.text); !why.empty()) {
        return leave_out(draft_, line, std::move(why), Found::perhaps);
      }
      entry.text.insert(0, "(?-i)");
    }
    if (keys_ == Keys::client && is_about_addresses(entry.text)) {
      return leave_out(draft_, line,
                       "a pattern for the digits of a client's address; write the network instead",
                       lost);
    }
    NewTable trial;
    trial.kind = TableKind::pattern;
    if (auto fault = draft_.add(trial, entry.text); !fault.empty()) {
      return leave_out(draft_, line, std::move(fault), Found::perhaps);
    }
    if (!never.why.empty() && !entry.alone) {
      draft_.differ(line.statement, "in part it never matches - " + never.why);
    }
    entries_.push_back(std::move(entry));
  }

  std::vector<Entry> entries() { return std::move(entries_); }

 private:
  Draft& draft_;
  const Keys keys_;
  std::vector<Entry> entries_;
};

}  // namespace

void read_access_patterns(const std::vector<AccessLine>& lines, Draft& draft) {
  PatternReader reader(draft);
  for (const auto& line : lines) reader.take(line);
  ListWriter(draft, TableKind::pattern, name_of(draft.request().keys)).write(reader.entries());
}

}  // namespace postern::importer

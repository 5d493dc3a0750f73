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
        draft_.leave_out(entries[i].line->statement, too_many_exceptions());
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
    for (auto i = begin; i < end; ++i) draft_.add(table, entries[i].text);
    auto condition = std::string(name_) + " in " + table.name;
    if (entries[begin].negated && kind_ != TableKind::cidr) {
      condition = "not (" + condition + ")";
    } else if (entries[begin].negated) {
      // Postfix compares addresses of one family: all others are not outside the network either.
      const bool v6 = entries[begin].text.find(':') != std::string::npos;
      condition = "(" + std::string(name_) + " in \"" + (v6 ? "::/0" : "0.0.0.0/0") +
                  "\" and not (" + condition + "))";
    }
    const auto whole = condition + (stands_at_mail(action) ? before_ : spared_).text();
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
      draft.leave_out(line.statement, "networks are asked about clients; say --keys client");
      continue;
    }
    Entry entry{&line, line.key, {}, false};
    if (entry.text.front() == '!') {
      entry.negated = true;
      entry.text.erase(0, 1);
    }
    std::string nearest;
    entry.network = Network::parse(entry.text, &nearest);
    if (!entry.network) {
      draft.leave_out(line.statement, nearest.empty()
                                          ? "this is no network"
                                          : "this is no network; " + nearest + " is one");
      continue;
    }
    entry.text = entry.network->text();
    entries.push_back(std::move(entry));
  }
  ListWriter(draft, TableKind::cidr, "client.ip").write(std::move(entries));
}

void read_access_patterns(const std::vector<AccessLine>& lines, Draft& draft) {
  std::vector<Entry> entries;
  for (const auto& line : lines) {
    Entry entry{&line, {}, {}, line.key.front() == '!'};
    const auto begin = line.key.find('/');
    const auto end = line.key.rfind('/');
    entry.text = line.key.substr(begin + 1, end - begin - 1);
    const auto flags = line.key.substr(end + 1);
    if (flags.find_first_not_of('i') != std::string::npos) {
      draft.leave_out(line.statement, "the flags of a pattern other than i have no counterpart");
      continue;
    }
    const auto keys = draft.request().keys;
    auto never = pattern_never(keys, entry.text);
    if (never.how == Never::How::at_all) {
      draft.leave_out(line.statement, std::move(never.why));
      continue;
    }
    if (keys == Keys::sender && is_empty_pattern(entry.text)) {
      draft.leave_out(line.statement,
                      "Postfix asks for the sender of bounces as <>, so that this never matched");
      continue;
    }
    // Each i turns the default, which is to ignore case.
    if (flags.size() % 2 == 1) entry.text.insert(0, "(?-i)");
    if (keys == Keys::client && is_about_addresses(entry.text)) {
      draft.leave_out(line.statement,
                      "a pattern for the digits of a client's address; write the network instead");
      continue;
    }
    NewTable trial;
    trial.kind = TableKind::pattern;
    if (const auto fault = draft.add(trial, entry.text); !fault.empty()) {
      draft.leave_out(line.statement, fault);
      continue;
    }
    if (!never.why.empty()) draft.differ(line.statement, "in part it never matches - " + never.why);
    entries.push_back(std::move(entry));
  }
  ListWriter(draft, TableKind::pattern, name_of(draft.request().keys)).write(std::move(entries));
}

}  // namespace postern::importer

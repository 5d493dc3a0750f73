// Indexed access tables. Postfix asks for the most specific key first and stops at the first it
// finds, whatever the order of the file; rules are asked in order. So keys are laid out in layers:
// one that is covered by another with a different action stands in an earlier layer.

#include "import/never.h"
#include "import/parts.h"
#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace postern::importer {
namespace {

enum class KeyKind { address, domain, local_part, network };

struct Item {
  const AccessLine* line = nullptr;
  KeyKind kind = KeyKind::domain;
  std::string entry;       ///< of our table: "bob@example.org", ".example.org", "192.0.2.0/24"
  std::size_t depth = 0;   ///< more specific keys of a kind have more
  std::size_t action = 0;  ///< which of the distinct ones
  std::size_t layer = 0;
};

std::size_t labels(std::string_view domain) {
  return 2 * static_cast<std::size_t>(std::count(domain.begin(), domain.end(), '.')) +
         (domain.front() == '.' ? 0 : 1);
}

class KeyReader {
 public:
  KeyReader(const std::vector<AccessLine>& lines, Draft& draft) : lines_(lines), draft_(draft) {}

  void read() {
    for (const auto& line : lines_) take(line);
    std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      return a.kind != b.kind ? a.kind < b.kind : a.depth > b.depth;
    });
    for (std::size_t i = 0; i < items_.size(); ++i) places_.emplace(items_[i].entry, i);
    lay_out();
    write();
  }

 private:
  Keys keys() const { return draft_.request().keys; }
  bool of_addresses() const { return keys() == Keys::sender || keys() == Keys::recipient; }
  bool cover_below() const { return draft_.request().parents == Parents::cover_names_below; }

  void take(const AccessLine& line) {
    const auto key = lower(line.key);
    if (auto never = word_never(keys(), key); !never.why.empty()) {
      // Postfix does ask for "unknown".
      return leave_out(draft_, line, std::move(never.why),
                       key == "unknown" ? Found::perhaps : Found::never);
    }
    if (auto why = final_dot(key); !why.empty()) {
      return leave_out(draft_, line, std::move(why), Found::never);
    }
    if (of_addresses() && (key == "<>" || key.find('@') != std::string::npos)) {
      return take_address(line, key);
    }
    if (keys() == Keys::client) {
      if (const auto network = network_of_prefix(key); !network.empty()) {
        const auto parsed = Network::parse(network);
        return add(line, KeyKind::network, network, parsed ? parsed->prefix() : 0);
      }
    }
    if (key.find('/') != std::string::npos) {
      return leave_out(draft_, line,
                       "an indexed table has no networks with a length; name the file's type, "
                       "if it is a cidr: table",
                       Found::never);
    }
    if (key.front() == '.') {
      if (cover_below()) {
        return leave_out(
            draft_, line,
            "with Postfix's default of parent_domain_matches_subdomains a key that begins with a "
            "dot never matches; say --exact-domains if smtpd_access_maps is not in it",
            Found::never);
      }
      return add(line, KeyKind::domain, key, labels(key));
    }
    add(line, KeyKind::domain, key, labels(key));
    if (cover_below()) add(line, KeyKind::domain, "." + key, labels("." + key));
  }

  void take_address(const AccessLine& line, const std::string& key) {
    if (key == "<>") {
      if (line.action.kind == Action::Kind::refuse) {
        return leave_out(draft_, line,
                         "<> is the sender of bounces, which may not be refused as such "
                         "(RFC 5321 4.5.5)",
                         Found::never);
      }
      return add(line, KeyKind::address, key, 0);
    }
    if (key.front() == '@') {
      return leave_out(draft_, line,
                       "Postfix never asks for a key that begins with @; a domain stands alone",
                       Found::never);
    }
    if (key.back() == '@') return add(line, KeyKind::local_part, key, 0);
    add(line, KeyKind::address, key, 0);
  }

  void add(const AccessLine& line, KeyKind kind, std::string entry, std::size_t depth) {
    const auto table = kind == KeyKind::network  ? TableKind::cidr
                       : kind == KeyKind::domain ? TableKind::domain
                                                 : TableKind::address;
    NewTable trial;
    trial.kind = table;
    if (const auto fault = draft_.add(trial, entry); !fault.empty()) {
      if (entry.front() != '.') leave_out(draft_, line, fault, Found::perhaps);
      return;
    }
    // postmap keeps the first of two; both spellings of a domain come from one line.
    if (!seen_.emplace(entry, line.statement.line).second) {
      if (seen_[entry] != line.statement.line && entry.front() != '.') {
        draft_.differ(line.statement, "the key stands in line " + std::to_string(seen_[entry]) +
                                          " already, which counts");
      }
      return;
    }
    items_.push_back({&line, kind, std::move(entry), depth, actions_.of(line.action), 0});
  }

  void push(const Item& from, Item& to) {
    if (from.action != to.action) to.layer = std::max(to.layer, from.layer + 1);
  }
  void push(const Item& from, const std::string& entry) {
    const auto found = places_.find(entry);
    if (found != places_.end()) push(from, items_[found->second]);
  }

  /// Items are in the order in which Postfix would ask for them.
  void lay_out() {
    std::map<std::size_t, std::size_t> deepest;  // layer behind all domains, by their action
    for (auto& item : items_) {
      switch (item.kind) {
        case KeyKind::address: {
          const auto at = item.entry.rfind('@');
          if (at == std::string::npos) break;
          push_domains(item, item.entry.substr(at + 1));
          push(item, item.entry.substr(0, at + 1));
          break;
        }
        case KeyKind::domain:
          push_domains(item, item.entry);
          deepest[item.action] = std::max(deepest[item.action], item.layer + 1);
          break;
        case KeyKind::local_part:
        case KeyKind::network:
          for (const auto& [action, layer] : deepest) {
            if (action != item.action) item.layer = std::max(item.layer, layer);
          }
          if (item.kind == KeyKind::network) push_networks(item);
          break;
      }
    }
  }

  void push_domains(const Item& item, std::string_view domain) {
    if (item.kind == KeyKind::address) push(item, std::string(domain));
    if (domain.front() == '.') domain.remove_prefix(1);
    for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
      push(item, std::string(domain.substr(dot)));
      domain.remove_prefix(dot + 1);
    }
  }

  void push_networks(const Item& item) {
    const auto network = Network::parse(item.entry);
    if (!network) return;
    const unsigned step = network->address().bits() == 32 ? 8 : 16;
    for (unsigned prefix = step; prefix < network->prefix(); prefix += step) {
      push(item, Network::around(network->address(), prefix).text());
    }
  }

  struct Group {
    std::vector<const Item*> items;
    std::vector<unsigned> lines;
  };

  void write() {
    std::map<std::pair<std::size_t, std::size_t>, Group> groups;  // by layer and action
    std::size_t last = 0;
    for (const auto& item : items_) {
      auto& group = groups[{item.layer, item.action}];
      group.items.push_back(&item);
      group.lines.push_back(item.line->statement.line);
      last = std::max(last, item.layer);
    }
    Exceptions spared;  // what DUNNO keeps from later layers
    Exceptions spared_here;
    Exceptions before;  // all that stands in earlier layers
    Exceptions before_here;
    std::size_t layer = 0;
    for (auto& [place, group] : groups) {
      if (place.first != layer) {
        layer = place.first;
        spared.take(spared_here);
        before.take(before_here);
      }
      const auto& action = actions_.at(place.second);
      const bool at_mail = stands_at_mail(action);
      // Less specific keys would refuse what these let pass, so that they are left out as well.
      if (spared.too_many() || (at_mail && before.too_many())) {
        // Of what is left out although later layers are not, they would refuse the mail.
        leave_out_group(group);
        if (!spared.too_many() && action.lets_pass()) {
          for (const auto line : group.lines) draft_.lose_pass(line);
        }
        continue;
      }
      std::sort(group.lines.begin(), group.lines.end());
      group.lines.erase(std::unique(group.lines.begin(), group.lines.end()), group.lines.end());
      if (action.kind == Action::Kind::shield && layer == last) continue;  // nothing behind it
      const auto condition = tables(group, action);
      before_here.add(condition);
      if (action.spares()) spared_here.add(condition);
      if (action.kind == Action::Kind::shield) continue;
      NewRule rule;
      rule.about = "From " + lines_text(group.lines) + ".";
      rule.name = draft_.stem() + ": " + std::string(to_text(keys())) + " " +
                  std::string(outcome_text(action)) + ", line " +
                  std::to_string(group.lines.front());
      rule.stage = "rcpt";
      set_action(rule, action);
      // One at MAIL is asked before the rules that stand before it here.
      const auto& exceptions = (at_mail ? before : spared).text();
      rule.when = exceptions.empty() ? condition : "(" + condition + ")" + exceptions;
      // Of keys the order in the file says nothing.
      if (action.kind == Action::Kind::refuse && draft_.pass_lost_before(0)) {
        draft_.shadow(rule, group.items.front()->line->statement);
      }
      draft_.rule(std::move(rule));
    }
    for (const auto& line : lines_) {
      if (left_out_.count(&line) != 0) continue;
      for (const auto& difference : line.action.differences) {
        draft_.differ(line.statement, difference);
      }
    }
  }

  /// A line may be in several groups, of which others stand in the fragment.
  void leave_out_group(const Group& group) {
    for (const auto* item : group.items) {
      if (!left_out_.insert(item->line).second || item->line->left_out) continue;
      draft_.leave_out(item->line->statement, too_many_exceptions());
    }
  }

  /// The tables of a group, and the condition that asks them.
  std::string tables(const Group& group, const Action& action) {
    const auto outcome = action.kind == Action::Kind::shield ? "spared" : outcome_text(action);
    std::map<TableKind, NewTable*> made;
    std::string condition;
    for (const auto* item : group.items) {
      const auto kind = item->kind == KeyKind::network  ? TableKind::cidr
                        : item->kind == KeyKind::domain ? TableKind::domain
                                                        : TableKind::address;
      auto*& table = made[kind];
      if (table == nullptr) {
        const std::string part = kind == TableKind::cidr     ? "networks"
                                 : kind == TableKind::domain ? "domains"
                                                             : "addresses";
        table = &draft_.table(kind, part + "_" + std::string(outcome),
                              "From " + lines_text(group.lines) + ".");
        const auto name = kind == TableKind::cidr     ? std::string_view("client.ip")
                          : kind == TableKind::domain ? domain_name_of(keys())
                                                      : name_of(keys());
        if (!condition.empty()) condition += " or ";
        condition += std::string(name) + " in " + table->name;
      }
      draft_.add(*table, item->entry);
    }
    return condition;
  }

  const std::vector<AccessLine>& lines_;
  Draft& draft_;
  ActionNumbers actions_;
  std::vector<Item> items_;
  std::map<std::string, unsigned> seen_;
  std::map<std::string, std::size_t> places_;
  std::set<const AccessLine*> left_out_;
};

}  // namespace

void read_access_keys(const std::vector<AccessLine>& lines, Draft& draft) {
  KeyReader(lines, draft).read();
}

}  // namespace postern::importer

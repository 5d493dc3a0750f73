// Whitelists of postgrey. They say who is not greylisted, not who is accepted: they become tables
// and one condition with a name, for the rules to use.

#include "import/never.h"
#include "import/parts.h"
#include "postern/address.h"

#include <algorithm>

namespace postern::importer {
namespace {

class Whitelist {
 public:
  explicit Whitelist(Draft& draft)
      : draft_(draft),
        clients_(draft.request().keys == Keys::client),
        networks_(draft.table(TableKind::cidr, "networks", "Clients by address.")),
        addresses_(draft.table(TableKind::address, "addresses",
                               "Recipients; what follows a + in them does not count.")),
        names_(draft.table(TableKind::domain, "names",
                           clients_ ? "Clients by name, and the names below."
                                    : "Domains of recipients, and those below.")),
        patterns_(draft.table(TableKind::pattern, "patterns", "Patterns.")) {
    addresses_.delimiter = std::string(1, '+');
  }

  void take(const Statement& statement) {
    const auto& text = statement.text;
    const auto keys = clients_ ? Keys::client : Keys::recipient;
    if (text.size() > 2 && text.front() == '/' && text.back() == '/') {
      const auto pattern = text.substr(1, text.size() - 2);
      auto never = pattern_never(keys, pattern);
      if (never.how == Never::How::at_all) {
        return draft_.leave_out(statement, std::move(never.why));
      }
      if (!never.why.empty()) draft_.differ(statement, "in part it never matches - " + never.why);
      return add(statement, patterns_, pattern);
    }
    if (text.find_first_of(" \t") != std::string::npos) {
      return draft_.leave_out(statement, "postgrey takes one word a line");
    }
    if (auto never = word_never(keys, text); !never.why.empty()) {
      return draft_.leave_out(statement, std::move(never.why));
    }
    if (auto why = final_dot(text); !why.empty()) {
      return draft_.leave_out(statement, std::move(why));
    }
    if (clients_) return take_client(statement);
    const auto at = text.find('@');
    if (at != std::string::npos) return add(statement, addresses_, text);
    take_domain(statement);
  }

  void finish() {
    // postgrey has no lists of anything else.
    const auto keys = clients_ ? Keys::client : Keys::recipient;
    const std::string name(name_of(keys));
    const std::string domain(domain_name_of(keys));
    std::string condition;
    const auto ask = [&](const NewTable& table, const std::string& subject) {
      if (table.entries.empty()) return;
      if (!condition.empty()) condition += " or ";
      condition += subject + " in " + table.name;
    };
    ask(networks_, "client.ip");
    ask(addresses_, name);
    ask(names_, domain);
    ask(patterns_, name);
    if (condition.empty()) return;
    draft_.condition("spared",
                     "Whom postgrey let pass at once. Use it where mail is put off, as in when = "
                     "'not " +
                         draft_.stem() + "_spared'.",
                     condition);
  }

 private:
  void take_client(const Statement& statement) {
    const auto& text = statement.text;
    if (const auto network = network_of_prefix(text); !network.empty()) {
      return add(statement, networks_, network);
    }
    if (text.find('/') == std::string::npos) return take_domain(statement);
    std::string nearest;
    if (Network::parse(text, &nearest)) return add(statement, networks_, text);
    if (nearest.empty()) return draft_.leave_out(statement, "this is no network");
    draft_.differ(statement, "bits behind the length of the network are set; taken for " + nearest);
    add(statement, networks_, nearest);
  }

  void take_domain(const Statement& statement) {
    const auto fault = draft_.add(names_, statement.text);
    if (!fault.empty()) return draft_.leave_out(statement, fault);
    if (statement.text.front() != '.') draft_.add(names_, "." + statement.text);
  }

  void add(const Statement& statement, NewTable& table, const std::string& entry) {
    const auto fault = draft_.add(table, entry);
    if (!fault.empty()) draft_.leave_out(statement, fault);
  }

  Draft& draft_;
  bool clients_;
  NewTable& networks_;
  NewTable& addresses_;
  NewTable& names_;
  NewTable& patterns_;
};

}  // namespace

void read_postgrey_whitelist(std::string_view text, Draft& draft) {
  Whitelist list(draft);
  unsigned number = 0;
  while (!text.empty()) {
    ++number;
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto content = trimmed(line.substr(0, line.find('#')));
    if (content.empty()) continue;
    draft.count_statement();
    list.take({number, std::string(content)});
  }
  list.finish();
}

}  // namespace postern::importer

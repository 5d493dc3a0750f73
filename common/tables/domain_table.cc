// Domains: "example.org" is that name alone, ".example.org" every name below it and not itself.
// Two spellings for two meanings: a list that silently covered subdomains would refuse or accept
// more than its author wrote.

#include "model/shown_text.h"
#include "model/text.h"
#include "tables/kinds.h"

#include <utility>

namespace postern {
namespace {

class DomainTable final : public Table {
 public:
  DomainTable(EntryList entries, TableFaults& faults, RepeatedEntries& repeated)
      : Table(TableKind::domain, std::move(entries)) {
    reserve();
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      const auto text = entries_.text(i);
      auto name = text;
      const bool below = name.size() > 1 && name.front() == '.';
      if (below) name.remove_prefix(1);
      if (is_normal_domain(name)) {
        (below ? below_ : names_).add(text, i, entries_, repeated);
        continue;
      }
      if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
      if (!is_mail_domain(name)) {
        faults.add(no_domain(i, name));
      } else {
        const auto key = (below ? "." : "") + normal_domain(name);
        (below ? below_ : names_).add(key, i, entries_, repeated);
      }
    }
  }

 private:
  void reserve() {
    std::size_t below = 0;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      if (entries_.text(i).starts_with('.')) ++below;
    }
    names_.reserve(entries_.size() - below);
    below_.reserve(below);
  }

  Problem no_domain(std::size_t entry, std::string_view name) const {
    const std::string text(entries_.text(entry));
    std::string hint =
        "write \"example.org\" for this name alone, \".example.org\" for every "
        "name below it";
    if (const auto at = name.rfind('@'); at != std::string_view::npos) {
      hint =
          "write \"" + std::string(name.substr(at + 1)) + "\", or use a table of kind \"address\"";
    } else if (name.substr(0, 2) == "*.") {
      hint = "write \"" + std::string(name.substr(1)) + "\" for every name below it";
    } else if (const auto space = name.find_first_of(" \t");
               space != std::string_view::npos && is_mail_domain(name.substr(0, space))) {
      hint = "for a value behind each entry the table must be of kind \"map\"";
    }
    std::string why = "\"" + text + "\" is not a domain";
    if (!is_utf8(name)) {
      why += ": these octets are no text";
      hint = "files of tables are UTF-8; write names beyond ASCII so, or as \"xn--...\"";
    }
    return entry_problem(entries_, entry, std::move(why), std::move(hint));
  }

  std::uint32_t look_up(const MailAddress& address, Time at) const override {
    return of_name(address.domain(), at);
  }
  std::uint32_t look_up(std::string_view text, Time at) const override {
    return is_normal_domain(text) ? of_name(text, at) : of_name(normal_domain(text), at);
  }

  /// `name` in normal form.
  std::uint32_t of_name(std::string_view name, Time at) const {
    if (name.empty()) return none;
    if (name.front() != '.') {
      if (const auto entry = names_.find(name, entries_, at); entry != none) return entry;
    }
    // Nearest parent first. From position 1: a name is not below itself.
    for (auto dot = name.find('.', 1); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
      const auto entry = below_.find(name.substr(dot), entries_, at);
      if (entry != none) return entry;
    }
    return none;
  }

  // Apart, because a look-up asks the second for each parent, which waits for memory when it is
  // large.
  KeyedEntries names_;
  KeyedEntries below_;
};

}  // namespace

TableBuild build_domain_table(EntryList entries, TableFaults& faults, RepeatedEntries& repeated) {
  return std::make_shared<DomainTable>(std::move(entries), faults, repeated);
}

}  // namespace postern

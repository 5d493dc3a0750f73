// Domains: "example.org" is that name alone, ".example.org" every name below it and not itself.
// Two spellings for two meanings: a list that silently covered subdomains would refuse or accept
// more than its author wrote.

#include "model/shown_text.h"
#include "model/text.h"
#include "tables/entry_store.h"
#include "tables/kinds.h"
#include "tables/text_index.h"

#include <memory>
#include <utility>

namespace postern {
namespace {

class DomainTable final : public Table {
 public:
  explicit DomainTable(std::string name) : Table(std::move(name), TableKind::domain) {}

  Problems read(const std::vector<TableEntry>& entries, RepeatedEntries& repeated) {
    Problems problems;
    store_.reserve(entries.size());
    index_.reserve(entries.size());
    for (const auto& entry : entries) {
      std::string_view name = entry.text;
      const bool below = name.size() > 1 && name.front() == '.';
      if (below) name.remove_prefix(1);
      if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
      if (!is_mail_domain(name)) {
        std::string hint =
            "write \"example.org\" for this name alone, \".example.org\" for every "
            "name below it";
        if (const auto at = name.rfind('@'); at != std::string_view::npos) {
          hint = "write \"" + std::string(name.substr(at + 1)) +
                 "\", or use a table of kind \"address\"";
        } else if (name.substr(0, 2) == "*.") {
          hint = "write \"" + std::string(name.substr(1)) + "\" for every name below it";
        }
        std::string why = "\"" + entry.text + "\" is not a domain";
        if (!is_utf8(name)) {
          why += ": these octets are no text";
          hint = "files of tables are UTF-8; write names beyond ASCII so, or as \"xn--...\"";
        }
        problems.push_back(entry_problem(entry, std::move(why), std::move(hint)));
        continue;
      }
      const auto number = store_.add(entry.text, entry.position);
      const auto first = index_.add((below ? "." : "") + normal_domain(name), number);
      if (first) repeated.add(number, *first);
    }
    size_ = store_.size();
    digest_ = sha256_hex("domain\n" + store_.lines());
    return problems;
  }

  using Table::find;
  std::optional<TableHit> find(const MailAddress& address) const override {
    return find(std::string_view(address.domain()));
  }
  std::optional<TableHit> find(std::string_view text) const override {
    const auto name = normal_domain(text);
    if (name.empty()) return {};
    if (name.front() != '.') {
      if (const auto entry = index_.find(name)) return store_.hit(*entry);
    }
    // Nearest parent first. From position 1: a name is not below itself.
    for (auto dot = name.find('.', 1); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      if (const auto entry = index_.find(std::string_view(name).substr(dot))) {
        return store_.hit(*entry);
      }
    }
    return {};
  }

 private:
  EntryStore store_;
  TextIndex index_;
};

}  // namespace

BuiltTable build_domain_table(std::string name, const std::vector<TableEntry>& entries,
                              RepeatedEntries& repeated) {
  auto table = std::make_shared<DomainTable>(std::move(name));
  auto problems = table->read(entries, repeated);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Table>(std::move(table));
}

}  // namespace postern

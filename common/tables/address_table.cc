// Mail addresses: whole ones, "@domain" for every address of a domain, "local@" for a local part
// at any domain, "<>" for the null reverse-path.

#include "model/text.h"
#include "tables/entry_store.h"
#include "tables/kinds.h"
#include "tables/text_index.h"

#include <memory>
#include <utility>

namespace postern {
namespace {

/// Local parts are compared octet by octet (RFC 5321 2.4), but postmaster in any case (4.5.1).
std::string local_key(std::string_view local) {
  auto in_lower_case = lower(local);
  return in_lower_case == "postmaster" ? in_lower_case : std::string(local);
}

/// How an address is found; a local part may hold '@', a domain cannot, so keys do not collide.
std::string key_of(const MailAddress& address) {
  if (address.empty()) return "<>";
  return local_key(address.local()) + '@' + address.domain();
}

class AddressTable final : public Table {
 public:
  explicit AddressTable(std::string name) : Table(std::move(name), TableKind::address) {}

  Problems read(const std::vector<TableEntry>& entries, RepeatedEntries& repeated) {
    Problems problems;
    store_.reserve(entries.size());
    index_.reserve(entries.size());
    for (const auto& entry : entries) {
      const auto key = read_entry(entry, problems);
      if (key.empty()) continue;
      const auto number = store_.add(entry.text, entry.position);
      if (const auto first = index_.add(key, number)) repeated.add(number, *first);
    }
    size_ = store_.size();
    digest_ = sha256_hex("address\n" + store_.lines());
    return problems;
  }

  using Table::find;
  std::optional<TableHit> find(const MailAddress& address) const override {
    if (const auto entry = index_.find(key_of(address))) return store_.hit(*entry);
    if (address.empty()) return {};
    if (const auto entry = index_.find(local_key(address.local()) + '@')) return store_.hit(*entry);
    if (address.domain().empty()) return {};
    if (const auto entry = index_.find('@' + address.domain())) return store_.hit(*entry);
    return {};
  }
  std::optional<TableHit> find(std::string_view text) const override {
    return find(MailAddress::from_envelope(text));
  }

 private:
  /// The key of an entry, or a problem and nothing.
  static std::string read_entry(const TableEntry& entry, Problems& problems) {
    const std::string_view text = entry.text;
    if (text == "<>") return "<>";
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) {
      problems.push_back(
          entry_problem(entry, "\"" + entry.text + "\" is not an address: it has no '@'",
                        is_mail_domain(text) && text.find('.') != std::string_view::npos
                            ? "write \"@" + entry.text + "\" for every address of this domain"
                            : "write \"" + entry.text + "@\" for this local part at any domain"));
      return {};
    }
    const auto domain = text.substr(at + 1);
    if (at == 0 && !domain.empty() && domain.front() == '.') {
      problems.push_back(
          entry_problem(entry, "an address table does not cover subdomains: \"" + entry.text + "\"",
                        "use a table of kind \"domain\" with \"" + std::string(domain) + "\""));
      return {};
    }
    if ((at == 0 && domain.empty()) || (!domain.empty() && !is_mail_domain(domain))) {
      problems.push_back(entry_problem(
          entry, "\"" + entry.text + "\" is not an address: nothing like a domain after the '@'",
          "write \"user@example.org\", \"@example.org\" or \"user@\""));
      return {};
    }
    if (at == 0) return '@' + normal_domain(domain);
    if (domain.empty()) {
      // The local part is read as that of a whole address, so that "\"a b\"@" is unquoted too.
      return local_key(MailAddress::from_envelope(entry.text + "example.org").local()) + '@';
    }
    return key_of(MailAddress::from_envelope(text));
  }

  EntryStore store_;
  TextIndex index_;
};

}  // namespace

BuiltTable build_address_table(std::string name, const std::vector<TableEntry>& entries,
                               RepeatedEntries& repeated) {
  auto table = std::make_shared<AddressTable>(std::move(name));
  auto problems = table->read(entries, repeated);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Table>(std::move(table));
}

}  // namespace postern

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

bool is_postmaster(std::string_view local) { return lower(local) == "postmaster"; }

class AddressTable final : public Table {
 public:
  AddressTable(std::string name, const TableOptions& options)
      : Table(std::move(name), TableKind::address), options_(options) {}

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
    digest_ = sha256_hex(heading() + store_.lines());
    return problems;
  }

  using Table::find;
  std::optional<TableHit> find(const MailAddress& address) const override {
    if (address.empty()) return hit("<>");
    // "local@domain": the keys of the entries "local@" and "@domain" are its parts, so one text
    // serves for all of them.
    const auto local = local_key(address.local());
    const auto whole = local + '@' + address.domain();
    if (const auto found = hit(whole)) return found;
    const auto user = user_of(local);
    if (!user.empty()) {
      if (const auto found = hit(user + '@' + address.domain())) return found;
    }
    if (const auto found = hit(std::string_view(whole).substr(0, local.size() + 1))) return found;
    if (!user.empty()) {
      if (const auto found = hit(user + '@')) return found;
    }
    if (address.domain().empty()) return {};
    return hit(std::string_view(whole).substr(local.size()));
  }
  std::optional<TableHit> find(std::string_view text) const override {
    return find(MailAddress::from_envelope(text));
  }

 private:
  /// What the digest covers besides the entries: other options give other answers.
  std::string heading() const {
    std::string text = "address\n";
    if (options_.local_part_case == LocalPartCase::exact) text += "case exact\n";
    if (!options_.delimiter.empty()) text += "delimiter " + options_.delimiter + '\n';
    return text;
  }

  std::optional<TableHit> hit(std::string_view key) const {
    const auto entry = index_.find(key);
    return entry ? std::optional(store_.hit(*entry)) : std::nullopt;
  }

  /// A local part as keys have it.
  std::string local_key(const std::string& local) const {
    const bool fold = options_.local_part_case == LocalPartCase::ignore || is_postmaster(local);
    return fold ? lower(local) : local;
  }

  /// How a whole address is found; a local part may hold '@', a domain cannot, so keys do not
  /// collide.
  std::string key_of(const MailAddress& address) const {
    return address.empty() ? "<>" : local_key(address.local()) + '@' + address.domain();
  }

  /// The part of `local` before its sub-address; empty when it has none. Nothing before the
  /// delimiter is nobody's name.
  std::string user_of(const std::string& local) const {
    if (options_.delimiter.empty()) return {};
    const auto at = local.find_first_of(options_.delimiter);
    return at == std::string::npos ? std::string() : local_key(local.substr(0, at));
  }

  /// The key of an entry, or a problem and nothing.
  std::string read_entry(const TableEntry& entry, Problems& problems) const {
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

  const TableOptions options_;
  EntryStore store_;
  TextIndex index_;
};

}  // namespace

BuiltTable build_address_table(std::string name, const std::vector<TableEntry>& entries,
                               const TableOptions& options, RepeatedEntries& repeated) {
  auto table = std::make_shared<AddressTable>(std::move(name), options);
  auto problems = table->read(entries, repeated);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Table>(std::move(table));
}

}  // namespace postern

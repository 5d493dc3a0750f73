// Mail addresses: whole ones, "@domain" for every address of a domain, "local@" for a local part
// at any domain, "<>" for the null reverse-path.

#include "model/text.h"
#include "tables/kinds.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace postern {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
char small(char c) { return is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_postmaster(std::string_view local) {
  constexpr std::string_view name = "postmaster";
  return local.size() == name.size() && lower(local) == name;
}

/// A text put together without allocating in the usual case.
class Room {
 public:
  void append(std::string_view text) {
    add(text, [](char c) { return c; });
  }
  void append_small(std::string_view text) { add(text, small); }
  std::string_view text() const {
    return more_.empty() ? std::string_view(room_.data(), size_) : std::string_view(more_);
  }

 private:
  template <typename Change>
  void add(std::string_view text, const Change& change) {
    if (more_.empty() && size_ + text.size() <= room_.size()) {
      std::transform(text.begin(), text.end(), room_.begin() + static_cast<std::ptrdiff_t>(size_),
                     change);
      size_ += text.size();
      return;
    }
    if (more_.empty()) more_.assign(room_.data(), size_);
    for (const char c : text) more_ += change(c);
  }

  // Octets: the longest path of RFC 5321 4.5.3.1.3 with some to spare.
  std::array<char, 320> room_;
  std::size_t size_ = 0;
  std::string more_;
};

class AddressTable final : public Table {
 public:
  AddressTable(EntryList entries, const TableOptions& options, TableFaults& faults,
               RepeatedEntries& repeated)
      : Table(TableKind::address, std::move(entries)), options_(options) {
    reserve();
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      const auto text = entries_.text(i);
      if (is_key(text)) {
        index_of(text).add(text, i, entries_, repeated);
        continue;
      }
      const auto key = read_entry(i, faults);
      if (!key.empty()) index_of(key).add(key, i, entries_, repeated);
    }
  }

 private:
  std::uint32_t look_up(const MailAddress& address, Time at) const override {
    if (address.empty()) return whole_.find("<>", entries_, at);
    // "local@domain": the keys of the entries "local@" and "@domain" are its parts, so one text
    // serves for all of them.
    Room whole;
    append_local(whole, address.local());
    const auto local_size = address.local().size();
    whole.append("@");
    whole.append(address.domain());
    if (const auto entry = whole_.find(whole.text(), entries_, at); entry != none) return entry;
    const auto user = user_of(address.local());
    Room of_user;
    if (!user.empty()) {
      append_local(of_user, user);
      of_user.append(whole.text().substr(local_size));
      const auto entry = whole_.find(of_user.text(), entries_, at);
      if (entry != none) return entry;
    }
    const auto name = whole.text().substr(0, local_size + 1);
    if (const auto entry = locals_.find(name, entries_, at); entry != none) return entry;
    if (!user.empty()) {
      const auto entry = locals_.find(of_user.text().substr(0, user.size() + 1), entries_, at);
      if (entry != none) return entry;
    }
    if (address.domain().empty()) return none;
    return domains_.find(whole.text().substr(local_size), entries_, at);
  }
  std::uint32_t look_up(std::string_view text, Time at) const override {
    return look_up(MailAddress::from_envelope(text), at);
  }

  /// The index that a key, or an entry, belongs to.
  KeyedEntries& index_of(std::string_view key) {
    const auto at = key.rfind('@');
    if (at == std::string_view::npos) return whole_;
    if (at == 0) return domains_;
    return at + 1 == key.size() ? locals_ : whole_;
  }

  void reserve() {
    std::map<KeyedEntries*, std::size_t> sizes;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) ++sizes[&index_of(entries_.text(i))];
    for (const auto& [index, size] : sizes) index->reserve(size);
  }

  bool folds(std::string_view local) const {
    return options_.local_part_case == LocalPartCase::ignore || is_postmaster(local);
  }

  /// A local part as keys have it.
  void append_local(Room& room, std::string_view local) const {
    if (folds(local)) {
      room.append_small(local);
    } else {
      room.append(local);
    }
  }
  std::string local_key(const std::string& local) const {
    return folds(local) ? lower(local) : local;
  }

  /// How a whole address is found; a local part may hold '@', a domain cannot, so keys do not
  /// collide.
  std::string key_of(const MailAddress& address) const {
    return address.empty() ? "<>" : local_key(address.local()) + '@' + address.domain();
  }

  /// The part of `local` before its sub-address; empty when it has none. Nothing before the
  /// delimiter is nobody's name.
  std::string_view user_of(std::string_view local) const {
    if (options_.delimiter.empty()) return {};
    const auto at = local.find_first_of(options_.delimiter);
    return at == std::string_view::npos ? std::string_view() : local.substr(0, at);
  }

  /// True for an entry that is its own key, as nearly all are; to see it is much quicker than to
  /// make the key.
  bool is_key(std::string_view text) const {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) return text == "<>";
    if (text.size() == 1) return false;
    const auto domain = text.substr(at + 1);
    if (!domain.empty() && !is_normal_domain(domain)) return false;
    const auto local = text.substr(0, at);
    const bool exact = options_.local_part_case == LocalPartCase::exact;
    return std::all_of(local.begin(), local.end(),
                       [exact](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                                c == '-' || c == '_' || c == '+' || (exact && is_capital(c));
                       }) &&
           !(exact && is_postmaster(local));
  }

  /// The key of an entry, or a problem and nothing.
  std::string read_entry(std::size_t entry, TableFaults& faults) const {
    const std::string text(entries_.text(entry));
    const auto fault = [&](std::string message, std::string hint) {
      faults.add(entry_problem(entries_, entry, std::move(message), std::move(hint)));
      return std::string();
    };
    const auto at = text.rfind('@');
    if (at == std::string::npos) {
      return fault("\"" + text + "\" is not an address: it has no '@'",
                   is_mail_domain(text) && text.find('.') != std::string::npos
                       ? "write \"@" + text + "\" for every address of this domain"
                       : "write \"" + text + "@\" for this local part at any domain");
    }
    const auto domain = std::string_view(text).substr(at + 1);
    if (at == 0 && !domain.empty() && domain.front() == '.') {
      return fault("an address table does not cover subdomains: \"" + text + "\"",
                   "use a table of kind \"domain\" with \"" + std::string(domain) + "\"");
    }
    if ((at == 0 && domain.empty()) || (!domain.empty() && !is_mail_domain(domain))) {
      const auto space = domain.find_first_of(" \t");
      const bool has_value =
          space != std::string_view::npos && space > 0 && is_mail_domain(domain.substr(0, space));
      return fault("\"" + text + "\" is not an address: nothing like a domain after the '@'",
                   has_value ? "for a value behind each entry the table must be of kind \"map\""
                             : "write \"user@example.org\", \"@example.org\" or \"user@\"");
    }
    if (at == 0) return '@' + normal_domain(domain);
    if (domain.empty()) {
      // The local part is read as that of a whole address, so that "\"a b\"@" is unquoted too.
      return local_key(MailAddress::from_envelope(text + "example.org").local()) + '@';
    }
    return key_of(MailAddress::from_envelope(text));
  }

  const TableOptions options_;
  // Apart, because a look-up asks all three, each a wait for memory when it is large, and most
  // lists have one kind of entry.
  KeyedEntries whole_;
  KeyedEntries locals_;
  KeyedEntries domains_;
};

}  // namespace

TableBuild build_address_table(EntryList entries, const TableOptions& options, TableFaults& faults,
                               RepeatedEntries& repeated) {
  return std::make_shared<AddressTable>(std::move(entries), options, faults, repeated);
}

}  // namespace postern

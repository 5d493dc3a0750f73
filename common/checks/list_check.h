// ListCheck: a list in DNS as rules know it (RFC 5782), of addresses or of domains, of what is to
// be kept out (`dnsbl`) or let in (`dnswl`).
#pragma once

#include "checks/check.h"
#include "checks/dns_list.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern {

/// What is looked up in a list.
enum class ListSubject : std::uint8_t { client_ip, client_name, helo, sender_domain };
/// "client.ip", "client.name", "helo", "sender.domain": as conditions name them.
std::string_view to_text(ListSubject subject) noexcept;
std::optional<ListSubject> list_subject_from_text(std::string_view text) noexcept;

struct ListSettings {
  enum class Kind : std::uint8_t { block, allow };
  Kind kind = Kind::block;
  std::string zone;  ///< in normal spelling
  ListSubject subject = ListSubject::client_ip;
  std::vector<DnsListCodes> codes;  ///< empty: the usual ones, which mean `listed`
  std::vector<std::pair<std::string, std::int64_t>> weights;  ///< of meanings, in thousandths
  std::string title;   ///< how replies call it; empty: by its zone
  std::string lookup;  ///< URL of its page about an entry, with {value}; may be empty
  enum class Words : std::uint8_t { quoted, not_asked };
  Words words = Words::quoted;  ///< what the list says of the entry (its TXT record)
  enum class Families : std::uint8_t { both, v4 };
  Families families = Families::both;  ///< whether it knows IPv6
  bool has_test_points = true;         ///< RFC 5782 5; without them nobody sees that it lies
};

/// Its values are the meanings of the codes that were found, or `clear` (semantics 20). What is no
/// answer of a working list is unavailable. A list of addresses is not asked about such as no mail
/// of others comes from (is_routable): they are `clear`.
class ListCheck final : public Check {
 public:
  ListCheck(std::string name, ListSettings settings);
  const CheckDescription& description() const noexcept override { return description_; }
  const ListSettings& settings() const noexcept { return settings_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  CheckWords words(const Transaction& transaction, const Facts& facts) const override;
  bool speaks(FieldForm form) const noexcept override;
  FieldText field_text(FieldForm form, const Transaction& transaction,
                       const Facts& facts) const override;

 private:
  struct Key {
    enum class State : std::uint8_t { nothing, value, open, unavailable };
    State state = State::nothing;
    std::string domain;  ///< what is looked up, if that is no address
    std::string name;    ///< the name that is asked for
    std::vector<Question> questions;
    std::string cause;
  };
  Key key(const Transaction& transaction, const Facts& facts) const;
  Key domain_key(const std::string& domain) const;
  std::string looked_up(const Key& key, const Transaction& transaction) const;
  bool asks_for_words(const Transaction& transaction) const noexcept;

  CheckDescription description_;
  ListSettings settings_;
};

}  // namespace postern

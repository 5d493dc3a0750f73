// AddressEraser: takes an address, or a login name, out of journal lines. Pure; immutable.
#pragma once

#include "journal/address_mask.h"
#include "journal/json_strings.h"
#include "postern/address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What stands where an address was; ".invalid" is nobody's (RFC 2606 2).
inline constexpr std::string_view erased_address = "~erased@invalid";

class AddressEraser {
 public:
  /// An address, or a name without an '@' that people log in with. `mask`: of the journal, so that
  /// what was hidden with its key is found too. nullopt for text that can be neither.
  static std::optional<AddressEraser> parse(std::string_view text, const AddressMask& mask);

  /// Replaces it wherever it stands in `line`, a record or a part of one, in whatever case. Of a
  /// torn line that holds it nothing stays. True if it stood there.
  bool edit(std::string& line) const;

  /// Whether it may stand there hashed, without a key that would tell.
  bool may_be_hidden_in(std::string_view line) const;

  /// "bob@example.org".
  std::string text() const { return address_.text(); }

 private:
  explicit AddressEraser(MailAddress address) : address_(std::move(address)) {}
  bool replace(std::string& line, std::string_view marker) const;
  bool replace_whole(const JsonPlace& place, std::string& text, std::string_view marker) const;

  MailAddress address_;  ///< without a domain: a name
  std::vector<MailAddress> spellings_;
  bool has_key_ = false;
};

}  // namespace postern

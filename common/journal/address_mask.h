// AddressMask: hides the local parts of mail addresses, and login names, in journal lines. Pure but
// for its making; immutable, any thread may use it.
#pragma once

#include "postern/address.h"
#include "rules/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

class AddressMask {
 public:
  /// Hides nothing.
  AddressMask() = default;
  static AddressMask cut();
  /// `key`: any octets, a secret.
  static AddressMask hashed(std::string key);

  AddressForm form() const noexcept { return form_; }
  bool hides() const noexcept { return form_ != AddressForm::full; }

  /// What stands for a local part or a login name: "~" and a keyed hash (HMAC-SHA-256 of it in
  /// small letters, cut to 64 bits), or "~" alone. The same for the same; what is hidden already,
  /// nothing, and postmaster, which is nobody's name (RFC 5321 4.5.1), stay.
  std::string local(std::string_view local) const;

  /// `line`, a record without line end, with every address hidden that is not the policy's own: it
  /// leaves what rules put into effects, and `spared`, an address that stands in texts. What the
  /// mail server told hides wherever else it stands in the record. False, and nothing done, if it
  /// is no complete JSON object.
  bool apply(std::string& line, std::string_view spared) const;

 private:
  AddressForm form_ = AddressForm::full;
  std::string key_;
};

}  // namespace postern

// RdnsCheck: `rdns`, what kind of name the client has.
#pragma once

#include "checks/check.h"

namespace postern {

/// `none`: it has no name; else `named` or `generic` (checks/generic_name.h), and with either
/// `unconfirmed` if no name leads back. A temperror is a value (semantics 20), and is what it comes
/// to where the first name that leads back cannot be told. Asks what `iprev` asks.
class RdnsCheck final : public Check {
 public:
  RdnsCheck();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
};

}  // namespace postern

// IprevCheck: `iprev`, whether the client has a name that leads back to it (RFC 8601 2.7.3).
#pragma once

#include "checks/check.h"

namespace postern {

/// A name that the mail server has confirmed is a pass without asking (semantics 16); else DNS is
/// asked. Its value is the result; a temperror is one (semantics 20).
class IprevCheck final : public Check {
 public:
  IprevCheck();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  bool speaks(FieldForm form) const noexcept override;
  FieldText field_text(FieldForm form, const Transaction& transaction,
                       const Facts& facts) const override;

 private:
  CheckDescription description_;
};

}  // namespace postern

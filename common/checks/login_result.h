// LoginResult: what the mail server told of the client's login, for header fields (RFC 8601 2.7.4).
// No check that rules compare: they have client.authenticated.
#pragma once

#include "checks/check.h"

namespace postern {

/// "auth=pass (plain) smtp.auth=bob@example.org"; of a client that did not log in, nothing.
class LoginResult final : public Check {
 public:
  LoginResult();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  bool speaks(FieldForm form) const noexcept override;
  FieldText field_text(FieldForm form, const Transaction& transaction,
                       const Facts& facts) const override;

 private:
  CheckDescription description_;
};

}  // namespace postern

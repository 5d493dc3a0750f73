// DomainCheck: whether mail for a domain can be delivered, of the sender (`sender_domain`) or of
// the recipient (`recipient_domain`).
#pragma once

#include "checks/check.h"

namespace postern {

/// Its value is that of MailDomain. The null sender of bounces is `good`, as nothing is ever sent
/// to it. A temperror is a value (semantics 20).
class DomainCheck final : public Check {
 public:
  enum class Of : std::uint8_t { sender, recipient };
  explicit DomainCheck(Of of);
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  CheckWords words(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
  Of of_;
};

}  // namespace postern

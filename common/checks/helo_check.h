// HeloCheck and HeloDnsCheck: what is to be said of the HELO name by itself (`helo_check`), and
// what DNS knows of it (`helo_dns`).
#pragma once

#include "checks/check.h"
#include "checks/helo.h"

namespace postern {

/// Its form (HeloForm), and `ours` besides if the client calls itself as we are called. Asks
/// nothing.
class HeloCheck final : public Check {
 public:
  explicit HeloCheck(std::string name, OurSelves ours);
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
  OurSelves ours_;
};

/// Whether the name exists and leads to the client (HeloDns); `none` where there is no name to ask
/// about. A temperror is a value (semantics 20).
class HeloDnsCheck final : public Check {
 public:
  HeloDnsCheck();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
};

}  // namespace postern

// SpfCheck: SPF as rules know it, of the sender (`spf`) or of the HELO name (`spf_helo`).
#pragma once

#include "checks/check.h"
#include "checks/spf.h"

#include <optional>
#include <string>

namespace postern {

struct SpfCheckSettings {
  SpfIdentity identity = SpfIdentity::mail_from;
  SpfLimits limits;
  std::string receiver;  ///< our own name, for %{r}
};

/// What is asked about a transaction; nullopt when there is nothing to ask: no client address, or
/// the mail server has not told what it takes.
std::optional<SpfRequest> spf_request(const Transaction& transaction,
                                      const SpfCheckSettings& settings);

/// Its value is the result (RFC 7208 2.6); a temperror is one (semantics 20).
class SpfCheck final : public Check {
 public:
  SpfCheck(std::string name, SpfCheckSettings settings);
  const CheckDescription& description() const noexcept override { return description_; }
  const SpfCheckSettings& settings() const noexcept { return settings_; }
  /// Of a fail it waits for the domain's explanation too, which the reply is to quote.
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  CheckWords words(const Transaction& transaction, const Facts& facts) const override;
  bool speaks(FieldForm form) const noexcept override;
  FieldText field_text(FieldForm form, const Transaction& transaction,
                       const Facts& facts) const override;

 private:
  CheckDescription description_;
  SpfCheckSettings settings_;
};

}  // namespace postern

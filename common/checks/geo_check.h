// GeoCheck: `client.country` and `client.asn`, what a local file says of the client's address.
#pragma once

#include "checks/check.h"
#include "model/geo.h"

namespace postern {

/// A code of ISO 3166-1 or "AS" and a number; `unknown` if the file has none for the address. A
/// client without an address has no value. Costs one look into the file.
class GeoCheck final : public Check {
 public:
  explicit GeoCheck(GeoFact fact);
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  GeoFact fact_;
  CheckDescription description_;
};

/// "client.country", "client.asn".
std::string geo_check_name(GeoFact fact);

}  // namespace postern

// GeoSource: the FactSource of what local files say of addresses: those of the policy in force.
// Passes other questions on. Thread-safe.
#pragma once

#include "runtime/driver.h"
#include "runtime/services.h"

#include <functional>

namespace postern {

class GeoSource final : public FactSource {
 public:
  /// Both live longer.
  GeoSource(const PolicyHolder& policy, FactSource& others) : policy_(policy), others_(others) {}

  std::optional<Answer> known(const Question& question) override;
  /// Answers before it returns.
  void ask(const Question& question, std::function<void(Answer)> done) override;

 private:
  const PolicyHolder& policy_;
  FactSource& others_;
};

/// What `policy` knows of the question, which is of kind geo.
Answer geo_answer(const Policy& policy, const Question& question);

}  // namespace postern

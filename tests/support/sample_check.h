// SampleCheck: a check of the test kit, with any values, kind and cost, that asks one question and
// passes the answer on.
#pragma once

#include "checks/check.h"

#include <memory>
#include <string>
#include <vector>

namespace postern::test {

class SampleCheck final : public Check {
 public:
  explicit SampleCheck(CheckDescription description) : description_(std::move(description)) {}
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;
  /// A free one: "sample_a=good", "sample_a=temperror".
  bool speaks(FieldForm form) const noexcept override;
  FieldText field_text(FieldForm form, const Transaction& transaction,
                       const Facts& facts) const override;

 private:
  CheckDescription description_;
};

/// "listed" when the client's address, turned round, has an A record in list.example, else "clear".
class SampleList final : public Check {
 public:
  SampleList();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
};

/// "high" when the counter of the client's address stands at 10 or above, else "low".
class SampleCounter final : public Check {
 public:
  SampleCounter();
  const CheckDescription& description() const noexcept override { return description_; }
  CheckOutcome evaluate(const Transaction& transaction, const Facts& facts) const override;

 private:
  CheckDescription description_;
};

/// The question a sample check of that name asks.
Question sample_question(const std::string& check, QuestionKind kind = QuestionKind::sample,
                         QuestionCost cost = QuestionCost::free);

/// sample_a and sample_b (free: good, bad, odd, temperror, with weights), sample_spf, sample_dns
/// (free, of those kinds), sample_costly, sample_count (costly: low, high), sample_list and
/// sample_counter.
CheckRegistry sample_checks();

}  // namespace postern::test

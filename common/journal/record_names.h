// The names that a search of the journal has besides those of rules: what a decision came to. The
// one list; the search, its help and the documentation's test read it.
#pragma once

#include "journal/line_sieve.h"
#include "journal/record.h"
#include "rules/further_names.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// In the order of the documentation.
const expression::FurtherNames& record_names();

/// What they stand for in one record, which lives longer.
class RecordValues final : public expression::FurtherValues {
 public:
  explicit RecordValues(const Record& record) : record_(record) {}
  expression::FurtherValue value(const expression::FurtherName& name) const override;

 private:
  const Record& record_;
};

/// What the line of a record must have if `name` is equal to one of `texts` or `numbers` in it;
/// nullopt: the line may look like anything.
std::optional<LineClue> clue_of(const expression::FurtherName& name,
                                const std::vector<std::string>& texts,
                                const std::vector<std::int64_t>& numbers);

}  // namespace postern

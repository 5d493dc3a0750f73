// LogFilter: which decisions of the journal somebody wants to see.
#pragma once

#include "journal/line_sieve.h"
#include "journal/record_condition.h"
#include "journal/search.h"

#include <optional>
#include <string>
#include <vector>

namespace postern {

/// All of it must hold; of several verdicts, reasons or rules, one.
struct LogFilter {
  RecordFilter records;
  std::vector<Verdict> verdicts;
  std::vector<const Reason*> reasons;
  std::vector<std::string> rules;  ///< that decided, or would have if they were not only watched
  std::optional<RecordCondition> condition;

  bool fits(const Record& record) const;
  /// Of a record that does not fit: whether the condition might say yes if nothing were hidden.
  bool hangs_on_hidden(const Record& record) const;
  /// Lets every line of a record through that fits.
  LineSieve sieve() const;

 private:
  bool fits_but_for_condition(const Record& record) const;
};

}  // namespace postern

// StatsTable: the sums of records as rows and columns, the same for terminals, JSON and pages.
// Pure.
#pragma once

#include "journal/record_sums.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What the rows are.
enum class StatsBy : std::uint8_t {
  verdict,
  reason,
  rule,
  shadow,
  code,
  enhanced_code,
  sender_domain,
  recipient_domain,
  network,
  country,
  asn,
  dependency,
  stage,
  door,
  host,
  time,
};
/// "verdict", "enhanced_code".
std::string_view to_text(StatsBy by) noexcept;
std::optional<StatsBy> stats_by_from_text(std::string_view text) noexcept;
/// All of them, in the order of the enumeration.
std::vector<std::string> stats_by_names();

enum class StatsUnit : std::uint8_t { count, microseconds };

struct StatsColumn {
  std::string_view name;  ///< "let in"
  std::string_view key;   ///< in JSON: "let_in"
  StatsUnit unit = StatsUnit::count;
};

struct StatsRow {
  std::string name;                   ///< octets of any origin
  std::vector<std::uint64_t> cells;   ///< one for each column
  bool at_least = false;              ///< there may be more: the name was not always held
  const Series* over_time = nullptr;  ///< of the first column; lives as long as the sums
  std::vector<SumsSample> samples = {};
};

struct StatsTable {
  StatsBy by = StatsBy::verdict;
  std::string title;                 ///< "Reasons"
  std::string head;                  ///< of the names: "Reason"
  std::vector<StatsColumn> columns;  ///< the first one ranks the rows
  std::vector<StatsRow> rows;
  /// What all that is not among the rows has; nullopt: nothing is left out.
  std::optional<std::vector<std::uint64_t>> others;
  /// How many names that are; 0: not known.
  std::uint64_t other_names = 0;
};

/// The first `most` rows. Rows of time and of verdicts are all there.
StatsTable stats_table(const RecordSums& sums, StatsBy by, std::size_t most);

/// Whether all cells of a column are 0, those of others too.
bool is_empty_column(const StatsTable& table, std::size_t column);

}  // namespace postern

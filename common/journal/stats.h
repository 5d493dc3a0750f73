// Stats: the sums of a journal as text for a terminal and as JSON. Pure functions.
#pragma once

#include "journal/page.h"
#include "journal/record_sums.h"
#include "journal/stats_tables.h"
#include "postern/result.h"

#include <cstddef>
#include <optional>
#include <string>

namespace postern {

/// Whether rows show a line of blocks: how they went over time.
enum class Sparks : std::uint8_t { none, shown };

struct StatsOptions {
  std::optional<StatsBy> by;  ///< one table; without it those that one looks at first
  std::size_t most = 10;      ///< rows of a table
  Glyphs glyphs = Glyphs::ascii;
  Paint paint = Paint::none;
  Sparks sparks = Sparks::none;
};

/// Aligned columns, without those in which there is nothing.
std::string stats_text(const RecordSums& sums, const StatsOptions& options);
/// One JSON object; docs/stats-and-report.md describes it.
std::string stats_json(const RecordSums& sums, const StatsOptions& options);

}  // namespace postern

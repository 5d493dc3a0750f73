// The building blocks of the report page: words, tables, plots. Private to report_*.cc. Pure.
#pragma once

#include "journal/record_sums.h"
#include "journal/time_steps.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::report {

/// Octets of any origin as a page may show them: nothing unseen, cut after some, escaped.
std::string words(std::string_view octets);
/// The same uncut.
std::string prose(std::string_view octets);
/// As words(), as a word of machines.
std::string code(std::string_view octets);

enum class Holds : std::uint8_t {
  words,
  word,  ///< short ones
  number,
  drawing,
};
struct Column {
  std::string_view title;  ///< plain text
  Holds holds = Holds::number;
};
enum class Narrow : std::uint8_t {
  stacks,  ///< on a narrow screen the cells of a row stand below its heading
  stays,   ///< there are few columns of numbers
};
/// A row has a cell for each column, as HTML; the first is its heading. Columns that hold nothing
/// but zeros are left out.
std::string table(std::string_view caption, std::vector<Column> columns,
                  std::vector<std::vector<std::string>> rows, Narrow narrow = Narrow::stacks);

/// The same colour everywhere: "let-in", "put-off", "refused", "other", "plain".
struct Layer {
  std::string_view name;    ///< plain text
  std::string_view colour;  ///< one of those above
  std::vector<std::uint64_t> values;
};
struct Plot {
  std::string_view id;  ///< of the page's own: a word
  std::string_view title;
  std::string_view what;  ///< is counted: "decisions"
  std::string_view one;   ///< of these: "decision"
  std::vector<Layer> layers;
};
/// Stacked bars, a legend with sums, and the numbers as a table behind a heading that opens.
std::string bars(const Plot& plot, const TimeSteps& steps);
/// Lines of microseconds over a scale of powers of ten; 0: nothing is known.
std::string duration_lines(const Plot& plot, const TimeSteps& steps);
/// A small one beside a number that says it all.
std::string spark(const Series& series, const TimeSteps& steps, std::string_view colour);

/// What the page has beyond the style of all pages.
extern const std::string_view style;

}  // namespace postern::report

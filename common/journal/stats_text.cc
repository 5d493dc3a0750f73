#include "journal/number_text.h"
#include "journal/stats.h"
#include "model/shown_text.h"
#include "tables/entries.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace postern {
namespace {

/// Columns for a name; longer ones are cut.
constexpr std::size_t longest_name = 44;
constexpr std::size_t spark_columns = 24;

struct Shown {
  std::string text;
  std::size_t columns = 0;
};

Shown shown(std::string_view name, Glyphs glyphs) {
  Shown result;
  for (const auto& piece : shown_pieces(name, glyphs)) {
    if (result.columns + piece.columns > longest_name - 3) {
      result.text += "...";
      result.columns += 3;
      break;
    }
    result.text += piece.text;
    result.columns += piece.columns;
  }
  return result;
}

std::string cell_text(std::uint64_t value, StatsUnit unit, std::string_view behind) {
  if (unit == StatsUnit::count) return grouped(value) + std::string(behind);
  return value == 0 ? "-" : duration_text(std::chrono::microseconds(value));
}

/// The steps in a few columns, the highest as a whole block.
std::string spark(const Series& series, std::size_t steps) {
  constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto columns = std::min(spark_columns, steps);
  std::vector<std::uint64_t> sums(columns);
  for (std::size_t step = 0; step < steps; ++step) sums[step * columns / steps] += series.at(step);
  const auto highest = *std::max_element(sums.begin(), sums.end());
  std::string text;
  for (const auto sum : sums) {
    text += blocks[highest == 0 ? 0 : static_cast<std::size_t>((sum * 8 + highest - 1) / highest)];
  }
  return text;
}

class Writer {
 public:
  Writer(const RecordSums& sums, const StatsOptions& options) : sums_(sums), options_(options) {}

  void line(std::uint64_t count, std::string_view what) {
    const auto number = grouped(count);
    text_.append(number.size() < 13 ? 13 - number.size() : 0, ' ');
    text_ += number + "  ";
    text_ += what;
    text_ += '\n';
  }

  void head() {
    const auto& span = sums_.span();
    title(minute_text(span.since) + " to " + minute_text(span.until) + " UTC, " +
          length_text(span.length()));
    text_ += '\n';
    const auto decisions = sums_.decisions();
    line(decisions, decisions == 1 ? "decision" : "decisions");
    for (const auto outcome : {MailFate::let_in, MailFate::put_off, MailFate::refused,
                               MailFate::discarded, MailFate::held}) {
      const auto count = sums_.outcomes().of(outcome);
      if (count == 0) continue;
      line(count, "  " + std::string(to_text(outcome)) + ", " + share_text(count, decisions));
    }
    if (sums_.standing_for_others() > 0) {
      const auto records = sums_.standing_for_others();
      line(sums_.estimated(),
           std::string(sums_.estimated() == 1 ? "of the decisions is an estimate: "
                                              : "of the decisions are an estimate: ") +
               grouped(records) + (records == 1 ? " record stands" : " records stand") +
               (sums_.estimated() == 1 ? " for it" : " for them") + " (journal.accepts_share)");
    }
    if (sums_.repeats() > 0)
      line(sums_.repeats(), sums_.repeats() == 1 ? "question asked again, and not counted"
                                                 : "questions asked again, and not counted");
    if (sums_.late() > 0)
      line(sums_.late(), sums_.late() == 1 ? "decision for which an answer came too late"
                                           : "decisions for which an answer came too late");
    const auto& times = sums_.decision_times();
    if (times.count() == 0) return;
    text_ += "\n  Half of the decisions took at most " + duration_text(times.quantile(0.5)) +
             ", 99% at most " + duration_text(times.quantile(0.99)) + ", the longest " +
             duration_text(times.longest()) + ".\n";
    // Where nothing waits, the rules are all of it.
    if (sums_.waiting().times.count() + sums_.afterwards().times.count() == 0) return;
    part("the rules", sums_.in_rules());
    part("waiting for answers", sums_.waiting());
    part("what came after the answer", sums_.afterwards());
  }

  /// Worth a line when it takes a time that somebody could notice.
  void part(std::string_view what, const PartSum& sum) {
    constexpr std::chrono::milliseconds noticed{1};
    if (sum.times.longest() < noticed) return;
    text_ += "  Of that, " + std::string(what) + ": 99% at most " +
             duration_text(sum.times.quantile(0.99)) + ", the longest " +
             duration_text(sum.times.longest());
    if (!sum.slowest.empty()) text_ += " (" + sum.slowest + ")";
    text_ += ".\n";
  }

  void table(const StatsTable& table) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i == 0 || !is_empty_column(table, i)) columns.push_back(i);
    }
    std::vector<std::vector<std::string>> cells;
    std::vector<Shown> names;
    bool any_at_least = false;
    for (const auto& row : table.rows) {
      names.push_back(shown(row.name, options_.glyphs));
      cells.push_back(cells_of(table, columns, row.cells, row.at_least ? "+" : ""));
      any_at_least = any_at_least || row.at_least;
    }
    if (table.others) {
      auto name = std::string("others");
      if (table.other_names > 0) name += " (" + grouped(table.other_names) + ")";
      names.push_back({name, name.size()});
      cells.push_back(cells_of(table, columns, *table.others, ""));
    }
    write(table, columns, names, cells);
    if (any_at_least) {
      text_ +=
          "  + at least: so many names turned up that the rarer ones were forgotten in between\n";
    } else if (table.rows.empty()) {
      text_ += "  none\n";
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void title(std::string_view words) {
    text_ += options_.paint == Paint::ansi ? "\033[1m" + std::string(words) + "\033[0m"
                                           : std::string(words);
    text_ += '\n';
  }

  static std::vector<std::string> cells_of(const StatsTable& table,
                                           const std::vector<std::size_t>& columns,
                                           const std::vector<std::uint64_t>& values,
                                           std::string_view behind) {
    std::vector<std::string> cells;
    for (const auto column : columns) {
      cells.push_back(cell_text(values[column], table.columns[column].unit, behind));
    }
    return cells;
  }

  void write(const StatsTable& table, const std::vector<std::size_t>& columns,
             const std::vector<Shown>& names, const std::vector<std::vector<std::string>>& cells) {
    auto first = table.title.size();
    for (const auto& name : names) first = std::max(first, 2 + name.columns);
    std::vector<std::size_t> widths;
    std::string head;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto name = table.columns[columns[i]].name;
      auto width = name.size();
      for (const auto& row : cells) width = std::max(width, row[i].size());
      widths.push_back(width);
      head.append(2 + width - name.size(), ' ');
      head += name;
    }
    text_ += '\n';
    title(table.title + std::string(first - table.title.size(), ' ') + head);
    for (std::size_t at = 0; at < cells.size(); ++at) {
      text_ += "  " + names[at].text + std::string(first - 2 - names[at].columns, ' ');
      for (std::size_t i = 0; i < columns.size(); ++i) {
        text_ += "  ";
        text_.append(widths[i] - cells[at][i].size(), ' ');
        text_ += cells[at][i];
      }
      const bool has_series = at < table.rows.size() && table.rows[at].over_time != nullptr;
      if (options_.sparks == Sparks::shown && has_series) {
        text_ += "  |" + spark(*table.rows[at].over_time, sums_.steps().size()) + '|';
      }
      text_ += '\n';
      if (at < table.rows.size()) write_samples(table.rows[at]);
    }
  }

  void write_samples(const StatsRow& row) {
    // The newest first, as few as do not hide the table.
    const auto count = std::min<std::size_t>(3, row.samples.size());
    for (std::size_t i = 1; i <= count; ++i) {
      const auto& sample = row.samples[row.samples.size() - i];
      auto line = sample.reference + "  " + minute_text(sample.time) + "  " +
                  std::string(to_text(sample.outcome)) + "  " + sample.client;
      if (!sample.sender.empty()) line += "  from " + sample.sender;
      if (!sample.recipient.empty()) line += "  to " + sample.recipient;
      text_ += "      " + shown_text(line, options_.glyphs) + '\n';
    }
  }

  const RecordSums& sums_;
  const StatsOptions& options_;
  std::string text_;
};

bool has_trouble(const RecordSums& sums) {
  for (const auto& step : sums.over_time()) {
    for (const auto count : step.unavailable) {
      if (count > 0) return true;
    }
  }
  const auto suspended = [](const auto& entry) { return entry.value.suspended; };
  return !sums.dependencies().top(1, suspended).empty();
}

}  // namespace

std::string stats_text(const RecordSums& sums, const StatsOptions& options) {
  Writer writer(sums, options);
  writer.head();
  if (options.by) {
    writer.table(stats_table(sums, *options.by, options.most));
    return writer.take();
  }
  for (const auto by : {StatsBy::verdict, StatsBy::reason, StatsBy::rule}) {
    writer.table(stats_table(sums, by, options.most));
  }
  if (sums.shadows().size() > 0) writer.table(stats_table(sums, StatsBy::shadow, options.most));
  if (has_trouble(sums)) writer.table(stats_table(sums, StatsBy::dependency, options.most));
  return writer.take();
}

}  // namespace postern

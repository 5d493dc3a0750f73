#include "journal/json_writer.h"
#include "journal/stats.h"
#include "model/time_text.h"

namespace postern {
namespace {

std::int64_t as_signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

void write_cells(JsonWriter& json, const StatsTable& table,
                 const std::vector<std::uint64_t>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    json.member(table.columns[i].key, as_signed(cells[i]));
  }
}

void write_samples(JsonWriter& json, const std::vector<SumsSample>& samples) {
  json.key("samples").begin_array();
  for (const auto& sample : samples) {
    json.begin_object();
    json.member("ref", sample.reference);
    json.member("time", utc_text(sample.time, Precision::microseconds));
    json.member("outcome", to_text(sample.outcome));
    json.member("client", sample.client);
    json.member_unless_empty("sender", sample.sender);
    json.member_unless_empty("recipient", sample.recipient);
    json.end_object();
  }
  json.end_array();
}

void write_table(JsonWriter& json, const RecordSums& sums, const StatsTable& table) {
  json.key(to_text(table.by)).begin_object();
  json.key("rows").begin_array();
  for (const auto& row : table.rows) {
    json.begin_object();
    json.member("name", row.name);
    write_cells(json, table, row.cells);
    if (row.at_least) json.key("at_least").boolean(true);
    if (row.over_time != nullptr) {
      json.key("over_time").begin_array();
      for (std::size_t step = 0; step < sums.steps().size(); ++step) {
        json.number(row.over_time->at(step));
      }
      json.end_array();
    }
    if (!row.samples.empty()) write_samples(json, row.samples);
    json.end_object();
  }
  json.end_array();
  if (table.others) {
    json.key("others").begin_object();
    if (table.other_names > 0) json.member("names", as_signed(table.other_names));
    write_cells(json, table, *table.others);
    json.end_object();
  }
  json.end_object();
}

/// Nothing where no decision took any.
void write_part(JsonWriter& json, std::string_view name, const PartSum& part) {
  if (part.times.count() == 0) return;
  json.key(name).begin_object();
  json.member("decisions", as_signed(part.times.count()));
  json.member("median_us", part.times.quantile(0.5).count());
  json.member("p99_us", part.times.quantile(0.99).count());
  json.member("longest_us", part.times.longest().count());
  json.member_unless_empty("slowest", part.slowest);
  json.end_object();
}

}  // namespace

std::string stats_json(const RecordSums& sums, const StatsOptions& options) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("since", utc_text(sums.span().since));
  json.member("until", utc_text(sums.span().until));
  json.member("decisions", as_signed(sums.decisions()));
  if (sums.standing_for_others() > 0) {
    json.member("estimated", as_signed(sums.estimated()));
    json.member("standing_for_others", as_signed(sums.standing_for_others()));
  }
  json.member("repeats", as_signed(sums.repeats()));
  json.member("late", as_signed(sums.late()));
  json.key("outcomes").begin_object();
  for (std::size_t i = 0; i < mail_fate_count; ++i) {
    const auto outcome = static_cast<MailFate>(i);
    auto name = std::string(to_text(outcome));
    if (const auto space = name.find(' '); space != std::string::npos) name[space] = '_';
    json.member(name, as_signed(sums.outcomes().of(outcome)));
  }
  json.end_object();
  const auto& times = sums.decision_times();
  json.key("decision_time").begin_object();
  json.member("median_us", times.quantile(0.5).count());
  json.member("p99_us", times.quantile(0.99).count());
  json.member("longest_us", times.longest().count());
  json.end_object();
  json.key("time_spent").begin_object();
  write_part(json, "rules", sums.in_rules());
  write_part(json, "waiting", sums.waiting());
  write_part(json, "afterwards", sums.afterwards());
  json.end_object();
  json.key("steps").begin_object();
  json.member("begin", utc_text(sums.steps().begin(0)));
  json.member("seconds", sums.steps().width().count());
  json.member("count", as_signed(sums.steps().size()));
  json.end_object();
  const auto write = [&](StatsBy by) {
    write_table(json, sums, stats_table(sums, by, options.most));
  };
  json.key("by").begin_object();
  if (options.by) {
    write(*options.by);
  } else {
    for (const auto by : {StatsBy::verdict, StatsBy::reason, StatsBy::rule, StatsBy::shadow,
                          StatsBy::dependency, StatsBy::time}) {
      write(by);
    }
  }
  json.end_object();
  json.end_object();
  return out + '\n';
}

}  // namespace postern

#include "journal/stats_tables.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace postern {
namespace {

using Cells = std::vector<std::uint64_t>;

constexpr std::array<std::pair<StatsBy, std::string_view>, 16> by_names = {{
    {StatsBy::verdict, "verdict"},
    {StatsBy::reason, "reason"},
    {StatsBy::rule, "rule"},
    {StatsBy::shadow, "shadow"},
    {StatsBy::code, "code"},
    {StatsBy::enhanced_code, "enhanced_code"},
    {StatsBy::sender_domain, "sender_domain"},
    {StatsBy::recipient_domain, "recipient_domain"},
    {StatsBy::network, "network"},
    {StatsBy::country, "country"},
    {StatsBy::asn, "asn"},
    {StatsBy::dependency, "dependency"},
    {StatsBy::stage, "stage"},
    {StatsBy::door, "door"},
    {StatsBy::host, "host"},
    {StatsBy::time, "time"},
}};

const std::vector<StatsColumn> outcome_columns = {
    {"decisions", "decisions"}, {"let in", "let_in"},       {"put off", "put_off"},
    {"refused", "refused"},     {"discarded", "discarded"}, {"held", "held"}};

Cells outcome_cells(const MailFates& outcomes) {
  return {outcomes.all(),
          outcomes.of(MailFate::let_in),
          outcomes.of(MailFate::put_off),
          outcomes.of(MailFate::refused),
          outcomes.of(MailFate::discarded),
          outcomes.of(MailFate::held)};
}

std::vector<StatsColumn> with(std::vector<StatsColumn> columns,
                              std::initializer_list<StatsColumn> more) {
  columns.insert(columns.end(), more);
  return columns;
}

void add(Cells& sum, const Cells& more) {
  if (sum.empty()) sum.resize(more.size());
  for (std::size_t i = 0; i < more.size(); ++i) sum[i] += more[i];
}

/// `row` makes a StatsRow of a key and its value; rows are ranked by `rank` of the value. `all` is
/// what the columns come to with names that are not held, if that is known; else only those held
/// count as others.
template <typename Value, typename Rank, typename MakeRow>
void fill(StatsTable& table, const TopCounts<Value>& counts, std::size_t most, Rank rank,
          MakeRow make_row, std::optional<Cells> all = std::nullopt) {
  const auto rows = counts.top(counts.size(), [&](const auto& entry) { return rank(entry.value); });
  Cells shown;
  Cells rest;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto row = make_row(rows[i].key, rows[i].entry->value);
    row.at_least = rows[i].entry->error > 0;
    add(i < most ? shown : rest, row.cells);
    if (i < most) table.rows.push_back(std::move(row));
  }
  if (all && counts.missed() > 0 && !shown.empty()) {
    rest = *all;
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= shown[i];
  } else if (rows.size() > most && counts.missed() == 0) {
    table.other_names = rows.size() - most;
  }
  const bool any = std::any_of(rest.begin(), rest.end(), [](auto count) { return count > 0; });
  if (any) table.others = std::move(rest);
}

StatsRow row_of(std::string_view name, Cells cells) {
  StatsRow row;
  row.name = std::string(name);
  row.cells = std::move(cells);
  return row;
}

void fill_outcomes(StatsTable& table, const RecordSums& sums, SumsKey key, std::size_t most) {
  table.columns = outcome_columns;
  fill(
      table, sums.by(key), most, [](const FateSum& sum) { return sum.outcomes.all(); },
      [](std::string_view name, const FateSum& sum) {
        return row_of(name, outcome_cells(sum.outcomes));
      },
      outcome_cells(sums.all_by(key)));
}

void fill_verdicts(StatsTable& table, const RecordSums& sums) {
  table.columns = {{"decisions", "decisions"}, {"had shadow rules acted", "with_shadow"}};
  for (const auto verdict : {Verdict::pass, Verdict::accept, Verdict::defer, Verdict::reject,
                             Verdict::quarantine, Verdict::discard}) {
    const Cells cells = {sums.verdict(verdict), sums.verdict_with_shadow(verdict)};
    if (cells[0] + cells[1] > 0) table.rows.push_back(row_of(to_text(verdict), cells));
  }
}

void fill_reasons(StatsTable& table, const RecordSums& sums, std::size_t most) {
  table.columns = with(outcome_columns, {{"in shadow", "in_shadow"}});
  fill(
      table, sums.reasons(), most,
      [](const ReasonSum& sum) { return sum.outcomes.all() + sum.shadow; },
      [](std::string_view name, const ReasonSum& sum) {
        auto cells = outcome_cells(sum.outcomes);
        cells.push_back(sum.shadow);
        auto row = row_of(name, std::move(cells));
        row.over_time = &sum.over_time;
        return row;
      });
}

void fill_rules(StatsTable& table, const RecordSums& sums, std::size_t most) {
  table.columns = with(
      outcome_columns,
      {{"yes besides", "yes_besides"}, {"in shadow", "in_shadow"}, {"unanswered", "unanswered"}});
  fill(
      table, sums.rules(), most,
      [](const RuleSum& sum) {
        return sum.decided.all() + sum.besides + sum.shadow + sum.unanswered;
      },
      [](std::string_view name, const RuleSum& sum) {
        auto cells = outcome_cells(sum.decided);
        for (const auto more : {sum.besides, sum.shadow, sum.unanswered}) cells.push_back(more);
        auto row = row_of(name, std::move(cells));
        row.over_time = &sum.over_time;
        return row;
      });
}

void fill_shadows(StatsTable& table, const RecordSums& sums, std::size_t most) {
  table.columns = outcome_columns;
  fill(
      table, sums.shadows(), most, [](const ShadowSum& sum) { return sum.outcomes.all(); },
      [](std::string_view, const ShadowSum& sum) {
        auto name = std::string(to_text(sum.verdict));
        if (!sum.reason.empty()) name += ' ' + sum.reason;
        auto row = row_of(name + ": " + sum.rule, outcome_cells(sum.outcomes));
        row.over_time = &sum.over_time;
        row.samples = sum.samples;
        return row;
      });
}

std::uint64_t in_microseconds(std::chrono::microseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

std::uint64_t asked_of(const TopCounts<DependencySum>::Entry& entry) {
  return entry.hits - std::min(entry.hits, entry.value.suspended);
}

void fill_dependencies(StatsTable& table, const RecordSums& sums, std::size_t most) {
  table.columns = {{"missing", "missing"},
                   {"of these late", "late"},
                   {"asked", "asked"},
                   {"suspended", "suspended"},
                   {"from memory", "from_memory"},
                   {"half within", "median_us", StatsUnit::microseconds},
                   {"95% within", "p95_us", StatsUnit::microseconds},
                   {"longest", "longest_us", StatsUnit::microseconds}};
  const auto& all = sums.dependencies();
  // Those in trouble first.
  const auto rank = [](const auto& entry) {
    constexpr std::uint64_t far = 1U << 20U;
    return (entry.value.unavailable + entry.value.suspended) * far + std::min(entry.hits, far - 1);
  };
  for (const auto& row : all.top(most, rank)) {
    const auto& sum = row.entry->value;
    auto made = row_of(
        row.key, {sum.unavailable, sum.late, asked_of(*row.entry), sum.suspended, sum.cached,
                  in_microseconds(sum.times.quantile(0.5)),
                  in_microseconds(sum.times.quantile(0.95)), in_microseconds(sum.times.longest())});
    made.at_least = row.entry->error > 0;
    made.over_time = &sum.unavailable_over_time;
    table.rows.push_back(std::move(made));
  }
  if (all.size() > most && all.missed() == 0) table.other_names = all.size() - most;
}

void fill_time(StatsTable& table, const RecordSums& sums) {
  table.columns = with(outcome_columns, {{"late", "late"},
                                         {"DNS missing", "dns_missing"},
                                         {"stores missing", "stores_missing"},
                                         {"tables missing", "tables_missing"},
                                         {"others missing", "others_missing"},
                                         {"half within", "median_us", StatsUnit::microseconds},
                                         {"99% within", "p99_us", StatsUnit::microseconds}});
  for (std::size_t step = 0; step < sums.steps().size(); ++step) {
    const auto& sum = sums.over_time()[step];
    auto cells = outcome_cells(sum.outcomes);
    cells.push_back(sum.late);
    cells.insert(cells.end(), sum.unavailable.begin(), sum.unavailable.end());
    cells.push_back(in_microseconds(sum.times.quantile(0.5)));
    cells.push_back(in_microseconds(sum.times.quantile(0.99)));
    table.rows.push_back(row_of(sums.steps().begin_text(step), std::move(cells)));
  }
}

}  // namespace

std::string_view to_text(StatsBy by) noexcept {
  for (const auto& [each, name] : by_names) {
    if (each == by) return name;
  }
  return "verdict";
}

std::optional<StatsBy> stats_by_from_text(std::string_view text) noexcept {
  for (const auto& [each, name] : by_names) {
    if (name == text) return each;
  }
  return std::nullopt;
}

std::vector<std::string> stats_by_names() {
  std::vector<std::string> names;
  for (const auto& [by, name] : by_names) names.emplace_back(name);
  return names;
}

StatsTable stats_table(const RecordSums& sums, StatsBy by, std::size_t most) {
  StatsTable table;
  table.by = by;
  const auto called = [&table](const char* title, const char* head) {
    table.title = title;
    table.head = head;
  };
  switch (by) {
    case StatsBy::verdict:
      called("Verdicts", "Verdict");
      fill_verdicts(table, sums);
      break;
    case StatsBy::reason:
      called("Reasons", "Reason");
      fill_reasons(table, sums, most);
      break;
    case StatsBy::rule:
      called("Rules", "Rule");
      fill_rules(table, sums, most);
      break;
    case StatsBy::shadow:
      called("What shadow rules would have done", "Shadow rule");
      fill_shadows(table, sums, most);
      break;
    case StatsBy::code:
      called("Reply codes", "Code");
      fill_outcomes(table, sums, SumsKey::code, most);
      break;
    case StatsBy::enhanced_code:
      called("Enhanced codes", "Enhanced code");
      fill_outcomes(table, sums, SumsKey::enhanced_code, most);
      break;
    case StatsBy::sender_domain:
      called("Domains of senders", "Domain");
      fill_outcomes(table, sums, SumsKey::sender_domain, most);
      break;
    case StatsBy::recipient_domain:
      called("Domains of recipients", "Domain");
      fill_outcomes(table, sums, SumsKey::recipient_domain, most);
      break;
    case StatsBy::network:
      called("Networks of clients", "Network");
      fill_outcomes(table, sums, SumsKey::network, most);
      break;
    case StatsBy::country:
      called("Countries of clients", "Country");
      fill_outcomes(table, sums, SumsKey::country, most);
      break;
    case StatsBy::asn:
      called("Networks that announce clients", "Network");
      fill_outcomes(table, sums, SumsKey::asn, most);
      break;
    case StatsBy::dependency:
      called("DNS, stores and tables", "Asked");
      fill_dependencies(table, sums, most);
      break;
    case StatsBy::stage:
      called("Stages", "Stage");
      fill_outcomes(table, sums, SumsKey::stage, most);
      break;
    case StatsBy::door:
      called("Doors", "Door");
      fill_outcomes(table, sums, SumsKey::door, most);
      break;
    case StatsBy::host:
      called("Hosts", "Host");
      fill_outcomes(table, sums, SumsKey::host, most);
      break;
    case StatsBy::time:
      called("Over time", "From (UTC)");
      fill_time(table, sums);
      break;
  }
  return table;
}

bool is_empty_column(const StatsTable& table, std::size_t column) {
  const bool none = std::all_of(table.rows.begin(), table.rows.end(),
                                [column](const StatsRow& row) { return row.cells[column] == 0; });
  return none && (!table.others || (*table.others)[column] == 0);
}

}  // namespace postern

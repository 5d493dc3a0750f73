// The catalogue of metrics: every name that /metrics and `postern metrics` serve, one row each.
// docs/metrics.md has the same rows; a test compares the two.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace postern {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };
/// "counter", "gauge", "histogram".
std::string_view to_text(MetricKind kind) noexcept;

/// In the order in which they are served.
enum class Metric : std::uint8_t {
  build_info,
  start_time,
  worker_up,
  worker_restarts,
  config_info,
  config_reload_successful,
  config_reload_time,
  config_reloads,
  policy_rules,
  policy_tables,
  policy_expired_rules,
  maintenance,
  decisions,
  replies,
  decision_duration,
  shadow_matches,
  check_errors,
  check_timeouts,
  connections,
  connections_opened,
  connections_most,
  requests,
  repeats,
  refusals,
  undelayed,
  failures,
  dns_server_up,
  dns_server_asked,
  dns_server_answered,
  dns_server_unanswered,
  dns_server_outages,
  dns_zones_suspended,
  dns_trouble,
  dns_questions,
  dns_joined,
  dns_under_way,
  dns_late,
  dns_deadlines,
  dns_overloads,
  dns_cache_hits,
  dns_cache_misses,
  dns_cache_entries,
  dns_cache_octets,
  list_up,
  table_entries,
  table_taken,
  table_trouble,
  tables_in_trouble,
  geo_taken,
  geo_trouble,
  journal_written,
  journal_lost,
  journal_queued,
  journal_segments,
  journal_octets,
  journal_trouble,
  process_cpu,
  process_memory,
  process_descriptors,
  process_descriptors_most,
  process_start,
};

/// As many labels as a metric may have.
inline constexpr std::size_t most_labels = 4;

struct MetricRow {
  Metric id{};
  std::string_view name;
  MetricKind kind = MetricKind::gauge;
  std::array<std::string_view, most_labels> labels{};  ///< empty: no further ones
  std::string_view meaning;

  std::size_t label_count() const noexcept;
};

/// Every row, in the order of Metric.
std::span<const MetricRow> metric_catalogue() noexcept;
const MetricRow& row_of(Metric metric) noexcept;

}  // namespace postern

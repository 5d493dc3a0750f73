#include "runtime/metric_catalogue.h"

#include <algorithm>
#include <cstddef>

namespace postern {
namespace {

constexpr auto counter = MetricKind::counter;
constexpr auto gauge = MetricKind::gauge;

using M = Metric;

// Names as https://prometheus.io/docs/practices/naming/ wants them. No label may ever be an
// address, a name that a client tells, or a reference: what labels can be comes from the policy and
// from registries.
constexpr std::array rows{
    MetricRow{M::build_info, "postern_build_info", gauge, {"version"}, "Always 1; the version."},
    MetricRow{M::start_time, "postern_start_time_seconds", gauge, {},
              "When the service was started, in Unix time."},
    MetricRow{M::worker_up, "postern_worker_up", gauge, {},
              "1 when the worker process answers; 0 while there is none or it is silent."},
    MetricRow{M::worker_restarts, "postern_worker_restarts_total", counter, {},
              "Workers that were replaced. All counters but this one and those of reloads begin "
              "anew with a worker."},
    MetricRow{M::config_info, "postern_config_info", gauge, {"digest"},
              "Always 1; the digest of the policy in force, as in records."},
    MetricRow{M::config_reload_successful, "postern_config_last_reload_successful", gauge, {},
              "1 when the last reload brought its policy into force, or there was none yet; else "
              "0."},
    MetricRow{M::config_reload_time, "postern_config_last_reload_success_timestamp_seconds", gauge,
              {}, "When a reload last succeeded, or the start, in Unix time."},
    MetricRow{M::config_reloads, "postern_config_reloads_total", counter, {"result"},
              "Reloads by result: ok, refused (the policy has problems), failed."},
    MetricRow{M::policy_rules, "postern_policy_rules", gauge, {}, "Rules of the policy in force."},
    MetricRow{M::policy_tables, "postern_policy_tables", gauge, {},
              "Tables of the policy in force."},
    MetricRow{M::policy_expired_rules, "postern_policy_expired_rules", gauge, {},
              "Rules whose time is over."},
    MetricRow{M::maintenance, "postern_maintenance", gauge, {},
              "1 while postern maintenance puts mail off."},
    MetricRow{M::decisions, "postern_decisions_total", counter,
              {"listener", "stage", "verdict", "rule"},
              "Decisions, recorded or not, by verdict and deciding rule; no rule when none "
              "decided. The milter decides on a message at several stages."},
    MetricRow{M::replies, "postern_replies_total", counter,
              {"listener", "code", "enhanced", "reason"},
              "Refusals that were sent, for now or for good, by their reply."},
    MetricRow{M::decision_duration, "postern_decision_duration_seconds", MetricKind::histogram,
              {"listener", "stage"}, "From question to decision, waiting for DNS included."},
    MetricRow{M::shadow_matches, "postern_shadow_matches_total", counter, {"rule"},
              "Decisions in which a rule in shadow, or one with a share, said yes and did not act."},
    MetricRow{M::check_errors, "postern_check_errors_total", counter, {"check"},
              "Decisions in which a check had no answer for another reason than time."},
    MetricRow{M::check_timeouts, "postern_check_timeouts_total", counter, {"check"},
              "Decisions in which a check had no answer in time."},
    MetricRow{M::connections, "postern_connections", gauge, {"listener"}, "Open now."},
    MetricRow{M::connections_opened, "postern_connections_opened_total", counter, {"listener"},
              "Connections taken."},
    MetricRow{M::connections_most, "postern_connections_limit", gauge, {"listener"},
              "As many may be open at a time; of the policy service alone."},
    MetricRow{M::requests, "postern_requests_total", counter, {"listener"}, "Decisions asked for."},
    MetricRow{M::repeats, "postern_repeats_total", counter, {"listener"},
              "Answers of the policy service given again."},
    MetricRow{M::refusals, "postern_refusals_total", counter, {"listener"},
              "Refusals sent, and messages discarded at the milter."},
    MetricRow{M::undelayed, "postern_undelayed_answers_total", counter, {"listener"},
              "Answers that a rule would have delayed, had not as many been delayed already as "
              "may."},
    MetricRow{M::failures, "postern_failures_total", counter, {"listener"},
              "Requests closed without an answer, or answered with an internal error."},
    MetricRow{M::dns_server_up, "postern_dns_server_up", gauge, {"server"},
              "1 while the server is in service; 0 when it did not answer and is only probed."},
    MetricRow{M::dns_server_asked, "postern_dns_server_asked_total", counter, {"server"},
              "Packets sent to the server."},
    MetricRow{M::dns_server_answered, "postern_dns_server_answered_total", counter, {"server"},
              "Packets that it answered."},
    MetricRow{M::dns_server_unanswered, "postern_dns_server_unanswered_total", counter, {"server"},
              "Packets that it did not answer in time."},
    MetricRow{M::dns_server_outages, "postern_dns_server_outages_total", counter, {"server"},
              "How often it went out of service."},
    MetricRow{M::dns_zones_suspended, "postern_dns_zones_suspended", gauge, {},
              "Zones that are left alone because their questions fail."},
    MetricRow{M::dns_trouble, "postern_dns_trouble", gauge, {},
              "1 while no answer of DNS counts, because the resolver denies the root or cannot be "
              "started."},
    MetricRow{M::dns_questions, "postern_dns_questions_total", counter, {},
              "Questions that were not in the cache."},
    MetricRow{M::dns_joined, "postern_dns_joined_questions_total", counter, {},
              "Of these, those that were under way already."},
    MetricRow{M::dns_under_way, "postern_dns_questions_under_way", gauge, {}, "Asked now."},
    MetricRow{M::dns_late, "postern_dns_late_answers_total", counter, {},
              "Answers that came when nobody waited any more."},
    MetricRow{M::dns_deadlines, "postern_dns_deadlines_total", counter, {},
              "Questions whose asker could not wait any longer."},
    MetricRow{M::dns_overloads, "postern_dns_overloads_total", counter, {},
              "Questions refused because too many were under way."},
    MetricRow{M::dns_cache_hits, "postern_dns_cache_hits_total", counter, {},
              "Questions answered from the cache."},
    MetricRow{M::dns_cache_misses, "postern_dns_cache_misses_total", counter, {},
              "Looks into the cache that found nothing."},
    MetricRow{M::dns_cache_entries, "postern_dns_cache_entries", gauge, {}, "Answers held."},
    MetricRow{M::dns_cache_octets, "postern_dns_cache_size_bytes", gauge, {},
              "Memory of the cache."},
    MetricRow{M::list_up, "postern_list_up", gauge, {"list"},
              "1 while the answers of a list in DNS count; 0 while it is suspended, or not tested "
              "yet. Lists without test points have none."},
    MetricRow{M::table_entries, "postern_table_entries", gauge, {"table"}, "Entries of a table."},
    MetricRow{M::table_taken, "postern_table_loaded_timestamp_seconds", gauge, {"table"},
              "When the file of a table was last taken, in Unix time."},
    MetricRow{M::table_trouble, "postern_table_trouble", gauge, {"table"},
              "1 when the file of a table cannot be taken as it is now; what it held before is in "
              "force."},
    MetricRow{M::tables_in_trouble, "postern_tables_in_trouble", gauge, {},
              "Files of tables, and of [geo], that cannot be taken as they are now."},
    MetricRow{M::geo_taken, "postern_geo_loaded_timestamp_seconds", gauge, {"file"},
              "When a file of [geo] was last taken, in Unix time; country or asn."},
    MetricRow{M::geo_trouble, "postern_geo_trouble", gauge, {"file"},
              "As of a table, of a file of [geo]."},
    MetricRow{M::journal_written, "postern_journal_records_written_total", counter, {},
              "Records in the journal's file."},
    MetricRow{M::journal_lost, "postern_journal_records_lost_total", counter, {"cause"},
              "Records that are not: queue_full or write_failed."},
    MetricRow{M::journal_queued, "postern_journal_queued_records", gauge, {},
              "Records that wait to be written."},
    MetricRow{M::journal_segments, "postern_journal_segments", gauge, {}, "Closed segments."},
    MetricRow{M::journal_octets, "postern_journal_size_bytes", gauge, {},
              "The journal on the disk, with all segments and their indexes."},
    MetricRow{M::journal_trouble, "postern_journal_trouble", gauge, {"part"},
              "1 when writing (file), or closing and keeping (segments), does not work."},
    MetricRow{M::process_cpu, "process_cpu_seconds_total", counter, {},
              "Processor time of the worker."},
    MetricRow{M::process_memory, "process_resident_memory_bytes", gauge, {},
              "Memory of the worker."},
    MetricRow{M::process_descriptors, "process_open_fds", gauge, {},
              "File descriptors that the worker has open."},
    MetricRow{M::process_descriptors_most, "process_max_fds", gauge, {},
              "File descriptors that it may have."},
    MetricRow{M::process_start, "process_start_time_seconds", gauge, {},
              "When the worker was started, in Unix time."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].id) != i) return false;
  }
  return static_cast<std::size_t>(Metric::process_start) + 1 == rows.size();
}
static_assert(in_order(), "a row for each Metric, in its order");

}  // namespace

std::string_view to_text(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::gauge:
      return "gauge";
    case MetricKind::histogram:
      return "histogram";
  }
  return "";
}

std::size_t MetricRow::label_count() const noexcept {
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), std::string_view()) -
                                  labels.begin());
}

std::span<const MetricRow> metric_catalogue() noexcept { return rows; }

const MetricRow& row_of(Metric metric) noexcept { return rows[static_cast<std::size_t>(metric)]; }

}  // namespace postern

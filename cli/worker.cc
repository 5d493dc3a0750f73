#include "cli/worker.h"

#include "cli/load.h"
#include "cli/tested_policy.h"
#include "cli/worker_figures.h"
#include "dns/cares_transport.h"
#include "journal/journal.h"
#include "milter/filter.h"
#include "model/text.h"
#include "policy/server.h"
#include "postern/version.h"
#include "rules/expiry.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "runtime/dns_service.h"
#include "runtime/exposition.h"
#include "runtime/geo_source.h"
#include "runtime/log.h"
#include "runtime/maintenance_file.h"
#include "runtime/maintenance_keeper.h"
#include "runtime/metrics_server.h"
#include "runtime/process_figures.h"
#include "runtime/record_tally.h"
#include "runtime/service_report.h"
#include "runtime/services.h"
#include "runtime/table_keeper.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <random>
#include <string>
#include <sysexits.h>
#include <thread>
#include <unistd.h>

namespace postern::cli {
namespace {

/// For running transactions to end; the parent kills the worker a little later.
constexpr std::chrono::milliseconds stop_limit{10'000};
/// For the journal to reach the disk after that, still before the parent's patience ends.
constexpr std::chrono::milliseconds journal_limit{4'000};

/// Of what is not DNS nothing can be asked yet: a check that needs it is `unavailable`.
class NoSource final : public FactSource {
 public:
  void ask(const Question&, std::function<void(Answer)> done) override {
    done(Answer::unavailable("no such source"));
  }
};

/// Tells mail servers of one site apart in references: 6 bits.
unsigned host_bits(const std::string& host) {
  return static_cast<unsigned>(std::stoul(sha256_hex(host).substr(0, 2), nullptr, 16)) & 0x3fU;
}

/// One for each processor: a request is mostly spent in the kernel and waits for nothing. More than
/// a few would only contend for the same policy and memory of messages.
unsigned policy_loops() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

class Worker {
 public:
  Worker(const WorkerSetup& setup, WorkerChannel& channel)
      : setup_(setup),
        settings_(settings_on_disk(setup.policy->settings(), setup.place.root)),
        journal_file_(settings_.journal.path),
        policy_(setup.policy),
        references_(clock_, host_bits(settings_.identity.host), setup.last_reference,
                    std::random_device()()),
        geo_(policy_, source_),
        dns_(
            geo_, clock_, [](LogLevel level, const std::string& message) { log(level, message); },
            [root = setup.place.root] { return system_dns_servers(root); },
            [](std::vector<DnsServer> servers, const Clock& clock) {
              return std::make_unique<CaresTransport>(std::move(servers), clock);
            }),
        driver_(dns_, clock_),
        ahead_(dns_, clock_),
        journal_(
            settings_.journal, settings_.log, settings_.limits.journal_queue,
            [](const std::string& line) { log(LogLevel::info, line); },
            [](const std::string& trouble) { log(LogLevel::error, trouble); },
            [this](const Record& record, const Policy& policy) { records_.add(record, policy); }),
        tables_(
            policy_, setup.place, clock_,
            [](LogLevel level, const std::string& message) { log(level, message); },
            [&channel](const Policy& policy) {
              channel.send(WorkerWord::tables, summary_line(policy));
            }),
        maintenance_(
            maintenance_path(settings_.journal, setup.place.root), clock_, disk_reader(setup.place),
            [](LogLevel level, const std::string& message) { log(level, message); },
            [this](const PolicyChange& make, TableFiles files) {
              return tables_.change(make, files);
            }),
        began_at_(clock_.system()),
        loaded_at_(began_at_),
        looked_at_(began_at_) {}

  /// False: a front end cannot start; the reason is logged.
  bool start() {
    const Services services{policy_,  references_, driver_,          ahead_,
                            journal_, clock_,      milter_counters_, policy_counters_};
    dns_.use(setup_.policy);
    // Before a door opens: a restart in the middle of a maintenance lets nothing in.
    maintenance_.start();
    if (setup_.milter >= 0) {
      if (!milter_door::prepare("fd:" + std::to_string(setup_.milter), services)) return false;
      milter_ = std::thread([this] { run_milter(); });
    }
    if (!setup_.policy_listeners.empty()) {
      policy_server_ = std::make_unique<policy_door::PolicyServer>(
          setup_.policy_listeners, services, policy_loops(),
          policy_door::ServerCare{setup_.descriptors.policy_connections,
                                  [this] { end_at_once("a loop of the policy service"); }});
      policy_server_->start();
    }
    tables_.start();
    start_metrics();
    return true;
  }

  void reload(WorkerChannel& channel) {
    auto loaded = load_tested_policy(setup_.place);
    if (!loaded) {
      // A journal that was rotated meanwhile is let go all the same.
      journal_.reopen(settings_.journal, policy_.get()->settings().log);
      log_problems(loaded.problems());
      channel.send(WorkerWord::refused, render(loaded.problems()));
      return;
    }
    const auto settings = settings_on_disk(loaded->policy->settings(), setup_.place.root);
    // First: the new policy must not find its lists untested.
    dns_.use(loaded->policy);
    maintenance_.put(loaded->policy);
    looked_at_ = clock_.system();
    loaded_at_ = looked_at_;
    // The file stays the one of the start (a restart changes it), but is opened anew: a log that
    // was rotated meanwhile is let go.
    settings_.journal = settings.journal;
    settings_.journal.path = journal_file_;
    journal_.reopen(settings_.journal, settings.log);
    channel.send(WorkerWord::reloaded, summary_line(*loaded->policy));
  }

  /// For log rotation: nothing else changes.
  void reopen_journal(WorkerChannel& channel) {
    journal_.reopen(settings_.journal, policy_.get()->settings().log);
    channel.send(WorkerWord::reopened, journal_.counters().last_error);
  }

  std::string status() const { return figures().status().encode(); }

  /// From any thread.
  std::string metrics() const {
    auto report = figures();
    if (setup_.counts != nullptr) setup_.counts->report(report);
    report.sample(Metric::build_info, 1, {std::string(version())});
    report.sample(Metric::worker_up, 1);
    records_.report(report);
    report_process(report, began_at_);
    return exposition(report);
  }

  /// Whether the doors go on. The journal is not asked: a disk that hangs must not end a server
  /// that answers. libmilter's threads are not ours to ask.
  bool goes_round() {
    watch_descriptors();
    watch_expiry();
    dns_.tick();
    return !policy_server_ || policy_server_->goes_round();
  }

  void stop() {
    stopping_ = true;
    maintenance_.stop();
    tables_.stop();
    std::thread milter;
    if (setup_.milter >= 0) milter = std::thread([] { milter_door::stop(stop_limit); });
    if (policy_server_) policy_server_->stop(stop_limit);
    if (milter.joinable()) milter.join();
    if (!journal_.settle(journal_limit)) {
      log(LogLevel::warning, "the journal's last records may not be on the disk");
    }
  }

 private:
  /// From any thread: of the members that change it looks at those alone that may be.
  ServiceReport figures() const {
    const auto policy = policy_.get();
    ServiceReport report;
    report.text("version", std::string(version()));
    report_policy(report, {*policy, setup_.place.config, loaded_at_.load(), clock_.system()});
    tables_.report(report);
    maintenance_.report(report);
    if (setup_.milter >= 0) report_door(report, {"milter", "milter"}, milter_counters_);
    if (!setup_.policy_listeners.empty()) {
      report_door(report, {"policy_service", "policy"}, policy_counters_);
      report.number("policy_service.repeats", policy_counters_.repeats.load(), Metric::repeats,
                    {"policy"});
      report.number("policy_service.most_open",
                    std::uint64_t{setup_.descriptors.policy_connections}, Metric::connections_most,
                    {"policy"});
    }
    dns_.report(report);
    report.number("descriptors.limit", setup_.descriptors.limit, Metric::process_descriptors_most);
    report.text("descriptors.warning", setup_.descriptors.warning);
    report_journal(report, journal_.counters(), journal_file_);
    return report;
  }

  /// Without them mail goes on.
  void start_metrics() {
    if (setup_.metrics < 0) return;
    try {
      metrics_server_ =
          std::make_unique<MetricsServer>(setup_.metrics, [this] { return metrics(); });
    } catch (const std::exception& error) {
      log(LogLevel::error, std::string("metrics are not served: ") + error.what());
    }
  }

  void run_milter() noexcept {
    const int result = milter_door::run();
    end_at_once("libmilter, with result " + std::to_string(result));
  }

  /// Half a server would answer half the mail; the parent starts a whole one.
  /// While stopping that is no trouble.
  void end_at_once(const std::string& what) noexcept {
    if (stopping_) return;
    log(LogLevel::error, "ended by itself, and the worker with it: " + what);
    journal_.settle(journal_limit);
    ::_exit(EX_SOFTWARE);
  }

  /// libmilter cannot be told to accept no more, so that people must be told in time.
  void watch_descriptors() {
    const auto used = own_descriptors + milter_counters_.open + policy_counters_.open;
    const bool short_of = used + used / 9 > setup_.descriptors.limit;
    if (short_of && !short_of_descriptors_) {
      log(LogLevel::warning, "nine in ten of " + std::to_string(setup_.descriptors.limit) +
                                 " file descriptors are used; raise LimitNOFILE= of the unit, or "
                                 "ulimit -n");
    }
    short_of_descriptors_ = short_of;
  }

  /// What ended before the policy was loaded was told then.
  void watch_expiry() {
    const auto now = clock_.system();
    for (const auto& problem : expiry_warnings(*policy_.get(), looked_at_, now)) {
      log_problems({problem});
    }
    looked_at_ = std::max(looked_at_, now);
  }

  WorkerSetup setup_;
  Settings settings_;
  const std::string journal_file_;  // a restart changes it
  SystemClock clock_;
  NoSource source_;
  PolicyHolder policy_;
  ReferenceSource references_;
  GeoSource geo_;
  DnsService dns_;
  Driver driver_;
  AskingAhead ahead_;
  RecordTally records_;
  Journal journal_;
  TableKeeper tables_;
  MaintenanceKeeper maintenance_;
  DoorCounters milter_counters_;
  DoorCounters policy_counters_;
  const std::chrono::system_clock::time_point began_at_;
  std::atomic<std::chrono::system_clock::time_point> loaded_at_;
  std::chrono::system_clock::time_point looked_at_;  // for rules that expire
  bool short_of_descriptors_ = false;
  std::atomic<bool> stopping_{false};
  std::thread milter_;
  std::unique_ptr<policy_door::PolicyServer> policy_server_;
  std::unique_ptr<MetricsServer> metrics_server_;
};

/// What the channel takes of it: a line that is cut would be no line.
std::string whole_lines(std::string text) {
  if (text.size() <= WorkerChannel::longest_text) return text;
  text.resize(text.rfind('\n', WorkerChannel::longest_text - 1) + 1);
  return text;
}

}  // namespace

void run_worker(const WorkerSetup& setup, WorkerChannel& channel) {
  // Never deleted, see the header.
  auto* const worker = std::make_unique<Worker>(setup, channel).release();
  if (!worker->start()) ::_exit(EX_UNAVAILABLE);
  channel.send(WorkerWord::ready, summary_line(*setup.policy));
  while (const auto message = channel.receive()) {
    switch (message->word) {
      case WorkerWord::reload:
        worker->reload(channel);
        break;
      case WorkerWord::reopen:
        worker->reopen_journal(channel);
        break;
      case WorkerWord::status:
        channel.send(WorkerWord::report, worker->status());
        break;
      case WorkerWord::metrics:
        channel.send(WorkerWord::report, whole_lines(worker->metrics()));
        break;
      case WorkerWord::ping:
        if (worker->goes_round()) channel.send(WorkerWord::pong);
        break;
      case WorkerWord::stop:
        worker->stop();
        ::_exit(EX_OK);
      default:
        break;
    }
  }
  // The parent has gone without a word; whoever starts the next one wants our sockets.
  worker->stop();
  ::_exit(EX_TEMPFAIL);
}

}  // namespace postern::cli

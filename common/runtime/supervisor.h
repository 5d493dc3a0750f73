// Supervisor: the parent process. It owns the signals, the control socket and the word to the
// service manager, and keeps one worker alive, which does all the mail work (semantics 27).
//
// The parent never calls libmilter, which takes HUP as "stop" in a thread of its own and would win
// that race now and then. It stays single-threaded, so that forking a new worker is safe at any
// time. Signals coalesce, but a reload always begins after the last one.
#pragma once

#include "postern/result.h"
#include "runtime/control.h"
#include "runtime/notify.h"
#include "runtime/service_counts.h"
#include "runtime/worker_channel.h"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace postern {

struct SupervisorSettings {
  std::chrono::milliseconds stop_limit{15'000};      ///< then the worker is killed
  std::chrono::milliseconds backoff_first{100};      ///< doubled for each crash in a row
  std::chrono::milliseconds backoff_longest{5'000};  ///< mail waits in the backlog meanwhile
  std::chrono::milliseconds well_after{60'000};  ///< a worker that lived so long had no bad start
  std::chrono::milliseconds ping_every{10'000};  ///< or a third of the watchdog's time
  std::chrono::milliseconds silence_limit{120'000};  ///< a reload of large tables takes a while
  std::chrono::milliseconds report_limit{3'000};     ///< then one is answered without the worker
};

/// What the owner of a supervisor brings. All but `work` run in the parent.
struct SupervisorHooks {
  /// In the new process: the worker's life. It says `ready` once, answers what it is sent, and
  /// returns its exit status after `stop` or when the channel closes.
  std::function<int(WorkerChannel&)> work;
  /// After a worker has taken a new policy, with its sentence about it: the parent takes it too,
  /// for the workers to come.
  /// `again` when the files have changed meanwhile and everything must be read anew.
  enum class Adopted : std::uint8_t { yes, again };
  struct Adoption {
    Adopted adopted = Adopted::yes;
    std::string remark;  ///< for whoever asked for the reload, each line ended; may be empty
  };
  /// What it throws is logged, and workers to come begin with the policy before.
  std::function<Adoption(const std::string&)> adopt = [](const std::string&) { return Adoption{}; };
  /// After a worker has exchanged a table whose file changed: the parent's policy gets it too.
  std::function<void()> adopt_tables = [] {};
};

class Supervisor {
 public:
  /// `control`: listening, non-blocking; -1 for none. `counts` live longer.
  Supervisor(SupervisorSettings settings, SupervisorHooks hooks, ServiceManager manager,
             int control, ServiceCounts& counts);

  /// Blocks the signals that run() takes, so that none is lost or deadly before. Call early and
  /// from the only thread.
  static void hold_signals();

  /// Starts the worker and looks after it until TERM, INT or `stop`. 0, or the exit status of a
  /// worker whose very first start failed.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  [[noreturn]] void become_worker(int fd, pid_t parent);
  void start_worker();
  void take_signals();
  void take_messages();
  void take_control(const std::vector<pollfd>& fds);
  void on_message(const WorkerMessage& message);
  void on_reloaded(const std::string& sentence);
  void on_reopened(const std::string& trouble);
  void on_report(const std::string& text);
  void on_worker_end(int wait_status);
  void begin_reload();
  void end_reload(const ControlAnswer& answer);
  void begin_stop();
  void ask_worker_for_report(const ControlServer::Request& request);
  void ask_worker_to_reopen(unsigned client);
  enum class Heard : std::uint8_t { yes, no };
  void answer_report(const ControlServer::Request& request, Heard heard,
                     const std::string& of_worker);
  std::string status_text(Heard heard) const;
  ControlAnswer own_metrics() const;
  void answer_late_reports(Clock::time_point now);
  void look_at_clock();
  int poll_timeout() const;

  SupervisorSettings settings_;
  SupervisorHooks hooks_;
  ServiceManager manager_;
  ControlServer control_;
  ServiceCounts& counts_;
  UniqueFd signals_;
  std::optional<WorkerChannel> channel_;

  pid_t worker_ = -1;
  enum class Phase : std::uint8_t { starting, running, stopping, done } phase_ = Phase::starting;
  enum class Worker : std::uint8_t { none, starting, ready } state_ = Worker::none;
  int exit_status_ = 0;
  Clock::time_point began_;
  Clock::time_point worker_began_;
  Clock::time_point restart_at_;
  Clock::time_point last_sign_;
  Clock::time_point next_ping_;
  Clock::time_point kill_at_;
  std::chrono::milliseconds backoff_;

  enum class Reload : std::uint8_t { none, wanted } wanted_ = Reload::none;
  enum class Reloading : std::uint8_t { no, yes } reloading_ = Reloading::no;
  std::string service_status_;
  std::vector<unsigned> want_reload_;   ///< clients of the reload that is still to begin
  std::vector<unsigned> await_reload_;  ///< clients of the one that runs
  std::vector<unsigned> await_stop_;
  std::deque<unsigned> await_reopen_;
  /// One for each report that the worker owes us, in order.
  struct ReportWait {
    ControlServer::Request request;
    enum class State : std::uint8_t { open, answered_without } state = State::open;
    Clock::time_point until;
  };
  std::deque<ReportWait> await_report_;
};

}  // namespace postern

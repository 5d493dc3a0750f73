// What the parent answers at the control socket, by itself or with what its worker says.
#include "runtime/exposition.h"
#include "runtime/log.h"
#include "runtime/supervisor.h"

#include <sysexits.h>
#include <unistd.h>

namespace postern {
namespace {

std::uint64_t whole_seconds(std::chrono::steady_clock::duration time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

void Supervisor::take_control(const std::vector<pollfd>& fds) {
  for (const auto& request : control_.handle(fds, Clock::now())) {
    switch (request.command) {
      case ControlCommand::status:
      case ControlCommand::metrics:
        ask_worker_for_report(request);
        break;
      case ControlCommand::reopen:
        ask_worker_to_reopen(request.client);
        break;
      case ControlCommand::reload:
        if (phase_ == Phase::stopping) {
          control_.answer(request.client, {EX_TEMPFAIL, "the server is stopping\n"});
        } else {
          want_reload_.push_back(request.client);
          wanted_ = Reload::wanted;
        }
        break;
      case ControlCommand::stop:
        await_stop_.push_back(request.client);
        begin_stop();
        break;
    }
  }
}

void Supervisor::ask_worker_for_report(const ControlServer::Request& request) {
  if (request.command == ControlCommand::metrics && !has_metrics()) {
    control_.answer(request.client,
                    {EX_UNAVAILABLE, "error: " + std::string(without_metrics) + "\n"});
    return;
  }
  const auto word =
      request.command == ControlCommand::metrics ? WorkerWord::metrics : WorkerWord::status;
  // A worker that owes a report already would only owe one more.
  const bool slow =
      !await_report_.empty() && await_report_.front().state != ReportWait::State::open;
  if (!slow && state_ == Worker::ready && channel_ && channel_->send(word)) {
    await_report_.push_back(
        {request, ReportWait::State::open, Clock::now() + settings_.report_limit});
  } else {
    answer_report(request, Heard::no, {});
  }
}

void Supervisor::on_report(const std::string& text) {
  if (await_report_.empty()) return;
  const auto wait = await_report_.front();
  await_report_.pop_front();
  if (wait.state == ReportWait::State::open) answer_report(wait.request, Heard::yes, text);
}

void Supervisor::answer_late_reports(Clock::time_point now) {
  for (auto& wait : await_report_) {
    if (wait.state != ReportWait::State::open || now < wait.until) continue;
    answer_report(wait.request, Heard::no, {});
    wait.state = ReportWait::State::answered_without;
  }
}

void Supervisor::answer_report(const ControlServer::Request& request, Heard heard,
                               const std::string& of_worker) {
  if (request.command == ControlCommand::status) {
    control_.answer(request.client, {EX_OK, status_text(heard) + of_worker});
  } else {
    // A worker's metrics hold the parent's, which both can see.
    control_.answer(request.client,
                    heard == Heard::yes ? ControlAnswer{EX_OK, of_worker} : own_metrics());
  }
}

ControlAnswer Supervisor::own_metrics() const {
  ServiceReport report;
  counts_.report(report);
  // While it reads its policy anew it answers us late, but mail as ever.
  report.sample_if(Metric::worker_up, state_ == Worker::ready && reloading_ == Reloading::yes);
  return {EX_OK, exposition(report)};
}

std::string Supervisor::status_text(Heard heard) const {
  ServiceReport report;
  const auto now = Clock::now();
  report.plain_number("pid", static_cast<std::uint64_t>(::getpid()));
  report.plain_number("uptime_seconds", whole_seconds(now - began_));
  counts_.report(report);
  const char* const state = phase_ == Phase::stopping      ? "stopping"
                            : state_ != Worker::ready      ? "restarting"
                            : heard == Heard::yes          ? "running"
                            : reloading_ == Reloading::yes ? "reloading"
                                                           : "silent";
  report.text("worker.state", state);
  if (worker_ > 0) {
    report.plain_number("worker.pid", static_cast<std::uint64_t>(worker_));
    // The counters below are the worker's own, and began with it.
    report.plain_number("worker.uptime_seconds", whole_seconds(now - worker_began_));
    if (heard == Heard::no) {
      report.plain_number("worker.silent_seconds", whole_seconds(now - last_sign_));
    }
  }
  return report.status().encode();
}

void Supervisor::ask_worker_to_reopen(unsigned client) {
  if (phase_ == Phase::stopping) {
    control_.answer(client, {EX_TEMPFAIL, "the server is stopping\n"});
  } else if (channel_ && channel_->send(WorkerWord::reopen)) {
    await_reopen_.push_back(client);
  } else {
    control_.answer(client, {EX_OK, "the next worker opens the journal anew\n"});
  }
}

void Supervisor::on_reopened(const std::string& trouble) {
  if (trouble.empty()) log(LogLevel::info, "the journal is opened anew");
  if (await_reopen_.empty()) return;
  control_.answer(await_reopen_.front(),
                  trouble.empty() ? ControlAnswer{EX_OK, "the journal is opened anew\n"}
                                  : ControlAnswer{EX_CANTCREAT, "journal: " + trouble + "\n"});
  await_reopen_.pop_front();
}

}  // namespace postern

#include "runtime/supervisor.h"

#include "runtime/log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

namespace postern {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

sigset_t our_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&set, signal);
  return set;
}

std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return std::string("was ended by signal ") + std::to_string(WTERMSIG(wait_status)) + " (" +
           ::strsignal(WTERMSIG(wait_status)) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(wait_status));
}

std::string count_of(milliseconds time) {
  return std::to_string(time.count() / 1000) + "." + std::to_string(time.count() / 100 % 10) + " s";
}

}  // namespace

Supervisor::Supervisor(SupervisorSettings settings, SupervisorHooks hooks, ServiceManager manager,
                       int control, ServiceCounts& counts)
    : settings_(settings),
      hooks_(std::move(hooks)),
      manager_(std::move(manager)),
      control_(control),
      counts_(counts),
      backoff_(settings.backoff_first) {
  if (const auto watchdog = manager_.watchdog()) {
    settings_.ping_every =
        std::min(settings_.ping_every, duration_cast<milliseconds>(*watchdog / 3));
  }
}

void Supervisor::hold_signals() {
  const auto set = our_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  // A client that hangs up must not end the server.
  std::signal(SIGPIPE, SIG_IGN);
}

int Supervisor::run() {
  hold_signals();
  const auto set = our_signals();
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) {
    log(LogLevel::error, std::string("cannot take signals: ") + std::strerror(errno));
    return EX_OSERR;
  }
  began_ = Clock::now();
  start_worker();
  while (phase_ != Phase::done) {
    std::vector<pollfd> fds{{signals_.get(), POLLIN, 0}};
    if (channel_) fds.push_back({channel_->fd(), POLLIN, 0});
    control_.watch(fds);
    if (::poll(fds.data(), fds.size(), poll_timeout()) < 0 && errno != EINTR) {
      log(LogLevel::error, std::string("cannot wait for events: ") + std::strerror(errno));
      exit_status_ = EX_OSERR;
      begin_stop();
    }
    // Messages before signals: what a worker said before it ended still counts.
    take_messages();
    take_signals();
    take_control(fds);
    if (wanted_ == Reload::wanted && reloading_ == Reloading::no && state_ == Worker::ready &&
        phase_ == Phase::running) {
      begin_reload();
    }
    look_at_clock();
  }
  for (const auto client : await_stop_) control_.answer(client, {EX_OK, "stopped\n"});
  control_.flush(milliseconds(500));
  return exit_status_;
}

void Supervisor::start_worker() {
  std::array<int, 2> pair{};
  const auto parent = ::getpid();
  pid_t child = -1;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0) {
    child = ::fork();
    if (child == 0) {
      ::close(pair[0]);
      become_worker(pair[1], parent);
    }
    const int error = errno;
    ::close(pair[1]);
    if (child < 0) ::close(pair[0]);
    errno = error;
  }
  if (child < 0) {
    log(LogLevel::error, std::string("cannot start a worker: ") + std::strerror(errno));
    if (phase_ == Phase::starting) {
      exit_status_ = EX_OSERR;
      phase_ = Phase::done;
    }
    restart_at_ = Clock::now() + settings_.backoff_longest;
    return;
  }
  worker_ = child;
  channel_.emplace(UniqueFd(pair[0]));
  state_ = Worker::starting;
  worker_began_ = last_sign_ = Clock::now();
  next_ping_ = worker_began_ + settings_.ping_every;
}

void Supervisor::become_worker(int fd, pid_t parent) {
  int status = EX_SOFTWARE;
  try {
    signals_.reset();
    channel_.reset();
    control_.abandon();
    WorkerChannel channel{UniqueFd(fd)};
    // The parent alone acts on signals. Ignored and unblocked, they are dropped by the kernel
    // before libmilter's own signal thread, which takes HUP as a stop, can see them.
    for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) std::signal(signal, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);
    const auto set = our_signals();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    // Without a parent nobody would end this process.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(EX_TEMPFAIL);
    status = hooks_.work(channel);
  } catch (const std::exception& error) {
    log(LogLevel::error, std::string("the worker failed: ") + error.what());
  } catch (...) {
    log(LogLevel::error, "the worker failed");
  }
  // No destructors: libmilter's threads may still run (and would find static objects gone).
  ::_exit(status);
}

void Supervisor::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    switch (static_cast<int>(info.ssi_signo)) {
      case SIGHUP:
      case SIGUSR1:
        wanted_ = Reload::wanted;
        break;
      case SIGTERM:
      case SIGINT:
        begin_stop();
        break;
      default:
        break;
    }
  }
  // SIGCHLD coalesces like any other signal, and the worker may end before it is looked for.
  int wait_status = 0;
  if (worker_ > 0 && ::waitpid(worker_, &wait_status, WNOHANG) == worker_) {
    take_messages();
    on_worker_end(wait_status);
  }
}

void Supervisor::take_messages() {
  if (!channel_) return;
  WorkerChannel::End end{};
  const auto messages = channel_->take(end);
  for (const auto& message : messages) on_message(message);
  // poll would report the closed end for ever; the end of the process itself is still to come.
  if (end == WorkerChannel::End::gone) channel_.reset();
}

void Supervisor::on_message(const WorkerMessage& message) {
  // A report is none: it may come from a worker whose doors have stood still for hours.
  if (message.word != WorkerWord::report) last_sign_ = Clock::now();
  switch (message.word) {
    case WorkerWord::ready:
      state_ = Worker::ready;
      service_status_ = message.text;
      if (phase_ == Phase::starting) phase_ = Phase::running;
      if (phase_ == Phase::running) manager_.send("READY=1\nSTATUS=" + service_status_);
      log(LogLevel::info, "ready: " + message.text);
      break;
    case WorkerWord::reloaded:
      on_reloaded(message.text);
      break;
    case WorkerWord::refused:
      // The worker has logged why.
      log(LogLevel::error, "reload refused, the old policy stays in force");
      end_reload({EX_CONFIG, message.text});
      break;
    case WorkerWord::reopened:
      on_reopened(message.text);
      break;
    case WorkerWord::report:
      on_report(message.text);
      break;
    case WorkerWord::tables:
      service_status_ = message.text;
      // As long as a large table takes, nobody looks after the worker.
      manager_.allow_silence(settings_.silence_limit);
      hooks_.adopt_tables();
      if (reloading_ == Reloading::no) manager_.allow_silence({});
      last_sign_ = Clock::now();
      if (phase_ == Phase::running) manager_.send("STATUS=" + service_status_);
      break;
    case WorkerWord::pong:
      if (manager_.watchdog()) manager_.send("WATCHDOG=1");
      break;
    default:
      break;
  }
}

void Supervisor::on_reloaded(const std::string& sentence) {
  service_status_ = sentence;
  SupervisorHooks::Adoption adoption;
  try {
    adoption = hooks_.adopt(sentence);
  } catch (const std::exception& error) {
    // The worker has the new policy and goes on; only one that replaces it would begin with the
    // old. Ending the whole service for want of memory would be worse.
    adoption.remark = std::string("the parent process cannot take the new policy (") +
                      error.what() + "); a worker that replaces this one begins with the old\n";
    log(LogLevel::error, adoption.remark);
  }
  if (adoption.adopted == SupervisorHooks::Adopted::again) wanted_ = Reload::wanted;
  log(LogLevel::info, "reloaded: " + sentence);
  end_reload({EX_OK, "reloaded: " + sentence + "\n" + adoption.remark});
}

void Supervisor::on_worker_end(int wait_status) {
  const auto pid = worker_;
  worker_ = -1;
  channel_.reset();
  const auto was = state_;
  state_ = Worker::none;
  for (const auto& wait : await_report_) {
    if (wait.state == ReportWait::State::open) answer_report(wait.request, Heard::no, {});
  }
  await_report_.clear();
  // Whatever file the worker that has ended held, the next one opens it by its name.
  for (const auto client : await_reopen_) {
    control_.answer(client, {EX_OK, "the next worker opens the journal anew\n"});
  }
  await_reopen_.clear();
  if (reloading_ == Reloading::yes) {
    end_reload({EX_TEMPFAIL, "the worker ended during the reload; the old policy is in force\n"});
  }
  if (phase_ == Phase::stopping) {
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
      log(LogLevel::warning, "worker " + std::to_string(pid) + " " + how_it_ended(wait_status));
    }
    phase_ = Phase::done;
    return;
  }
  if (phase_ == Phase::starting && was != Worker::ready) {
    log(LogLevel::error, "the worker cannot start: it " + how_it_ended(wait_status));
    exit_status_ = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 0
                       ? WEXITSTATUS(wait_status)
                       : EX_SOFTWARE;
    phase_ = Phase::done;
    return;
  }
  counts_.worker_restarted();
  const auto lived = Clock::now() - worker_began_;
  if (lived >= settings_.well_after) backoff_ = settings_.backoff_first;
  restart_at_ = Clock::now() + backoff_;
  log(LogLevel::error, "worker " + std::to_string(pid) + " " + how_it_ended(wait_status) +
                           "; another one starts in " + count_of(backoff_) +
                           " on the same sockets with the last good policy");
  backoff_ = std::min(backoff_ * 2, settings_.backoff_longest);
}

void Supervisor::begin_reload() {
  wanted_ = Reload::none;
  reloading_ = Reloading::yes;
  await_reload_.insert(await_reload_.end(), want_reload_.begin(), want_reload_.end());
  want_reload_.clear();
  manager_.reloading();
  // While it compiles, the worker answers no ping, and then the parent compiles too: large tables
  // on a slow disk may take longer than the watchdog waits, which would end a healthy server. Each
  // of the two gets what a silent worker gets; then the service manager acts after all.
  manager_.allow_silence(2 * settings_.silence_limit);
  if (!channel_ || !channel_->send(WorkerWord::reload)) {
    end_reload({EX_TEMPFAIL, "the worker has gone; try again in a moment\n"});
    wanted_ = Reload::wanted;
  }
}

void Supervisor::end_reload(const ControlAnswer& answer) {
  reloading_ = Reloading::no;
  const auto result = answer.exit_code == EX_OK       ? ServiceCounts::Reload::ok
                      : answer.exit_code == EX_CONFIG ? ServiceCounts::Reload::refused
                                                      : ServiceCounts::Reload::failed;
  counts_.reloaded(result, std::chrono::system_clock::now());
  for (const auto client : await_reload_) control_.answer(client, answer);
  await_reload_.clear();
  manager_.allow_silence({});
  manager_.send("READY=1\nSTATUS=" + service_status_ +
                (answer.exit_code == EX_OK
                     ? std::string()
                     : "; the last reload was " + std::string(to_text(result))));
}

void Supervisor::begin_stop() {
  if (phase_ == Phase::stopping || phase_ == Phase::done) return;
  phase_ = Phase::stopping;
  manager_.send("STOPPING=1\nSTATUS=stopping");
  log(LogLevel::info, "stopping");
  for (const auto client : want_reload_) {
    control_.answer(client, {EX_TEMPFAIL, "the server is stopping\n"});
  }
  want_reload_.clear();
  kill_at_ = Clock::now() + settings_.stop_limit;
  if (worker_ < 0) {
    phase_ = Phase::done;
  } else if (channel_) {
    channel_->send(WorkerWord::stop);
  }
}

void Supervisor::look_at_clock() {
  const auto now = Clock::now();
  if (phase_ == Phase::done) return;
  answer_late_reports(now);
  if (worker_ < 0) {
    if (now >= restart_at_) start_worker();
    return;
  }
  const bool too_silent = now - last_sign_ >= settings_.silence_limit;
  if ((phase_ == Phase::stopping && now >= kill_at_) || too_silent) {
    log(LogLevel::error, phase_ == Phase::stopping ? "the worker does not stop in time: killed"
                                                   : "the worker gives no sign of life: killed");
    ::kill(worker_, SIGKILL);
    last_sign_ = now;
    kill_at_ = now + settings_.stop_limit;
  } else if (state_ == Worker::ready && now >= next_ping_ && channel_) {
    next_ping_ = now + settings_.ping_every;
    channel_->send(WorkerWord::ping);
  }
}

int Supervisor::poll_timeout() const {
  if (phase_ == Phase::done) return 0;
  auto until = Clock::now() + std::chrono::seconds(5);
  if (worker_ < 0) {
    until = std::min(until, restart_at_);
  } else {
    until = std::min(until, last_sign_ + settings_.silence_limit);
    if (state_ == Worker::ready) until = std::min(until, next_ping_);
    if (phase_ == Phase::stopping) until = std::min(until, kill_at_);
    for (const auto& wait : await_report_) {
      if (wait.state == ReportWait::State::open) until = std::min(until, wait.until);
    }
  }
  const auto wait = duration_cast<milliseconds>(until - Clock::now()).count() + 1;
  return wait < 0 ? 0 : static_cast<int>(wait);
}

}  // namespace postern

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/tested_policy.h"
#include "cli/worker.h"
#include "postern/version.h"
#include "runtime/descriptors.h"
#include "runtime/log.h"
#include "runtime/mta_lines.h"
#include "runtime/privileges.h"
#include "runtime/service_counts.h"
#include "runtime/sockets.h"
#include "runtime/supervisor.h"
#include "runtime/table_keeper.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <ostream>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

struct OpenSockets {
  std::optional<ListeningSocket> milter;
  std::vector<ListeningSocket> policy;
  std::optional<ListeningSocket> control;
  std::optional<ListeningSocket> metrics;

  template <typename Action>
  void each(const Action& action) const {
    if (milter) action(*milter);
    for (const auto& socket : policy) action(socket);
    if (control) action(*control);
    if (metrics) action(*metrics);
  }

  void remove_files() const {
    each([](const ListeningSocket& socket) {
      const auto why = socket.remove_file();
      if (!why.empty()) {
        log(LogLevel::warning, socket.address().path + " is not removed: " + why);
      }
    });
  }

  /// Root is gone for good, and with it the right to remove files from folders of others.
  void warn_of_files_that_stay() const {
    each([](const ListeningSocket& socket) {
      const auto& address = socket.address();
      if (address.family != ListenAddress::Family::unix_socket) return;
      const auto folder = std::filesystem::path(address.path).parent_path();
      if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
      log(LogLevel::warning, address.path + " will stay behind at the stop, because " +
                                 folder.string() +
                                 " is not ours to write to; give the folder to the user Postern "
                                 "runs as");
    });
  }
};

/// Whether what is made in the folder of `address` gets the folder's group, by its set-group-ID
/// bit.
bool folder_gives_group(const ListenAddress& address) {
  struct stat status {};
  return address.family == ListenAddress::Family::unix_socket &&
         ::stat(std::filesystem::path(address.path).parent_path().c_str(), &status) == 0 &&
         (status.st_mode & S_ISGID) != 0;
}

Problems open_sockets(const ListenSettings& listen, const std::optional<UserIdentity>& identity,
                      OpenSockets& sockets) {
  Problems problems;
  SocketAccess access{listen.mode, {}, {}};
  if (identity) {
    // As if that user had made them; a server started the other way next time can replace them.
    access.owner = identity->user;
    access.group = identity->group;
  }
  const SocketAccess control_access{0600, access.owner, access.group};
  if (!listen.owner.empty()) {
    access.owner = find_user(listen.owner);
    if (!access.owner)
      problems.push_back(plain_problem("listen.owner: there is no user " + listen.owner));
  }
  if (!listen.group.empty()) {
    access.group = find_group(listen.group);
    if (!access.group)
      problems.push_back(plain_problem("listen.group: there is no group " + listen.group));
  }
  if (!problems.empty()) return problems;

  const auto open = [&](const ListenAddress& address, SocketAccess who, Blocking blocking,
                        auto&& keep) {
    if (listen.group.empty() && folder_gives_group(address)) who.group.reset();
    auto opened = open_listener(address, who, blocking);
    if (opened) {
      keep(std::move(*opened));
    } else {
      problems.insert(problems.end(), opened.problems().begin(), opened.problems().end());
    }
  };
  // libmilter accepts only what poll has announced, and expects a socket that blocks.
  if (listen.milter) {
    open(*listen.milter, access, Blocking::yes,
         [&](ListeningSocket socket) { sockets.milter.emplace(std::move(socket)); });
  }
  for (const auto& address : listen.policy) {
    open(address, access, Blocking::no,
         [&](ListeningSocket socket) { sockets.policy.push_back(std::move(socket)); });
  }
  if (listen.control) {
    open(*listen.control, control_access, Blocking::no,
         [&](ListeningSocket socket) { sockets.control.emplace(std::move(socket)); });
  }
  if (listen.metrics) {
    open(*listen.metrics, access, Blocking::no,
         [&](ListeningSocket socket) { sockets.metrics.emplace(std::move(socket)); });
  }
  return problems;
}

/// The identity to change to; none when we are an ordinary user already.
Result<std::optional<UserIdentity>> wanted_identity(const Options& options,
                                                    const RunSettings& run) {
  const auto& user = options.user.empty() ? run.user : options.user;
  const auto& group = options.group.empty() ? run.group : options.group;
  if (!running_as_root()) {
    if (options.user.empty() && options.group.empty()) return std::optional<UserIdentity>{};
    return plain_problem("only root can change to another user", "leave out --user and --group");
  }
  if (user.empty()) {
    return plain_problem("Postern does not run as root",
                         "name the user to change to: run.user in the policy, or --user");
  }
  auto identity = find_identity(user, group);
  if (!identity) return identity.problems();
  return std::optional<UserIdentity>(std::move(*identity));
}

int fail(Terminal terminal, const Problems& problems, int status) {
  terminal.err << render(problems, terminal.glyphs);
  return status;
}

/// What is really there: the ports that the system chose, and whom we run as.
Settings settings_as_open(Settings settings, const OpenSockets& sockets,
                          const std::optional<UserIdentity>& identity) {
  if (identity) settings.run.user = identity->name;
  if (sockets.milter) settings.listen.milter = sockets.milter->address();
  settings.listen.policy.clear();
  for (const auto& socket : sockets.policy) settings.listen.policy.push_back(socket.address());
  if (sockets.metrics) settings.listen.metrics = sockets.metrics->address();
  return settings;
}

/// Keys that have changed and that only a restart changes: named, so that nobody waits for their
/// effect. Empty: none.
std::string need_restart(const Settings& started, const Settings& now) {
  std::string names;
  const auto differ = [&names](const char* name) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  };
  const auto& a = started.listen;
  const auto& b = now.listen;
  if (a.milter != b.milter) differ("listen.milter");
  if (a.policy != b.policy) differ("listen.policy");
  if (a.control != b.control) differ("listen.control");
  if (a.metrics != b.metrics) differ("listen.metrics");
  if (a.mode != b.mode) differ("listen.mode");
  if (a.owner != b.owner) differ("listen.owner");
  if (a.group != b.group) differ("listen.group");
  if (started.run.user != now.run.user) differ("run.user");
  if (started.run.group != now.run.group) differ("run.group");
  if (started.identity.host != now.identity.host) differ("identity.host (in references)");
  if (started.limits.policy_connections != now.limits.policy_connections) {
    differ("limits.policy_connections");
  }
  if (started.limits.policy_idle != now.limits.policy_idle) differ("limits.policy_idle");
  if (started.limits.journal_queue != now.limits.journal_queue) differ("limits.journal_queue");
  if (started.journal.path != now.journal.path) differ("journal.path");
  if (started.log.to != now.log.to) differ("log.to");
  return names;
}

/// The parent's part of a reload: its copy of the policy, for workers to come.
SupervisorHooks::Adoption adopt(const ConfigPlace& place, const Settings& started,
                                const std::string& worker_has, WorkerSetup& setup) {
  auto loaded = load_policy(place);
  // What the worker has was tested there.
  if (loaded && summary_line(*loaded->policy) != worker_has) loaded = load_tested_policy(place);
  if (!loaded) {
    log(LogLevel::warning,
        "the policy has changed again and is broken now; a new worker would start with the one "
        "before");
    return {};
  }
  setup.policy = loaded->policy;
  const auto& settings = loaded->policy->settings();
  log_problems(loaded->warnings);
  SupervisorHooks::Adoption adoption;
  const auto names = need_restart(started, settings);
  if (!names.empty()) {
    adoption.remark = "changed, but in force only after a restart: " + names + "\n";
    log(LogLevel::warning, adoption.remark);
  }
  adoption.remark += render(loaded->warnings);
  if (summary_line(*loaded->policy) != worker_has) {
    adoption.adopted = SupervisorHooks::Adopted::again;
  }
  return adoption;
}

}  // namespace

int serve(const Options& given, Terminal terminal) {
  auto options = given;
  // Records name the file, and whoever reads them stands in another folder.
  std::error_code ignored;
  const auto whole = std::filesystem::absolute(given.place.config, ignored);
  if (!ignored) options.place.config = whole.lexically_normal().string();
  // First of all: a HUP while the policy is compiled must not end us.
  Supervisor::hold_signals();
  auto manager = ServiceManager::from_environment();
  // What we write is for us and our group: the journal holds addresses of people.
  ::umask(0007);
  // Before the sockets: what they throw leaves none behind.
  LastReference last_reference;
  ServiceCounts counts(std::chrono::system_clock::now());

  auto loaded = load_tested_policy(options.place);
  if (!loaded) return fail(terminal, loaded.problems(), EX_CONFIG);
  auto missing = review_for_service(loaded->policy->settings(), options.place.config);
  if (has_errors(missing)) return fail(terminal, missing, EX_CONFIG);
  for (auto& problem : review_resolvers(*loaded->policy, options.place)) {
    missing.push_back(std::move(problem));
  }
  const auto identity = wanted_identity(options, loaded->policy->settings().run);
  if (!identity) return fail(terminal, identity.problems(), EX_NOPERM);
  if (*identity) {
    // What only root can read would be missing at the first reload.
    const BorrowedUser user(**identity);
    if (!user.problems().empty()) return fail(terminal, user.problems(), EX_NOPERM);
    loaded = load_policy(options.place);
    if (!loaded) {
      terminal.err << "postern: user " << (*identity)->name << " cannot read the policy:\n";
      return fail(terminal, loaded.problems(), EX_NOPERM);
    }
  }
  const auto started = loaded->policy->settings();

  auto settings = settings_on_disk(started, options.place.root);
  OpenSockets sockets;
  const auto unopened = open_sockets(settings.listen, *identity, sockets);
  if (!unopened.empty()) {
    sockets.remove_files();
    return fail(terminal, unopened, EX_UNAVAILABLE);
  }
  settings = settings_as_open(std::move(settings), sockets, *identity);
  if (*identity) {
    const auto problems = become(**identity);
    if (!problems.empty()) {
      sockets.remove_files();
      return fail(terminal, problems, EX_NOPERM);
    }
  }

  const auto pasted = mta_lines(
      settings, mta_line_place(*loaded->policy, options.place.root, options.postfix_directory));
  terminal.out << pasted << std::flush;
  start_log(started.log.to);
  // Where the service manager takes both, the lines would stand twice in its journal at each start.
  log(LogLevel::info, "postern " + std::string(version()) +
                          " starts; `postern lines` prints what the mail server needs");
  if (settings.listen.metrics) {
    log(LogLevel::info, "metrics at " + settings.listen.metrics->postfix_text());
  }
  log_problems(loaded->warnings);
  log_problems(missing);
  sockets.warn_of_files_that_stay();

  WorkerSetup setup;
  setup.last_reference = &last_reference;
  setup.descriptors =
      share_descriptors(started, raise_descriptor_limit(wanted_descriptors(started)));
  if (!setup.descriptors.warning.empty()) log(LogLevel::warning, setup.descriptors.warning);
  setup.policy = loaded->policy;
  setup.place = options.place;
  if (sockets.milter) setup.milter = sockets.milter->fd();
  for (const auto& socket : sockets.policy) setup.policy_listeners.push_back(socket.fd());
  if (sockets.metrics) setup.metrics = sockets.metrics->fd();
  setup.counts = &counts;

  SupervisorHooks hooks;
  hooks.work = [&](WorkerChannel& channel) -> int { run_worker(setup, channel); };
  hooks.adopt = [&](const std::string& worker_has) {
    return adopt(options.place, started, worker_has, setup);
  };
  hooks.adopt_tables = [&] {
    setup.policy = with_current_tables(setup.policy, disk_reader(options.place));
  };
  Supervisor supervisor({}, std::move(hooks), std::move(manager),
                        sockets.control ? sockets.control->fd() : -1, counts);
  const int status = supervisor.run();
  sockets.remove_files();
  log(LogLevel::info, "stopped");
  return status;
}

}  // namespace postern::cli

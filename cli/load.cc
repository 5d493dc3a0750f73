#include "cli/load.h"

#include "checks/check.h"
#include "journal/journal_path.h"
#include "model/shown_text.h"
#include "model/text.h"
#include "rules/delays.h"
#include "rules/expiry.h"
#include "rules/loader.h"
#include "rules/rule.h"
#include "runtime/dns_service.h"
#include "runtime/exposition.h"
#include "runtime/log.h"
#include "runtime/postfix_config.h"
#include "runtime/sockets.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>

namespace postern::cli {
namespace {

/// Hexadecimal digits of a digest that people are shown: enough to tell policies of one site apart.
constexpr std::size_t shown_digits = 12;

std::string count(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

}  // namespace

Result<CompiledPolicy> load_policy(const ConfigPlace& place) {
  const CheckRegistry checks;
  auto loaded = Policy::compile(place.config, disk_reader(place), checks);
  if (loaded) {
    for (auto& problem : expiry_warnings(*loaded->policy, std::chrono::system_clock::now())) {
      loaded->warnings.push_back(std::move(problem));
    }
    sort_by_position(loaded->warnings);
  }
  return loaded;
}

Settings settings_alone(const ConfigPlace& place) {
  const auto text = disk_reader(place).read(place.config);
  if (!text) return {};
  Diagnostics diagnostics;
  const ValueReader values(diagnostics);
  const auto document = parse_document(diagnostics.add_file(place.config, *text), diagnostics);
  return read_settings(document.root, values, Unread::part_of_main_file);
}

Problems review_for_service(const Settings& settings, const std::string& file) {
  Problems problems;
  const auto report = [&](Severity severity, std::string message, std::string hint) {
    auto problem = plain_problem(std::move(message), std::move(hint));
    problem.severity = severity;
    problem.position.file = file;
    problems.push_back(std::move(problem));
  };
  const auto& listen = settings.listen;
  if (!listen.milter && listen.policy.empty()) {
    report(Severity::error,
           "nothing to serve: no mail server can reach these rules without listen.milter or "
           "listen.policy",
           "add [listen] with milter = \"unix:/run/postern/milter.sock\", or policy = "
           "\"inet:127.0.0.1:10044\" for Postfix");
  }
  if (!listen.control) {
    report(
        Severity::warning,
        "without listen.control, \"postern status\", \"reload\", \"reopen\" and \"stop\" will not "
        "work, and with them log rotation",
        "add control = \"unix:/run/postern/control.sock\" to [listen]");
  }
  if (listen.metrics && !has_metrics()) {
    report(Severity::error, "listen.metrics: " + std::string(without_metrics),
           "build it again where prometheus-cpp-dev and libmicrohttpd-dev are installed, or take "
           "listen.metrics out");
  }
  // It may be checked on another machine than the one it is for.
  const auto look_up = [&](const char* key, const char* kind, const std::string& name, bool there) {
    if (name.empty() || there) return;
    report(Severity::warning,
           std::string(key) + ": there is no " + kind + " " + name +
               " on this machine; \"postern serve\" would not start here",
           std::string("make that ") + kind + ", or correct the name");
  };
  look_up("listen.owner", "user", listen.owner, find_user(listen.owner).has_value());
  look_up("listen.group", "group", listen.group, find_group(listen.group).has_value());
  look_up("run.user", "user", settings.run.user, find_user(settings.run.user).has_value());
  look_up("run.group", "group", settings.run.group, find_group(settings.run.group).has_value());
  return problems;
}

void log_problems(const Problems& problems) {
  for (const auto& problem : problems) {
    const auto& at = problem.position;
    std::string line = shown_text(at.file, Glyphs::ascii);
    if (at.line != 0) line += ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
    if (!line.empty()) line += ": ";
    line += shown_text(problem.message, Glyphs::ascii);
    if (!problem.hint.empty()) line += " (" + shown_text(problem.hint, Glyphs::ascii) + ")";
    const auto level = problem.severity == Severity::error     ? LogLevel::error
                       : problem.severity == Severity::warning ? LogLevel::warning
                                                               : LogLevel::info;
    log(level, line);
  }
}

Settings settings_on_disk(const Settings& settings, const std::string& root) {
  auto result = settings;
  const auto move = [&](ListenAddress& address) { address.path = under_root(root, address.path); };
  if (result.listen.milter) move(*result.listen.milter);
  for (auto& address : result.listen.policy) move(address);
  if (result.listen.control) move(*result.listen.control);
  if (result.listen.metrics) move(*result.listen.metrics);
  result.journal.path = behind_links(under_root(root, result.journal.path));
  auto& key = result.journal.addresses_key;
  if (!key.empty()) key = under_root(root, key);
  return result;
}

MtaLinePlace mta_line_place(const Policy& policy, const std::string& root,
                            const std::string& postfix_directory) {
  MtaLinePlace place;
  std::map<Stage, Delays> delays;
  for (const auto& rule : policy.rules()) {
    auto& of_answer = delays[answered_at(rule)];
    of_answer.add(rule);
    place.delay = std::max(place.delay, of_answer.most());
    // Of content nothing is asked at the policy door, whichever list asks.
    if (!rule.condition.subjects().content) place.stages.push_back(rule.place.stage);
  }
  place.queue_directory = under_root(root, place.queue_directory);
  if (root.empty()) {
    if (const auto main_cf = read_file(postfix_directory + "/main.cf")) {
      const auto queue = read_postfix_config(*main_cf, "").value("queue_directory");
      if (!queue.empty()) place.queue_directory = queue;
    }
  }
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) place.program = program.string();
  return place;
}

std::vector<DnsServer> system_dns_servers(const std::string& root) {
  const std::string path = "/etc/resolv.conf";
  auto text = read_file(under_root(root, path));
  if (!text && !root.empty()) text = read_file(path);
  return dns_servers_of_resolv_conf(text ? *text : std::string());
}

Problems review_resolvers(const Policy& policy, const ConfigPlace& place) {
  const auto& dns = policy.settings().dns;
  if (!dns.servers.empty() || !asks_dns(policy)) return {};
  std::vector<std::string> others;
  for (const auto& server : system_dns_servers(place.root)) {
    if (!dns.trusts(server)) others.push_back(server.text());
  }
  if (others.empty()) return {};
  auto problem = plain_problem(
      "rules ask DNS, and of the resolvers of /etc/resolv.conf " + joined(others, ", ") +
          (others.size() == 1 ? " is" : " are") +
          " on another host: whoever can send in its name can forge answers",
      "run a resolver on this host and name it, [dns] servers = [\"127.0.0.1\"], or name the "
      "network in dns.trusted if nobody else can send from there");
  problem.severity = Severity::warning;
  problem.position.file = place.config;
  return {problem};
}

std::string summary_line(const Policy& policy) {
  return "policy " + policy.digest().substr(0, shown_digits) + ", " +
         count(policy.rules().size(), "rule", "rules") + ", " +
         count(policy.tables().size(), "table", "tables");
}

}  // namespace postern::cli

#include "runtime/dns_service.h"

#include "checks/list_check.h"
#include "dns/caching_resolver.h"
#include "model/dns_question.h"
#include "rules/program.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "runtime/dns_source.h"
#include "runtime/list_health.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace postern {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

/// What is replaced is kept for as long as a decision can last (the longest limits.deadline, and
/// some), because somebody may still wait for it.
constexpr seconds kept_after_its_end{60};

DnsSettings settings_of(const DnsOptions& options) {
  DnsSettings settings;
  settings.try_time = options.try_time;
  settings.tries = options.tries;
  settings.ttl_least = duration_cast<seconds>(options.least_ttl);
  settings.ttl_most = duration_cast<seconds>(options.most_ttl);
  settings.negative_ttl_most = duration_cast<seconds>(options.negative_ttl);
  settings.failure_ttl = duration_cast<seconds>(options.failure_ttl);
  settings.cache_octets = static_cast<std::size_t>(options.cache_size);
  return settings;
}

bool is_dns(QuestionKind kind) noexcept {
  return kind == QuestionKind::dns || kind == QuestionKind::spf ||
         kind == QuestionKind::reverse_dns || kind == QuestionKind::helo_dns ||
         kind == QuestionKind::sender_dns;
}

std::vector<ListHealth::List> lists_of(const Policy& policy) {
  std::vector<ListHealth::List> lists;
  for (const auto& check : checks_in_use(policy)) {
    const auto* list = dynamic_cast<const ListCheck*>(check.get());
    if (list == nullptr || !list->settings().has_test_points) continue;
    const auto& settings = list->settings();
    const auto kind =
        settings.subject == ListSubject::client_ip ? DnsListKind::v4 : DnsListKind::domains;
    lists.push_back({check->description().name, settings.zone, kind});
  }
  return lists;
}

/// They stand for themselves when they fail, test points or not.
std::vector<std::string> zones_of(const Policy& policy) {
  std::vector<std::string> zones;
  for (const auto& check : checks_in_use(policy)) {
    const auto* list = dynamic_cast<const ListCheck*>(check.get());
    if (list != nullptr) zones.push_back(list->settings().zone);
  }
  return zones;
}

bool same_lists(const std::vector<ListHealth::List>& a, const std::vector<ListHealth::List>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.zone == y.zone && x.kind == y.kind;
  });
}

/// What belongs to one set of servers, settings and lists.
struct Generation {
  Generation(std::unique_ptr<DnsTransport> made, const Clock& clock, const DnsOptions& options_in,
             std::vector<DnsServer> servers_in, std::vector<std::string> zones_in,
             std::vector<ListHealth::List> lists_in, const ListHealth::Say& say, FactSource& others)
      : options(options_in),
        servers(std::move(servers_in)),
        zones(std::move(zones_in)),
        lists(std::move(lists_in)),
        transport(std::move(made)),
        resolver(*transport, clock, settings_of(options), zones),
        // Nobody waits longer than the driver's deadline; this bounds what nobody waits for.
        source(resolver, others, clock, duration_cast<std::chrono::milliseconds>(seconds(25))),
        health(lists, resolver, clock, say) {}

  const DnsOptions options;
  const std::vector<DnsServer> servers;
  const std::vector<std::string> zones;
  const std::vector<ListHealth::List> lists;
  // Destroyed from the bottom: who asks before who is asked.
  const std::unique_ptr<DnsTransport> transport;
  CachingResolver resolver;
  DnsSource source;
  ListHealth health;
  std::chrono::steady_clock::time_point ended;
};

std::string state_text(const ServerBook::Entry& server) {
  auto text = std::string(server.in_service ? "in service" : "out of service");
  text += ", asked " + std::to_string(server.asked) + ", answered " +
          std::to_string(server.answered) + ", unanswered " + std::to_string(server.unanswered);
  if (server.went_out > 0) text += ", went out " + std::to_string(server.went_out);
  if (!server.edns) text += ", without EDNS";
  return text;
}

}  // namespace

std::vector<std::shared_ptr<const Check>> checks_in_use(const Policy& policy) {
  std::vector<std::shared_ptr<const Check>> checks;
  for (const auto& rule : policy.rules()) {
    for (const auto& test : rule.condition.program().tests) {
      if (!test.check) continue;
      if (std::find(checks.begin(), checks.end(), test.check) == checks.end()) {
        checks.push_back(test.check);
      }
    }
  }
  return checks;
}

bool asks_dns(const Policy& policy) {
  const auto checks = checks_in_use(policy);
  return std::any_of(checks.begin(), checks.end(),
                     [](const auto& check) { return is_dns(check->description().kind); });
}

struct DnsService::State {
  FactSource& others;
  const Clock& clock;
  const Say say;
  const SystemServers system_servers;
  const MakeTransport make_transport;

  mutable std::mutex mutex;  // guards what follows; not held while anybody is called
  std::shared_ptr<Generation> current;
  std::vector<std::shared_ptr<Generation>> replaced;
  bool stopped = false;

  std::shared_ptr<Generation> get() const {
    const std::lock_guard lock(mutex);
    return current;
  }
  void put(std::shared_ptr<Generation> next) {
    const std::lock_guard lock(mutex);
    if (stopped) return;
    if (current) {
      current->ended = clock.steady();
      replaced.push_back(std::move(current));
    }
    current = std::move(next);
  }
};

DnsService::DnsService(FactSource& others, const Clock& clock, Say say,
                       SystemServers system_servers, MakeTransport make_transport)
    : state_(new State{others,
                       clock,
                       std::move(say),
                       std::move(system_servers),
                       std::move(make_transport),
                       {},
                       {},
                       {},
                       false}) {}

DnsService::~DnsService() { stop(); }

void DnsService::use(const Policy& policy) {
  if (!asks_dns(policy)) return state_->put(nullptr);
  const auto& options = policy.settings().dns;
  auto servers = options.servers;
  if (servers.empty()) servers = state_->system_servers();
  auto zones = zones_of(policy);
  auto lists = lists_of(policy);
  if (const auto before = state_->get()) {
    if (before->options == options && before->servers == servers && before->zones == zones &&
        same_lists(before->lists, lists)) {
      return;
    }
  }
  try {
    auto transport = state_->make_transport(servers, state_->clock);
    const auto next = std::make_shared<Generation>(std::move(transport), state_->clock, options,
                                                   std::move(servers), std::move(zones),
                                                   std::move(lists), state_->say, state_->others);
    state_->put(next);
  } catch (const std::exception& error) {
    state_->say(LogLevel::error, "DNS cannot be asked: " + std::string(error.what()));
    return;
  }
  tick();
}

void DnsService::tick() {
  if (const auto current = state_->get()) current->health.tick();
  std::vector<std::shared_ptr<Generation>> over;
  const std::lock_guard lock(state_->mutex);
  auto& replaced = state_->replaced;
  const auto now = state_->clock.steady();
  for (auto at = replaced.begin(); at != replaced.end();) {
    // Whoever is in ask() holds one too.
    if (at->use_count() > 1 || now - (*at)->ended < kept_after_its_end) {
      ++at;
      continue;
    }
    over.push_back(std::move(*at));
    at = replaced.erase(at);
  }
}

std::optional<Answer> DnsService::known(const Question& question) {
  if (!is_dns(question.kind)) return state_->others.known(question);
  const auto current = state_->get();
  if (!current) return {};
  const bool of_list =
      question.kind == QuestionKind::dns && question.subject == to_text(DnsType::a);
  if (!current->health.admits(of_list ? question.key : std::string())) return {};
  return current->source.known(question);
}

void DnsService::ask(const Question& question, std::function<void(Answer)> done) {
  if (!is_dns(question.kind)) return state_->others.ask(question, std::move(done));
  const auto current = state_->get();
  if (!current) return done(Answer::unavailable("DNS is not asked"));
  // What is tested for the first time may answer when all of this has been replaced.
  const auto refuse = [](const std::string& cause, const std::function<void(Answer)>& to) {
    auto answer = Answer::unavailable(cause);
    answer.source.name = "health";
    to(std::move(answer));
  };
  const bool of_list =
      question.kind == QuestionKind::dns && question.subject == to_text(DnsType::a);
  current->health.admit_any([weak = std::weak_ptr(current), question, of_list, refuse,
                             done = std::move(done)](const std::string& trouble) mutable {
    const auto generation = weak.lock();
    if (!trouble.empty() || !generation) {
      return refuse(trouble.empty() ? "suspended" : trouble, done);
    }
    if (!of_list) return generation->source.ask(question, std::move(done));
    generation->health.admit(question.key, [weak, question, refuse, done = std::move(done)](
                                               const std::string& cause) mutable {
      const auto then = weak.lock();
      if (!cause.empty() || !then) return refuse(cause.empty() ? "suspended" : cause, done);
      then->source.ask(question, std::move(done));
    });
  });
}

void DnsService::report(StatusText& status) const {
  const auto current = state_->get();
  if (!current) return status.add("dns", "not asked");
  const auto dns = current->resolver.status();
  for (const auto& server : dns.servers)
    status.add("dns.server." + server.name, state_text(server));
  std::string zones;
  for (const auto& zone : dns.suspended_zones) zones += (zones.empty() ? "" : ", ") + zone.zone;
  status.add("dns.suspended_zones", zones);
  status.add("dns.asked", dns.asked);
  status.add("dns.joined", dns.joined);
  status.add("dns.cache_hits", dns.cache.hits);
  status.add("dns.cache_misses", dns.cache.misses);
  status.add("dns.cache_entries", dns.cache.entries);
  status.add("dns.cache_octets", dns.cache.octets);
  status.add("dns.late", dns.late);
  status.add("dns.deadlines", dns.deadlines);
  status.add("dns.overloads", dns.overloads);
  status.add("dns.under_way", dns.flights);
  current->health.report(status);
}

void DnsService::stop() {
  std::vector<std::shared_ptr<Generation>> over;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    over = std::move(state_->replaced);
    if (state_->current) over.push_back(std::move(state_->current));
    state_->current.reset();
    state_->replaced.clear();
  }
  // Whoever is in ask() must not be the last to hold one: it may be one of its own threads.
  for (const auto& each : over) {
    while (each.use_count() > 1) std::this_thread::yield();
  }
}

}  // namespace postern

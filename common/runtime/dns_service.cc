#include "runtime/dns_service.h"

#include "checks/list_check.h"
#include "dns/caching_resolver.h"
#include "model/dns_question.h"
#include "rules/check_weights.h"
#include "rules/program.h"
#include "rules/rule.h"
#include "rules/settings.h"
#include "runtime/dns_source.h"
#include "runtime/list_health.h"
#include "runtime/root_watch.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

namespace postern {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

/// What a list has denied counts when the root was seen at most so long before it: of the many
/// answers of lists most are denials, and "not listed" seldom refuses anybody. Every other denial
/// counts only after the root was seen again.
constexpr seconds trusted_after_root{1};

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

std::optional<ListHealth::List> list_of(const Check& check) {
  const auto* list = dynamic_cast<const ListCheck*>(&check);
  if (list == nullptr) return {};
  const auto& settings = list->settings();
  const auto kind =
      settings.subject == ListSubject::client_ip ? DnsListKind::v4 : DnsListKind::domains;
  return ListHealth::List{check.description().name, settings.zone, kind, settings.has_test_points,
                          false};
}

/// The order of rules is no difference between two policies.
std::vector<ListHealth::List> lists_of(const std::vector<std::shared_ptr<const Check>>& checks) {
  std::vector<ListHealth::List> lists;
  for (const auto& check : checks) {
    if (auto list = list_of(*check)) lists.push_back(std::move(*list));
  }
  std::sort(lists.begin(), lists.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return lists;
}

/// They stand for themselves when they fail, test points or not.
std::vector<std::string> zones_of(const std::vector<ListHealth::List>& lists) {
  std::vector<std::string> zones;
  for (const auto& list : lists) zones.push_back(list.zone);
  std::sort(zones.begin(), zones.end());
  zones.erase(std::unique(zones.begin(), zones.end()), zones.end());
  return zones;
}

/// What belongs to one set of servers and settings.
struct Generation {
  Generation(std::unique_ptr<DnsTransport> made, const Clock& clock, const DnsOptions& options_in,
             std::vector<DnsServer> servers_in, const ListHealth::Say& say, FactSource& others)
      : options(options_in),
        servers(std::move(servers_in)),
        transport(std::move(made)),
        resolver(*transport, clock, settings_of(options)),
        // Nobody waits longer than the driver's deadline; this bounds what nobody waits for.
        source(resolver, others, clock, duration_cast<std::chrono::milliseconds>(seconds(25))),
        root(resolver, clock, say),
        health(resolver, clock, say) {}

  /// Not thread-safe.
  void set(const std::vector<ListHealth::List>& lists) {
    health.set(lists);
    auto next = zones_of(lists);
    if (next == zones) return;
    zones = std::move(next);
    resolver.set_zones(zones);
  }
  void tick() {
    root.tick();
    health.tick();
  }

  const DnsOptions options;
  const std::vector<DnsServer> servers;
  std::vector<std::string> zones;
  // Destroyed from the bottom: who asks before who is asked.
  const std::unique_ptr<DnsTransport> transport;
  CachingResolver resolver;
  DnsSource source;
  RootWatch root;
  ListHealth health;
  std::chrono::steady_clock::time_point ended;
};

/// Where generations go that nobody holds any more. The last to hold one may be a callback on the
/// thread of its own transport, which cannot wait for its own end.
class Graveyard : public std::enable_shared_from_this<Graveyard> {
 public:
  std::shared_ptr<Generation> adopt(std::unique_ptr<Generation> generation) {
    {
      const std::lock_guard lock(mutex_);
      dead_.reserve(living_ + 1);
      ++living_;
    }
    return {generation.release(), [self = shared_from_this()](Generation* last) {
              self->bury(std::unique_ptr<Generation>(last));
            }};
  }
  /// Ends those that are dead. Not on a thread of theirs.
  void clear() {
    std::vector<std::unique_ptr<Generation>> dead;
    const std::lock_guard lock(ending_);
    {
      const std::lock_guard own(mutex_);
      dead.swap(dead_);
      living_ -= dead.size();
      dead_.reserve(living_);
    }
    dead.clear();
  }
  /// Waits until nobody holds any, and ends them.
  void clear_all() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return dead_.size() == living_; });
    }
    clear();
  }

 private:
  void bury(std::unique_ptr<Generation> generation) {
    const std::lock_guard lock(mutex_);
    dead_.push_back(std::move(generation));  // there is room
    changed_.notify_all();
  }

  std::mutex ending_;  // held while they end; taken before the other
  std::mutex mutex_;   // guards what follows
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Generation>> dead_;
  std::size_t living_ = 0;  ///< adopted and not yet ended
};

void refuse(const std::string& cause, const std::function<void(Answer)>& to) {
  auto answer = Answer::unavailable(cause);
  answer.source.name = "health";
  to(std::move(answer));
}

std::string state_text(const ServerBook::Entry& server) {
  auto text = std::string(server.in_service ? "in service" : "out of service");
  text += ", asked " + std::to_string(server.asked) + ", answered " +
          std::to_string(server.answered) + ", unanswered " + std::to_string(server.unanswered);
  if (server.went_out > 0) text += ", went out " + std::to_string(server.went_out);
  if (!server.edns) text += ", without EDNS";
  return text;
}

void report_server(ServiceReport& report, const ServerBook::Entry& server) {
  report.text("dns.server." + server.name, state_text(server));
  const auto add = [&](Metric metric, std::uint64_t value) {
    report.sample(metric, static_cast<double>(value), {server.name});
  };
  add(Metric::dns_server_up, server.in_service ? 1 : 0);
  add(Metric::dns_server_asked, server.asked);
  add(Metric::dns_server_answered, server.answered);
  add(Metric::dns_server_unanswered, server.unanswered);
  add(Metric::dns_server_outages, server.went_out);
}

}  // namespace

std::vector<std::shared_ptr<const Check>> checks_in_use(const Policy& policy) {
  std::vector<std::shared_ptr<const Check>> checks;
  const auto add = [&](const std::shared_ptr<const Check>& check) {
    if (std::find(checks.begin(), checks.end(), check) == checks.end()) checks.push_back(check);
  };
  for (const auto& rule : policy.rules()) {
    for (const auto& test : rule.condition.program().tests) {
      if (test.check) add(test.check);
    }
    for (const auto& check : checks_of(rule.scores)) add(check);
    for (const auto& effect : rule.effects) {
      if (!effect.field) continue;
      for (const auto& check : effect.field->checks) add(check);
    }
  }
  return checks;
}

bool asks_dns(const Policy& policy) { return !policy.rules_that_ask_dns().empty(); }

struct DnsService::State {
  State(FactSource& others_in, const Clock& clock_in, Say say_in, SystemServers servers_in,
        MakeTransport make_in)
      : others(others_in),
        clock(clock_in),
        say(std::move(say_in)),
        system_servers(std::move(servers_in)),
        make_transport(std::move(make_in)) {}

  FactSource& others;
  const Clock& clock;
  const Say say;
  const SystemServers system_servers;
  const MakeTransport make_transport;
  const std::shared_ptr<Graveyard> graveyard = std::make_shared<Graveyard>();

  std::mutex using_mutex;  // guards what follows; one use() or tick() at a time
  std::vector<std::weak_ptr<const Check>> checks;   ///< of all policies that may still be in use
  std::vector<std::weak_ptr<const Policy>> askers;  ///< those of them that ask DNS, by names too
  std::vector<ListHealth::List> lists;              ///< of the policy in force
  bool in_use = false;                              ///< the policy in force asks DNS

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

  /// A message that began under an older policy asks what that one wants to know, and must not hear
  /// from a list that only the older one knew to be bad.
  std::vector<ListHealth::List> lists_to_test() const {
    auto all = lists;
    for (const auto& weak : checks) {
      const auto check = weak.lock();
      auto list = check ? list_of(*check) : std::nullopt;
      if (!list || std::find(lists.begin(), lists.end(), *list) != lists.end()) continue;
      list->is_former = true;
      if (std::find(all.begin(), all.end(), *list) == all.end()) all.push_back(std::move(*list));
    }
    return all;
  }
  /// Whether some policy was forgotten meanwhile.
  bool forget_former() {
    const auto is_over = [](const auto& weak) { return weak.expired(); };
    const auto policies = std::erase_if(askers, is_over);
    return std::erase_if(checks, is_over) + policies > 0;
  }
  /// Nobody can ask any more.
  bool is_over() const { return !in_use && checks.empty() && askers.empty(); }
};

DnsService::DnsService(FactSource& others, const Clock& clock, Say say,
                       SystemServers system_servers, MakeTransport make_transport)
    : state_(std::make_unique<State>(others, clock, std::move(say), std::move(system_servers),
                                     std::move(make_transport))) {}

DnsService::~DnsService() { stop(); }

void DnsService::use(const std::shared_ptr<const Policy>& policy) {
  {
    const std::lock_guard lock(state_->using_mutex);
    const auto checks = checks_in_use(*policy);
    state_->in_use = asks_dns(*policy);
    state_->lists = lists_of(checks);
    state_->forget_former();
    if (state_->in_use) state_->askers.push_back(policy);
    for (const auto& check : checks) {
      const auto same = [&](const auto& weak) { return weak.lock() == check; };
      auto& known = state_->checks;
      if (!is_dns(check->description().kind)) continue;
      if (std::none_of(known.begin(), known.end(), same)) known.push_back(check);
    }
    const auto before = state_->get();
    if (!state_->in_use) {
      if (state_->is_over()) return state_->put(nullptr);
      if (before) before->set(state_->lists_to_test());
      return;
    }
    const auto& options = policy->settings().dns;
    auto servers = options.servers;
    if (servers.empty()) servers = state_->system_servers();
    if (before && before->options == options && before->servers == servers) {
      before->set(state_->lists_to_test());
    } else {
      try {
        auto transport = state_->make_transport(servers, state_->clock);
        const auto next = state_->graveyard->adopt(
            std::make_unique<Generation>(std::move(transport), state_->clock, options,
                                         std::move(servers), state_->say, state_->others));
        next->set(state_->lists_to_test());
        state_->put(next);
      } catch (const std::exception& error) {
        state_->say(LogLevel::error, "DNS cannot be asked: " + std::string(error.what()));
        return;
      }
    }
  }
  tick();
}

void DnsService::tick() {
  {
    const std::lock_guard lock(state_->using_mutex);
    const auto current = state_->get();
    if (state_->forget_former() && current) {
      if (state_->is_over()) {
        state_->put(nullptr);
      } else {
        current->set(state_->lists_to_test());
      }
    }
  }
  if (const auto current = state_->get()) current->tick();
  std::vector<std::shared_ptr<Generation>> over;
  {
    const std::lock_guard lock(state_->mutex);
    const auto now = state_->clock.steady();
    auto& replaced = state_->replaced;
    const auto is_over = [&](const auto& each) { return now - each->ended >= kept_after_its_end; };
    const auto first =
        std::stable_partition(replaced.begin(), replaced.end(), std::not_fn(is_over));
    std::move(first, replaced.end(), std::back_inserter(over));
    replaced.erase(first, replaced.end());
  }
  over.clear();
  state_->graveyard->clear();
}

namespace {

/// Asks what may be asked; the answer counts when nothing says that it is wrong.
void look_up(Generation& generation, const std::weak_ptr<Generation>& weak, const Clock& clock,
             const Question& question, bool of_list, std::function<void(Answer)> done) {
  generation.source.ask(question, [weak, &clock, key = of_list ? question.key : std::string(),
                                   done = std::move(done)](Answer answer) {
    const auto then = weak.lock();
    if (!then || answer.state == Answer::State::unavailable) return done(std::move(answer));
    const bool is_list = !key.empty();
    const bool is_new = answer.source.name == to_text(DnsReply::Source::network);
    const bool is_denial = answer.state == Answer::State::empty;
    if (!is_denial && !(is_list && is_new)) return done(std::move(answer));
    auto came = clock.steady();
    came -= answer.source.age;
    auto judge = [answer = std::move(answer), done](const std::string& cause) {
      if (!cause.empty()) return refuse(cause, done);
      done(answer);
    };
    if (!is_denial) return then->health.weigh(key, true, std::move(judge));
    if (is_list && is_new) then->health.weigh(key, false, [](const std::string&) {});
    if (is_list) came -= trusted_after_root;
    then->root.confirm(came, std::move(judge));
  });
}

}  // namespace

std::optional<Answer> DnsService::known(const Question& question) {
  if (!is_dns(question.kind)) return state_->others.known(question);
  const auto current = state_->get();
  if (!current || !current->root.vouches_for(std::chrono::steady_clock::time_point::min())) {
    return {};
  }
  const bool of_list =
      question.kind == QuestionKind::dns && question.subject == to_text(DnsType::a);
  if (of_list && !current->health.admits(question.key)) return {};
  auto answer = current->source.known(question);
  // As in look_up(): what would have to wait for the root is not known.
  if (answer && answer->state == Answer::State::empty) {
    auto came = state_->clock.steady();
    came -= answer->source.age;
    if (of_list) came -= trusted_after_root;
    if (!current->root.vouches_for(came)) return {};
  }
  return answer;
}

void DnsService::ask(const Question& question, std::function<void(Answer)> done) {
  if (!is_dns(question.kind)) return state_->others.ask(question, std::move(done));
  const auto current = state_->get();
  if (!current) return done(Answer::unavailable("DNS is not asked"));
  // What is tested for the first time may answer when all of this has been replaced.
  const bool of_list =
      question.kind == QuestionKind::dns && question.subject == to_text(DnsType::a);
  current->root.admit([weak = std::weak_ptr(current), &clock = state_->clock, question, of_list,
                       done = std::move(done)](const std::string& trouble) mutable {
    const auto generation = weak.lock();
    if (!trouble.empty() || !generation) {
      return refuse(trouble.empty() ? "suspended" : trouble, done);
    }
    if (!of_list) return look_up(*generation, weak, clock, question, false, std::move(done));
    generation->health.admit(question.key, [weak, &clock, question, done = std::move(done)](
                                               const std::string& cause) mutable {
      const auto then = weak.lock();
      if (!cause.empty() || !then) return refuse(cause.empty() ? "suspended" : cause, done);
      look_up(*then, weak, clock, question, true, std::move(done));
    });
  });
}

void DnsService::report(ServiceReport& report) const {
  const auto current = state_->get();
  if (!current) {
    const std::lock_guard lock(state_->using_mutex);
    report.sample_if(Metric::dns_trouble, state_->in_use);
    return report.text("dns", "not asked");
  }
  const auto dns = current->resolver.status();
  for (const auto& server : dns.servers) report_server(report, server);
  std::string zones;
  for (const auto& zone : dns.suspended_zones) zones += (zones.empty() ? "" : ", ") + zone.zone;
  report.text("dns.suspended_zones", zones);
  report.sample(Metric::dns_zones_suspended, static_cast<double>(dns.suspended_zones.size()));
  report.number("dns.asked", dns.asked, Metric::dns_questions);
  report.number("dns.joined", dns.joined, Metric::dns_joined);
  report.number("dns.cache_hits", dns.cache.hits, Metric::dns_cache_hits);
  report.number("dns.cache_misses", dns.cache.misses, Metric::dns_cache_misses);
  report.number("dns.cache_entries", dns.cache.entries, Metric::dns_cache_entries);
  report.number("dns.cache_octets", dns.cache.octets, Metric::dns_cache_octets);
  report.number("dns.late", dns.late, Metric::dns_late);
  report.number("dns.deadlines", dns.deadlines, Metric::dns_deadlines);
  report.number("dns.overloads", dns.overloads, Metric::dns_overloads);
  report.number("dns.under_way", dns.flights, Metric::dns_under_way);
  current->root.report(report);
  current->health.report(report);
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
  over.clear();
  state_->graveyard->clear_all();
}

}  // namespace postern

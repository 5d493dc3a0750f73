#include "runtime/list_health.h"

#include "model/dns_name.h"
#include "model/time_text.h"
#include "runtime/dns_source.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace postern {
namespace {

/// A list that works is trusted so long; one that does not is looked at again after the shorter
/// time.
constexpr std::chrono::minutes between_probes{10};
constexpr std::chrono::minutes between_probes_of_bad{1};
constexpr std::chrono::seconds between_probes_in_trouble{5};
/// For both answers; below the deadline of decisions, which wait for the first probe.
constexpr std::chrono::seconds patience{5};

std::string_view words_of(DnsListHealth health) noexcept {
  switch (health) {
    case DnsListHealth::good:
      return "good";
    case DnsListHealth::dead:
      return "it does not list what every list has to";
    case DnsListHealth::lists_everything:
      return "it lists what no list may";
    case DnsListHealth::refuses:
      return "it refuses to answer us";
    case DnsListHealth::unknown:
      break;
  }
  return "its test entries cannot be had";
}

}  // namespace

struct ListHealth::State : std::enable_shared_from_this<State> {
  using Time = std::chrono::steady_clock::time_point;
  using Then = std::function<void(const std::string&)>;

  struct Entry {
    List list;
    DnsListHealth health = DnsListHealth::unknown;
    bool tested = false;  ///< once at least
    bool good = false;    ///< its answers count: a list that was good is believed through trouble
    bool asking = false;
    Time due;
    std::chrono::system_clock::time_point since;
    std::optional<Answer> listed;
    std::optional<Answer> unlisted;
    std::vector<Then> waiting;
  };

  State(std::vector<List> lists, Resolver& resolver_in, const Clock& clock_in, Say say_in)
      : resolver(resolver_in), clock(clock_in), say(std::move(say_in)) {
    for (auto& list : lists) {
      Entry entry;
      entry.list = std::move(list);
      entry.due = clock.steady();
      entry.since = clock.system();
      entries.push_back(std::move(entry));
    }
  }

  std::string cause_of(const Entry& entry) const {
    if (entry.good) return {};
    return "the list is suspended: " + std::string(words_of(entry.health));
  }

  /// The list whose zone the name is in, the longest; nullptr: none.
  Entry* find(std::string_view name) {
    Entry* found = nullptr;
    for (auto& entry : entries) {
      if (!is_in_zone(name, entry.list.zone)) continue;
      if (found == nullptr || entry.list.zone.size() > found->list.zone.size()) found = &entry;
    }
    return found;
  }

  static std::string denial() { return "the resolver says that not even the root exists"; }

  void probe_root() {
    resolver.ask({".", DnsType::ns}, clock.steady() + patience,
                 [weak = weak_from_this()](const DnsReply& reply) {
                   if (const auto self = weak.lock()) self->bring_root(reply);
                 });
  }

  void bring_root(const DnsReply& reply) {
    std::vector<Then> waiting;
    std::string cause;
    bool news = false;
    {
      const std::lock_guard lock(mutex);
      const bool denied = reply.answer->kind == DnsAnswer::Kind::no_name;
      news = denied != root.denied;
      root.denied = denied;
      root.tested = true;
      root.asking = false;
      root.due = clock.steady() + between_probes_of_bad;
      if (denied) cause = denial();
      waiting = std::exchange(root.waiting, {});
    }
    if (news) {
      say(cause.empty() ? LogLevel::info : LogLevel::warning,
          cause.empty() ? "DNS works again" : cause + ": its answers do not count");
    }
    for (const auto& then : waiting) then(cause);
  }

  void probe(std::size_t index) {
    const auto probes = [&] {
      const std::lock_guard lock(mutex);
      const auto& list = entries[index].list;
      return dns_list_probes(list.kind, list.zone);
    }();
    const auto deadline = clock.steady() + patience;
    for (const bool listed : {true, false}) {
      resolver.ask({listed ? probes.listed : probes.unlisted, DnsType::a}, deadline,
                   [weak = weak_from_this(), index, listed](const DnsReply& reply) {
                     if (const auto self = weak.lock()) self->bring(index, listed, reply);
                   });
    }
  }

  void bring(std::size_t index, bool listed, const DnsReply& reply) {
    std::vector<Then> waiting;
    std::string cause;
    std::string news;
    auto level = LogLevel::info;
    {
      const std::lock_guard lock(mutex);
      auto& entry = entries[index];
      (listed ? entry.listed : entry.unlisted) = fact_of(reply, {});
      if (!entry.listed || !entry.unlisted) return;
      const auto was_tested = std::exchange(entry.tested, true);
      const auto was_good = entry.good;
      entry.health = dns_list_health(*entry.listed, *entry.unlisted);
      if (entry.health != DnsListHealth::unknown) entry.good = entry.health == DnsListHealth::good;
      entry.listed.reset();
      entry.unlisted.reset();
      entry.asking = false;
      entry.due = clock.steady();
      entry.due += entry.health == DnsListHealth::unknown ? between_probes_in_trouble
                   : entry.good                           ? between_probes
                                                          : between_probes_of_bad;
      cause = cause_of(entry);
      waiting = std::exchange(entry.waiting, {});
      if (!was_tested || was_good != entry.good) {
        entry.since = clock.system();
        const auto name = "list \"" + entry.list.name + "\" (" + entry.list.zone + ")";
        if (!entry.good) {
          level = LogLevel::warning;
          news = name + " is suspended: " + std::string(words_of(entry.health));
        } else if (was_tested) {
          news = name + " works again";
        }
      }
    }
    if (!news.empty()) say(level, news);
    for (const auto& then : waiting) then(cause);
  }

  Resolver& resolver;
  const Clock& clock;
  const Say say;
  mutable std::mutex mutex;  // guards what follows; not held while anybody is called
  std::vector<Entry> entries;
  struct {
    bool tested = false;
    bool denied = false;
    bool asking = false;
    Time due;
    std::vector<Then> waiting;
  } root;
};

ListHealth::ListHealth(std::vector<List> lists, Resolver& resolver, const Clock& clock, Say say)
    : state_(std::make_shared<State>(std::move(lists), resolver, clock, std::move(say))) {}

void ListHealth::admit(const std::string& name,
                       std::function<void(const std::string& cause)> then) {
  std::string cause;
  {
    const std::lock_guard lock(state_->mutex);
    if (auto* entry = state_->find(name)) {
      if (!entry->tested) {
        entry->waiting.push_back(std::move(then));
        return;
      }
      cause = state_->cause_of(*entry);
    }
  }
  then(cause);
}

void ListHealth::admit_any(std::function<void(const std::string& cause)> then) {
  std::string cause;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->root.tested) {
      state_->root.waiting.push_back(std::move(then));
      return;
    }
    if (state_->root.denied) cause = State::denial();
  }
  then(cause);
}

bool ListHealth::admits(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->root.tested || state_->root.denied) return false;
  const auto* entry = name.empty() ? nullptr : state_->find(name);
  return entry == nullptr || (entry->tested && entry->good);
}

void ListHealth::tick() {
  std::vector<std::size_t> due;
  bool root_due = false;
  {
    const std::lock_guard lock(state_->mutex);
    const auto now = state_->clock.steady();
    auto& root = state_->root;
    root_due = !root.asking && root.due <= now;
    root.asking = root.asking || root_due;
    for (std::size_t i = 0; i < state_->entries.size(); ++i) {
      auto& entry = state_->entries[i];
      if (entry.asking || entry.due > now) continue;
      entry.asking = true;
      due.push_back(i);
    }
  }
  if (root_due) state_->probe_root();
  for (const auto index : due) state_->probe(index);
}

void ListHealth::report(StatusText& status) const {
  const std::lock_guard lock(state_->mutex);
  if (state_->root.denied) status.add("dns.trouble", State::denial());
  for (const auto& entry : state_->entries) {
    std::string text = !entry.tested ? "not tested yet" : entry.good ? "good" : "suspended";
    if (entry.tested && entry.health != DnsListHealth::good) {
      text += ", " + std::string(words_of(entry.health));
    }
    if (entry.tested) text += ", since " + utc_text(entry.since);
    status.add("list." + entry.list.name, text);
  }
}

}  // namespace postern

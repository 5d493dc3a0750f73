#include "runtime/list_health.h"

#include "checks/dns_list.h"
#include "model/dns_name.h"
#include "model/time_text.h"
#include "runtime/dns_source.h"

#include <algorithm>
#include <bit>
#include <iterator>
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
/// Of the last answers so many; a list that has begun to list everybody would otherwise do so until
/// its next test.
constexpr unsigned answers_watched = 10;
constexpr int listings_in_doubt = 8;
/// Where most clients are listed with reason, tests for that are not more frequent.
constexpr std::chrono::seconds between_doubts{10};
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

/// What the name asks the list for, an address or a domain. Some zones list both, and may be right
/// about one and wrong about the other.
bool asks_for_address(std::string_view name, std::string_view zone) noexcept {
  if (name.size() <= zone.size()) return false;
  name.remove_suffix(zone.size() + 1);
  const auto labels = std::count(name.begin(), name.end(), '.') + 1;
  const auto is = [&](std::string_view characters, std::size_t longest) {
    return name.find_first_not_of(characters) == std::string_view::npos &&
           name.size() <= static_cast<std::size_t>(labels) * (longest + 1) - 1;
  };
  return (labels == 4 && is("0123456789.", 3)) || (labels == 32 && is("0123456789abcdef.", 1));
}

}  // namespace

struct ListHealth::State : std::enable_shared_from_this<State> {
  using Time = std::chrono::steady_clock::time_point;

  struct Entry {
    List list;
    DnsListHealth health = DnsListHealth::unknown;
    bool tested = false;  ///< once at least
    bool good = false;    ///< its answers count: a list that was good is believed through trouble
    bool asking = false;
    Time due;
    Time asked_at = Time::min();
    unsigned recent = 0;  ///< bits: which of the last answers listed
    std::chrono::system_clock::time_point since;
    std::optional<Answer> listed;
    std::optional<Answer> unlisted;
    std::vector<Then> waiting;
  };
  using Shared = std::shared_ptr<Entry>;

  State(Resolver& resolver_in, const Clock& clock_in, Say say_in)
      : resolver(resolver_in), clock(clock_in), say(std::move(say_in)) {}

  static std::string cause_of(const Entry& entry) {
    if (entry.good || !entry.list.has_test_points) return {};
    return std::string(list_is_suspended) + ": " + std::string(words_of(entry.health));
  }

  /// The list that the name belongs to: the one with the longest zone; nullptr: none.
  Shared find(std::string_view name) const {
    Shared found;
    for (const auto& entry : entries) {
      const auto& list = entry->list;
      if (!is_in_zone(name, list.zone)) continue;
      if (asks_for_address(name, list.zone) == (list.kind == DnsListKind::domains)) continue;
      const auto longest = found ? found->list.zone.size() : 0;
      const bool as_long = list.zone.size() == longest;
      if (list.zone.size() > longest || (as_long && list.has_test_points)) found = entry;
    }
    return found;
  }

  /// With the lock held; then probe() has to be called without it.
  static bool begin(Entry& entry, Time now) {
    if (entry.asking) return false;
    entry.asking = true;
    entry.asked_at = now;
    return true;
  }

  void probe(const Shared& entry) {
    const auto probes = [&] {
      const std::lock_guard lock(mutex);
      return dns_list_probes(entry->list.kind, entry->list.zone);
    }();
    const auto deadline = clock.steady() + patience;
    for (const bool listed : {true, false}) {
      resolver.ask(
          {listed ? probes.listed : probes.unlisted, DnsType::a}, deadline,
          [weak = weak_from_this(), entry, listed](const DnsReply& reply) {
            if (const auto self = weak.lock()) self->bring(*entry, listed, reply);
          },
          Freshness::afresh);
    }
  }

  void bring(Entry& entry, bool listed, const DnsReply& reply) {
    std::vector<Then> waiting;
    std::string cause;
    std::string news;
    std::string was_wrong;
    auto level = LogLevel::info;
    {
      const std::lock_guard lock(mutex);
      (listed ? entry.listed : entry.unlisted) = fact_of(reply, {}, DnsType::a);
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
      if (was_tested && !was_good && entry.good) was_wrong = entry.list.zone;
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
    // What it said while it was wrong.
    if (!was_wrong.empty()) resolver.forget(was_wrong);
    if (!news.empty()) say(level, news);
    for (const auto& then : waiting) then(cause);
  }

  Resolver& resolver;
  const Clock& clock;
  const Say say;
  mutable std::mutex mutex;  // guards what follows; not held while anybody is called
  std::vector<Shared> entries;
};

ListHealth::ListHealth(Resolver& resolver, const Clock& clock, Say say)
    : state_(std::make_shared<State>(resolver, clock, std::move(say))) {}

void ListHealth::set(const std::vector<List>& lists) {
  std::vector<Then> waiting;
  {
    const std::lock_guard lock(state_->mutex);
    std::vector<State::Shared> next;
    for (const auto& list : lists) {
      const auto same = [&](const State::Shared& entry) {
        const auto& there = entry->list;
        return there.name == list.name && there.zone == list.zone && there.kind == list.kind &&
               there.has_test_points == list.has_test_points;
      };
      auto& before = state_->entries;
      const auto found = std::find_if(before.begin(), before.end(), same);
      if (found != before.end()) {
        next.push_back(std::move(*found));
        before.erase(found);
        next.back()->list.is_former = list.is_former;
        continue;
      }
      auto entry = std::make_shared<State::Entry>();
      entry->list = list;
      entry->due = state_->clock.steady();
      entry->since = state_->clock.system();
      next.push_back(std::move(entry));
    }
    for (auto& entry : state_->entries) {
      if (entry->asking) continue;
      std::move(entry->waiting.begin(), entry->waiting.end(), std::back_inserter(waiting));
      entry->waiting.clear();
    }
    state_->entries = std::move(next);
  }
  for (const auto& then : waiting) then("the list is not asked any more");
}

void ListHealth::admit(const std::string& name, Then then) {
  std::string cause;
  {
    const std::lock_guard lock(state_->mutex);
    if (const auto entry = state_->find(name)) {
      if (!entry->tested && entry->list.has_test_points) {
        entry->waiting.push_back(std::move(then));
        return;
      }
      cause = State::cause_of(*entry);
    }
  }
  then(cause);
}

void ListHealth::weigh(const std::string& name, bool lists, Then then) {
  State::Shared doubted;
  bool must_ask = false;
  {
    const std::lock_guard lock(state_->mutex);
    const auto entry = state_->find(name);
    if (entry && entry->list.has_test_points) {
      constexpr unsigned all = (1U << answers_watched) - 1;
      entry->recent = (entry->recent << 1U | (lists ? 1U : 0U)) & all;
      const auto now = state_->clock.steady();
      if (lists && std::popcount(entry->recent) >= listings_in_doubt &&
          (entry->asking || now - entry->asked_at >= between_doubts)) {
        must_ask = State::begin(*entry, now);
        entry->waiting.push_back(std::move(then));
        doubted = entry;
      }
    }
  }
  if (must_ask) return state_->probe(doubted);
  if (!doubted) then({});
}

bool ListHealth::admits(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  const auto entry = state_->find(name);
  if (!entry) return true;
  return (entry->tested || !entry->list.has_test_points) && State::cause_of(*entry).empty();
}

void ListHealth::tick() {
  std::vector<State::Shared> due;
  {
    const std::lock_guard lock(state_->mutex);
    const auto now = state_->clock.steady();
    for (const auto& entry : state_->entries) {
      if (!entry->list.has_test_points || entry->due > now) continue;
      if (State::begin(*entry, now)) due.push_back(entry);
    }
  }
  for (const auto& entry : due) state_->probe(entry);
}

void ListHealth::report(ServiceReport& report) const {
  const std::lock_guard lock(state_->mutex);
  for (const auto& shared : state_->entries) {
    const auto& entry = *shared;
    if (entry.list.is_former || !entry.list.has_test_points) continue;
    std::string text = !entry.tested ? "not tested yet" : entry.good ? "good" : "suspended";
    if (entry.tested && entry.health != DnsListHealth::good) {
      text += ", " + std::string(words_of(entry.health));
    }
    if (entry.tested) text += ", since " + utc_text(entry.since);
    report.text("list." + entry.list.name, text);
    report.sample_if(Metric::list_up, entry.tested && entry.good, {entry.list.name});
  }
}

}  // namespace postern

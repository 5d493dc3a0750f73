#include "state/stores.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

namespace postern::test {
namespace {

constexpr std::chrono::seconds patience{30};

/// By the steady clock of a FakeClock, which stands still: never over.
const StateStore::Deadline far = StateStore::Deadline::max();

template <typename Answer, typename Call>
Answer wait_for(const Call& call) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  call([promise](Answer answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(patience) != std::future_status::ready) {
    throw std::runtime_error("the store does not answer");
  }
  return future.get();
}

class EmbeddedPlace final : public StorePlace {
 public:
  std::unique_ptr<StateStore> open(const Clock& clock) override {
    auto settings = quiet_settings(folder_.path());
    // Little enough that much has to be read again.
    settings.memory = 20'000;
    settings.interval = std::chrono::milliseconds(5);
    return std::make_unique<EmbeddedStore>(settings, clock, nullptr);
  }

 private:
  testing::TempDir folder_;
};

class RedisPlace final : public StorePlace {
 public:
  bool works() const { return server_.runs(); }
  std::unique_ptr<StateStore> open(const Clock& clock) override {
    return std::make_unique<RedisStore>(redis_settings(server_), clock, nullptr);
  }

 private:
  RedisServer server_;
};

}  // namespace

StoreReply ask(StateStore& store, Request request) {
  return wait_for<StoreReply>(
      [&](auto done) { store.perform(std::move(request), far, std::move(done)); });
}

OperationResult ask(StateStore& store, Operation operation) {
  auto reply = ask(store, Request{{std::move(operation)}});
  if (reply.fault != StoreFault::none) throw std::runtime_error(reply.why);
  return reply.results.at(0);
}

StorePage list(StateStore& store, StoreQuery query) {
  return wait_for<StorePage>(
      [&](auto done) { store.list(std::move(query), far, std::move(done)); });
}

std::vector<StoredEntry> list_all(StateStore& store, const std::string& prefix) {
  std::vector<StoredEntry> all;
  StoreQuery query{prefix, {}, 7};
  for (int pages = 0; pages < 100'000; ++pages) {
    auto page = list(store, query);
    if (page.fault != StoreFault::none) throw std::runtime_error(page.why);
    for (auto& each : page.entries) all.push_back(std::move(each));
    query.from = page.next;
    if (query.from.empty()) break;
  }
  std::sort(all.begin(), all.end(),
            [](const StoredEntry& a, const StoredEntry& b) { return a.key < b.key; });
  // Redis may tell of an entry twice while its table grows.
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::optional<LedgerEntry> find(StateStore& store, const std::string& key) {
  auto page = wait_for<StorePage>([&](auto done) { store.find(key, far, std::move(done)); });
  if (page.fault != StoreFault::none) throw std::runtime_error(page.why);
  if (page.entries.empty()) return std::nullopt;
  return page.entries.at(0).entry;
}

StoreFault set(StateStore& store, const std::string& key, std::optional<LedgerEntry> entry) {
  return wait_for<StoreReply>(
             [&](auto done) { store.set(key, std::move(entry), far, std::move(done)); })
      .fault;
}

std::unique_ptr<StorePlace> make_place(const std::string& kind) {
  if (kind == "embedded") return std::make_unique<EmbeddedPlace>();
  auto redis = std::make_unique<RedisPlace>();
  return redis->works() ? std::move(redis) : nullptr;
}

RedisSettings redis_settings(const RedisServer& server) {
  RedisSettings settings;
  settings.endpoints = {server.port() == 0 ? RedisEndpoint{server.socket(), 0}
                                           : RedisEndpoint{"127.0.0.1", server.port()}};
  settings.time = RedisSettings::Time::of_clock;
  settings.retry = settings.longest_retry = std::chrono::milliseconds(5);
  // A busy machine must not fail a test.
  settings.timeout = settings.connect_timeout = std::chrono::seconds(20);
  return settings;
}

Request random_request(std::mt19937_64& random) {
  constexpr std::int64_t minute = 60'000;
  constexpr std::int64_t day = 86'400'000;
  static const std::vector<Limit> limits{*bucket_limit(5, 30, minute),
                                         *bucket_limit(10, 7, 3'333),
                                         *bucket_limit(3'000'000, 3'000'000, 30 * day),
                                         *window_limit(20, day),
                                         *window_limit(4, 777),
                                         *lease_limit(3),
                                         *bucket_limit(10'737'418'240, 10'737'418'240, day)};
  const auto below = [&](std::uint64_t end) { return static_cast<std::int64_t>(random() % end); };
  Request request;
  const auto count = 1 + random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = std::to_string(random() % 6);
    const auto id = 1 + random() % 40 * 0x0123456789ABCDEFULL;
    const auto which = random() % limits.size();
    const auto& limit = limits[which];
    // Sometimes one key has been of another limit, or of another kind.
    const auto name =
        random() % 50 == 0 ? "g" + number : "l" + std::to_string(which) + ":" + number;
    const auto amount = limit.capacity > 1000
                            ? 1 + below(static_cast<std::uint64_t>(limit.capacity))
                            : 1 + below(3);
    const auto hold = random() % 3 == 0 ? 1 + below(minute) : usual_hold;
    const bool lease = limit.method == EntryKind::lease;
    Operation made;
    switch (random() % 12) {
      case 0:
      case 1:
        made = Operation::greylist("g" + number, {below(3) * minute, 5 * minute + below(day), day});
        break;
      case 2:
        made = Operation::tally("t" + number, below(3), 1 + below(day), below(10),
                                random() % 2 == 0 ? id : 0);
        break;
      case 3:
        made = Operation::weigh("w" + number, 1 + below(day), random() % 4, below(3) * below(5000),
                                random() % 2 == 0 ? id : 0);
        break;
      case 4:
        made = Operation::look(name, limit, below(4));
        break;
      case 5:
        made = Operation::release(name, limit, id);
        break;
      case 6:
        made = lease ? Operation::release(name, limit, id)
                     : Operation::commit(name, limit, random() % 2 == 0 ? 0 : amount, id);
        break;
      case 7:
        if (!lease) {
          made = Operation::add(name, limit, amount, random() % 2 == 0 ? id : 0);
          break;
        }
        [[fallthrough]];
      case 8:
        if (!lease) {
          made = Operation::count(name, limit, amount, random() % 2 == 0 ? id : 0);
          break;
        }
        [[fallthrough]];
      default:
        made = Operation::reserve(name, limit, amount, id, hold);
        break;
    }
    if (i > 0 && random() % 4 == 0) {
      made = std::move(made).when(random() % i, static_cast<OperationOutcome>(random() % 10));
    }
    request.operations.push_back(std::move(made));
  }
  return request;
}

EmbeddedSettings quiet_settings(const std::string& folder) {
  EmbeddedSettings settings;
  settings.folder = folder;
  settings.octets = std::uint64_t{64} << 20U;
  settings.interval = std::chrono::hours(1);
  settings.retry = std::chrono::hours(1);
  return settings;
}

}  // namespace postern::test

// The stores as tests use them: each made from the same few words, asked and waited for.
#pragma once

#include "state/embedded_store.h"
#include "state/redis_store.h"
#include "state/store.h"
#include "support/fake_clock.h"
#include "support/redis_server.h"
#include "support/temp_dir.h"

#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace postern::test {

/// Waits half a minute at most, and throws then.
StoreReply ask(StateStore& store, Request request);
OperationResult ask(StateStore& store, Operation operation);
StorePage list(StateStore& store, StoreQuery query);
/// All pages, in the order of their keys.
std::vector<StoredEntry> list_all(StateStore& store, const std::string& prefix = {});
std::optional<LedgerEntry> find(StateStore& store, const std::string& key);
StoreFault set(StateStore& store, const std::string& key, std::optional<LedgerEntry> entry);

/// What a store says, in order. Thread-safe.
class Words {
 public:
  std::function<void(const std::string&)> hear() {
    return [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      all_.push_back(text);
    };
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

/// A place for a store, which outlives it and brings it back.
class StorePlace {
 public:
  virtual ~StorePlace() = default;
  virtual std::unique_ptr<StateStore> open(const Clock& clock) = 0;
};
/// "embedded" or "redis"; nullptr: this machine has no such server.
std::unique_ptr<StorePlace> make_place(const std::string& kind);

/// A request of a few operations of all kinds on few keys, so that they meet.
Request random_request(std::mt19937_64& random);

/// Settings for tests: batches are written by flush() alone.
EmbeddedSettings quiet_settings(const std::string& folder);

/// Of a server that runs, by the test's clock.
RedisSettings redis_settings(const RedisServer& server);

}  // namespace postern::test

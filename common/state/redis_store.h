// RedisStore: the ledger of many hosts, in Redis or Valkey: one server, one found by sentinels, or
// a node of a cluster.
//
// One thread holds one connection and sends what comes without waiting for answers. A request is
// one call of a script, whatever it counts, and so one step for everybody who shares the ledger.
// While there is no connection, requests are answered `down` at once. A request whose connection
// broke before its answer came is not sent again: it may have been carried out.
#pragma once

#include "state/redis_settings.h"
#include "state/store.h"
#include "system/clock.h"

#include <functional>
#include <memory>
#include <string>

namespace postern {

class RedisStore final : public StateStore {
 public:
  /// Told once when something goes wrong and once when it is over. Called from the store's thread;
  /// must not call back.
  using Say = std::function<void(const std::string&)>;

  /// Connects in a thread of its own; what is asked meanwhile waits. The clock lives longer.
  RedisStore(RedisSettings settings, const Clock& clock, Say say);
  /// Answers what waits with `down`. Takes as long as an attempt to connect if there is one.
  ~RedisStore() override;
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  void perform(Request request, Deadline deadline, Done done) override;
  void list(StoreQuery query, Deadline deadline, PageDone done) override;
  void find(std::string key, Deadline deadline, PageDone done) override;
  void set(std::string key, std::optional<LedgerEntry> entry, Deadline deadline,
           Done done) override;
  StoreStatus status() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern

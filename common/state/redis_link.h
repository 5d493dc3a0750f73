// RedisLink: orders to whatever server keeps the ledger now. Finds it, connects, pipelines, notices
// when it is gone, connects again. Thread-safe; a thread of its own.
#pragma once

#include "state/redis_connection.h"
#include "state/redis_settings.h"
#include "state/store.h"
#include "system/clock.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postern {

/// What came of an order: a value, or a fault and why.
struct RedisAnswer {
  StoreFault fault = StoreFault::none;
  std::string why;
  RedisValue value;
};

struct RedisOrder {
  /// With `script`, the arguments behind the script's name.
  std::vector<std::string> words;
  bool script = false;
  StateStore::Deadline deadline;
  /// Exactly once; in the caller's thread or the link's.
  std::function<void(RedisAnswer)> done;
};

class RedisLink {
 public:
  RedisLink(RedisSettings settings, const Clock& clock,
            std::function<void(const std::string&)> say);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  void send(RedisOrder order);
  /// Orders that have not been answered.
  std::size_t waiting() const;
  /// What is wrong now; empty: nothing.
  std::string trouble() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern

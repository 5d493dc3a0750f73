#include "state/redis_store.h"

#include "ledger/entry_codec.h"
#include "state/redis_link.h"
#include "state/redis_script.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace postern {
namespace {

constexpr std::size_t longest_page = 10'000;
/// As in the script: Redis forgets so much later.
constexpr LedgerTime grace = 300'000;

LedgerTime ledger_time(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.system().time_since_epoch())
      .count();
}

StoreReply failure(StoreFault fault, std::string why) { return {fault, std::move(why), {}}; }
StorePage failed_page(StoreFault fault, std::string why) { return {fault, std::move(why), {}, {}}; }

/// So that no octet of a prefix is a pattern.
std::string escaped(std::string_view text) {
  std::string made;
  for (const char each : text) {
    if (std::string_view("*?[]\\").find(each) != std::string_view::npos) made += '\\';
    made += each;
  }
  return made;
}

}  // namespace

struct RedisStore::State {
  State(RedisSettings settings_in, const Clock& clock_in, Say say)
      : settings(std::move(settings_in)), clock(clock_in), link(settings, clock, std::move(say)) {}

  const RedisSettings settings;
  const Clock& clock;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> damaged{0};
  RedisLink link;  // the last: its orders use the rest until it ends

  StoreReply reply_of(RedisAnswer& answer, std::size_t operations) {
    if (answer.fault != StoreFault::none) return failure(answer.fault, std::move(answer.why));
    const auto& list = answer.value.list;
    const auto strange = [] {
      return failure(StoreFault::damaged, "Redis said what makes no sense");
    };
    if (answer.value.kind != RedisValue::Kind::list || list.size() != operations + 1) {
      return strange();
    }
    damaged += static_cast<std::uint64_t>(std::max<std::int64_t>(list[0].number, 0));
    StoreReply reply;
    for (std::size_t i = 1; i < list.size(); ++i) {
      std::vector<std::int64_t> numbers;
      for (const auto& each : list[i].list) {
        if (each.kind != RedisValue::Kind::number) return strange();
        numbers.push_back(each.number);
      }
      auto result = redis_result(numbers);
      if (!result) return strange();
      reply.results.push_back(*std::move(result));
    }
    return reply;
  }

  void take(StorePage& page, const std::string& key, const RedisValue& value, LedgerTime now) {
    if (value.kind != RedisValue::Kind::text) return;
    auto entry = entry_from_line(value.text);
    if (!entry) {
      ++damaged;
    } else if (entry->expires > now) {
      page.entries.push_back({key.substr(settings.prefix.size()), *std::move(entry)});
    }
  }

  /// The entries of keys that a scan has found.
  void fetch(std::vector<std::string> keys, std::string next, Deadline deadline, PageDone done) {
    if (keys.empty()) {
      done({StoreFault::none, {}, {}, std::move(next)});
      return;
    }
    RedisOrder order;
    order.words = keys;
    order.words.insert(order.words.begin(), "MGET");
    order.deadline = deadline;
    order.done = [this, keys = std::move(keys), next = std::move(next),
                  done = std::move(done)](RedisAnswer answer) {
      if (answer.fault != StoreFault::none) {
        done(failed_page(answer.fault, std::move(answer.why)));
        return;
      }
      StorePage page;
      page.next = next;
      const auto now = ledger_time(clock);
      for (std::size_t i = 0; i < std::min(keys.size(), answer.value.list.size()); ++i) {
        take(page, keys[i], answer.value.list[i], now);
      }
      done(std::move(page));
    };
    link.send(std::move(order));
  }
};

RedisStore::RedisStore(RedisSettings settings, const Clock& clock, Say say)
    : state_(std::make_unique<State>(std::move(settings), clock, std::move(say))) {}
RedisStore::~RedisStore() = default;

void RedisStore::perform(Request request, Deadline deadline, Done done) {
  ++state_->requests;
  if (auto fault = fault_of(request); !fault.empty()) {
    ++state_->failed;
    done(failure(StoreFault::invalid, std::move(fault)));
    return;
  }
  const auto& settings = state_->settings;
  RedisOrder order;
  order.script = true;
  order.deadline = deadline;
  order.words = redis_arguments(
      request, settings.prefix,
      settings.time == RedisSettings::Time::of_clock ? ledger_time(state_->clock) : 0);
  order.done = [state = state_.get(), operations = request.operations.size(),
                done = std::move(done)](RedisAnswer answer) {
    auto reply = state->reply_of(answer, operations);
    if (reply.fault != StoreFault::none) ++state->failed;
    done(std::move(reply));
  };
  state_->link.send(std::move(order));
}

void RedisStore::list(StoreQuery query, Deadline deadline, PageDone done) {
  RedisOrder order;
  order.words = {"SCAN",  query.from.empty() ? "0" : query.from,
                 "MATCH", escaped(state_->settings.prefix + query.prefix) + "*",
                 "COUNT", std::to_string(std::clamp<std::size_t>(query.most, 1, longest_page))};
  order.deadline = deadline;
  order.done = [state = state_.get(), deadline, done = std::move(done)](RedisAnswer answer) {
    const auto& parts = answer.value.list;
    if (answer.fault != StoreFault::none || parts.size() != 2) {
      done(failed_page(answer.fault == StoreFault::none ? StoreFault::damaged : answer.fault,
                       std::move(answer.why)));
      return;
    }
    std::vector<std::string> keys;
    for (const auto& each : parts[1].list) keys.push_back(each.text);
    state->fetch(std::move(keys), parts[0].text == "0" ? "" : parts[0].text, deadline, done);
  };
  state_->link.send(std::move(order));
}

void RedisStore::find(std::string key, Deadline deadline, PageDone done) {
  state_->fetch({state_->settings.prefix + key}, {}, deadline, std::move(done));
}

void RedisStore::set(std::string key, std::optional<LedgerEntry> entry, Deadline deadline,
                     Done done) {
  if (key.empty() || key.size() > longest_ledger_key || (entry && !is_sound(*entry))) {
    done(failure(StoreFault::invalid, "the key or the entry is not in order"));
    return;
  }
  const auto name = state_->settings.prefix + key;
  const auto left = entry ? entry->expires - ledger_time(state_->clock) : 0;
  RedisOrder order;
  if (left > 0) {
    order.words = {"SET", name, to_line(*entry), "PX", std::to_string(left + grace)};
  } else {
    order.words = {"DEL", name};
  }
  order.deadline = deadline;
  order.done = [done = std::move(done)](RedisAnswer answer) {
    done(failure(answer.fault, std::move(answer.why)));
  };
  state_->link.send(std::move(order));
}

StoreStatus RedisStore::status() const {
  StoreStatus status;
  status.kind = "redis";
  status.trouble = state_->link.trouble();
  status.requests = state_->requests;
  status.failed = state_->failed;
  status.damaged = state_->damaged;
  status.waiting = state_->link.waiting();
  return status;
}

}  // namespace postern

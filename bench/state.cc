// What the ledger costs: operations in memory, greylisting over millions of entries, Redis.
//   bench_state [memory|greylist [ENTRIES]|redis SOCKET]
#include "state/embedded_store.h"
#include "state/state_file.h"
#ifdef POSTERN_WITH_REDIS
#include "state/redis_store.h"
#endif
#include "runtime/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace postern;

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t day = 86'400'000;

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// Of all threads.
double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Memory of our own, without the pages of files.
std::size_t private_mib() {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::size_t kib = 0;
  while (file >> word) {
    if (word == "RssAnon:") file >> kib;
  }
  return kib / 1024;
}

struct Folder {
  Folder() {
    std::string name = "/tmp/postern-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

/// All of them at once, up to a thousand under way; true when every answer was one.
template <typename Make>
bool perform_all(StateStore& store, int count, const Make& make) {
  std::atomic<int> under_way{0};
  std::atomic<int> failed{0};
  for (int i = 0; i < count; ++i) {
    for (int n = under_way; n >= 1000; n = under_way) under_way.wait(n);
    ++under_way;
    store.perform(make(i), StateStore::Deadline::max(), [&](const StoreReply& reply) {
      if (reply.fault != StoreFault::none) ++failed;
      --under_way;
      under_way.notify_one();
    });
  }
  for (int n = under_way; n > 0; n = under_way) under_way.wait(n);
  return failed == 0;
}

EmbeddedSettings settings_for(const Folder& folder) {
  EmbeddedSettings settings;
  settings.folder = folder.path;
  settings.octets = std::uint64_t{4} << 30U;
  return settings;
}

void in_memory() {
  const Folder folder;
  const SystemClock clock;
  EmbeddedStore store(settings_for(folder), clock, nullptr);
  constexpr int count = 300'000;
  constexpr int clients = 10'000;
  const auto limit = *window_limit(1'000'000, day);
  const auto rate = *bucket_limit(1'000'000, 1'000'000, minute);
  const auto measure = [&](const char* what, int operations, const auto& make) {
    if (!perform_all(store, clients, make)) std::abort();
    const auto begun = std::chrono::steady_clock::now();
    const auto spent = processor_seconds();
    if (!perform_all(store, count, make)) std::abort();
    const auto took = seconds_since(begun);
    const auto processor = processor_seconds() - spent;
    std::printf("%s: %.0f operations/s, %.0f for each second of a processor, writing included\n",
                what, count * operations / took, count * operations / processor);
  };
  const auto key = [](int i) { return "rate/client/192.0.2." + std::to_string(i % clients); };
  measure("a bucket, counted", 1,
          [&](int i) { return Request{{Operation::count(key(i), rate, 1, 0)}}; });
  std::uint64_t id = 0;
  measure("a window, counted, by transaction", 1,
          [&](int i) { return Request{{Operation::count("day/" + key(i), limit, 1, ++id)}}; });
  measure("two limits, reserved and committed", 4, [&](int i) {
    ++id;
    return Request{{Operation::reserve("r1/" + key(i), rate, 1, id),
                    Operation::reserve("r2/" + key(i), limit, 1, id),
                    Operation::commit("r1/" + key(i), rate, 1, id),
                    Operation::commit("r2/" + key(i), limit, 1, id)}};
  });
}

std::string triplet(std::uint64_t number) {
  // Spread as clients are.
  const auto mixed = number * 0x9E3779B97F4A7C15ULL;
  return "greylist/first/" + std::to_string(mixed >> 56U) + "." +
         std::to_string((mixed >> 48U) & 0xFFU) + "." + std::to_string((mixed >> 40U) & 0xFFU) +
         ".0/ sender" + std::to_string(number) + "@example.com user" +
         std::to_string(number % 5000) + "@example.org";
}

void greylist_of(std::uint64_t entries) {
  const Folder folder;
  const SystemClock clock;
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.system().time_since_epoch())
          .count();
  {
    FileFault fault;
    const auto file = StateFile::open(StateFile::path_in(folder.path), std::uint64_t{4} << 30U,
                                      StateFile::Access::write, fault);
    if (!file) std::abort();
    std::vector<FileWrite> writes;
    for (std::uint64_t i = 0; i < entries; ++i) {
      LedgerEntry entry;
      entry.kind = EntryKind::greylist;
      entry.numbers = {now - day, now - day, now - day + 10 * minute, 3};
      entry.expires = now + 35 * day;
      writes.push_back({triplet(i), entry});
      if (writes.size() < 200'000 && i + 1 < entries) continue;
      std::sort(writes.begin(), writes.end(),
                [](const FileWrite& a, const FileWrite& b) { return a.key < b.key; });
      FileCare care;
      if (file->write(writes, now, care)) std::abort();
      writes.clear();
    }
  }
  const auto before = private_mib();
  const auto begun = std::chrono::steady_clock::now();
  EmbeddedStore store(settings_for(folder), clock, nullptr);
  const auto started = seconds_since(begun);
  std::uint64_t seed = 1;
  const auto request = [&](std::uint64_t number) {
    return Request{{Operation::tally("allow/192.0.2.0/24", 0, 36 * day, 10),
                    Operation::greylist(triplet(number), {5 * minute, 2 * day, 36 * day})
                        .when(0, OperationOutcome::below)}};
  };
  constexpr int count = 200'000;
  const auto measure = [&](const char* what, const auto& number) {
    const auto from = std::chrono::steady_clock::now();
    if (!perform_all(store, count, [&](int) { return request(number()); })) std::abort();
    std::printf("  %s: %.0f/s\n", what, count / seconds_since(from));
  };
  const auto status = store.status();
  std::printf("%llu entries, a file of %llu MiB: starts in %.2f s\n",
              static_cast<unsigned long long>(status.entries),
              static_cast<unsigned long long>(status.octets >> 20U), started);
  const auto next = [&] {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return seed >> 16U;
  };
  measure("known triplets, any of them", [&] { return next() % entries; });
  measure("70 percent known, the rest new",
          [&] { return next() % 10 < 7 ? next() % entries : entries + (next() >> 8U); });
  measure("known triplets of a thousand that come often", [&] { return next() % 1000; });
  std::printf("  memory of its own: %zu MiB more\n", private_mib() - before);
}

#ifdef POSTERN_WITH_REDIS
void redis(const std::string& socket) {
  const SystemClock clock;
  RedisSettings settings;
  settings.endpoints = {{socket, 0}};
  RedisStore store(settings, clock, nullptr);
  constexpr int count = 50'000;
  for (const int limits : {1, 2, 4}) {
    const auto make = [&](int i) {
      Request request;
      for (int n = 0; n < limits; ++n) {
        request.operations.push_back(Operation::count(
            "rate/" + std::to_string(n) + "/" + std::to_string(i % 10'000),
            *bucket_limit(1'000'000, 1'000'000, minute), 1, static_cast<std::uint64_t>(i) + 1));
      }
      return request;
    };
    if (!perform_all(store, count / 10, make)) std::abort();
    const auto begun = std::chrono::steady_clock::now();
    if (!perform_all(store, count, make)) std::abort();
    std::printf("Redis, %d limits in a request: %.0f requests/s\n", limits,
                count / seconds_since(begun));
  }
}
#endif

}  // namespace

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string_view only = count > 1 ? arguments[1] : "";
  if (only.empty() || only == "memory") in_memory();
  if (only.empty() || only == "greylist") {
    const auto most = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 5'000'000;
    greylist_of(most / 100);
    greylist_of(most);
  }
#ifdef POSTERN_WITH_REDIS
  if (only == "redis" && count > 2) redis(arguments[2]);
#endif
  return 0;
}

// The journal's thread: compact records a second into the page cache, and what the deciding thread
// pays for each. bench_journal_thread [--records N] [--pairs N] [--folder DIR]
//
// Records are handed over as a front end does. What they take in memory is compared with what the
// queue's bound reckons (weight_of). Times are processor times of the one thread that is
// measured; the baseline is writing the same octets in as large pieces, in the same minute.

#include "decided_records.h"
#include "journal/journal.h"
#include "journal/record_weight.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace postern;
namespace fs = std::filesystem;

double own_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Of one thread of this process.
struct Spent {
  double seconds = 0;
  std::uint64_t sleeps = 0;  ///< times that it has waited for something
};

Spent spent_by(const std::string& thread) {
  Spent spent;
  std::ifstream stat("/proc/self/task/" + thread + "/schedstat");
  std::uint64_t nanoseconds = 0;
  stat >> nanoseconds;
  spent.seconds = static_cast<double>(nanoseconds) / 1e9;
  std::ifstream status("/proc/self/task/" + thread + "/status");
  for (std::string word; status >> word;) {
    if (word == "voluntary_ctxt_switches:") status >> spent.sleeps;
  }
  return spent;
}

std::map<std::string, Spent> all_threads() {
  std::map<std::string, Spent> all;
  for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
    const auto thread = entry.path().filename().string();
    all[thread] = spent_by(thread);
  }
  return all;
}

struct Spread {
  double least = 0;
  double middle = 0;
  double most = 0;
};
Spread spread_of(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return {numbers.front(), numbers[numbers.size() / 2], numbers.back()};
}
void print(const char* what, std::vector<double> numbers, const char* unit) {
  const auto spread = spread_of(std::move(numbers));
  std::printf("%s: %.4g %s (from %.4g to %.4g)\n", what, spread.middle, unit, spread.least,
              spread.most);
}

double write_plainly(const std::string& path, std::uint64_t octets) {
  const std::string piece(262'144, 'x');
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto begin = own_seconds();
  for (std::uint64_t done = 0; done < octets; done += piece.size()) {
    if (::write(file, piece.data(), piece.size()) < 0) std::exit(1);
  }
  const auto taken = own_seconds() - begin;
  ::close(file);
  fs::remove(path);
  return taken;
}

int run(const std::string& folder, std::uint64_t records, int pairs) {
  const auto policy = bench::some_policy();
  JournalSettings settings;
  settings.path = folder + "/decisions.jsonl";
  settings.segment_size = std::uint64_t{1} << 40;
  LogSettings log;
  log.accepts = false;

  std::vector<double> rates;
  std::vector<double> speeds;
  std::vector<double> ratios;
  std::vector<double> handing;
  std::vector<double> wakes;
  std::vector<double> sleeping;
  std::vector<double> taken;
  std::vector<double> reckoned;
  std::uint64_t octets_each = 0;
  for (int i = 0; i < pairs; ++i) {
    bench::DecidedRecords source(policy);
    std::vector<Record> ready;
    ready.reserve(records);
    const auto used = ::mallinfo2();
    while (ready.size() < records) {
      auto record = source.next();
      // Compact ones: mail that passes.
      if (record.decision.verdict == Verdict::pass) ready.push_back(std::move(record));
    }
    const auto using_now = ::mallinfo2();
    const auto each = [&](std::size_t octets) {
      return static_cast<double>(octets) / static_cast<double>(records);
    };
    taken.push_back(static_cast<double>(sizeof(Record)) +
                    each(using_now.uordblks + using_now.hblkhd - used.uordblks - used.hblkhd));
    std::size_t weight = 0;
    for (const auto& record : ready) weight += weight_of(record);
    reckoned.push_back(each(weight));
    const auto before = all_threads();
    Journal journal(settings, log, static_cast<unsigned>(records), [](const std::string&) {});
    for (auto& record : ready) journal.submit(std::move(record));
    journal.flush();
    Spent writer;
    std::string writer_thread;
    for (const auto& [thread, spent] : all_threads()) {
      if (before.contains(thread) || spent.seconds <= writer.seconds) continue;
      writer = spent;
      writer_thread = thread;
    }
    const auto counts = journal.counters();
    if (counts.written != records) {
      std::fprintf(stderr, "bench_journal_thread: %lu of %lu records were written\n",
                   static_cast<unsigned long>(counts.written), static_cast<unsigned long>(records));
      return 1;
    }
    const auto octets = fs::file_size(settings.path);
    octets_each = octets / records;
    rates.push_back(static_cast<double>(records) / writer.seconds);
    speeds.push_back(static_cast<double>(octets) / 1e6 / writer.seconds);
    ratios.push_back(writer.seconds / write_plainly(folder + "/plain", octets));

    // As busy front ends hand them over: what gathers in a batch, each just decided on.
    constexpr std::size_t batch = 256;
    constexpr int batches = 200;
    double handed = 0;
    const auto sleeps = spent_by(writer_thread).sleeps;
    const auto woken = journal.counters().wake_ups;
    std::vector<Record> decided;
    decided.reserve(batch);
    for (int n = 0; n < batches; ++n) {
      while (decided.size() < batch) decided.push_back(source.next());
      const auto start = own_seconds();
      for (auto& record : decided) journal.submit(std::move(record));
      handed += own_seconds() - start;
      decided.clear();
      journal.flush();
    }
    handing.push_back(handed / (batch * batches) * 1e6);
    sleeping.push_back(static_cast<double>(spent_by(writer_thread).sleeps - sleeps) / batches);
    wakes.push_back(static_cast<double>(journal.counters().wake_ups - woken) / batches);
    fs::remove(settings.path);
  }
  std::printf("%lu compact records of %lu octets in each of %d runs\n",
              static_cast<unsigned long>(records), static_cast<unsigned long>(octets_each), pairs);
  print("the journal's thread, records a second of its processor time", rates, "");
  print("the same in MB a second", speeds, "");
  print("its time to that of plain writing", ratios, "times");
  print("handing over one record of a batch of 256", handing, "us of the deciding thread");
  print("wake-ups by the deciding thread for each batch of 256", wakes, "");
  print("sleeps of the journal's thread for each", sleeping, "");
  print("memory of a record that waits", taken, "octets");
  print("the same as the queue's bound reckons", reckoned, "octets");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t records = 100'000;
  int pairs = 5;
  std::string folder = "/tmp/postern-bench-XXXXXX";
  bool given = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--records") == 0 && i + 1 < argc) {
      records = std::max<std::uint64_t>(std::strtoull(argv[++i], nullptr, 10), 1000);
    } else if (std::strcmp(argv[i], "--pairs") == 0 && i + 1 < argc) {
      pairs = std::max(std::atoi(argv[++i]), 1);
    } else if (std::strcmp(argv[i], "--folder") == 0 && i + 1 < argc) {
      folder = argv[++i];
      given = true;
    } else {
      std::fprintf(stderr,
                   "usage: bench_journal_thread [--records N] [--pairs N] [--folder DIR]\n");
      return 64;
    }
  }
  if (given) {
    fs::create_directories(folder);
  } else if (::mkdtemp(folder.data()) == nullptr) {
    return 1;
  }
  const int status = run(folder, records, pairs);
  if (!given) fs::remove_all(folder);
  return status;
}

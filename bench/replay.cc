// Replay: records a second on one core, read from a journal and decided again.
// bench_replay [--records N] [--pairs N] [--folder DIR]
//
// Each run is compared with plain reading of the same octets in the same minute, so that a machine
// whose speed drifts does not decide. What is counted is processor time: on a busy machine the
// clock on the wall measures the others.

#include "decided_records.h"
#include "journal/journal_walk.h"
#include "journal/replay_report.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace postern;
namespace fs = std::filesystem;

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double time_of(const std::function<void()>& work) {
  const auto begin = processor_seconds();
  work();
  return processor_seconds() - begin;
}

/// As the reader does, in blocks of 64 KiB, and looks for the line ends.
std::uint64_t read_plainly(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(65'536);
  std::uint64_t lines = 0;
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    lines +=
        static_cast<std::uint64_t>(std::count(block.begin(), block.begin() + file.gcount(), '\n'));
  }
  return lines;
}

ReplayCounts replay_all(const std::string& path, const Policy& policy) {
  ReplayReport report;
  JournalWalk walk(path, ReadOrder::oldest_first);
  while (const auto record = walk.next()) report.add(policy, *record);
  return report.counts();
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "bench_replay: %s\n", what);
  std::exit(1);
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

void measure(const char* name, const std::string& path, std::uint64_t records, int pairs,
             const Policy& policy, const std::function<void(const ReplayCounts&)>& check) {
  std::vector<double> rates;
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    const auto plain =
        time_of([&] { require(read_plainly(path) == records, "lines are missing"); });
    const auto ours = time_of([&] { check(replay_all(path, policy)); });
    rates.push_back(static_cast<double>(records) / ours);
    ratios.push_back(ours / plain);
  }
  const auto rate = spread_of(rates);
  const auto ratio = spread_of(ratios);
  std::printf(
      "%s: %.0f records a second of processor time (from %.0f to %.0f in %d pairs), %.0f times "
      "plain reading (from %.0f to %.0f)\n",
      name, rate.middle, rate.least, rate.most, pairs, ratio.middle, ratio.least, ratio.most);
}

int run(const std::string& path, std::uint64_t records, int pairs) {
  const auto policy = bench::some_policy();
  const auto other = bench::some_policy(
      "[[rule]]\nname = \"newsletters\"\nstage = \"rcpt\"\nwhen = 'sender.local starts_with "
      "\"n\"'\n"
      "reject = \"sender-blocked\"\n");
  {
    bench::DecidedRecords source(policy);
    std::ofstream file(path, std::ios::binary);
    std::string text;
    for (std::uint64_t i = 0; i < records; ++i) {
      auto record = source.next();
      complete(record);
      append_json(text, record);
      text += '\n';
      if (text.size() < 1'000'000 && i + 1 < records) continue;
      file << text;
      text.clear();
    }
    require(file.good(), "the journal cannot be written");
  }
  const auto octets = fs::file_size(path);
  std::printf("%lu records, %.0f MB, %lu octets each, %zu rules\n",
              static_cast<unsigned long>(records), static_cast<double>(octets) / 1e6,
              static_cast<unsigned long>(octets / records), policy->rules().size());
  measure("another policy", path, records, pairs, *other, [&](const ReplayCounts& counts) {
    require(counts.decisions == records && counts.undecided == 0, "not all was decided");
    require(counts.changed > records / 100, "nothing has changed");
  });
  measure("the same policy", path, records, pairs, *policy, [&](const ReplayCounts& counts) {
    require(counts.equal == records, "the same policy decides otherwise");
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t records = 200'000;
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
      std::fprintf(stderr, "usage: bench_replay [--records N] [--pairs N] [--folder DIR]\n");
      return 64;
    }
  }
  if (given) {
    fs::create_directories(folder);
  } else if (::mkdtemp(folder.data()) == nullptr) {
    return 1;
  }
  const int status = run(folder + "/decisions.jsonl", records, pairs);
  if (!given) fs::remove_all(folder);
  return status;
}

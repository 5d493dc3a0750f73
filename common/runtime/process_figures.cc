#include "runtime/process_figures.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void report_process(ServiceReport& report, std::chrono::system_clock::time_point start) {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    report.sample(Metric::process_cpu, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
  }
  // proc(5): program and resident size, in pages.
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (std::ifstream("/proc/self/statm") >> size >> resident) {
    report.sample(Metric::process_memory,
                  static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (!error) {
    // Without the one that looks.
    report.sample(Metric::process_descriptors,
                  static_cast<double>(std::distance(begin(open), end(open)) - 1));
  }
  report.sample(Metric::process_start,
                static_cast<double>(std::chrono::system_clock::to_time_t(start)));
}

}  // namespace postern

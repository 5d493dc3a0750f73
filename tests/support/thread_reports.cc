#include "support/thread_reports.h"

#ifdef __SANITIZE_THREAD__

#include <array>
#include <atomic>
#include <cstddef>
#include <dlfcn.h>
#include <string_view>

// The sanitizer's debugging interface (compiler-rt, tsan_debugging.cpp), which has no header.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are the sanitizer's.
extern "C" {
int __tsan_get_report_data(void* report, const char** description, int* count, int* stacks,
                           int* accesses, int* locations, int* mutexes, int* threads,
                           int* thread_ids, void** sleep_trace, std::size_t sleep_size);
int __tsan_get_report_stack(void* report, std::size_t index, void** trace, std::size_t size);
int __tsan_get_report_mop(void* report, std::size_t index, int* thread, void** address, int* size,
                          int* write, int* atomic, void** trace, std::size_t trace_size);
const char* __tsan_default_options();
void __tsan_on_report(void* report);
}

namespace {

using Trace = std::array<void*, 64>;

std::atomic<bool> raced{false};

/// Whether the innermost function outside the sanitizer is one of libmilter's.
bool inside_libmilter(const Trace& trace) {
  for (const void* frame : trace) {
    Dl_info info{};
    if (frame == nullptr || dladdr(frame, &info) == 0 || info.dli_fname == nullptr) return false;
    const std::string_view module = info.dli_fname;
    if (module.find("libtsan") != std::string_view::npos) continue;
    return module.find("libmilter") != std::string_view::npos;
  }
  return false;
}

bool is_of_libmilter(void* report) {
  const char* description = nullptr;
  int count = 0;
  int stacks = 0;
  int accesses = 0;
  int locations = 0;
  int mutexes = 0;
  int threads = 0;
  int thread_ids = 0;
  Trace sleep{};
  __tsan_get_report_data(report, &description, &count, &stacks, &accesses, &locations, &mutexes,
                         &threads, &thread_ids, sleep.data(), sleep.size());
  // A race names its accesses, the misuse of a mutex its stacks.
  if (accesses + stacks == 0) return false;
  for (int i = 0; i < accesses; ++i) {
    Trace trace{};
    int thread = 0;
    void* address = nullptr;
    int size = 0;
    int write = 0;
    int atomic = 0;
    __tsan_get_report_mop(report, static_cast<std::size_t>(i), &thread, &address, &size, &write,
                          &atomic, trace.data(), trace.size());
    if (!inside_libmilter(trace)) return false;
  }
  for (int i = 0; i < stacks; ++i) {
    Trace trace{};
    __tsan_get_report_stack(report, static_cast<std::size_t>(i), trace.data(), trace.size());
    if (!inside_libmilter(trace)) return false;
  }
  return true;
}

}  // namespace

/// The process's status is what threads_raced() says, not the number of reports.
const char* __tsan_default_options() { return "exitcode=0"; }

void __tsan_on_report(void* report) {
  if (!is_of_libmilter(report)) raced = true;
}
// NOLINTEND(bugprone-reserved-identifier)

namespace postern::test {
bool threads_raced() noexcept { return raced; }
}  // namespace postern::test

#else

namespace postern::test {
bool threads_raced() noexcept { return false; }
}  // namespace postern::test

#endif

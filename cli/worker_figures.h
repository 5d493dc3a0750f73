// What the worker reports of what is not reported by its owner: the policy and the journal.
#pragma once

#include "journal/journal.h"
#include "postern/policy.h"
#include "runtime/service_report.h"

#include <chrono>
#include <string>

namespace postern::cli {

struct LoadedPolicy {
  const Policy& policy;
  std::string file;
  std::chrono::system_clock::time_point loaded_at;
  std::chrono::system_clock::time_point now;
};
void report_policy(ServiceReport& report, const LoadedPolicy& loaded);

void report_journal(ServiceReport& report, const JournalCounters& journal, const std::string& file);

}  // namespace postern::cli

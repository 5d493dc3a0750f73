// The figures that every exporter has of its own process, by their usual names.
#pragma once

#include "runtime/service_report.h"

#include <chrono>

namespace postern {

/// `start`: when the process began. What the system does not tell is left out.
void report_process(ServiceReport& report, std::chrono::system_clock::time_point start);

}  // namespace postern

// The text of metrics, in Prometheus' exposition format 0.0.4. The library for it, prometheus-cpp,
// is known to this file alone; a build without it has no metrics.
#pragma once

#include "runtime/service_report.h"

#include <string>
#include <string_view>

namespace postern {

/// Whether this Postern was built with the libraries for metrics: prometheus-cpp and libmicrohttpd.
bool has_metrics() noexcept;

/// What `has_metrics() == false` means for people.
inline constexpr std::string_view without_metrics =
    "this Postern was built without prometheus-cpp and libmicrohttpd, which serve metrics";

/// The media type of exposition().
inline constexpr const char* exposition_type = "text/plain; version=0.0.4; charset=utf-8";

/// Samples and distributions of `report` in the order of the catalogue, each metric once; those
/// without a value are left out. Empty without the library.
std::string exposition(const ServiceReport& report);

}  // namespace postern

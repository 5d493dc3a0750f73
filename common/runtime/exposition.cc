#include "runtime/exposition.h"

#include <array>
#include <cstddef>
#include <vector>

#ifdef POSTERN_WITH_METRICS
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#endif

namespace postern {

#ifndef POSTERN_WITH_METRICS

bool has_metrics() noexcept { return false; }

std::string exposition(const ServiceReport& /*report*/) { return {}; }

#else

namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return prometheus::MetricType::Counter;
    case MetricKind::gauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

/// A label without a value is as good as none, and says less.
std::vector<prometheus::ClientMetric::Label> labels_of(const MetricRow& row,
                                                       const ServiceReport::Labels& values) {
  std::vector<prometheus::ClientMetric::Label> labels;
  for (std::size_t i = 0; i < row.label_count() && i < values.size(); ++i) {
    if (!values[i].empty()) labels.push_back({std::string(row.labels[i]), values[i]});
  }
  return labels;
}

prometheus::ClientMetric metric_of(const ServiceReport::Sample& sample) {
  const auto& row = row_of(sample.metric);
  prometheus::ClientMetric metric;
  metric.label = labels_of(row, sample.labels);
  (row.kind == MetricKind::counter ? metric.counter.value : metric.gauge.value) = sample.value;
  return metric;
}

prometheus::ClientMetric metric_of(const ServiceReport::Distribution& distribution) {
  prometheus::ClientMetric metric;
  metric.label = labels_of(row_of(distribution.metric), distribution.labels);
  std::uint64_t count = 0;
  for (const auto& bucket : distribution.buckets) {
    count += bucket.count;
    metric.histogram.bucket.push_back({count, bucket.upto});
  }
  metric.histogram.sample_count = count + distribution.beyond;
  metric.histogram.sample_sum = distribution.sum;
  return metric;
}

}  // namespace

bool has_metrics() noexcept { return true; }

std::string exposition(const ServiceReport& report) {
  const auto rows = metric_catalogue();
  std::vector<prometheus::MetricFamily> families(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    families[i].name = rows[i].name;
    families[i].help = rows[i].meaning;
    families[i].type = type_of(rows[i].kind);
  }
  const auto add = [&](const auto& told) {
    families[static_cast<std::size_t>(told.metric)].metric.push_back(metric_of(told));
  };
  for (const auto& sample : report.samples()) add(sample);
  for (const auto& distribution : report.distributions()) add(distribution);
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(families);
}

#endif

}  // namespace postern

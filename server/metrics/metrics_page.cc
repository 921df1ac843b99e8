#include "server/metrics/metrics_page.h"

#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "prometheus/client_metric.h"
#include "prometheus/metric_type.h"
#include "prometheus/text_serializer.h"

#include "server/base/check.h"

namespace memsim {
namespace {

bool IsMetricName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != ':') return false;
  }
  return true;
}

prometheus::MetricType ToPrometheus(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricType::kUntyped:
      return prometheus::MetricType::Untyped;
    case MetricType::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

std::vector<prometheus::ClientMetric::Label> ToPrometheus(const MetricLabels& labels) {
  std::vector<prometheus::ClientMetric::Label> result;
  result.reserve(labels.size());
  for (const MetricLabel& label : labels) result.push_back({std::string(label.name), std::string(label.value)});
  return result;
}

}  // namespace

void MetricsPage::Family::Add(const MetricLabels& labels, double value) {
  MEMSIM_CHECK(family_.type != prometheus::MetricType::Histogram);
  prometheus::ClientMetric metric;
  metric.label = ToPrometheus(labels);
  // Only the one that belongs to the family's type is printed.
  metric.counter.value = value;
  metric.gauge.value = value;
  metric.untyped.value = value;
  family_.metric.push_back(std::move(metric));
}

void MetricsPage::Family::AddHistogram(const MetricLabels& labels, const std::vector<double>& upper_bounds,
                                       const std::vector<std::uint64_t>& bucket_counts, double sum) {
  MEMSIM_CHECK(family_.type == prometheus::MetricType::Histogram);
  MEMSIM_CHECK(bucket_counts.size() == upper_bounds.size() + 1, bucket_counts.size(), upper_bounds.size());
  prometheus::ClientMetric metric;
  metric.label = ToPrometheus(labels);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < bucket_counts.size(); ++i) {
    total += bucket_counts[i];
    const double bound = i < upper_bounds.size() ? upper_bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({total, bound});
  }
  metric.histogram.sample_count = total;
  metric.histogram.sample_sum = sum;
  family_.metric.push_back(std::move(metric));
}

MetricsPage::Family MetricsPage::family(absl::string_view name, MetricType type, absl::string_view help) {
  MEMSIM_CHECK(IsMetricName(name));
  const auto [entry, added] = index_.try_emplace(std::string(name), families_.size());
  if (added) {
    prometheus::MetricFamily family;
    family.name = std::string(name);
    // prometheus-cpp escapes label values but prints the help as it is.
    family.help = absl::StrReplaceAll(help, {{"\\", "\\\\"}, {"\n", "\\n"}});
    family.type = ToPrometheus(type);
    families_.push_back(std::move(family));
  }
  prometheus::MetricFamily& family = families_[entry->second];
  MEMSIM_CHECK(family.type == ToPrometheus(type));
  return Family(family);
}

std::string MetricsPage::Render() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace memsim

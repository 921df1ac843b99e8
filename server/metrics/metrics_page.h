// One page of metrics in Prometheus' text format.
//
// It exists because a page must name each family once, with all its samples together, while the numbers come from
// several places: whoever has a number adds it here, and the page groups.
//
// Thread-compatible: made, filled and rendered by one thread.

#ifndef MEMSIM_SERVER_METRICS_METRICS_PAGE_H_
#define MEMSIM_SERVER_METRICS_METRICS_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "prometheus/metric_family.h"

namespace memsim {

// Metrics are in seconds.
inline constexpr double kNanosecondsPerSecond = 1e9;

struct MetricLabel {
  absl::string_view name;
  absl::string_view value;
};
using MetricLabels = std::vector<MetricLabel>;

// kUntyped is for what node_exporter exports without a type, so that its names keep passing promtool.
enum class MetricType : std::uint8_t { kCounter, kGauge, kUntyped, kHistogram };

class MetricsPage {
 public:
  // All samples of one name.
  class Family {
   public:
    // REQUIRES: the family is not a histogram; no two samples have the same labels.
    void Add(const MetricLabels& labels, double value);

    // bucket_counts has one number a bound and one more for what lies above all bounds; they do not accumulate.
    // REQUIRES: the family is a histogram.
    void AddHistogram(const MetricLabels& labels, const std::vector<double>& upper_bounds,
                      const std::vector<std::uint64_t>& bucket_counts, double sum);

   private:
    friend class MetricsPage;
    explicit Family(prometheus::MetricFamily& family) : family_(family) {}

    prometheus::MetricFamily& family_;
  };

  // The family of that name, made at first use. The handle is good until the next call of family().
  // REQUIRES: name is a metric name (letters, digits, _ and :, no digit first), and has the same type every time.
  Family family(absl::string_view name, MetricType type, absl::string_view help);

  // The text exposition format, version 0.0.4, in the order in which the families were made.
  std::string Render() const;

  // What Content-Type says of Render()'s text.
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  std::vector<prometheus::MetricFamily> families_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_METRICS_PAGE_H_

#include "server/metrics/rpc_metrics.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/metrics/metrics_page.h"

namespace memsim {
namespace {

constexpr std::size_t kUnknownCode = 2;

// As the middleware for Go writes them: Go's names of the codes, not those of the wire.
constexpr std::array<absl::string_view, RpcMetrics::kStatusCodeCount> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

absl::string_view TypeName(RpcType type) {
  switch (type) {
    case RpcType::kUnary:
      return "unary";
    case RpcType::kClientStream:
      return "client_stream";
    case RpcType::kServerStream:
      return "server_stream";
    case RpcType::kBidiStream:
      return "bidi_stream";
  }
  return "unary";
}

std::uint64_t Load(const std::atomic<std::uint64_t>& count) { return count.load(std::memory_order_relaxed); }

MetricLabels LabelsOf(const RpcMetrics::MethodName& name) {
  return {{"grpc_type", TypeName(name.type)}, {"grpc_service", name.service}, {"grpc_method", name.method}};
}

}  // namespace

void RpcMetrics::Method::Handled(int status_code, std::chrono::nanoseconds duration) {
  const std::size_t code = static_cast<std::size_t>(status_code) < kStatusCodeCount ? status_code : kUnknownCode;
  handled_[code].fetch_add(1, std::memory_order_relaxed);
  // A bound belongs to its bucket: le is "less or equal".
  const auto bound = std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), duration.count());
  latency_[static_cast<std::size_t>(bound - kLatencyBounds.begin())].fetch_add(1, std::memory_order_relaxed);
  latency_sum_ns_.fetch_add(duration.count(), std::memory_order_relaxed);
}

RpcMetrics::RpcMetrics(const std::vector<MethodName>& methods) {
  for (const MethodName& name : methods) {
    const auto [entry, added] = by_path_.try_emplace(absl::StrCat("/", name.service, "/", name.method), nullptr);
    if (added) entry->second = &methods_.emplace_back(name);
  }
  methods_.emplace_back(MethodName{"unknown", "unknown", RpcType::kUnary});
}

RpcMetrics::Method& RpcMetrics::method(absl::string_view path) {
  const auto entry = by_path_.find(std::string(path));
  return entry == by_path_.end() ? methods_.back() : *entry->second;
}

void RpcMetrics::AddTo(MetricsPage& page) const {
  {
    auto family = page.family("grpc_server_started_total", MetricType::kCounter, "RPCs that the server has begun.");
    for (const Method& method : methods_)
      family.Add(LabelsOf(method.name_), static_cast<double>(Load(method.started_)));
  }
  {
    auto family = page.family("grpc_server_handled_total", MetricType::kCounter,
                              "RPCs that the server has ended, whether they succeeded or not.");
    for (const Method& method : methods_) {
      for (std::size_t code = 0; code < kStatusCodeCount; ++code) {
        MetricLabels labels = LabelsOf(method.name_);
        labels.push_back({"grpc_code", kCodeNames[code]});
        family.Add(labels, static_cast<double>(Load(method.handled_[code])));
      }
    }
  }
  {
    auto family = page.family("grpc_server_msg_received_total", MetricType::kCounter, "Messages received of clients.");
    for (const Method& method : methods_) {
      family.Add(LabelsOf(method.name_), static_cast<double>(Load(method.received_)));
    }
  }
  {
    auto family = page.family("grpc_server_msg_sent_total", MetricType::kCounter, "Messages sent to clients.");
    for (const Method& method : methods_) family.Add(LabelsOf(method.name_), static_cast<double>(Load(method.sent_)));
  }
  AddLatenciesTo(page);
}

void RpcMetrics::AddLatenciesTo(MetricsPage& page) const {
  std::vector<double> bounds;
  bounds.reserve(kLatencyBounds.size());
  for (const std::int64_t bound : kLatencyBounds) bounds.push_back(static_cast<double>(bound) / kNanosecondsPerSecond);
  auto family = page.family("grpc_server_handling_seconds", MetricType::kHistogram,
                            "Time from an RPC's arrival to its end, in seconds of the host's clock.");
  for (const Method& method : methods_) {
    std::vector<std::uint64_t> counts;
    for (const auto& count : method.latency_) counts.push_back(Load(count));
    const double sum_ns = static_cast<double>(method.latency_sum_ns_.load(std::memory_order_relaxed));
    family.AddHistogram(LabelsOf(method.name_), bounds, counts, sum_ns / kNanosecondsPerSecond);
  }
}

}  // namespace memsim

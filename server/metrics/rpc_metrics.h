// What the RPCs of this server did: counts and latencies, named as the gRPC middlewares for Prometheus name them, so
// that dashboards made for those work here.
//
// The methods are told once, at the start. Each has its own counters, which exist from then on (a counter that appears
// with its first event hides that event from rate()); all methods that were not told share one, so a client that
// invents names makes no series. At most kStatusCodeCount + kLatencyBuckets + 6 series a method.
//
// Thread-safe and lock-free: an RPC costs a handful of relaxed atomic additions. A page that is rendered meanwhile may
// see an RPC in one number and not yet in another.

#ifndef MEMSIM_SERVER_METRICS_RPC_METRICS_H_
#define MEMSIM_SERVER_METRICS_RPC_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim {

class MetricsPage;

enum class RpcType : std::uint8_t { kUnary, kClientStream, kServerStream, kBidiStream };

class RpcMetrics {
 public:
  // grpc::StatusCode's 0 (OK) to 16 (UNAUTHENTICATED); any other number counts as UNKNOWN.
  static constexpr std::size_t kStatusCodeCount = 17;

  // Upper bounds of the latency histogram, in nanoseconds: from a call on an idle machine (tens of microseconds) to a
  // stream's life.
  static constexpr std::array<std::int64_t, 16> kLatencyBounds = {
      25'000,     50'000,     100'000,     250'000,     500'000,       1'000'000,     2'500'000,      5'000'000,
      10'000'000, 25'000'000, 100'000'000, 250'000'000, 1'000'000'000, 5'000'000'000, 30'000'000'000, 300'000'000'000};
  static constexpr std::size_t kLatencyBuckets = kLatencyBounds.size() + 1;

  // What is told of a method.
  struct MethodName {
    // "memsim.v1.MachineService".
    std::string service;
    // "CreateMachine".
    std::string method;
    RpcType type;
  };

  // The counters of one method. Its own cache lines, so that methods do not slow each other down.
  class alignas(64) Method {
   public:
    explicit Method(MethodName name) : name_(std::move(name)) {}
    Method(const Method&) = delete;
    Method& operator=(const Method&) = delete;

    // Once an RPC, when it arrives and when it has ended. status_code is a grpc::StatusCode.
    void Started() { started_.fetch_add(1, std::memory_order_relaxed); }
    void Handled(int status_code, std::chrono::nanoseconds duration);
    // Once a message; a unary RPC receives one and, if it is OK, sends one.
    void MessageReceived() { received_.fetch_add(1, std::memory_order_relaxed); }
    void MessageSent() { sent_.fetch_add(1, std::memory_order_relaxed); }

   private:
    friend class RpcMetrics;

    const MethodName name_;
    std::atomic<std::uint64_t> started_ = 0;
    std::atomic<std::uint64_t> received_ = 0;
    std::atomic<std::uint64_t> sent_ = 0;
    std::array<std::atomic<std::uint64_t>, kStatusCodeCount> handled_ = {};
    std::array<std::atomic<std::uint64_t>, kLatencyBuckets> latency_ = {};
    std::atomic<std::int64_t> latency_sum_ns_ = 0;
  };

  explicit RpcMetrics(const std::vector<MethodName>& methods);
  RpcMetrics(const RpcMetrics&) = delete;
  RpcMetrics& operator=(const RpcMetrics&) = delete;

  // The counters of "/memsim.v1.MachineService/CreateMachine"; for a path that was not told, the ones that all such
  // share (service and method "unknown"). Take the handle once and keep it: it lives as long as this object.
  Method& method(absl::string_view path);

  void AddTo(MetricsPage& page) const;

 private:
  void AddLatenciesTo(MetricsPage& page) const;

  // A deque, as a Method can neither move nor be copied. The last one is the one for unknown paths.
  std::deque<Method> methods_;
  std::unordered_map<std::string, Method*> by_path_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_RPC_METRICS_H_

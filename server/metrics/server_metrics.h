// The pages of metrics that the server shows.
//
// Thread-safe. Nothing here runs a machine: a machine is looked at between two of its calls, through the host, and no
// page waits for it beyond its deadline.

#ifndef MEMSIM_SERVER_METRICS_SERVER_METRICS_H_
#define MEMSIM_SERVER_METRICS_SERVER_METRICS_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"

namespace memsim {

class ServerMetrics {
 public:
  // Machines with numbers of their own on the server's page. Some twenty series each: what a page of RPC metrics has
  // anyway. Who has more machines scrapes their own pages, which /sd lists.
  static constexpr std::size_t kMaxMachinesOnServerPage = 100;
  // Machines that /sd lists: more targets than this overwhelm a Prometheus that scrapes every few seconds. Who has more
  // lists them by tenant.
  static constexpr std::size_t kMaxDiscoveredMachines = 1000;

  // What Content-Type says of both pages.
  static const char* const kContentType;

  // Both must outlive this object.
  ServerMetrics(Host& host, const RpcMetrics& rpc_metrics) : host_(host), rpc_metrics_(rpc_metrics) {}

  // The server, its RPCs and the essentials of the first machines by name. A machine that had no turn before the
  // deadline stands with what is known without one; memsim_machines_left_out counts these, and those beyond the limit.
  std::string ServerPage(std::chrono::steady_clock::time_point deadline) const;

  // Everything about one machine. NAME_INVALID, MACHINE_NOT_FOUND, QUEUE_FULL, MACHINE_DELETED, SERVER_DRAINING;
  // DEADLINE_EXCEEDED: the machine had no turn before the deadline.
  absl::StatusOr<std::string> MachinePage(absl::string_view name, std::chrono::steady_clock::time_point deadline) const;

 private:
  Host& host_;
  const RpcMetrics& rpc_metrics_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_SERVER_METRICS_H_

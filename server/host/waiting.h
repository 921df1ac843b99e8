// The host's callbacks as plain function results, for threads that may wait: HTTP handlers, scrapers, tests. Never for
// a gRPC callback thread or a worker.

#ifndef MEMSIM_SERVER_HOST_WAITING_H_
#define MEMSIM_SERVER_HOST_WAITING_H_

#include <chrono>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/execution_service.pb.h"
#include "server/host/host.h"

namespace memsim {

absl::StatusOr<MachineInfo> CreateMachineAndWait(Host& host, absl::string_view tenant, absl::string_view id,
                                                 const MachineSpec& spec);

absl::StatusOr<v1::ExecuteBatchResponse> ExecuteAndWait(Host& host, const v1::ExecuteBatchRequest& request);

// OK: look has run, once, with nobody else working on the machine. DEADLINE_EXCEEDED: it will never run; otherwise see
// Host::Inspect. A machine that is in the midst of a long call lets nobody look: that is what the deadline is for.
absl::Status InspectAndWait(Host& host, absl::string_view name, std::chrono::steady_clock::time_point deadline,
                            const std::function<void(const Machine&)>& look);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_WAITING_H_

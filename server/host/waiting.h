// A look into a machine as a plain function result, for threads that may wait: HTTP handlers, scrapers, tests. Never
// for a gRPC callback thread or a worker.

#ifndef MEMSIM_SERVER_HOST_WAITING_H_
#define MEMSIM_SERVER_HOST_WAITING_H_

#include <chrono>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "server/host/host.h"
#include "server/kernel/machine.h"

namespace memsim {

// OK: look has run, once, with nobody else working on the machine. DEADLINE_EXCEEDED: it will never run; otherwise see
// Host::Inspect. A machine that is in the midst of a long call lets nobody look: that is what the deadline is for.
absl::Status InspectAndWait(Host& host, absl::string_view name, std::chrono::steady_clock::time_point deadline,
                            const std::function<void(const Machine&)>& look);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_WAITING_H_

// The machines as targets for Prometheus' HTTP service discovery (http_sd_configs).

#ifndef MEMSIM_SERVER_HTTP_SERVICE_DISCOVERY_H_
#define MEMSIM_SERVER_HTTP_SERVICE_DISCOVERY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/host/machine_info.h"
#include "server/host/machine_name.h"

namespace memsim {

// Where a machine's own page is: "/machines/demo/metrics"; for a tenant other than default
// "/machines/tenants/acme/machines/demo/metrics".
std::string MachineMetricsPath(const MachineName& name);

// A JSON list of one target group a machine: the server's address as target, __metrics_path__ for the machine's page,
// and the labels machine and tenant.
std::string RenderTargets(const std::vector<MachineInfo>& machines, absl::string_view address);

// The text between quotes of a JSON string.
std::string EscapeJson(absl::string_view text);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HTTP_SERVICE_DISCOVERY_H_

#include "server/http/index_page.h"

#include "absl/strings/str_cat.h"

#include "server/http/service_discovery.h"

namespace memsim {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>memsimd</title></head>
<body>
<h1>memsimd</h1>
<p>Simulated Linux memory subsystems. Calls go over gRPC; this port is for watching.</p>
<ul>
<li><a href="/metrics">/metrics</a>: the server, its RPCs and the essentials of the machines, for Prometheus</li>
<li>/machines/{machine}/metrics: everything about one machine</li>
<li><a href="/sd">/sd</a>: the machines as targets for Prometheus' HTTP service discovery</li>
<li><a href="/healthz">/healthz</a>: 200 while the server takes calls, 503 while it shuts down</li>
</ul>
)";

}  // namespace

// Names are of a-z, 0-9 and -, so nothing in them needs to be escaped for HTML.
std::string RenderIndexPage(const std::vector<MachineInfo>& machines, std::size_t machine_count) {
  std::string html = absl::StrCat(kHead, "<h2>Machines: ", machine_count, "</h2>\n<ul>\n");
  for (const MachineInfo& machine : machines) {
    absl::StrAppend(&html, "<li><a href=\"", MachineMetricsPath(machine.name), "\">", machine.name.ToString(),
                    "</a>: calls ", machine.sequence, "</li>\n");
  }
  if (machine_count > machines.size()) {
    absl::StrAppend(&html, "<li>and ", machine_count - machines.size(), " more</li>\n");
  }
  absl::StrAppend(&html, "</ul>\n</body>\n</html>\n");
  return html;
}

}  // namespace memsim

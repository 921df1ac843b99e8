#include "server/http/service_discovery.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace memsim {

std::string MachineMetricsPath(const MachineName& name) {
  return absl::StrCat("/machines/", name.tenant == kDefaultTenant ? name.machine : name.ToString(), "/metrics");
}

std::string RenderTargets(const std::vector<MachineInfo>& machines, absl::string_view address) {
  std::string json = "[";
  absl::string_view separator = "\n";
  for (const MachineInfo& machine : machines) {
    absl::StrAppend(&json, separator, R"({"targets": [")", EscapeJson(address), R"("], "labels": {)");
    absl::StrAppend(&json, R"("__metrics_path__": ")", EscapeJson(MachineMetricsPath(machine.name)), R"(", )");
    absl::StrAppend(&json, R"("machine": ")", EscapeJson(machine.name.machine), R"(", )");
    absl::StrAppend(&json, R"("tenant": ")", EscapeJson(machine.name.tenant), R"("}})");
    separator = ",\n";
  }
  absl::StrAppend(&json, "\n]\n");
  return json;
}

std::string EscapeJson(absl::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result.push_back('\\');
      result.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&result, "\\u", absl::Hex(static_cast<std::uint8_t>(c), absl::kZeroPad4));
    } else {
      result.push_back(c);
    }
  }
  return result;
}

}  // namespace memsim

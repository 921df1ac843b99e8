#include "client/cli/not_found.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/library/errors.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

constexpr char kDefaultTenant[] = "tenants/default";
// What stands between a machine's tenant and its short name.
constexpr char kMachines[] = "/machines/";
// Before a slash, in the list of files that the server gives: any process.
constexpr char kAnyProcess[] = "PID/";

// "tenants/acme" and "demo".
std::pair<std::string, std::string> TenantAndShortName(absl::string_view machine) {
  const std::size_t end = machine.find(kMachines);
  if (end == absl::string_view::npos) return {kDefaultTenant, std::string(machine)};
  return {std::string(machine.substr(0, end)), std::string(machine.substr(end + sizeof(kMachines) - 1))};
}

// Every word that was typed as a machine's name.
std::vector<std::string> MachinesTyped(const CommandSpec& command, const Arguments& arguments, const Session& session) {
  std::vector<std::string> machines;
  for (std::size_t i = 0; i < arguments.positionals().size() && !command.positionals.empty(); ++i) {
    // The last one declared takes all that follow.
    const PositionalSpec& meant = command.positionals[std::min(i, command.positionals.size() - 1)];
    if (meant.name == "MACHINE") machines.push_back(arguments.positionals()[i]);
  }
  if (!machines.empty()) return machines;
  const absl::StatusOr<std::string> machine = session.MachineName(arguments);
  return machine.ok() ? std::vector<std::string>{*machine} : machines;
}

}  // namespace

absl::Status NameNearestMachine(const absl::Status& status, const std::string& typed, Session& session) {
  if (client::ErrorReasonOf(status) != v1::ERROR_REASON_MACHINE_NOT_FOUND) return status;
  const absl::StatusOr<client::Client*> client = session.Connect();
  if (!client.ok()) return status;
  const auto [tenant, name] = TenantAndShortName(typed);
  const auto machines = (*client)->ListMachines(tenant, session.call_options());
  if (!machines.ok()) return status;
  std::vector<std::string> names;
  for (const v1::Machine& machine : *machines) names.push_back(TenantAndShortName(machine.name()).second);
  if (std::count(names.begin(), names.end(), name) != 0) return status;
  const std::string of_tenant =
      tenant == kDefaultTenant ? "" : absl::StrCat(" --tenant ", absl::StripPrefix(tenant, "tenants/"));
  return client::WithMessage(
      status, absl::StrCat("there is no machine ", tenant, kMachines, name, client::DidYouMean(name, names),
                           " (memsim machine list", of_tenant, " shows those that exist)"));
}

absl::Status NameNearestMachine(const absl::Status& status, const CommandSpec& command, const Arguments& arguments,
                                Session& session) {
  for (const std::string& typed : MachinesTyped(command, arguments, session)) {
    absl::Status reworded = NameNearestMachine(status, typed, session);
    if (reworded != status) return reworded;
  }
  return status;
}

absl::Status NameNearestProcFile(const absl::Status& status, const std::string& path) {
  const std::optional<std::string> files = client::ErrorMetadataOf(status, "files");
  if (!files.has_value()) return status;
  const absl::string_view typed = absl::StripPrefix(path, "/proc/");
  const absl::string_view process = typed.substr(0, std::min(typed.find('/'), typed.size()));
  const bool is_pid = !process.empty() && std::all_of(process.begin(), process.end(), absl::ascii_isdigit);
  std::vector<std::string> names;
  for (absl::string_view file : absl::StrSplit(*files, ' ')) {
    const bool of_process = absl::ConsumePrefix(&file, kAnyProcess);
    names.push_back(of_process ? absl::StrCat(is_pid ? process : "1", "/", file) : std::string(file));
  }
  // A file that processes have, of a process that the machine has not: there is nothing nearer.
  if (std::count(names.begin(), names.end(), typed) != 0) return status;
  return client::WithMessage(status, absl::StrCat(status.message(), client::DidYouMean(typed, names)));
}

}  // namespace memsim::cli

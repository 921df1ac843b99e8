// memsim machine create|list|show|delete.

#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/time_util.h"

#include "client/cli/command.h"
#include "client/cli/field_value.h"
#include "client/cli/json_object.h"
#include "client/cli/machine_spec_flags.h"
#include "client/cli/not_found.h"
#include "client/cli/print_error.h"
#include "client/cli/quantities.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

constexpr char kMachinesSection[] = "Machines";

// What a machine of the tenant "default" is called for short.
std::string ShortName(absl::string_view name) {
  return std::string(absl::StripPrefix(name, "tenants/default/machines/"));
}

// What the API calls a machine of which this was typed.
std::string FullName(const std::string& typed) {
  return absl::StrContains(typed, '/') ? typed : absl::StrCat("tenants/default/machines/", typed);
}

std::string ParentOf(const Arguments& arguments) {
  const auto tenant = arguments.Get("tenant");
  return tenant.has_value() ? absl::StrCat("tenants/", absl::StripPrefix(*tenant, "tenants/")) : "";
}

void AddSysctls(const v1::Sysctls& sysctls, TextTable& table) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const auto* const reflection = sysctls.GetReflection();
  reflection->ListFields(sysctls, &fields);
  for (const auto* field : fields) {
    const std::uint64_t value = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_UINT32
                                    ? reflection->GetUInt32(sysctls, field)
                                    : reflection->GetUInt64(sysctls, field);
    table.AddRow({absl::StrCat("vm.", field->name()), absl::StrCat(value)});
  }
}

void PrintMachine(const v1::Machine& machine, Session& session) {
  if (session.json()) return session.PrintJson(machine);
  const v1::MachineSpec& spec = machine.spec();
  TextTable table({Alignment::kLeft, Alignment::kLeft});
  table.AddRow({"name", machine.name()});
  table.AddRow({"uid", machine.uid()});
  table.AddRow({"cpus", absl::StrCat(spec.cpu_count())});
  table.AddRow({"memory", FormatSize(spec.memory_bytes())});
  table.AddRow({"reserved", FormatSize(spec.reserved_bytes())});
  table.AddRow({"seed", absl::StrCat(spec.seed())});
  table.AddRow({"aslr", spec.address_randomization() == v1::ADDRESS_RANDOMIZATION_OFF ? "off" : "on"});
  table.AddRow({"thp", spec.transparent_huge_pages() == v1::TRANSPARENT_HUGE_PAGES_NEVER    ? "never"
                       : spec.transparent_huge_pages() == v1::TRANSPARENT_HUGE_PAGES_ALWAYS ? "always"
                                                                                            : "madvise"});
  AddSysctls(spec.sysctls(), table);
  for (const auto& [cost, nanoseconds] :
       std::map<std::string, std::uint64_t>(spec.cost_ns().begin(), spec.cost_ns().end())) {
    table.AddRow({absl::StrCat("cost of ", cost), FormatNanoseconds(nanoseconds)});
  }
  table.AddRow({"model version", absl::StrCat(spec.model_version())});
  table.AddRow({"created", google::protobuf::util::TimeUtil::ToString(machine.create_time())});
  table.AddRow({"calls", absl::StrCat(machine.sequence())});
  table.AddRow({"virtual time", FormatNanoseconds(machine.virtual_time_ns())});
  if (!machine.state_digest().empty()) {
    table.AddRow({"state digest", machine.state_digest()});
    table.AddRow({"answer digest", machine.answer_digest()});
  }
  table.AddRow({"host memory", FormatSize(machine.host_memory_bytes())});
  session.out() << table.ToString();
}

absl::StatusOr<ExitCode> Create(const Arguments& arguments, Session& session) {
  const absl::StatusOr<v1::MachineSpec> spec = MachineSpecFromArguments(arguments);
  if (!spec.ok()) return spec.status();
  const absl::StatusOr<client::Client*> client = session.Connect();
  if (!client.ok()) return client.status();
  const auto machine = (*client)->CreateMachine(arguments.Positional(0).value_or(""), *spec, ParentOf(arguments),
                                                session.call_options());
  if (!machine.ok()) return machine.status();
  PrintMachine(*machine, session);
  return ExitCode::kFine;
}

absl::StatusOr<ExitCode> Show(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.ConnectFor(*arguments.Positional(0));
  if (!client.ok()) return client.status();
  const v1::MachineView view = arguments.Has("digests") ? v1::MACHINE_VIEW_WITH_DIGESTS : v1::MACHINE_VIEW_BASIC;
  const auto machine = (*client)->GetMachine(*arguments.Positional(0), view, session.call_options());
  if (!machine.ok()) return machine.status();
  PrintMachine(*machine, session);
  return ExitCode::kFine;
}

absl::StatusOr<ExitCode> List(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.Connect();
  if (!client.ok()) return client.status();
  const auto machines = (*client)->ListMachines(ParentOf(arguments), session.call_options());
  if (!machines.ok()) return machines.status();
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kRight, Alignment::kRight, Alignment::kRight,
                   Alignment::kRight});
  table.AddRow({"NAME", "CPUS", "MEMORY", "CALLS", "VIRTUAL TIME", "HOST MEMORY"});
  for (const v1::Machine& machine : *machines) {
    if (session.json()) session.PrintJson(machine);
    table.AddRow({ShortName(machine.name()), absl::StrCat(machine.spec().cpu_count()),
                  FormatSize(machine.spec().memory_bytes()), absl::StrCat(machine.sequence()),
                  FormatNanoseconds(machine.virtual_time_ns()), FormatSize(machine.host_memory_bytes())});
  }
  if (!session.json())
    session.out() << (machines->empty() ? "no machines; memsim machine create makes one\n" : table.ToString());
  return ExitCode::kFine;
}

absl::StatusOr<ExitCode> Delete(const Arguments& arguments, Session& session) {
  const absl::StatusOr<client::Client*> client = session.Connect();
  if (!client.ok()) return client.status();
  ExitCode exit = ExitCode::kFine;
  for (const std::string& name : arguments.positionals()) {
    if (absl::Status status = (*client)->DeleteMachine(name, session.call_options()); !status.ok()) {
      // One that cannot be deleted is no reason to keep the others.
      exit = PrintError(NameNearestMachine(status, name, session), nullptr, session);
      continue;
    }
    session.out() << (session.json() ? JsonObject().Add("name", FullName(name)).ToString() : "deleted " + name) << "\n";
  }
  return exit;
}

}  // namespace

std::vector<Command> MachineCommands() {
  const FlagSpec tenant{"tenant", "TENANT", "The tenant that owns the machine. Left out: default."};
  CommandSpec create{"machine create", kMachinesSection, "Boots a machine.", "", {}, MachineSpecFlags(), {}};
  create.positionals = {
      {"NAME", HelpOf(*v1::CreateMachineRequest::descriptor()->FindFieldByName("machine_id")), Presence::kOptional}};
  create.flags.push_back(tenant);
  create.examples = {
      "memsim machine create demo --memory 24GiB --cpus 4 --seed 7 --aslr off --sysctl overcommit_memory=2",
      "memsim machine create"};
  CommandSpec list{"machine list",
                   kMachinesSection,
                   "Lists machines.",
                   "",
                   {},
                   {},
                   {"memsim machine list", "memsim machine list --tenant -"}};
  list.flags = {{"tenant", "TENANT", "Whose machines; - for everybody's. Left out: default."}};
  const PositionalSpec name{"MACHINE", "Its name, or tenants/TENANT/machines/NAME."};
  CommandSpec show{"machine show",
                   kMachinesSection,
                   "Shows a machine: its spec with every default, and how far it is.",
                   "",
                   {name},
                   {},
                   {"memsim machine show demo", "memsim machine show demo --digests"}};
  show.flags = {{"digests", "",
                 "With the digests of its state and of its answers: equal specs and equal calls give equal ones. The "
                 "machine stands still while they are computed."}};
  CommandSpec remove{
      "machine delete", kMachinesSection, "Deletes machines.", "", {name}, {}, {"memsim machine delete demo"}};
  remove.positionals[0].repetition = Repetition::kMany;
  return {{create, Create}, {list, List}, {show, Show}, {remove, Delete}};
}

}  // namespace memsim::cli

#include "client/replay/credential_calls.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "client/replay/argument_reader.h"
#include "client/replay/compare_result.h"

namespace memsim::replay {
namespace {

constexpr int kDropFromBoundingSet = 24;
constexpr int kCapabilityCount = 41;

// (uid_t) -1: the id stays as it is.
constexpr std::uint32_t kUnchanged = 0xffffffff;

std::uint32_t Id(ArgumentReader& arguments, std::size_t index) {
  return static_cast<std::uint32_t>(arguments.Number(index));
}

// Who may not change what he is stays who he is.
void ApplyIfDone(ReplaySession& session, const ArgumentReader& arguments, const TraceLine& line, v1::Call call) {
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
  } else if (line.result.Succeeded()) {
    session.Apply(std::move(call));
  }
}

}  // namespace

void BecomeUser(ReplaySession& session, const TracedProcess& process, const MachineShape& shape) {
  std::uint64_t capabilities = (std::uint64_t{1} << kCapabilityCount) - 1;
  for (const std::uint64_t missing : shape.missing_capabilities) {
    if (missing >= kCapabilityCount) continue;
    capabilities &= ~(std::uint64_t{1} << missing);
    v1::Call drop;
    v1::PrctlRequest& prctl = *drop.mutable_prctl();
    prctl.set_pid(process.machine_pid);
    prctl.set_option(kDropFromBoundingSet);
    prctl.set_argument2(missing);
    session.Prepare(std::move(drop));
  }
  if (!shape.missing_capabilities.empty()) {
    v1::Call call;
    v1::CapsetRequest& capset = *call.mutable_capset();
    capset.set_pid(process.machine_pid);
    capset.set_effective(capabilities);
    capset.set_permitted(capabilities);
    session.Prepare(std::move(call));
  }
  if (shape.uid.value_or(0) != 0) {
    v1::Call call;
    call.mutable_setuid()->set_pid(process.machine_pid);
    call.mutable_setuid()->set_uid(*shape.uid);
    session.Prepare(std::move(call));
  }
}

void TranslateSetuid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetuidRequest& request = *call.mutable_setuid();
  request.set_pid(process.machine_pid);
  request.set_uid(Id(arguments, 0));
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetgid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetgidRequest& request = *call.mutable_setgid();
  request.set_pid(process.machine_pid);
  request.set_gid(Id(arguments, 0));
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetfsuid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetfsuidRequest& request = *call.mutable_setfsuid();
  request.set_pid(process.machine_pid);
  request.set_uid(Id(arguments, 0));
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetfsgid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetfsgidRequest& request = *call.mutable_setfsgid();
  request.set_pid(process.machine_pid);
  request.set_gid(Id(arguments, 0));
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetreuid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetreuidRequest& request = *call.mutable_setreuid();
  request.set_pid(process.machine_pid);
  if (const std::uint32_t id = Id(arguments, 0); id != kUnchanged) request.set_ruid(id);
  if (const std::uint32_t id = Id(arguments, 1); id != kUnchanged) request.set_euid(id);
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetregid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetregidRequest& request = *call.mutable_setregid();
  request.set_pid(process.machine_pid);
  if (const std::uint32_t id = Id(arguments, 0); id != kUnchanged) request.set_rgid(id);
  if (const std::uint32_t id = Id(arguments, 1); id != kUnchanged) request.set_egid(id);
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetresuid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetresuidRequest& request = *call.mutable_setresuid();
  request.set_pid(process.machine_pid);
  if (const std::uint32_t id = Id(arguments, 0); id != kUnchanged) request.set_ruid(id);
  if (const std::uint32_t id = Id(arguments, 1); id != kUnchanged) request.set_euid(id);
  if (const std::uint32_t id = Id(arguments, 2); id != kUnchanged) request.set_suid(id);
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetresgid(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetresgidRequest& request = *call.mutable_setresgid();
  request.set_pid(process.machine_pid);
  if (const std::uint32_t id = Id(arguments, 0); id != kUnchanged) request.set_rgid(id);
  if (const std::uint32_t id = Id(arguments, 1); id != kUnchanged) request.set_egid(id);
  if (const std::uint32_t id = Id(arguments, 2); id != kUnchanged) request.set_sgid(id);
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslateSetgroups(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  arguments.Number(0);
  v1::Call call;
  v1::SetgroupsRequest& request = *call.mutable_setgroups();
  request.set_pid(process.machine_pid);
  if (const TraceValue* groups = arguments.Find(1); groups != nullptr) {
    for (const TraceValue& group : groups->items) {
      // strace shortens long lists: "...".
      const std::optional<std::uint64_t> id = group.Number();
      if (!id.has_value()) return session.Skip("the trace does not tell all groups");
      request.add_gids(static_cast<std::uint32_t>(*id));
    }
  }
  ApplyIfDone(session, arguments, line, std::move(call));
}

void TranslatePrctl(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::PrctlRequest& request = *call.mutable_prctl();
  request.set_pid(process.machine_pid);
  request.set_option(static_cast<std::int32_t>(arguments.Number(0)));
  // A string (a name for a mapping) is somewhere in the program's memory, and not NULL.
  const auto argument = [&](std::size_t index) {
    const TraceValue* value = arguments.Find(index);
    return value != nullptr && value->kind == TraceValue::Kind::kString ? 1 : arguments.NumberOr(index, 0);
  };
  request.set_argument2(argument(1));
  request.set_argument3(argument(2));
  request.set_argument4(argument(3));
  request.set_argument5(argument(4));
  CompareResult(session, arguments, line, std::move(call));
}

}  // namespace memsim::replay

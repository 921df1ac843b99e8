#include "client/replay/process_calls.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "client/replay/argument_reader.h"
#include "client/replay/credential_calls.h"
#include "client/replay/descriptors.h"
#include "client/replay/program_image.h"

namespace memsim::replay {
namespace {

// Makes the child that the line's result names.
void AddChild(ReplaySession& session, TracedProcess& parent, const TraceLine& line, std::uint64_t flags,
              const v1::Call& call) {
  if (!line.result.Succeeded()) return;
  // The parent's own pages fault again after a fork, and the trace does not tell.
  parent.ForgetFaults();
  const std::optional<v1::Answer> answer = session.Ask(call);
  TracedProcess& child = session.processes().AddChild(parent, line.result.value, flags);
  if (!answer.has_value() || answer->error_number() != 0) {
    child.missing = answer.has_value() ? absl::StrCat("its ", line.name, " answered ", ResultText(*answer))
                                       : absl::StrCat("its ", line.name, " was refused");
    session.Skip(answer.has_value() ? absl::StrCat("answered ", ResultText(*answer)) : "refused");
    return;
  }
  child.machine_pid = answer->value();
}

// The group's leader, whose pid the machine knows the process by; or who asks, where the leader has ended.
TracedProcess& LeaderOf(ReplaySession& session, TracedProcess& process) {
  TracedProcess* leader = session.processes().Find(process.group);
  return leader != nullptr && leader->machine_pid != 0 && !leader->ended ? *leader : process;
}

void ExitGroup(ReplaySession& session, TracedProcess& process, int status) {
  if (process.ended) return;
  const TracedProcess& leader = LeaderOf(session, process);
  session.processes().EndGroup(process.group);
  if (session.KeepsRunning(leader)) return;
  v1::Call call;
  call.mutable_exit_group()->set_pid(leader.machine_pid);
  call.mutable_exit_group()->set_status(status);
  session.Apply(std::move(call));
}

void SetLimit(ReplaySession& session, const TracedProcess& process, std::uint32_t resource, std::uint64_t current,
              std::uint64_t maximum) {
  v1::Call call;
  v1::Prlimit64Request& prlimit = *call.mutable_prlimit64();
  prlimit.set_pid(process.machine_pid);
  prlimit.set_resource(resource);
  prlimit.mutable_new_limit()->set_current(current);
  prlimit.mutable_new_limit()->set_maximum(maximum);
  session.Prepare(std::move(call));
}

constexpr std::uint32_t kRlimitData = 2;
constexpr std::uint32_t kRlimitStack = 3;
constexpr std::uint32_t kRlimitMemlock = 8;
constexpr std::uint32_t kRlimitAs = 9;
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// An argument that points to limits.
struct LimitArgument {
  enum class Kind : std::uint8_t {
    // NULL.
    kNone,
    kLimit,
    // An address: strace could not read, or was told not to, what stands there.
    kUntold,
    // Neither; the line is not understood.
    kNonsense,
  } kind;
  v1::ResourceLimit limit;
};

// Reads {rlim_cur=…, rlim_max=…}.
LimitArgument ReadLimit(const TraceValue* value) {
  using Kind = LimitArgument::Kind;
  if (value == nullptr) return {Kind::kNonsense, {}};
  if (const std::optional<std::uint64_t> address = value->Number(); address.has_value()) {
    return {*address == 0 ? Kind::kNone : Kind::kUntold, {}};
  }
  const TraceValue* current = value->Find("rlim_cur");
  const TraceValue* maximum = value->Find("rlim_max");
  if (current == nullptr || maximum == nullptr) return {Kind::kNonsense, {}};
  const std::optional<std::uint64_t> current_number = current->Number();
  const std::optional<std::uint64_t> maximum_number = maximum->Number();
  if (!current_number.has_value() || !maximum_number.has_value()) return {Kind::kNonsense, {}};
  LimitArgument argument{Kind::kLimit, {}};
  argument.limit.set_current(*current_number);
  argument.limit.set_maximum(*maximum_number);
  return argument;
}

// Puts the limit that the line sets into the request. false: the line is not understood, or does not tell it and is
// skipped.
bool SetNewLimit(ReplaySession& session, const TraceLine& line, const TraceValue* value,
                 v1::Prlimit64Request& request) {
  const LimitArgument argument = ReadLimit(value);
  switch (argument.kind) {
    case LimitArgument::Kind::kNone:
      return true;
    case LimitArgument::Kind::kLimit:
      *request.mutable_new_limit() = argument.limit;
      return true;
    case LimitArgument::Kind::kUntold:
      session.Skip("the new limit is not told");
      return false;
    case LimitArgument::Kind::kNonsense:
      break;
  }
  session.NotUnderstood(absl::StrCat("the new limit of ", line.name, " is no limit"));
  return false;
}

}  // namespace

TracedProcess& StartProcess(ReplaySession& session, std::uint64_t trace_pid) {
  TracedProcess& process = session.processes().Add(trace_pid);
  v1::Call call;
  call.mutable_spawn()->set_comm("replay");
  const std::optional<v1::Answer> answer = session.Ask(call);
  if (!answer.has_value() || answer->error_number() != 0) {
    process.missing = answer.has_value() ? absl::StrCat("spawn answered ", ResultText(*answer)) : "spawn was refused";
    return process;
  }
  process.machine_pid = answer->value();
  if (session.report().first_pid == 0) session.report().first_pid = process.machine_pid;
  const MachineShape& shape = session.trace().shape;
  if (shape.stack_limit.has_value()) SetLimit(session, process, kRlimitStack, *shape.stack_limit, kUnlimited);
  if (shape.memlock_limit.has_value()) {
    SetLimit(session, process, kRlimitMemlock, *shape.memlock_limit, *shape.memlock_limit);
  }
  BecomeUser(session, process, shape);
  for (int fd = 0; fd < 3; ++fd) OpenAs(session, process, fd, "/dev/null", kOpenReadWrite);
  return process;
}

void EndProcess(ReplaySession& session, TracedProcess& process, int status) {
  if (process.ended || process.machine_pid == 0) return;
  if (session.processes().LivingThreads(process.group) > 1) {
    // The other threads live on, and what belongs to one thread alone is no memory.
    process.ended = true;
    return;
  }
  ExitGroup(session, process, status);
}

void TranslateFork(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  v1::Call call;
  call.mutable_fork()->set_pid(process.machine_pid);
  AddChild(session, process, line, 0, call);
}

void TranslateVfork(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  v1::Call call;
  call.mutable_vfork()->set_pid(process.machine_pid);
  AddChild(session, process, line, 0, call);
}

namespace {

void CloneWith(ReplaySession& session, TracedProcess& process, const TraceLine& line, const TraceValue* flags) {
  const std::optional<std::uint64_t> number = flags != nullptr ? flags->Number() : std::nullopt;
  if (!number.has_value()) {
    session.NotUnderstood(absl::StrCat(line.name, " has no flags that are a number"));
    return;
  }
  v1::Call call;
  call.mutable_clone()->set_pid(process.machine_pid);
  call.mutable_clone()->set_flags(*number);
  AddChild(session, process, line, *number, call);
}

}  // namespace

void TranslateClone(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  const TraceValue* flags = nullptr;
  for (const TraceValue& argument : line.arguments) {
    if (argument.name == "flags") flags = &argument;
  }
  CloneWith(session, process, line, flags);
}

void TranslateClone3(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  CloneWith(session, process, line, line.arguments.empty() ? nullptr : line.arguments[0].Find("flags"));
}

void TranslateExecve(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  arguments.String(PathArgument(line));
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  process.ForgetFaults();
  process.own_memory = nullptr;
  // exec gives the process its own table, also where it shared one.
  process.descriptors = std::make_shared<DescriptorTable>(*process.descriptors);
  CloseOnExec(session, process);
  v1::Call call;
  v1::ExecveRequest& execve = *call.mutable_execve();
  execve = ImageAfter(session.trace(), session.event_index());
  execve.set_pid(process.machine_pid);
  for (const v1::ImageMapping& mapping : execve.mappings()) {
    if (!mapping.path().empty() && mapping.path()[0] == '/') {
      EnsureFile(session, mapping.path(), MappedUpTo(execve, mapping.path()));
    }
  }
  session.Apply(std::move(call));
}

void TranslateImage(ReplaySession& session, TracedProcess& /*process*/, const TraceLine& line) {
  if (!ParseImage(line).has_value()) {
    session.NotUnderstood("a mapping of @image is no row of /proc/PID/maps");
  } else if (!FollowsExecve(session.trace(), session.event_index())) {
    session.Skip("no execve of its process stands before it");
  }
}

void TranslateExit(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (session.processes().LivingThreads(process.group) > 1) {
    process.ended = true;
    if (process.machine_pid == 0) return session.Skip("the machine has no such thread");
    ArgumentReader arguments(line);
    v1::Call call;
    call.mutable_exit()->set_pid(process.machine_pid);
    call.mutable_exit()->set_status(static_cast<int>(arguments.NumberOr(0, 0)));
    if (!arguments.ok()) session.NotUnderstood(arguments.problem());
    return session.Apply(std::move(call));
  }
  TranslateExitGroup(session, process, line);
}

void TranslatePersonality(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  call.mutable_personality()->set_pid(process.machine_pid);
  call.mutable_personality()->set_persona(static_cast<std::uint32_t>(arguments.Number(0)));
  if (!arguments.ok()) return session.NotUnderstood(arguments.problem());
  session.Apply(std::move(call));
}

void TranslateExitGroup(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const int status = static_cast<int>(arguments.NumberOr(0, 0));
  // It ends all the same: whatever its status is, its memory goes.
  if (!arguments.ok()) session.NotUnderstood(arguments.problem());
  ExitGroup(session, process, status);
}

void TranslatePidfdOpen(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.arguments.empty()) return;
  const TracedProcess* named = session.processes().Find(line.arguments[0].Number().value_or(0));
  if (named == nullptr) return;
  process.process_descriptors[static_cast<int>(line.result.value)] = named->machine_pid;
}

void TranslateWait4(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.result.value == 0) return;
  const TracedProcess* child = session.processes().Find(line.result.value);
  if (child == nullptr || child->machine_pid == 0) {
    session.Skip("the machine has no such child");
    return;
  }
  if (session.KeepsRunning(*child)) return;
  v1::Call call;
  v1::Wait4Request& wait = *call.mutable_wait4();
  wait.set_pid(LeaderOf(session, process).machine_pid);
  wait.set_child_pid(child->machine_pid);
  session.Apply(std::move(call));
}

bool ConcernsMemoryLimit(const TraceLine& line) {
  const std::size_t index = line.name == "prlimit64" ? 1 : 0;
  if (line.arguments.size() <= index) return true;
  const std::optional<std::uint64_t> resource = line.arguments[index].Number();
  // Then the line is not understood.
  if (!resource.has_value()) return true;
  switch (*resource) {
    case kRlimitData:
    case kRlimitStack:
    case kRlimitMemlock:
    case kRlimitAs:
      return true;
    default:
      return false;
  }
}

void TranslatePrlimit64(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::uint64_t pid = arguments.Number(0);
  const std::uint64_t resource = arguments.Number(1);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  const TracedProcess* target = pid == 0 ? &process : session.processes().Find(pid);
  if (target == nullptr || target->machine_pid == 0) {
    session.Skip("the machine has no such process");
    return;
  }
  v1::Call call;
  v1::Prlimit64Request& prlimit = *call.mutable_prlimit64();
  prlimit.set_pid(target->machine_pid);
  prlimit.set_resource(static_cast<std::uint32_t>(resource));
  if (!SetNewLimit(session, line, arguments.Find(2), prlimit)) return;
  const LimitArgument old_limit = ReadLimit(arguments.Find(3));
  if (old_limit.kind == LimitArgument::Kind::kNonsense) {
    session.NotUnderstood("the old limit of prlimit64 is no limit");
  } else if (old_limit.kind == LimitArgument::Kind::kLimit && line.result.Succeeded()) {
    session.Compare(std::move(call), LimitText(old_limit.limit.current(), old_limit.limit.maximum()), LimitText);
  } else {
    session.Compare(std::move(call), KernelResultText(line.result), ResultText);
  }
}

void TranslateSetrlimit(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::uint64_t resource = arguments.Number(0);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  v1::Call call;
  v1::Prlimit64Request& prlimit = *call.mutable_prlimit64();
  prlimit.set_pid(process.machine_pid);
  prlimit.set_resource(static_cast<std::uint32_t>(resource));
  if (!SetNewLimit(session, line, arguments.Find(1), prlimit)) return;
  if (!prlimit.has_new_limit()) {
    session.Skip("machines have no setrlimit without a limit");
    return;
  }
  session.Compare(std::move(call), KernelResultText(line.result), ResultText);
}

}  // namespace memsim::replay

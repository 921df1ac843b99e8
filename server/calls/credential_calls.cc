// Who a task is: its ids, its capabilities, and what prctl(2) keeps beside them.

#include <optional>

#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

template <typename Request>
Pid ReadTask(CallFrame& frame, const Request& request) {
  return frame.ReadPid("pid", request.pid(), request.pid_slot());
}

NewId IdOf(bool given, std::uint32_t id) { return given && id != kInvalidId ? NewId(id) : std::nullopt; }

}  // namespace

void RunOperation(CallFrame& frame, const v1::SetuidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setuid(pid, request.uid()));
}

void RunOperation(CallFrame& frame, const v1::SetgidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setgid(pid, request.gid()));
}

void RunOperation(CallFrame& frame, const v1::SetfsuidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setfsuid(pid, request.uid()));
}

void RunOperation(CallFrame& frame, const v1::SetfsgidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setfsgid(pid, request.gid()));
}

void RunOperation(CallFrame& frame, const v1::SetreuidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setreuid(pid, IdOf(request.has_ruid(), request.ruid()),
                                        IdOf(request.has_euid(), request.euid())));
}

void RunOperation(CallFrame& frame, const v1::SetregidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setregid(pid, IdOf(request.has_rgid(), request.rgid()),
                                        IdOf(request.has_egid(), request.egid())));
}

void RunOperation(CallFrame& frame, const v1::SetresuidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setresuid(pid, IdOf(request.has_ruid(), request.ruid()),
                                         IdOf(request.has_euid(), request.euid()),
                                         IdOf(request.has_suid(), request.suid())));
}

void RunOperation(CallFrame& frame, const v1::SetresgidRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setresgid(pid, IdOf(request.has_rgid(), request.rgid()),
                                         IdOf(request.has_egid(), request.egid()),
                                         IdOf(request.has_sgid(), request.sgid())));
}

void RunOperation(CallFrame& frame, const v1::SetgroupsRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Setgroups(pid, {request.gids().begin(), request.gids().end()}));
}

void RunOperation(CallFrame& frame, const v1::CapsetRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  const CapabilitySets sets{CapabilitySet(request.effective()), CapabilitySet(request.permitted()),
                            CapabilitySet(request.inheritable())};
  frame.Finish(frame.machine().Capset(pid, sets));
}

void RunOperation(CallFrame& frame, const v1::PrctlRequest& request) {
  const Pid pid = ReadTask(frame, request);
  if (frame.refused()) return;
  frame.Finish(frame.machine().Prctl(
      pid, request.option(), {request.argument2(), request.argument3(), request.argument4(), request.argument5()}));
}

}  // namespace memsim

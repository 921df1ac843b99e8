#include "server/calls/execute_call.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/calls/answer_digest.h"
#include "server/calls/call_frame.h"
#include "server/calls/operation_runners.h"
#include "server/kernel/slots.h"

namespace memsim {
namespace {

template <typename Request>
void RunWithoutTarget(CallFrame& frame, const Request& request) {
  if (request.has_target()) {
    return frame.Refuse(
        v1::ERROR_REASON_FIELD_INVALID,
        "target is set in a call of a batch; the batch names the machine and its expected_sequence, the "
        "call its store_as and cpu");
  }
  RunOperation(frame, request);
}

void Dispatch(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    case v1::Call::kSpawn:
      return RunWithoutTarget(frame, call.spawn());
    case v1::Call::kFork:
      return RunWithoutTarget(frame, call.fork());
    case v1::Call::kVfork:
      return RunWithoutTarget(frame, call.vfork());
    case v1::Call::kClone:
      return RunWithoutTarget(frame, call.clone());
    case v1::Call::kExecve:
      return RunWithoutTarget(frame, call.execve());
    case v1::Call::kExitGroup:
      return RunWithoutTarget(frame, call.exit_group());
    case v1::Call::kWait4:
      return RunWithoutTarget(frame, call.wait4());
    case v1::Call::kPrlimit64:
      return RunWithoutTarget(frame, call.prlimit64());
    case v1::Call::kMmap:
      return RunWithoutTarget(frame, call.mmap());
    case v1::Call::kMunmap:
      return RunWithoutTarget(frame, call.munmap());
    case v1::Call::kMprotect:
      return RunWithoutTarget(frame, call.mprotect());
    case v1::Call::kMremap:
      return RunWithoutTarget(frame, call.mremap());
    case v1::Call::kBrk:
      return RunWithoutTarget(frame, call.brk());
    case v1::Call::kMadvise:
      return RunWithoutTarget(frame, call.madvise());
    case v1::Call::kTouch:
      return RunWithoutTarget(frame, call.touch());
    case v1::Call::kAllocPages:
      return RunWithoutTarget(frame, call.alloc_pages());
    case v1::Call::kGetZeroedPage:
      return RunWithoutTarget(frame, call.get_zeroed_page());
    case v1::Call::kFreePages:
      return RunWithoutTarget(frame, call.free_pages());
    case v1::Call::kMknod:
      return RunWithoutTarget(frame, call.mknod());
    case v1::Call::kOpen:
      return RunWithoutTarget(frame, call.open());
    case v1::Call::kClose:
      return RunWithoutTarget(frame, call.close());
    case v1::Call::kDup:
      return RunWithoutTarget(frame, call.dup());
    case v1::Call::kFtruncate:
      return RunWithoutTarget(frame, call.ftruncate());
    case v1::Call::kWrite:
      return RunWithoutTarget(frame, call.write());
    case v1::Call::kLseek:
      return RunWithoutTarget(frame, call.lseek());
    case v1::Call::kUnlink:
      return RunWithoutTarget(frame, call.unlink());
    case v1::Call::kRename:
      return RunWithoutTarget(frame, call.rename());
    case v1::Call::kKmemCacheCreate:
      return RunWithoutTarget(frame, call.kmem_cache_create());
    case v1::Call::kKmemCacheDestroy:
      return RunWithoutTarget(frame, call.kmem_cache_destroy());
    case v1::Call::kKmemCacheAlloc:
      return RunWithoutTarget(frame, call.kmem_cache_alloc());
    case v1::Call::kKmemCacheFree:
      return RunWithoutTarget(frame, call.kmem_cache_free());
    case v1::Call::kKmemCacheAllocBulk:
      return RunWithoutTarget(frame, call.kmem_cache_alloc_bulk());
    case v1::Call::kKmemCacheFreeBulk:
      return RunWithoutTarget(frame, call.kmem_cache_free_bulk());
    case v1::Call::kKmemCacheShrink:
      return RunWithoutTarget(frame, call.kmem_cache_shrink());
    case v1::Call::kKmalloc:
      return RunWithoutTarget(frame, call.kmalloc());
    case v1::Call::kKzalloc:
      return RunWithoutTarget(frame, call.kzalloc());
    case v1::Call::kKrealloc:
      return RunWithoutTarget(frame, call.krealloc());
    case v1::Call::kKfree:
      return RunWithoutTarget(frame, call.kfree());
    case v1::Call::kConcurrent:
      return RunWithoutTarget(frame, call.concurrent());
    case v1::Call::kAdvanceTime:
      return RunWithoutTarget(frame, call.advance_time());
    case v1::Call::OPERATION_NOT_SET:
      return frame.Refuse(v1::ERROR_REASON_OPERATION_UNKNOWN,
                          "the call has no operation that this server knows; set one of Call.operation");
  }
}

// cpu: as Machine::BeginCall has it.
void ExecuteOn(Machine& machine, const v1::Call& call, std::optional<CpuId> cpu, LaneGate gate, v1::Answer& answer) {
  CallFrame frame(machine, answer, gate);
  if (call.store_as() > Slots::kMaxSlot) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("store_as is ", call.store_as(), "; slots are 1 to ", Slots::kMaxSlot));
  }
  if (call.has_cpu()) {
    const std::string problem = frame.CpuProblem(call.cpu());
    if (!problem.empty()) return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID, problem);
    cpu = CpuId(static_cast<std::uint16_t>(call.cpu()));
  }
  machine.BeginCall(cpu);
  const Nanoseconds start = machine.now();
  Dispatch(frame, call);
  if (frame.refused()) return;
  answer.set_virtual_time_ns(start.value());
  answer.set_duration_ns((machine.now() - start).value());
  if (call.store_as() != 0 && answer.error_number() == 0 && !answer.has_signal()) {
    machine.slots().Set(call.store_as(), answer.value());
  }
  machine.EndCall([&answer](Digest& digest) { AddAnswer(answer, digest); });
  answer.set_sequence(machine.sequence());
}

}  // namespace

void CallFrame::RunInLane(const v1::Call& call, CpuId cpu, v1::Answer& answer) {
  if (std::optional<v1::Misuse> closed = gate_(call)) {
    *answer.mutable_misuse() = *std::move(closed);
    return;
  }
  ExecuteOn(machine_, call, cpu, gate_, answer);
}

void ExecuteCall(Machine& machine, const v1::Call& call, v1::Answer& answer, LaneGate gate) {
  ExecuteOn(machine, call, std::nullopt, gate, answer);
}

void ExecuteCall(Machine& machine, const v1::Call& call, v1::Answer& answer) {
  ExecuteCall(machine, call, answer, [](const v1::Call&) { return std::nullopt; });
}

}  // namespace memsim

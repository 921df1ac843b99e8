#include "server/calls/execute_call.h"

#include "absl/strings/str_cat.h"

#include "server/calls/call_frame.h"
#include "server/calls/operation_runners.h"
#include "server/kernel/slots.h"

namespace memsim {
namespace {

void Dispatch(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    case v1::Call::kSpawn:
      return RunOperation(frame, call.spawn());
    case v1::Call::kFork:
      return RunOperation(frame, call.fork());
    case v1::Call::kVfork:
      return RunOperation(frame, call.vfork());
    case v1::Call::kClone:
      return RunOperation(frame, call.clone());
    case v1::Call::kExecve:
      return RunOperation(frame, call.execve());
    case v1::Call::kExitGroup:
      return RunOperation(frame, call.exit_group());
    case v1::Call::kWait4:
      return RunOperation(frame, call.wait4());
    case v1::Call::kPrlimit64:
      return RunOperation(frame, call.prlimit64());
    case v1::Call::kMmap:
      return RunOperation(frame, call.mmap());
    case v1::Call::kMunmap:
      return RunOperation(frame, call.munmap());
    case v1::Call::kMprotect:
      return RunOperation(frame, call.mprotect());
    case v1::Call::kMremap:
      return RunOperation(frame, call.mremap());
    case v1::Call::kBrk:
      return RunOperation(frame, call.brk());
    case v1::Call::kMadvise:
      return RunOperation(frame, call.madvise());
    case v1::Call::kTouch:
      return RunOperation(frame, call.touch());
    case v1::Call::kAllocPages:
      return RunOperation(frame, call.alloc_pages());
    case v1::Call::kGetZeroedPage:
      return RunOperation(frame, call.get_zeroed_page());
    case v1::Call::kFreePages:
      return RunOperation(frame, call.free_pages());
    case v1::Call::kMknod:
      return RunOperation(frame, call.mknod());
    case v1::Call::kOpen:
      return RunOperation(frame, call.open());
    case v1::Call::kClose:
      return RunOperation(frame, call.close());
    case v1::Call::kDup:
      return RunOperation(frame, call.dup());
    case v1::Call::kFtruncate:
      return RunOperation(frame, call.ftruncate());
    case v1::Call::kWrite:
      return RunOperation(frame, call.write());
    case v1::Call::kLseek:
      return RunOperation(frame, call.lseek());
    case v1::Call::kUnlink:
      return RunOperation(frame, call.unlink());
    case v1::Call::kRename:
      return RunOperation(frame, call.rename());
    case v1::Call::OPERATION_NOT_SET:
      return frame.Refuse(v1::ERROR_REASON_OPERATION_UNKNOWN,
                          "the call has no operation that this server knows; set one of Call.operation");
  }
}

// The canonical encoding of an answer: its numbers in this order, never protobuf's bytes.
void AddAnswer(const v1::Answer& answer, Digest& digest) {
  digest.Add(answer.value());
  digest.Add(static_cast<std::uint64_t>(answer.error_number()));
  digest.Add(answer.virtual_time_ns());
  digest.Add(answer.duration_ns());
  if (answer.has_signal()) {
    digest.Add(static_cast<std::uint64_t>(answer.signal().number()));
    digest.Add(static_cast<std::uint64_t>(answer.signal().code()));
    digest.Add(answer.signal().address());
  }
  digest.Add(static_cast<std::uint64_t>(answer.detail_case()));
  digest.Add(answer.fault_counts().major_faults());
  digest.Add(answer.resource_limit().current());
  digest.Add(answer.resource_limit().maximum());
  digest.Add(static_cast<std::uint64_t>(answer.free_refusal()));
}

}  // namespace

void ExecuteCall(Machine& machine, const v1::Call& call, v1::Answer& answer) {
  CallFrame frame(machine, answer);
  if (call.store_as() > Slots::kMaxSlot) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("store_as is ", call.store_as(), "; slots are 1 to ", Slots::kMaxSlot));
  }
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

}  // namespace memsim

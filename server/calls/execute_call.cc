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

// Half of what the clock's 64 bits hold: the rest is for the call itself, of whose steps each takes a second at most.
constexpr Nanoseconds kLastStart{1ULL << 63};

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

// The calls by whom they concern, so that no list is longer than a page. Each: whether the call is one of its own.
#define MEMSIM_RUN(Case, field)            \
  case v1::Call::Case:                     \
    RunWithoutTarget(frame, call.field()); \
    return true

// Address spaces.
bool RunMemoryCall(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    MEMSIM_RUN(kMmap, mmap);
    MEMSIM_RUN(kMunmap, munmap);
    MEMSIM_RUN(kMprotect, mprotect);
    MEMSIM_RUN(kMremap, mremap);
    MEMSIM_RUN(kBrk, brk);
    MEMSIM_RUN(kMadvise, madvise);
    MEMSIM_RUN(kMlock, mlock);
    MEMSIM_RUN(kMlock2, mlock2);
    MEMSIM_RUN(kMunlock, munlock);
    MEMSIM_RUN(kMlockall, mlockall);
    MEMSIM_RUN(kMunlockall, munlockall);
    MEMSIM_RUN(kProcessMadvise, process_madvise);
    MEMSIM_RUN(kMincore, mincore);
    MEMSIM_RUN(kMsync, msync);
    MEMSIM_RUN(kMseal, mseal);
    MEMSIM_RUN(kRemapFilePages, remap_file_pages);
    MEMSIM_RUN(kPkeyAlloc, pkey_alloc);
    MEMSIM_RUN(kPkeyFree, pkey_free);
    MEMSIM_RUN(kPkeyMprotect, pkey_mprotect);
    MEMSIM_RUN(kPkeySet, pkey_set);
    MEMSIM_RUN(kPkeyGet, pkey_get);
    MEMSIM_RUN(kCachestat, cachestat);
    MEMSIM_RUN(kExit, exit);
    MEMSIM_RUN(kPersonality, personality);
    MEMSIM_RUN(kMbind, mbind);
    MEMSIM_RUN(kSetMempolicy, set_mempolicy);
    MEMSIM_RUN(kGetMempolicy, get_mempolicy);
    MEMSIM_RUN(kTouch, touch);
    MEMSIM_RUN(kLoad, load);
    MEMSIM_RUN(kStore, store);
    default:
      return false;
  }
}

// Processes and who they are.
bool RunProcessCall(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    MEMSIM_RUN(kSpawn, spawn);
    MEMSIM_RUN(kFork, fork);
    MEMSIM_RUN(kVfork, vfork);
    MEMSIM_RUN(kClone, clone);
    MEMSIM_RUN(kExecve, execve);
    MEMSIM_RUN(kExitGroup, exit_group);
    MEMSIM_RUN(kWait4, wait4);
    MEMSIM_RUN(kPrlimit64, prlimit64);
    MEMSIM_RUN(kSetuid, setuid);
    MEMSIM_RUN(kSetgid, setgid);
    MEMSIM_RUN(kSetreuid, setreuid);
    MEMSIM_RUN(kSetregid, setregid);
    MEMSIM_RUN(kSetresuid, setresuid);
    MEMSIM_RUN(kSetresgid, setresgid);
    MEMSIM_RUN(kSetfsuid, setfsuid);
    MEMSIM_RUN(kSetfsgid, setfsgid);
    MEMSIM_RUN(kSetgroups, setgroups);
    MEMSIM_RUN(kCapset, capset);
    MEMSIM_RUN(kPrctl, prctl);
    default:
      return false;
  }
}

// Looking into address spaces.
bool RunInspection(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    MEMSIM_RUN(kFindVma, find_vma);
    MEMSIM_RUN(kFindVmaPrev, find_vma_prev);
    MEMSIM_RUN(kFindVmaIntersection, find_vma_intersection);
    MEMSIM_RUN(kGetUnmappedArea, get_unmapped_area);
    MEMSIM_RUN(kMmStruct, mm_struct);
    MEMSIM_RUN(kMmlist, mmlist);
    MEMSIM_RUN(kRmapWalk, rmap_walk);
    MEMSIM_RUN(kExplain, explain);
    default:
      return false;
  }
}

// Pages, files, slab caches, shared memory and time.
bool RunKernelCall(CallFrame& frame, const v1::Call& call) {
  switch (call.operation_case()) {
    MEMSIM_RUN(kAllocPages, alloc_pages);
    MEMSIM_RUN(kGetZeroedPage, get_zeroed_page);
    MEMSIM_RUN(kFreePages, free_pages);
    MEMSIM_RUN(kMknod, mknod);
    MEMSIM_RUN(kOpen, open);
    MEMSIM_RUN(kClose, close);
    MEMSIM_RUN(kDup, dup);
    MEMSIM_RUN(kFtruncate, ftruncate);
    MEMSIM_RUN(kWrite, write);
    MEMSIM_RUN(kRead, read);
    MEMSIM_RUN(kLseek, lseek);
    MEMSIM_RUN(kUnlink, unlink);
    MEMSIM_RUN(kRename, rename);
    MEMSIM_RUN(kWriteProc, write_proc);
    MEMSIM_RUN(kMemfdCreate, memfd_create);
    MEMSIM_RUN(kFcntl, fcntl);
    MEMSIM_RUN(kFallocate, fallocate);
    MEMSIM_RUN(kKmemCacheCreate, kmem_cache_create);
    MEMSIM_RUN(kKmemCacheDestroy, kmem_cache_destroy);
    MEMSIM_RUN(kKmemCacheAlloc, kmem_cache_alloc);
    MEMSIM_RUN(kKmemCacheFree, kmem_cache_free);
    MEMSIM_RUN(kKmemCacheAllocBulk, kmem_cache_alloc_bulk);
    MEMSIM_RUN(kKmemCacheFreeBulk, kmem_cache_free_bulk);
    MEMSIM_RUN(kKmemCacheShrink, kmem_cache_shrink);
    MEMSIM_RUN(kKmalloc, kmalloc);
    MEMSIM_RUN(kKzalloc, kzalloc);
    MEMSIM_RUN(kKrealloc, krealloc);
    MEMSIM_RUN(kKfree, kfree);
    MEMSIM_RUN(kShmget, shmget);
    MEMSIM_RUN(kShmat, shmat);
    MEMSIM_RUN(kShmdt, shmdt);
    MEMSIM_RUN(kShmctl, shmctl);
    MEMSIM_RUN(kConcurrent, concurrent);
    MEMSIM_RUN(kAdvanceTime, advance_time);
    default:
      return false;
  }
}

#undef MEMSIM_RUN

void Dispatch(CallFrame& frame, const v1::Call& call) {
  if (RunMemoryCall(frame, call) || RunProcessCall(frame, call) || RunInspection(frame, call) ||
      RunKernelCall(frame, call)) {
    return;
  }
  frame.Refuse(v1::ERROR_REASON_OPERATION_UNKNOWN,
               "the call has no operation that this server knows; set one of Call.operation");
}

// Whether the value of a call would overwrite an object that it stores itself.
bool StoresOverItsObjects(const v1::Call& call) {
  const v1::KmemCacheAllocBulkRequest& bulk = call.kmem_cache_alloc_bulk();
  return call.store_as() != 0 && call.store_as() >= bulk.first_store_as() &&
         call.store_as() - bulk.first_store_as() < bulk.object_count();
}

// cpu: as Machine::BeginCall has it.
void ExecuteOn(Machine& machine, const v1::Call& call, std::optional<CpuId> cpu, LaneGate gate, v1::Answer& answer) {
  CallFrame frame(machine, answer, gate);
  if (call.store_as() > Slots::kMaxSlot) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("store_as is ", call.store_as(), "; slots are 1 to ", Slots::kMaxSlot));
  }
  if (StoresOverItsObjects(call)) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("store_as is ", call.store_as(),
                                     ", where first_store_as and object_count put an object; write another"));
  }
  if (call.has_cpu()) {
    const std::string problem = frame.CpuProblem(call.cpu());
    if (!problem.empty()) return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID, problem);
    cpu = CpuId(static_cast<std::uint16_t>(call.cpu()));
  }
  if (machine.now() >= kLastStart) {
    return frame.Refuse(
        v1::ERROR_REASON_TIME_EXHAUSTED,
        absl::StrCat("the machine's clock stands at ", machine.now().value(), " ns, and calls begin before ",
                     kLastStart.value(), ", 292 years after boot; create another machine"));
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

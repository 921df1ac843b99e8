// The calls that look into address spaces, and the access that is explained.

#include <utility>

#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"

namespace memsim {

namespace {

// What look(space) answers of a task's address space.
template <typename Look>
ErrnoOr<VmaLookup> LookInto(MachineState& state, Pid pid, Look look) {
  const Task* task = state.tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  return look(state.tasks.SpaceOf(*task));
}

}  // namespace

ErrnoOr<VmaLookup> Machine::FindVma(Pid pid, VirtualAddress address) {
  return LookInto(*state_, pid, [address](AddressSpace& space) { return memsim::FindVma(space, address); });
}

ErrnoOr<VmaLookup> Machine::FindVmaPrev(Pid pid, VirtualAddress address) {
  return LookInto(*state_, pid, [address](AddressSpace& space) { return memsim::FindVmaPrev(space, address); });
}

ErrnoOr<VmaLookup> Machine::FindVmaIntersection(Pid pid, VirtualRange range) {
  return LookInto(*state_, pid, [range](AddressSpace& space) { return memsim::FindVmaIntersection(space, range); });
}

RoomSearch Machine::GetUnmappedArea(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags, int fd,
                                    ByteCount offset) {
  Task* task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return {Errno::kSrch, {}};
  AddressSpace& space = state_->tasks.SpaceOf(*task);
  const VmCaller memory = state_->tasks.CallerOf(*task);
  if (offset.value() % kPageSize.value() != 0) return {Errno::kInval, {}};
  MmapArguments arguments{address, length, 0, flags, OpenFileId(), PageOffset(offset.value() >> kPageShift)};
  if ((flags & kMapAnonymous) == 0) {
    const MachineState::Caller caller{*task, space, memory};
    const ErrnoOr<OpenFileId> file = FileOfDescriptor(state_->FilesOf(caller), fd);
    if (!file.ok()) return {file.error(), {}};
    arguments.file = *file;
  }
  PlacementTrail trail;
  const ErrnoOr<VirtualAddress> place = FindPlaceFor(space, memory, arguments, trail);
  // Each look goes down the index.
  const std::uint64_t nodes = VisitedNodes(space, address).size();
  for (const PlacementStep& step : trail.steps) {
    state_->cpus.Charge(state_->costs.index_node * (nodes * (step.gap_count + 1)));
  }
  return {place, std::move(trail)};
}

ErrnoOr<MmDescription> Machine::DescribeMm(Pid pid) const {
  const Task* task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  return memsim::DescribeMm(state_->tasks, state_->cpus, *task);
}

MmList Machine::ListMms(AddressSpaceNumber first) const { return memsim::ListMms(state_->tasks, state_->cpus, first); }

ReverseMap Machine::RmapWalk(PageFrameNumber frame) {
  return WalkReverseMap(state_->environment, state_->tasks, frame);
}

ErrnoOr<ReverseMap> Machine::RmapWalk(Pid pid, VirtualAddress address) {
  const Task* task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  const bool of_user = address < kTaskSize;
  const Pte pte = of_user ? state_->tasks.SpaceOf(*task).page_tables().Get(address) : Pte();
  if (!pte.present()) return Errno::kFault;
  return RmapWalk(pte.frame());
}

ErrnoOr<AccessExplanation> Machine::Explain(Pid pid, VirtualAddress address, AccessKind access) {
  Task* task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  AccessExplanation explanation;
  ExplainPlace(state_->tasks.SpaceOf(*task), address, explanation);
  FaultTrail trail;
  const Nanoseconds start = state_->cpus.now();
  state_->Run(*task);
  if (state_->cpus.now() != start) trail.Add(KernelFunction::kSchedule, start);
  state_->environment.fault_trail = &trail;
  const ErrnoOr<AccessResult> result = Touch(pid, address, access, PageCount(1));
  state_->environment.fault_trail = nullptr;
  explanation.result = *result;
  explanation.verdict = trail.verdict;
  ExplainSteps(trail, state_->cpus.now(), explanation);
  if (const Task* survivor = state_->tasks.FindAlive(pid); survivor != nullptr) {
    explanation.after = WalkTo(state_->tasks.SpaceOf(*survivor), address);
  } else {
    explanation.verdict = AccessVerdict::kOutOfMemory;
  }
  return explanation;
}

}  // namespace memsim

// What a machine is to the layers above; its calls on processes, memory and files stand in machine_processes.cc,
// machine_memory.cc and machine_files.cc.

#include "server/kernel/machine.h"

#include <utility>

#include "server/kernel/machine_state.h"
#include "server/kernel/physical/direct_map.h"
#include "server/kernel/procfs/counter_samples.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {

namespace {

ErrnoOr<VirtualAddress> OrNoMemory(VirtualAddress object) {
  if (object == kNoObject) return Errno::kNoMem;
  return object;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> Machine::Create(const MachineSpec& spec) {
  if (absl::Status status = spec.Validate(); !status.ok()) return status;
  auto state = std::make_unique<MachineState>(spec);
  if (absl::Status status = state->Boot(); !status.ok()) return status;
  return std::unique_ptr<Machine>(new Machine(std::move(state)));
}

Machine::Machine(std::unique_ptr<MachineState> state) : state_(std::move(state)) {}

Machine::~Machine() = default;

const MachineSpec& Machine::spec() const { return state_->spec; }

// --- CPUs and time

bool Machine::HasCpu(CpuId cpu) const { return cpu.value() < state_->cpus.count(); }

void Machine::BeginCall(std::optional<CpuId> cpu) {
  state_->named_cpu = cpu;
  state_->cpus.trace().SetTask(Pid(), "");
  state_->cpus.SwitchTo(cpu.value_or(CpuId(0)));
}

void Machine::AdvanceTime(Nanoseconds time) {
  state_->cpus.Idle(time);
  state_->RunTimers();
}

void Machine::BeginLanes(const std::vector<CpuId>& cpus) { state_->lanes.emplace(state_->locks, cpus); }

std::optional<std::size_t> Machine::NextLane() { return state_->lanes->Next(); }

void Machine::FinishLane() { state_->lanes->Finish(); }

void Machine::EndLanes() { state_->lanes.reset(); }

// --- Pages

ErrnoOr<PageFrameNumber> Machine::AllocPages(GfpMask gfp, std::uint32_t order) {
  if (order > kMaxOrder.value()) return Errno::kInval;
  const auto frame = state_->pages.AllocPages(gfp, Order(static_cast<std::uint8_t>(order)), PageOwner::kCaller);
  if (!frame.has_value()) return Errno::kNoMem;
  return *frame;
}

ErrnoOr<VirtualAddress> Machine::GetZeroedPage(GfpMask gfp) {
  // get_zeroed_page gives an address, so it cannot give high memory.
  const ErrnoOr<PageFrameNumber> frame = AllocPages((gfp | kGfpZero) & ~kGfpHighmem, 0);
  if (!frame.ok()) return frame.error();
  return DirectMapAddress(*frame);
}

std::optional<FreeRefusal> Machine::FreePages(PageFrameNumber frame, std::uint32_t order) {
  return state_->pages.FreeCallerPages(frame, order);
}

std::optional<PageFrameNumber> Machine::DirectMapFrame(VirtualAddress address) const {
  if (address < kDirectMapBase || !IsPageAligned(address)) return std::nullopt;
  return FrameOfDirectMap(address);
}

// --- Slab caches

std::optional<CacheId> Machine::FindCache(absl::string_view name) const { return state_->slabs.Find(name); }

bool Machine::HasCache(CacheId cache) const { return state_->slabs.Contains(cache); }

bool Machine::IsKernelCache(CacheId cache) const { return IsBootCache(cache); }

std::uint64_t Machine::CacheObjects(CacheId cache) const { return state_->slabs.held_objects(cache); }

ErrnoOr<CacheId> Machine::KmemCacheCreate(const CacheDefinition& definition) {
  return state_->slabs.Create(definition);
}

Errno Machine::KmemCacheDestroy(CacheId cache, absl::string_view name) { return state_->slabs.Destroy(cache, name); }

ErrnoOr<VirtualAddress> Machine::KmemCacheAlloc(CacheId cache, GfpMask gfp) {
  return OrNoMemory(state_->slabs.AllocForCaller(cache, gfp));
}

std::optional<SlabRefusal> Machine::KmemCacheFree(CacheId cache, VirtualAddress object) {
  return state_->slabs.FreeCallers(cache, object);
}

Errno Machine::KmemCacheAllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) {
  return state_->slabs.AllocBulkForCaller(cache, gfp, objects) ? Errno::kOk : Errno::kNoMem;
}

std::optional<SlabRefusal> Machine::KmemCacheFreeBulk(CacheId cache, absl::Span<VirtualAddress> objects) {
  return state_->slabs.FreeBulkCallers(cache, objects);
}

void Machine::KmemCacheShrink(CacheId cache) { state_->slabs.Shrink(cache); }

ErrnoOr<VirtualAddress> Machine::Kmalloc(ByteCount size, GfpMask gfp) {
  return OrNoMemory(state_->kmalloc.Alloc(size, gfp, ObjectOwner::kCaller));
}

Machine::Reallocated Machine::Krealloc(VirtualAddress address, ByteCount size, GfpMask gfp) {
  const auto moved = state_->kmalloc.ReallocCallers(address, size, gfp);
  return {OrNoMemory(moved.address), moved.refusal};
}

std::optional<SlabRefusal> Machine::Kfree(VirtualAddress address) { return state_->kmalloc.FreeCallers(address); }

// --- Looking in

std::optional<std::string> Machine::ReadProc(absl::string_view path) const {
  return memsim::ReadProc(state_->View(), path);
}

ErrnoOr<std::string> Machine::ReadProcPart(absl::string_view path, ByteCount offset,
                                           std::optional<ByteCount> length) const {
  return memsim::ReadProcPart(state_->View(), path, {offset, length});
}

std::vector<CounterSample> Machine::ReadCounters() const { return memsim::ReadCounters(state_->View()); }

std::string Machine::StateDigest() const {
  Digest digest;
  state_->DigestTo(digest);
  return digest.ToHex();
}

ByteCount Machine::HostMemory() const { return state_->HostMemory(); }

bool Machine::TimersAreDueWithin(Nanoseconds time) const { return state_->next_look <= state_->cpus.now() + time; }

bool Machine::HasMemoryFor(PageCount pages) const {
  return state_->pages.free_pages() >= state_->pages.total_reserve_pages() + pages;
}

Nanoseconds Machine::now() const { return state_->cpus.now(); }

void Machine::CheckInvariants() const { state_->CheckInvariants(); }

// --- Events

void Machine::ListenTo(const TracepointSet& points) { state_->cpus.trace().Listen(points); }

bool Machine::EventsPress() const { return state_->cpus.trace().half_full(); }

TraceBatch Machine::TakeEvents() { return state_->cpus.trace().Take(); }

// --- The caller's books

Slots& Machine::slots() { return state_->slots; }

std::uint64_t Machine::sequence() const { return state_->sequence; }

void Machine::EndCall(absl::FunctionRef<void(Digest&)> add_answer) {
  state_->RunTimers();
  ++state_->sequence;
  state_->counters.Add(Counter::kCalls, 1);
  add_answer(state_->answers);
}

std::string Machine::AnswerDigest() const { return state_->answers.ToHex(); }

}  // namespace memsim

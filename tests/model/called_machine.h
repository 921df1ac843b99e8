// A Machine that is asked in Calls: each method makes the Call, has ExecuteCall run it, and says what the Answer said
// as the Machine's method of that name would. All calls and answers are kept, to be sent again.
//
// Lanes are run by hand, one call at a time, so that whoever asks can look at the machine between two of them. What is
// kept is one Concurrent, whose answer and whose place in the digests must be the same.

#ifndef MEMSIM_TESTS_MODEL_CALLED_MACHINE_H_
#define MEMSIM_TESTS_MODEL_CALLED_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

class CalledMachine {
 public:
  // REQUIRES: a machine of the spec boots.
  explicit CalledMachine(const MachineSpec& spec);

  // To look in.
  const Machine& machine() const { return *machine_; }
  // What was sent and what was answered, so far.
  const std::vector<v1::Call>& calls() const { return calls_; }
  const std::vector<v1::Answer>& answers() const { return answers_; }
  // How many calls were executed, those of lanes and their Concurrents included.
  std::uint64_t executed() const { return machine_->sequence(); }

  // The CPU that calls name from now on, except in lanes.
  void NameCpu(CpuId cpu) { cpu_ = cpu; }

  // --- Lanes. Between NextLane and the next NextLane, either one call or FinishLane.
  void BeginLanes(const std::vector<CpuId>& cpus);
  std::optional<std::size_t> NextLane();
  // Whether no call was made since NextLane.
  bool LaneMayCall() const { return lane_may_call_; }
  void FinishLane();
  void EndLanes();

  // --- As Machine has them.
  void AdvanceTime(Nanoseconds time);
  ErrnoOr<Pid> Spawn(absl::string_view comm);
  ErrnoOr<Pid> Clone(Pid parent, std::uint64_t clone_flags);
  Errno Execve(Pid pid, const ExecImage& image);
  Errno ExitGroup(Pid pid, int status);
  ErrnoOr<Pid> Wait4(Pid parent, Pid child);
  ErrnoOr<ResourceLimit> Prlimit64(Pid pid, std::uint32_t resource, const std::optional<ResourceLimit>& new_limit);

  ErrnoOr<VirtualAddress> Mmap(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot,
                               std::uint64_t flags, int fd, ByteCount offset);
  Errno Munmap(Pid pid, VirtualAddress address, ByteCount length);
  Errno Mprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot);
  ErrnoOr<VirtualAddress> Mremap(Pid pid, VirtualAddress address, ByteCount old_length, ByteCount new_length,
                                 std::uint64_t flags, VirtualAddress new_address);
  ErrnoOr<VirtualAddress> Brk(Pid pid, VirtualAddress address);
  Errno Madvise(Pid pid, VirtualAddress address, ByteCount length, int advice);
  Errno Mlock(Pid pid, VirtualAddress address, ByteCount length);
  Errno Mlock2(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags);
  Errno Munlock(Pid pid, VirtualAddress address, ByteCount length);
  Errno Mlockall(Pid pid, std::uint64_t flags);
  Errno Munlockall(Pid pid);
  ErrnoOr<std::int32_t> Shmget(Pid pid, std::int32_t key, ByteCount size, std::uint32_t flags);
  ErrnoOr<VirtualAddress> Shmat(Pid pid, std::int32_t shmid, VirtualAddress address, std::uint32_t flags);
  Errno Shmdt(Pid pid, VirtualAddress address);
  // What IPC_STAT tells; nothing of other commands.
  ErrnoOr<v1::ShmidDs> Shmctl(Pid pid, std::int32_t shmid, std::int32_t command);
  // REQUIRES: pages are not 0, which a Call takes for 1.
  ErrnoOr<AccessResult> Touch(Pid pid, VirtualAddress address, AccessKind access, PageCount pages);
  // One access; aborts unless the steps that are told add up to the time that the call took.
  ErrnoOr<AccessResult> Explain(Pid pid, VirtualAddress address, AccessKind access);

  // loaded: what was, as far as it came.
  ErrnoOr<TransferResult> Load(Pid pid, VirtualAddress address, ByteCount length, std::string& loaded);
  ErrnoOr<TransferResult> Store(Pid pid, VirtualAddress address, absl::string_view bytes);

  // A call that has no method of its own here.
  v1::Answer Ask(v1::Call call) { return Execute(std::move(call)); }

  ErrnoOr<PageFrameNumber> AllocPages(GfpMask gfp, std::uint32_t order);
  ErrnoOr<VirtualAddress> GetZeroedPage(GfpMask gfp);
  // Odd frames by their address.
  std::optional<FreeRefusal> FreePages(PageFrameNumber frame, std::uint32_t order);

  ErrnoOr<CacheId> KmemCacheCreate(const CacheDefinition& definition);
  Errno KmemCacheDestroy(CacheId cache);
  // The object is stored in a slot too; those of a bulk in the slots from the first on.
  ErrnoOr<VirtualAddress> KmemCacheAlloc(CacheId cache, GfpMask gfp, std::uint32_t slot);
  std::optional<SlabRefusal> KmemCacheFree(CacheId cache, VirtualAddress object);
  Errno KmemCacheAllocBulk(CacheId cache, GfpMask gfp, std::uint32_t first_slot, absl::Span<VirtualAddress> objects);
  std::optional<SlabRefusal> KmemCacheFreeBulk(CacheId cache, std::uint32_t first_slot, std::uint32_t count);
  std::optional<std::uint64_t> Slot(std::uint32_t slot) const { return machine_->slots().Get(slot); }
  void KmemCacheShrink(CacheId cache);
  // __GFP_ZERO: kzalloc.
  ErrnoOr<VirtualAddress> Kmalloc(ByteCount size, GfpMask gfp);
  Machine::Reallocated Krealloc(VirtualAddress address, ByteCount size, GfpMask gfp);
  std::optional<SlabRefusal> Kfree(VirtualAddress address);

  Errno Mknod(absl::string_view path, FileKind kind, ByteCount size);
  ErrnoOr<int> Open(Pid pid, absl::string_view path, std::uint32_t flags);
  Errno Close(Pid pid, int fd);
  ErrnoOr<int> Dup(Pid pid, int fd, std::optional<int> new_fd, int minimum_fd, std::uint32_t flags);
  Errno Ftruncate(Pid pid, int fd, ByteCount length);
  ErrnoOr<ByteCount> Write(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset, absl::string_view data);
  ErrnoOr<ByteCount> Read(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset, std::string& found);
  ErrnoOr<ByteCount> Lseek(Pid pid, int fd, std::int64_t offset, int whence);
  Errno Unlink(absl::string_view path);
  Errno Rename(absl::string_view old_path, absl::string_view new_path);

 private:
  v1::Answer Execute(v1::Call call);

  std::unique_ptr<Machine> machine_;
  std::optional<CpuId> cpu_;
  std::vector<v1::Call> calls_;
  std::vector<v1::Answer> answers_;
  // While lanes run: their CPUs, and which of them runs. The Concurrent is the last of the calls.
  std::vector<CpuId> lane_cpus_;
  std::size_t lane_ = 0;
  bool lane_may_call_ = false;
  std::uint64_t lane_calls_ = 0;
};

// Sends the same calls to a fresh machine, each Concurrent as one call. Empty: the same answers and the same digests.
std::string CompareWithReplay(const CalledMachine& called);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_CALLED_MACHINE_H_

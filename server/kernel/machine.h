// One simulated machine: a Linux memory subsystem from page frames to page faults.
//
// Deterministic: the same spec and the same calls in the same order give the same answers, counters and digest on any
// host.
//
// Thread-compatible: one thread at a time. The layers above queue calls and run a machine in turns.
//
// A method either answers as the kernel would, with an Errno where that fails, or ends in a Signal. It never aborts on
// what a client can say.

#ifndef MEMSIM_SERVER_KERNEL_MACHINE_H_
#define MEMSIM_SERVER_KERNEL_MACHINE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/file/open_flags.h"
#include "server/kernel/inspect/access_explanation.h"
#include "server/kernel/inspect/mm_description.h"
#include "server/kernel/inspect/reverse_map.h"
#include "server/kernel/inspect/room_search.h"
#include "server/kernel/inspect/vma_lookup.h"
#include "server/kernel/ipc/shmid_ds.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/observe/trace_ring.h"
#include "server/kernel/observe/tracepoint_set.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/page_owner.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/process/credentials.h"
#include "server/kernel/process/exec_image.h"
#include "server/kernel/slab/cache_definition.h"
#include "server/kernel/slab/slab_refusal.h"
#include "server/kernel/slots.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/cachestat.h"
#include "server/kernel/vm/mbind.h"
#include "server/kernel/vm/mempolicy_calls.h"
#include "server/kernel/vm/mincore.h"
#include "server/kernel/vm/resource_limits.h"

namespace memsim {

struct MachineState;

class Machine {
 public:
  // Boots a machine: reserves the kernel's memory and starts init (pid 1). INVALID_ARGUMENT if the spec is out of
  // range or leaves too little to boot.
  static absl::StatusOr<std::unique_ptr<Machine>> Create(const MachineSpec& spec);
  ~Machine();

  // The spec with every default filled in.
  const MachineSpec& spec() const;

  // --- CPUs and time
  bool HasCpu(CpuId cpu) const;
  // Where the next call runs: on the CPU named, to which its task moves; else on its task's CPU, or on CPU 0 if it is
  // no task's. REQUIRES: HasCpu.
  void BeginCall(std::optional<CpuId> cpu);
  // Time passes in which no CPU does anything.
  void AdvanceTime(Nanoseconds time);
  // CPUs at work at the same time (cpu/lanes.h): from BeginLanes to EndLanes, run each call on the lane that NextLane
  // tells, by its place in cpus, with BeginCall for that CPU. FinishLane: the lane that runs has no more calls.
  // REQUIRES: the CPUs exist and differ, and no lanes run.
  void BeginLanes(const std::vector<CpuId>& cpus);
  // nullopt: all are finished.
  std::optional<std::size_t> NextLane();
  void FinishLane();
  void EndLanes();

  // --- Processes
  // A child of init with an empty address space. EAGAIN: too many tasks; ENOMEM.
  ErrnoOr<Pid> Spawn(absl::string_view comm);
  // clone_flags: process/clone_flags.h; 0 is fork. ESRCH, EINVAL, EAGAIN, ENOMEM.
  ErrnoOr<Pid> Clone(Pid parent, std::uint64_t clone_flags);
  // ESRCH; ENOENT without a path; EINVAL for an image out of order; ENOMEM.
  Errno Execve(Pid pid, const ExecImage& image);
  // ESRCH; EPERM for init.
  Errno ExitGroup(Pid pid, int status);
  // One thread, of which the last takes the process along. ESRCH; EPERM for init's first.
  Errno Exit(Pid pid, int status);
  // The old one (vm/personality.h). kAskPersonality: it stays.
  ErrnoOr<std::uint64_t> SetPersonality(Pid pid, std::uint32_t personality);
  // WNOHANG: Pid(0) when no child has ended. child 0: any. ESRCH, ECHILD.
  ErrnoOr<Pid> Wait4(Pid parent, Pid child);
  // The limits before the call. ESRCH, EINVAL; EPERM for more descriptors than any process may have.
  ErrnoOr<ResourceLimit> Prlimit64(Pid pid, std::uint32_t resource, const std::optional<ResourceLimit>& new_limit);
  // Who a task is (process/credentials.h). An id that is absent stays as it is. EINVAL: 2^32 - 1, which is nobody's;
  // EPERM. Setfsuid and Setfsgid return the old id, whether or not it changed.
  Errno Setuid(Pid pid, UserId uid);
  Errno Setgid(Pid pid, GroupId gid);
  Errno Setreuid(Pid pid, NewId ruid, NewId euid);
  Errno Setregid(Pid pid, NewId rgid, NewId egid);
  Errno Setresuid(Pid pid, NewId ruid, NewId euid, NewId suid);
  Errno Setresgid(Pid pid, NewId rgid, NewId egid, NewId sgid);
  ErrnoOr<std::uint64_t> Setfsuid(Pid pid, UserId uid);
  ErrnoOr<std::uint64_t> Setfsgid(Pid pid, GroupId gid);
  Errno Setgroups(Pid pid, std::vector<GroupId> groups);
  Errno Capset(Pid pid, const CapabilitySets& sets);
  // What the operation returns. EINVAL, EPERM; ENOSYS: an operation that is not simulated (process/prctl.h).
  ErrnoOr<std::uint64_t> Prctl(Pid pid, int option, const std::array<std::uint64_t, 4>& arguments);

  // --- Address spaces. Lengths are in bytes and need not be whole pages; PROT_*, MAP_*, MREMAP_* and MADV_* stand in
  // vm/mman_flags.h. Each call may answer ESRCH.
  // The address. fd is ignored with MAP_ANONYMOUS. EINVAL, EBADF, ENOMEM, EEXIST (MAP_FIXED_NOREPLACE), EOVERFLOW,
  // EACCES, ENODEV, EOPNOTSUPP, ENFILE, ENOSPC: vm/mmap.h.
  ErrnoOr<VirtualAddress> Mmap(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot,
                               std::uint64_t flags, int fd, ByteCount offset);
  // EINVAL, ENOMEM.
  Errno Munmap(Pid pid, VirtualAddress address, ByteCount length);
  // EINVAL, ENOMEM (a hole, or a limit), EACCES.
  Errno Mprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot);
  // The address after the call. new_address counts with MREMAP_FIXED, and is a hint with MREMAP_DONTUNMAP. EINVAL,
  // EFAULT, ENOMEM.
  ErrnoOr<VirtualAddress> Mremap(Pid pid, VirtualAddress address, ByteCount old_length, ByteCount new_length,
                                 std::uint64_t flags, VirtualAddress new_address);
  // The break after the call: the old one where the kernel refuses. ESRCH is the only error.
  ErrnoOr<VirtualAddress> Brk(Pid pid, VirtualAddress address);
  // EINVAL, EPERM, ENOMEM (a hole), EAGAIN, EFAULT; ENOSYS: an advice of Linux that a machine does not simulate
  // (vm/madvise.h).
  Errno Madvise(Pid pid, VirtualAddress address, ByteCount length, int advice);
  // The bytes advised: what precedes an error counts. target: whose memory, the caller's own or another's. ESRCH: no
  // such caller or target; EINVAL; EPERM, and the errors of Madvise.
  struct AdvisedRange {
    VirtualAddress address;
    ByteCount length;
  };
  ErrnoOr<ByteCount> ProcessMadvise(Pid pid, Pid target, absl::Span<const AdvisedRange> ranges, int advice,
                                    std::uint64_t flags);
  // A byte a page, 1 if it is in memory; also beside ENOMEM, up to the hole. EINVAL, ENOMEM, EFAULT, ENOSYS
  // (vm/mincore.h).
  Residency Mincore(Pid pid, VirtualAddress address, ByteCount length, std::optional<VirtualAddress> vec);
  // flags: MS_*. EINVAL, ENOMEM (a hole), EBUSY.
  Errno Msync(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags);
  // EINVAL, ENOMEM.
  Errno Mseal(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags);
  // EINVAL, and the errors of Mmap (vm/remap_file_pages.h).
  Errno RemapFilePages(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot, PageOffset pgoff,
                       std::uint64_t flags);
  // The key; flags must be 0, rights are PKEY_* (vm/protection_keys.h). EINVAL, ENOSPC.
  ErrnoOr<std::uint64_t> PkeyAlloc(Pid pid, std::uint64_t flags, std::uint64_t rights);
  // EINVAL.
  Errno PkeyFree(Pid pid, std::int32_t key);
  // key -1: as Mprotect. EINVAL, and the errors of Mprotect.
  Errno PkeyMprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot, std::int32_t key);
  // The register PKRU, which a task reads and writes without the kernel. EINVAL: no such key, no such rights.
  Errno PkeySet(Pid pid, std::int32_t key, std::uint64_t rights);
  ErrnoOr<std::uint64_t> PkeyGet(Pid pid, std::int32_t key);
  // mlock2 with flags 0 is mlock. MLOCK_* and MCL_* stand in vm/mman_flags.h, the errors in vm/mlock.h: EINVAL, EPERM,
  // ENOMEM, EAGAIN; ENOSYS.
  Errno Mlock(Pid pid, VirtualAddress address, ByteCount length);
  Errno Mlock2(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags);
  Errno Munlock(Pid pid, VirtualAddress address, ByteCount length);
  Errno Mlockall(Pid pid, std::uint64_t flags);
  Errno Munlockall(Pid pid);
  // MPOL_* and MPOL_F_* stand in numa/mempolicy.h. mode and flags are 32 bits, as the kernel takes them. EINVAL,
  // EFAULT, EPERM, EIO, ENOMEM: vm/mbind.h, vm/mempolicy_calls.h.
  Errno Mbind(Pid pid, const MbindArguments& arguments);
  Errno SetMempolicy(Pid pid, std::uint32_t mode, const NodeMaskArgument& nodes);
  GetMempolicyResult GetMempolicy(Pid pid, const GetMempolicyArguments& arguments);
  // Touches the byte at address and the same byte of the pages after it, until one access ends in a signal. ESRCH;
  // ENOMEM is never an answer: who finds no memory is killed.
  ErrnoOr<AccessResult> Touch(Pid pid, VirtualAddress address, AccessKind access, PageCount pages);
  // The program's own loads and stores, byte after byte, until one ends in a signal: what precedes it is done
  // (vm/load_store.h). Load fills bytes as far as it comes. ESRCH.
  ErrnoOr<TransferResult> Load(Pid pid, VirtualAddress address, absl::Span<char> bytes);
  ErrnoOr<TransferResult> Store(Pid pid, VirtualAddress address, absl::string_view bytes);

  // --- System V shared memory. IPC_* and SHM_* stand in ipc/shm_flags.h. Each call may answer ESRCH.
  // The segment's id. EINVAL, ENOENT, EEXIST, EACCES, ENOSPC, ENOMEM, EPERM, ENFILE: ipc/shm_segments.h.
  ErrnoOr<std::int32_t> Shmget(Pid pid, std::int32_t key, ByteCount size, std::uint32_t flags);
  // The address. EINVAL, EACCES, EPERM, ENOMEM, EAGAIN, ENFILE.
  ErrnoOr<VirtualAddress> Shmat(Pid pid, std::int32_t shmid, VirtualAddress address, std::uint32_t flags);
  // EINVAL.
  Errno Shmdt(Pid pid, VirtualAddress address);
  // EINVAL, EACCES, EPERM, EFAULT, ENOMEM: ipc/shmctl.h.
  ErrnoOr<ShmctlResult> Shmctl(Pid pid, const ShmctlArguments& arguments);

  // --- Pages
  // The first frame of a block of 2^order. EINVAL: order above 10; ENOMEM.
  ErrnoOr<PageFrameNumber> AllocPages(GfpMask gfp, std::uint32_t order);
  // The page's address in the direct map. ENOMEM.
  ErrnoOr<VirtualAddress> GetZeroedPage(GfpMask gfp);
  // nullopt: freed. Only blocks that AllocPages or GetZeroedPage gave are taken.
  std::optional<FreeRefusal> FreePages(PageFrameNumber frame, std::uint32_t order);
  // The frame behind an address of the direct map. nullopt: no such address.
  std::optional<PageFrameNumber> DirectMapFrame(VirtualAddress address) const;

  // --- Slab caches (slab/slab_caches.h, slab/kmalloc.h). What names a cache: REQUIRES HasCache.
  // By its name or an alias.
  std::optional<CacheId> FindCache(absl::string_view name) const;
  bool HasCache(CacheId cache) const;
  // Whether it is one of those that are there from boot on, which nobody can destroy.
  bool IsKernelCache(CacheId cache) const;
  // Objects that somebody has.
  std::uint64_t CacheObjects(CacheId cache) const;
  // The cache, which may be an old one that is like it. EINVAL, EEXIST, ENOSYS, ENOMEM.
  ErrnoOr<CacheId> KmemCacheCreate(const CacheDefinition& definition);
  // Takes away a name, with the last one the cache. Empty: the name that was added last. EBUSY.
  Errno KmemCacheDestroy(CacheId cache, absl::string_view name);
  // ENOMEM.
  ErrnoOr<VirtualAddress> KmemCacheAlloc(CacheId cache, GfpMask gfp);
  // nullopt: freed. Only objects that calls allocated are taken.
  std::optional<SlabRefusal> KmemCacheFree(CacheId cache, VirtualAddress object);
  // All or none: ENOMEM.
  Errno KmemCacheAllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects);
  // All, or none if one is refused. May change the order of the objects.
  std::optional<SlabRefusal> KmemCacheFreeBulk(CacheId cache, absl::Span<VirtualAddress> objects);
  void KmemCacheShrink(CacheId cache);
  // ENOMEM, also for more than 4 MiB. __GFP_ZERO: kzalloc.
  ErrnoOr<VirtualAddress> Kmalloc(ByteCount size, GfpMask gfp);
  // Where the memory lies now, or ENOMEM; or why the address is none that calls allocated.
  struct Reallocated {
    ErrnoOr<VirtualAddress> address;
    std::optional<SlabRefusal> refusal;
  };
  Reallocated Krealloc(VirtualAddress address, ByteCount size, GfpMask gfp);
  // nullopt: freed, or NULL.
  std::optional<SlabRefusal> Kfree(VirtualAddress address);

  // --- Files. Paths are absolute; O_* stand in file/open_flags.h. Calls that name a pid may answer ESRCH.
  // A file of size bytes, as if just written. ENOENT, ENAMETOOLONG, EEXIST, EFBIG, EINVAL (kSharedAnonymous), ENOSPC.
  Errno Mknod(absl::string_view path, FileKind kind, ByteCount size);
  // The descriptor. ENOENT, ENAMETOOLONG, EINVAL, EEXIST, EISDIR, ENOTDIR, EMFILE, ENFILE, ENOSPC.
  ErrnoOr<int> Open(Pid pid, absl::string_view path, std::uint32_t flags);
  // EBADF.
  Errno Close(Pid pid, int fd);
  // new_fd absent: the lowest free descriptor from minimum_fd. flags: O_CLOEXEC or 0. EBADF, EINVAL, EMFILE.
  ErrnoOr<int> Dup(Pid pid, int fd, std::optional<int> new_fd, int minimum_fd, std::uint32_t flags);
  // EBADF, EINVAL, EFBIG, EPERM.
  Errno Ftruncate(Pid pid, int fd, ByteCount length);
  // The descriptor of a file without a name. name: none is NULL. EINVAL, EFAULT, ENODEV, EMFILE, ENFILE, ENOSPC,
  // ENOMEM; ENOSYS: huge pages (file/descriptor_calls.h).
  ErrnoOr<int> MemfdCreate(Pid pid, std::optional<absl::string_view> name, std::uint32_t flags);
  // What the command returns: F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_ADD_SEALS, F_GET_SEALS. EBADF,
  // EINVAL, EMFILE, EPERM, EBUSY; ENOSYS: another command.
  ErrnoOr<std::uint64_t> Fcntl(Pid pid, int fd, int command, std::uint64_t argument);
  // EBADF, EINVAL, EOPNOTSUPP, ESPIPE, EISDIR, ENODEV, EFBIG, EPERM, ENOMEM; ENOSYS (file/descriptor_calls.h).
  Errno Fallocate(Pid pid, int fd, std::uint32_t mode, std::int64_t offset, std::int64_t length);
  // What memory has of a range of a file. EBADF, EFAULT, EPERM, EINVAL (vm/cachestat.h).
  ErrnoOr<CacheStat> Cachestat(Pid pid, const CachestatArguments& arguments);
  // The bytes written; offset absent: at the file's position, which moves along. data: what they are, as far as that is
  // known; the rest is zeros. EBADF, EINVAL, ESPIPE, EFBIG, ENOMEM.
  ErrnoOr<ByteCount> Write(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset,
                           absl::string_view data = "");
  // The bytes read, which fill so much of `bytes`; offset as of Write. EBADF, EINVAL, ESPIPE, EISDIR, ENOMEM.
  ErrnoOr<ByteCount> Read(Pid pid, int fd, absl::Span<char> bytes, std::optional<ByteCount> offset);
  // The position in bytes. whence: SEEK_SET 0, SEEK_CUR 1, SEEK_END 2, SEEK_DATA 3, SEEK_HOLE 4. EBADF, EINVAL, ESPIPE,
  // ENXIO.
  ErrnoOr<ByteCount> Lseek(Pid pid, int fd, std::int64_t offset, int whence);
  // The bytes taken. Opens a file of /proc and writes to its beginning; sysctls take hold at once. ENOENT, EPERM,
  // EINVAL, EIO, EACCES: procfs/procfs.h.
  ErrnoOr<ByteCount> WriteProc(Pid pid, absl::string_view path, absl::string_view text);
  // ENOENT, ENAMETOOLONG, EISDIR.
  Errno Unlink(absl::string_view path);
  // ENOENT, ENAMETOOLONG; EXDEV between /dev/shm and the disk; EISDIR and ENOTDIR where one of both is a directory.
  Errno Rename(absl::string_view old_path, absl::string_view new_path);

  // --- Looking into address spaces, as the kernel's own functions do (inspect/). No process changes, and none gets a
  // CPU for it. Each call that names a pid may answer ESRCH.
  ErrnoOr<VmaLookup> FindVma(Pid pid, VirtualAddress address);
  ErrnoOr<VmaLookup> FindVmaPrev(Pid pid, VirtualAddress address);
  ErrnoOr<VmaLookup> FindVmaIntersection(Pid pid, VirtualRange range);
  // Where Mmap of these would put a mapping. The address may be EINVAL, EBADF, ENOMEM, EPERM, ESRCH.
  RoomSearch GetUnmappedArea(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags, int fd,
                             ByteCount offset);
  ErrnoOr<MmDescription> DescribeMm(Pid pid) const;
  // From the address space of this number on.
  MmList ListMms(AddressSpaceNumber first) const;
  // Any number is a frame to ask about.
  ReverseMap RmapWalk(PageFrameNumber frame);
  // Of the page at an address. EFAULT: there is none.
  ErrnoOr<ReverseMap> RmapWalk(Pid pid, VirtualAddress address);
  // One access as Touch makes it, so that it changes what Touch changes.
  ErrnoOr<AccessExplanation> Explain(Pid pid, VirtualAddress address, AccessKind access);

  // --- Looking in
  // A file below /proc: "meminfo", "1/maps"; or of /sys by its whole path: "/sys/kernel/slab/dentry/order". nullopt:
  // there is none. One that is longer than kMaxProcFileBytes is cut off after the first row that passes it, so that
  // whoever asks can tell.
  std::optional<std::string> ReadProc(absl::string_view path) const;
  // A part of one, which PID/pagemap has too; length absent: to the end. ENOENT, ESRCH, EINVAL, EFBIG: procfs/procfs.h.
  ErrnoOr<std::string> ReadProcPart(absl::string_view path, ByteCount offset, std::optional<ByteCount> length) const;
  // Every number, ordered as the registry declares them.
  std::vector<CounterSample> ReadCounters() const;
  // 32 hexadecimal digits over all state.
  std::string StateDigest() const;
  // About how much host memory the machine's state takes. Cheap enough to ask after every turn.
  ByteCount HostMemory() const;
  // Whether so many pages are free beyond what the kernel keeps in reserve, so that a call which takes no more of them
  // ends no process for it.
  bool HasMemoryFor(PageCount pages) const;
  // Virtual time since boot.
  Nanoseconds now() const;
  // Whether what the kernel does once a second comes within this time: to give back what idle CPUs hold takes as long
  // as they hold much.
  bool TimersAreDueWithin(Nanoseconds time) const;
  // Aborts if any invariant of any subsystem is broken. For tests.
  void CheckInvariants() const;

  // --- Events. Whoever listens changes nothing: no answer, no counter, no digest.
  // Which events are kept from now on, until they are taken; none: nobody listens, and that costs nothing.
  void ListenTo(const TracepointSet& points);
  // Whether the ring has more than half of what it can hold.
  bool EventsPress() const;
  TraceBatch TakeEvents();

  // --- The caller's books
  Slots& slots();
  // How many calls have been executed.
  std::uint64_t sequence() const;
  // Ends a call that was executed: counts it and adds its answer to the answer digest.
  void EndCall(absl::FunctionRef<void(Digest&)> add_answer);
  // A digest over all answers so far.
  std::string AnswerDigest() const;

 private:
  explicit Machine(std::unique_ptr<MachineState> state);

  std::unique_ptr<MachineState> state_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_MACHINE_H_

// A machine that is asked in Calls and its slow model side by side: each operation runs on both, and whatever they say
// differently is an error.
//
// What the kernel may choose (addresses, pids, frames) the model takes over and checks that it is legal. Where memory
// or mappings are short, a call may fail halfway: the model then adopts what the machine says is mapped.

#ifndef MEMSIM_TESTS_MODEL_MACHINE_TWIN_H_
#define MEMSIM_TESTS_MODEL_MACHINE_TWIN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "tests/model/called_machine.h"
#include "tests/model/called_slabs.h"
#include "tests/model/machine_program.h"
#include "tests/model/slow_files.h"
#include "tests/model/slow_memory.h"
#include "tests/model/slow_objects.h"

namespace memsim {

struct SlowProcess {
  std::uint32_t tgid = 0;
  std::uint32_t parent = 0;
  bool zombie = false;
  std::shared_ptr<SlowMemory> memory;
  std::shared_ptr<SlowTable> table;
  // Of the whole thread group.
  std::shared_ptr<ResourceLimits> limits;
};

// A block that a call took, ever.
struct SlowBlock {
  std::uint64_t frame = 0;
  std::uint32_t order = 0;
  bool taken = false;
};

// A segment of System V shared memory that there is.
struct SlowSegment {
  SlowInodeRef inode;
  std::int32_t key = 0;
  std::uint32_t mode = 0;
};

class MachineTwin {
 public:
  explicit MachineTwin(const MachineProgram& program);

  // Runs the first of the operations, and if that begins lanes, also those that run in them: how many it says in taken.
  // Empty if both agree; else what they say.
  std::string Run(absl::Span<const MachineOperation> operations, std::size_t& taken);
  // Ends everything, and checks that the machine is as it was after boot.
  std::string Finish();
  const CalledMachine& machine() const { return machine_; }

 private:
  struct Caller {
    Pid pid;
    SlowProcess& process;
    SlowMemory& memory;
  };

  // --- Processes (twin_processes.cc)
  std::string Spawn();
  std::string Clone(const MachineOperation& op);
  std::string Exec(const MachineOperation& op);
  std::string Exit(Pid pid);
  std::string ExitThread(Pid pid);
  std::string Wait(const MachineOperation& op);
  std::string Limit(const MachineOperation& op);
  void ExitOnPaper(std::uint32_t tgid);
  // Somebody may have been killed for memory: looks who.
  void BuryTheKilled();
  void LearnProgram(std::uint32_t pid, SlowProcess& process);
  ExecImage DrawImage(const MachineOperation& op) const;

  // --- Address spaces (twin_memory.cc, twin_mremap.cc)
  std::string Mmap(const MachineOperation& op, Caller caller);
  std::string Munmap(const MachineOperation& op, Caller caller);
  std::string Mprotect(const MachineOperation& op, Caller caller);
  std::string Mremap(const MachineOperation& op, Caller caller);
  std::string Brk(const MachineOperation& op, Caller caller);
  std::string Madvise(const MachineOperation& op, Caller caller);
  std::string Mlock(const MachineOperation& op, Caller caller);
  std::string Mlockall(const MachineOperation& op, Caller caller);
  std::string Touch(const MachineOperation& op, Caller caller);

  // --- Contents (twin_contents.cc)
  std::string MoveBytes(const MachineOperation& op, Caller caller);
  // Whether the bytes that were loaded are those that the model has, as far as it knows them.
  static std::string CompareBytes(const SlowMemory& memory, std::uint64_t address, const std::string& loaded);
  // What an operation stores or writes.
  static std::string BytesOf(const MachineOperation& op, std::uint64_t length);

  // --- Questions (twin_ask.cc)
  std::string Ask(const MachineOperation& op, Caller caller);
  std::string AskWhoItIs(const MachineOperation& op, Caller caller);
  std::string AskOther(const MachineOperation& op, Caller caller);
  std::string Mincore(const MachineOperation& op, Caller caller);
  std::string Msync(const MachineOperation& op, Caller caller);
  std::string RemapFilePages(const MachineOperation& op, Caller caller);
  std::string AskKeys(const MachineOperation& op, Caller caller);
  std::string AllocateKey(Caller caller);
  std::string AskPolicy(const MachineOperation& op, Caller caller);
  std::string AskDescriptor(const MachineOperation& op, Caller caller);

  // --- Looking into address spaces (twin_inspect.cc)
  std::string Inspect(const MachineOperation& op, Caller caller);
  std::string Lookup(const MachineOperation& op, Caller caller);
  std::string Room(const MachineOperation& op, Caller caller);
  std::string Descriptors(const MachineOperation& op, Caller caller);

  // --- System V shared memory (twin_shm.cc)
  std::string Shm(const MachineOperation& op, Caller caller);
  std::string Shmget(const MachineOperation& op, Caller caller);
  std::string Shmat(const MachineOperation& op, Caller caller);
  std::string Shmdt(const MachineOperation& op, Caller caller);
  std::string Shmctl(const MachineOperation& op, Caller caller);
  // One of the ids that were ever given, or one that never was.
  std::int32_t ShmidOf(const MachineOperation& op) const;
  // How many mappings a segment has, by the maps of all processes.
  std::uint64_t MappingsOf(std::int32_t shmid) const;
  // Removed segments go with their last mapping.
  void BuryTheDetached();
  // Removes those that are left.
  std::string RemoveSegments();

  // --- Pages and files (twin_pages.cc)
  std::string AllocPages(const MachineOperation& op);
  std::string GetZeroedPage(const MachineOperation& op);
  std::string TakeBlock(std::uint64_t frame, std::uint32_t order);
  std::string FreePages(const MachineOperation& op);
  std::string RunFileOperation(const MachineOperation& op, Caller caller);
  std::string Write(const MachineOperation& op, Caller caller);
  std::string Read(const MachineOperation& op, Caller caller);

  // --- Frames (twin_frames.cc)
  // Who has each frame that calls were given; says whose are two's.
  std::string MapFrames(std::map<std::uint64_t, std::string>& holders) const;
  std::int64_t PagesOfLargeObjects() const;
  // Each frame is free, on a CPU's list, or somebody's; and each of a slab is of its cache or of a large kmalloc.
  std::string CompareFrames() const;

  // --- Lanes (twin_lanes.cc)
  std::string RunLanes(const MachineOperation& op, absl::Span<const MachineOperation> inside);

  // --- Common ground (machine_twin.cc)
  std::string RunOne(const MachineOperation& op);
  std::string Dispatch(const MachineOperation& op);
  // The process that an operation works on, if there is one.
  std::optional<Caller> CallerOf(const MachineOperation& op);
  std::uint64_t AddressOf(std::uint64_t place, const SlowMemory& memory) const;
  std::vector<SlowMapsLine> MapsOf(Pid pid) const;
  // Compares what a process has mapped and how its sums come out.
  std::string CompareMemory(Pid pid, const SlowMemory& memory);
  std::string CompareAll();
  // Whether a failure for want of memory, or of mappings, may be.
  bool MemoryIsShort() const;
  bool MappingsAreShort(Pid pid) const;
  bool MayFail(Errno error, Pid pid) const;
  void Adopt(Pid pid, SlowMemory& memory);
  // RLIMIT_AS and RLIMIT_DATA: may_expand_vm.
  static bool MayExpand(const Caller& caller, const SlowPage& kind, std::uint64_t pages, std::uint64_t replaced);
  std::map<std::string, std::int64_t> Gauges() const;
  std::int64_t OomKills() const;

  MachineProgram program_;
  CalledMachine machine_;
  CalledSlabs slabs_;
  SlowObjects objects_;
  SlowFiles files_;
  std::map<std::uint32_t, SlowProcess> processes_;
  std::vector<SlowBlock> blocks_;
  std::map<std::int32_t, SlowSegment> segments_;
  // All that were ever given.
  std::vector<std::int32_t> shmids_;
  std::uint64_t attachments_ = 0;
  std::map<std::string, std::int64_t> gauges_after_boot_;
  int done_ = 0;
};

// Runs all of a program, and ends everything. Empty, or where they disagree.
std::string RunAll(MachineTwin& twin, const MachineProgram& program);

// What came of a program: how many calls were executed, and the digests of state and answers.
struct Outcome {
  std::uint64_t calls = 0;
  Digest digests;
};

// The same, and sends the calls again to another machine. False, and the reason on stderr, when two disagree.
bool Agrees(const MachineProgram& program, Outcome& outcome);
bool Agrees(const MachineProgram& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_MACHINE_TWIN_H_

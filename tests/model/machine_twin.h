// A Machine and its slow model side by side: each operation runs on both, and whatever they say differently is an
// error.
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

#include "server/kernel/machine.h"
#include "tests/model/machine_program.h"
#include "tests/model/slow_files.h"
#include "tests/model/slow_memory.h"

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

class MachineTwin {
 public:
  explicit MachineTwin(const Program& program);

  // Empty if both agree; else what they say.
  std::string Run(const Operation& op);
  // Ends everything, and checks that the machine is as it was after boot.
  std::string Finish();
  Machine& machine() { return *machine_; }

 private:
  struct Caller {
    Pid pid;
    SlowProcess& process;
    SlowMemory& memory;
  };

  // --- Processes (twin_processes.cc)
  std::string Spawn();
  std::string Clone(const Operation& op);
  std::string Exec(const Operation& op);
  std::string Exit(Pid pid);
  std::string Wait(const Operation& op);
  std::string Limit(const Operation& op);
  void ExitOnPaper(std::uint32_t tgid);
  // Somebody may have been killed for memory: looks who.
  void BuryTheKilled();
  void LearnProgram(std::uint32_t pid, SlowProcess& process);
  ExecImage DrawImage(const Operation& op) const;

  // --- Address spaces (twin_memory.cc, twin_mremap.cc)
  std::string Mmap(const Operation& op, Caller caller);
  std::string Munmap(const Operation& op, Caller caller);
  std::string Mprotect(const Operation& op, Caller caller);
  std::string Mremap(const Operation& op, Caller caller);
  std::string Brk(const Operation& op, Caller caller);
  std::string Madvise(const Operation& op, Caller caller);
  std::string Touch(const Operation& op, Caller caller);

  // --- Pages and files (twin_pages.cc)
  std::string AllocPages(const Operation& op);
  std::string GetZeroedPage(const Operation& op);
  std::string TakeBlock(std::uint64_t frame, std::uint32_t order);
  std::string FreePages(const Operation& op);
  std::string RunFileOperation(const Operation& op, Caller caller);
  std::string Write(const Operation& op, Caller caller);

  // --- Common ground (machine_twin.cc)
  std::string Dispatch(const Operation& op);
  // The process that an operation works on, if there is one.
  std::optional<Caller> CallerOf(const Operation& op);
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

  Program program_;
  std::unique_ptr<Machine> machine_;
  SlowFiles files_;
  std::map<std::uint32_t, SlowProcess> processes_;
  std::vector<SlowBlock> blocks_;
  std::map<std::string, std::int64_t> gauges_after_boot_;
};

// Runs a program; false, and the reason on stderr, when the two disagree.
bool Agrees(const Program& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_MACHINE_TWIN_H_

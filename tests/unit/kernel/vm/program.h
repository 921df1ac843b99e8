// Programs on a small machine without tasks, system-call entry or /proc: real page frames, files, anon_vmas, promises
// and address spaces, and the memory system calls on them.
//
// Layouts are drawn in pages of an arena at 2^44, far from everything else: Maps() shows "0..2 rw-p, 2..4 r--p". What
// lies elsewhere is shown by its address.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_VM_PROGRAM_H_
#define MEMSIM_TESTS_UNIT_KERNEL_VM_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/physical/reserved_memory.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/vm_caller.h"
#include "server/kernel/vm/vm_environment.h"

namespace memsim {

inline constexpr VirtualAddress kArena{1ULL << 44};
// Where the search for room starts with 8 MiB of stack and no randomness.
inline constexpr VirtualAddress kMmapBase{0x7ffff7fff000};

inline ByteCount Pages(std::uint64_t count) { return ToBytes(PageCount(count)); }
// The address of a page of the arena.
inline VirtualAddress At(std::uint64_t page) { return kArena + Pages(page); }

// "OK" or "ENOMEM", so that a comparison that fails can be read.
inline std::string Text(Errno error) { return ErrnoName(error); }
// "A+4" for page 4 of the arena, "0x7ffff7ffe000" elsewhere.
std::string Text(VirtualAddress address);
std::string Text(const ErrnoOr<VirtualAddress>& result);

// "" is PROT_NONE, "rw" both.
std::uint64_t Prot(const std::string& letters);

// What the address spaces of a machine share.
struct World {
  explicit World(ByteCount memory = ByteCount(64ULL << 20), PageCount user_reserve = PageCount(0));

  // Aborts if any invariant is broken, and checks that the promised memory is what the programs' mappings add up to.
  void Check() const;
  std::int64_t committed() const { return counters.Get(Counter::kCommittedAs); }
  // What everybody holds: pages by owner, and objects by cache.
  std::string Holdings() const;
  // A file, made unless it is there already: a regular one in memory, open for reading and writing, unless said
  // otherwise.
  OpenFileId OpenNew(const std::string& path, std::uint64_t pages, std::uint32_t flags = kOpenReadWrite,
                     FileKind kind = FileKind::kRegular);

  Sysctls sysctls;
  Counters counters;
  Cpus cpus{1, kDefaultCosts};
  Locks locks{cpus};
  PageAllocator pages;
  SlabCaches slabs;
  Mempolicies mempolicies;
  FileSystem files;
  AnonVmas anon_vmas;
  FileMappings file_mappings;
  HugePages huge;
  CommitAccounting commit;
  VmEnvironment environment;
  // Of the programs that live.
  std::vector<const AddressSpace*> spaces;

 private:
  std::int64_t SharedPromises() const;
};

// One address space and its only thread. Every call is followed by a check of all invariants.
class Program {
 public:
  explicit Program(World& world);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  AddressSpace& space() { return *space_; }
  ResourceLimits& limits() { return limits_; }
  const FaultTally& faults() const { return faults_; }
  Pkru& pkru() { return pkru_; }

  // --- System calls; page numbers are of the arena. Those named Try answer as the kernel does, the others must succeed.
  std::string TryMmap(const MmapArguments& arguments);
  // Private anonymous memory at a fixed place, unless flags say otherwise.
  std::string TryMap(std::uint64_t first, std::uint64_t end, const std::string& prot = "rw", std::uint64_t flags = 0);
  void Map(std::uint64_t first, std::uint64_t end, const std::string& prot = "rw", std::uint64_t flags = 0);
  void MapShared(std::uint64_t first, std::uint64_t end, const std::string& prot = "rw");
  // At a fixed place, from a page of the file on.
  std::string TryMapFile(std::uint64_t first, std::uint64_t end, const std::string& prot, OpenFileId file,
                         std::uint64_t from_page = 0, std::uint64_t flags = kMapPrivate);
  void MapFile(std::uint64_t first, std::uint64_t end, const std::string& prot, OpenFileId file,
               std::uint64_t from_page = 0, std::uint64_t flags = kMapPrivate);
  // Wherever the kernel puts it.
  std::string MapAnywhere(std::uint64_t pages, std::uint64_t flags = 0, VirtualAddress hint = VirtualAddress(0));
  std::string TryUnmap(VirtualAddress address, ByteCount length);
  void Unmap(std::uint64_t first, std::uint64_t end);
  std::string TryProtect(std::uint64_t first, std::uint64_t end, const std::string& prot);
  void Protect(std::uint64_t first, std::uint64_t end, const std::string& prot);
  // The new place.
  std::string Remap(std::uint64_t first, std::uint64_t old_pages, std::uint64_t new_pages, std::uint64_t flags = 0,
                    std::uint64_t to = 0);
  std::string Advise(std::uint64_t first, std::uint64_t end, int advice);
  // The break after the call.
  VirtualAddress Brk(VirtualAddress wanted);

  // --- Accesses: "4 minor", "1 major", "0 minor, SIGSEGV 1 at A+3".
  std::string Touch(VirtualAddress address, PageCount pages, AccessKind kind);
  std::string Read(std::uint64_t first, std::uint64_t end);
  std::string Write(std::uint64_t first, std::uint64_t end);
  std::string Run(std::uint64_t first, std::uint64_t end);

  // --- Bytes: "3 bytes, 1 minor"; and what was loaded, a dot for each zero: "ab.", then what ended it if anything did.
  std::string Store(VirtualAddress address, absl::string_view bytes);
  std::string Load(VirtualAddress address, std::size_t length);

  // --- fork. Null: ENOMEM.
  std::unique_ptr<Program> Fork();

  // --- Looking in
  // The mappings, files with their first page: "0..2 rw-p, 2..4 r--s /f+1".
  std::string Maps() const;
  // One letter a page: '.' nothing, 'g' a guard, 'z' the zero page, 'w' writable, 'r' not, 'n' closed to all accesses.
  std::string Entries(std::uint64_t first, std::uint64_t end) const;
  // "total 4, data 4, stack 0, exec 0, rss 2+0+0" (anonymous, file, shared memory), in pages.
  std::string Books() const;
  PageCount table_pages() const { return space_->page_tables().table_pages(); }
  const Vma& VmaAt(std::uint64_t page) { return *space_->Lookup(At(page)); }

 private:
  VmCaller caller() { return {limits_, faults_, pkru_}; }
  std::string Checked(std::string result);
  // "1 minor, SIGBUS 2 at A+3": what accesses took, which a status and a signal ended.
  std::string Outcome(const FaultTally& before, TouchStatus status, const std::optional<Signal>& signal);

  World& world_;
  std::unique_ptr<AddressSpace> space_;
  ResourceLimits limits_;
  FaultTally faults_;
  Pkru pkru_;
};

// A program, its world, and the proof at the end that nothing was lost: with all programs gone, every frame and every
// promise is back.
class ProgramTest : public testing::Test {
 protected:
  explicit ProgramTest(ByteCount memory = ByteCount(64ULL << 20))
      : world_(memory), holdings_at_start_(world_.Holdings()), mm_(std::make_unique<Program>(world_)) {}
  void TearDown() override;

  Program& mm() { return *mm_; }
  // Files keep their pages and names, and the huge zero page stays, so tests that make some cannot end as they began.
  void FilesStay() { holdings_at_start_.clear(); }

  World world_;

 private:
  std::string holdings_at_start_;
  std::unique_ptr<Program> mm_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_VM_PROGRAM_H_

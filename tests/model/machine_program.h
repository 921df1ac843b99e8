// Random programs of everything that a Machine can do, on small machines.
//
// An operation names what it works on by small numbers that mean something in any state (the third living process, the
// fifth mapped page), so a program stays valid whatever is left out of it.

#ifndef MEMSIM_TESTS_MODEL_MACHINE_PROGRAM_H_
#define MEMSIM_TESTS_MODEL_MACHINE_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

enum class Kind : std::uint8_t {
  kSpawn,
  // a: which of kCloneChoices.
  kClone,
  // a: 0 the built-in image, otherwise one of our own of a mappings.
  kExec,
  // pages: odd, of a thread that is not its group's first, for the thread alone.
  kExit,
  // a: which process to wait for, modulo the pids so far; 0: any.
  kWait,
  // a: resource, b: pages (bytes in units of 4096) to allow; 0: only read.
  kLimit,
  // place, pages; a: prot, b: which of kMapChoices, and the descriptor from bit 8.
  kMmap,
  kMunmap,
  // a: prot; b: 0 by pkey_mprotect without a key.
  kMprotect,
  // pages: the old ones, a: the new ones; b: flags, and the new place from bit 8.
  kMremap,
  // pages above where the heap starts, and a bytes more.
  kBrk,
  // a: advice.
  kMadvise,
  // a: which LockChoice.
  kMlock,
  // a: MCL_*; 0 munlockall.
  kMlockall,
  // a: which ShmChoice, b: which segment, which key and which flags.
  kShm,
  // a: which AskChoice, b: its number; place, pages.
  kAsk,
  // a: 0 load, 1 store, 2 store zeros; b: the first byte in its page, and how many from bit 12.
  kBytes,
  // a: 0 read, 1 write, 2 execute.
  kTouch,
  // a: order, b: which of kGfpChoices.
  kAllocPages,
  kGetZeroedPage,
  // a: which of the blocks that were ever given, b: frames behind its start, and what is added to its order from bit 8.
  kFreePages,
  // a: path, b: file kind; pages: size.
  kMknod,
  // a: path, b: which of kOpenChoices.
  kOpen,
  // a: descriptor.
  kClose,
  // a: descriptor, b: 0 dup, else dup3 onto b - 1; pages: flags.
  kDup,
  // a: descriptor; pages: size in pages, b: bytes more.
  kFtruncate,
  // a: descriptor; pages: length in pages; b: 0 at the position, else at b - 1 half pages. With data where place is
  // odd.
  kWrite,
  // As of kWrite, but length in bytes.
  kRead,
  // a: descriptor; pages: offset in pages, b: whence.
  kLseek,
  // a: path.
  kUnlink,
  // a: path, b: the new one.
  kRename,
  // pages: seconds.
  kAdvanceTime,
  // a: which SlabCall, place: its cache, b: its number.
  kSlab,
  // The next b operations run at the same time, on 1 + a CPUs in a row from this one's; each on one of them, by its own
  // CPU's number.
  kConcurrent,
};
inline constexpr std::uint64_t kSlabCallCount = 15;
// Of kMlock. kMlock2Unknown: with a flag that nobody knows.
enum class LockChoice : std::uint8_t { kMlock, kMlock2OnFault, kMunlock, kMlock2Unknown, kCount };

// Of kAsk: what a process says of itself, then what it asks of its memory.
enum class AskChoice : std::uint8_t {
  kSetuid,
  kSetgid,
  kSetreuid,
  kSetregid,
  kSetresuid,
  kSetresgid,
  kSetfsuid,
  kSetfsgid,
  kSetgroups,
  kCapset,
  kPrctl,
  kMincore,
  kMsync,
  kMseal,
  kProcessMadvise,
  kRemapFilePages,
  kPkeyAlloc,
  kPkeyFree,
  kPkeySet,
  kPkeyGet,
  kWriteProc,
  kMemfdCreate,
  kFcntl,
  kFallocate,
  kCachestat,
  kMbind,
  kSetMempolicy,
  kGetMempolicy,
  kPersonality,
  // What it asks of the kernel's own functions.
  kFindVma,
  kFindVmaPrev,
  kFindVmaIntersection,
  kGetUnmappedArea,
  kMmStruct,
  kMmlist,
  kRmapWalk,
  kCount
};

// Of kShm.
enum class ShmChoice : std::uint8_t { kGet, kAttach, kDetach, kRemove, kStat, kLock, kUnlock, kCount };

struct MachineOperation {
  Kind kind;
  // Which of the living processes, modulo their number.
  std::uint32_t process;
  // Below kArenaPages a page of the arena; below kOddPlace which of the mapped pages; from there an odd address.
  std::uint64_t place;
  std::uint64_t pages;
  std::uint64_t a;
  std::uint64_t b;
  // Which CPU it runs on, modulo their number.
  std::uint32_t cpu = 0;
};

inline constexpr std::uint64_t kArenaPages = 64;
inline constexpr VirtualAddress kArena{1ULL << 44};
inline constexpr std::uint64_t kOddPlace = 256;
// Of no page, beyond everything, of the kernel, of nobody.
inline constexpr std::uint64_t kOddAddresses[] = {
    (1ULL << 44) + 1,      0,           0x7fffffffe000, 0x7ffffffff000, 0x800000000000, 0xffff888000000000,
    0xffffffffff600000ULL, ~0ULL - 4095};

inline constexpr std::uint64_t kCloneChoices[] = {
    0,        // fork
    0x4100,   // vfork
    0x10f00,  // pthread_create: VM, FS, FILES, SIGHAND, THREAD
    0x400,    // FILES
    0x100,    // VM
    0x8000,   // PARENT
    0x10000,  // THREAD alone: EINVAL
    0x800,    // SIGHAND alone: EINVAL
};

// Type and flags of mmap.
inline constexpr std::uint64_t kMapChoices[] = {
    0x32,      // private anonymous, fixed
    0x100022,  // the same, fixed without replacing
    0x22,      // at a hint
    0x31,      // shared anonymous, fixed
    0x21,      // at a hint
    0x12,      // a file, private, fixed
    0x11,      // a file, shared, fixed
    0x02,      // a file, private, at a hint
    0x8032,    // populated
    0x2032,    // locked
    0x4032,    // without reserve
    0x132,     // growing down
    0x20032,   // MAP_STACK
    0x8031,    // shared, populated
    0x8012,    // a file, populated
    0x33,      // shared anonymous, validated: EINVAL
    0x30,      // of no type: EINVAL
    0x131,     // shared and growing down: EINVAL
    0x13,      // a file, shared, validated
};

inline constexpr std::uint32_t kGfpChoices[] = {
    0xcc0,     // GFP_KERNEL
    0x820,     // GFP_ATOMIC
    0x2800,    // GFP_NOWAIT
    0x100cca,  // GFP_HIGHUSER_MOVABLE
    0xcc1,     // GFP_KERNEL | GFP_DMA
    0x20820,   // GFP_ATOMIC with __GFP_MEMALLOC
};

inline constexpr std::uint32_t kOpenChoices[] = {
    02,         // O_RDWR
    0,          // O_RDONLY
    01,         // O_WRONLY
    0102,       // O_CREAT
    0302,       // O_CREAT | O_EXCL
    01002,      // O_TRUNC
    02002,      // O_APPEND
    010000000,  // O_PATH
    02000002,   // O_CLOEXEC
    0200000,    // O_DIRECTORY
    03,         // neither for reading nor for writing
};

inline constexpr const char* kPaths[] = {"/a",        "/b",    "/lib/c.so",  "/dev/shm/d", "/dev/shm/e",
                                         "/dev/zero", "/pipe", "/directory", "relative",   ""};
inline constexpr std::uint64_t kPathCount = std::size(kPaths);

struct MachineProgram {
  std::uint64_t memory_mib;
  std::uint32_t cpus;
  std::uint64_t seed;
  bool randomize;
  std::uint32_t max_map_count;
  // Check all invariants after each operation, not only at the end.
  bool check_always;
  std::vector<MachineOperation> operations;

  MachineSpec Spec() const;
};

// The program as C++ that can be pasted as a test.
std::string Paste(const MachineProgram& program);

// cpus: of the machine; 0: as the seed has it, one in three times 64.
MachineProgram DrawProgram(std::uint64_t seed, std::uint32_t cpus = 0);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_MACHINE_PROGRAM_H_

// The kernel's locks that take part in virtual time, by the name that /proc/lock_stat gives their class.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCK_CLASS_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCK_CLASS_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace memsim {

// Whether holders may share it, and what a CPU that has to wait does.
enum class LockKind : std::uint8_t {
  // One holder; the others spin.
  kSpin,
  // Readers share it; who waits longer than a moment sleeps (rw_semaphore).
  kReadWriteSemaphore,
  // Readers share it by a counter, and never wait for each other (the per-VMA lock).
  kReferenceCount,
};

struct LockClassInfo {
  absl::string_view name;
  LockKind kind;
  absl::string_view help;
};

#define MEMSIM_LOCK_CLASSES(X)                                                                             \
  X(kMmapLock, "&mm->mmap_lock", kReadWriteSemaphore, "One of an address space: its set of mappings")      \
  X(kVmaLock, "vm_lock", kReferenceCount, "One of a mapping: faults hold it, and who changes the mapping") \
  X(kMmPageTableLock, "&mm->page_table_lock", kSpin, "One of an address space: its upper page tables")     \
  X(kPageTableLock, "ptlock_ptr(ptdesc)", kSpin, "One of a page table: its entries")                       \
  X(kPcpLock, "&pcp->lock", kSpin, "One of a CPU and zone: its page lists")                                \
  X(kZoneLock, "&zone->lock", kSpin, "One of a zone: its buddy lists")                                     \
  X(kSlabCpuLock, "&c->lock", kSpin, "One of a CPU and slab cache: its slab, outside of the fast path")    \
  X(kSlabNodeLock, "&n->list_lock", kSpin, "One of a slab cache: its list of partial slabs")               \
  X(kSlabBarnLock, "&barn->lock", kSpin, "One of a slab cache: its barn of full and empty sheaves")

enum class LockClass : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, kind, help) symbol,
  MEMSIM_LOCK_CLASSES(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

inline constexpr std::array<LockClassInfo, static_cast<std::size_t>(LockClass::kCount)> kLockClassInfo = {{
#define MEMSIM_INFO(symbol, name, kind, help) LockClassInfo{name, LockKind::kind, help},
    MEMSIM_LOCK_CLASSES(MEMSIM_INFO)
#undef MEMSIM_INFO
}};

inline constexpr LockKind KindOf(LockClass lock_class) { return kLockClassInfo[static_cast<int>(lock_class)].kind; }

// Spin locks know kExclusive alone.
enum class LockMode : std::uint8_t { kExclusive, kShared };
inline constexpr int kLockModeCount = 2;

// How a holder comes by the lock.
enum class LockEntry : std::uint8_t {
  kAsked,
  // A reader who was its writer until then: no writer who waits goes first.
  kDowngraded,
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCK_CLASS_H_

// What smaps counts of the pages of a mapping, or of many (struct mem_size_stats of fs/proc/task_mmu.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_MEM_SIZE_STATS_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_MEM_SIZE_STATS_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/procfs/proc_view.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

// A share of pages: each page by how many entries map it (PSS_SHIFT).
class ProportionalSize {
 public:
  // One page that so many entries map. REQUIRES: map_count > 0.
  static constexpr ProportionalSize OfPage(std::uint32_t map_count) {
    return ProportionalSize((kPageSize.value() << kShift) / map_count);
  }
  constexpr ProportionalSize() = default;

  constexpr ByteCount bytes() const { return ByteCount(scaled_ >> kShift); }
  constexpr ProportionalSize& operator+=(ProportionalSize other) { return scaled_ += other.scaled_, *this; }

 private:
  static constexpr int kShift = 12;
  explicit constexpr ProportionalSize(std::uint64_t scaled) : scaled_(scaled) {}

  std::uint64_t scaled_ = 0;
};

// Each number is a row of the file. What the machine has no state for, as KSM, hugetlb and swap, has no field: its row
// is 0.
struct MemSizeStats {
  ByteCount resident;
  ProportionalSize pss;
  ProportionalSize pss_dirty;
  ProportionalSize pss_anonymous;
  ProportionalSize pss_file;
  ProportionalSize pss_shmem;
  ProportionalSize pss_locked;
  // By whether another entry maps the page too, and whether it differs from its file or is anonymous and was written.
  ByteCount shared_clean;
  ByteCount shared_dirty;
  ByteCount private_clean;
  ByteCount private_dirty;
  // Simplified: pages whose entry says that they were used. Linux also counts those that reclaim takes for used, as of
  // memory that was filled for a lock.
  ByteCount referenced;
  ByteCount anonymous;
  // What huge entries map.
  ByteCount anonymous_huge;

  // smap_gather_stats: adds the pages of a mapping. Costs a walk over its page tables.
  void Add(const ProcView& view, const AddressSpace& space, const Vma& vma);

 private:
  // smaps_account. map_count: how many entries map the page, huge ones included.
  void AddPage(const PageFrame& page, std::uint32_t map_count, Pte pte, VmFlags flags, RssKind file_kind);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_MEM_SIZE_STATS_H_

// struct mmu_gather: what one call takes out of page tables, gathered so that TLBs are flushed once for many entries,
// and pages are given back only when no CPU can reach them any more.

#ifndef MEMSIM_SERVER_KERNEL_VM_MMU_GATHER_H_
#define MEMSIM_SERVER_KERNEL_VM_MMU_GATHER_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"

#include "server/base/units.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/virtual_range.h"

namespace memsim {

class MmuGather {
 public:
  // kFullMm: the address space ends, and no CPU works in it any more.
  enum class Scope : std::uint8_t { kRange, kFullMm };

  explicit MmuGather(AddressSpace& space, Scope scope = Scope::kRange) : space_(space), scope_(scope) {}
  // tlb_finish_mmu.
  ~MmuGather() { Flush(); }
  MmuGather(const MmuGather&) = delete;
  MmuGather& operator=(const MmuGather&) = delete;

  AddressSpace& space() { return space_; }

  // tlb_flush_pte_range: entries of this range have changed so that TLBs must forget them. REQUIRES: it is not empty.
  void ChangeEntries(VirtualRange range) {
    entries_ = true;
    Extend(range);
  }
  // tlb_flush_pmd_range: the same of a huge entry.
  void ChangeHugeEntry(VirtualRange range) { Extend(range); }
  // tlb_remove_table: the same of tables. Their frames go last.
  void FreeTables(const PageTables::Unhooked& tables) {
    if (tables.frames.empty()) return;
    Extend(tables.first_pages);
    tables_.insert(tables_.end(), tables.frames.begin(), tables.frames.end());
  }
  // A dirty page of a file is among those to come before the next flush (delayed_rmap).
  void ExpectDirtyFiles() { dirty_files_ = true; }
  bool dirty_files() const { return dirty_files_; }
  // tlb_remove_page: an entry less maps the page, and has no reference to it any more. REQUIRES: it was not full()
  // before this page.
  void RemovePage(PageFrameNumber frame, PageFrame& page) {
    ++gathered_;
    if (--page.map_count == 0) ++(page.owner == PageOwner::kAnonymous ? anonymous_ : file_);
    if (page.map_count == 0 && (page.flags & kFrameLazyFree) != 0) ++lazy_free_;
    if (page.refcount == 1) {
      unused_.push_back(frame);
    } else {
      --page.refcount;
    }
  }
  // The same for some pages in a row of a huge page, and for one that was mapped whole.
  void RemoveLargePages(PageFrameNumber frame, std::uint32_t count);
  void RemoveHugePage(PageFrameNumber head);
  // There is no room for another page before a flush. No more is made when dirty pages of files are there.
  bool full() const { return gathered_ == kMaxPages || (dirty_files_ && gathered_ > kFirst && AtBatchEnd()); }

  // tlb_flush_mmu_tlbonly.
  void FlushTlb();
  // Gives the pages back, unless TLBs may still have entries of them.
  void FreeForgotten() {
    if (changed_.empty()) FreePages();
  }
  // tlb_flush_mmu.
  void Flush() {
    if (!changed_.empty() || gathered_ != 0 || !tables_.empty()) FlushAll();
  }

 private:
  // The structure has room for 8 pointers itself, and MAX_GATHER_BATCH_COUNT pages for 510 each; the last place of each
  // stays empty. Simplified: those pages are not taken from the machine's memory.
  static constexpr std::size_t kPointersOfPage = 510;
  static constexpr std::size_t kFirst = 8 - 1;
  static constexpr std::size_t kBatch = kPointersOfPage - 1;
  static constexpr std::size_t kMaxPages = kFirst + 10000 / kPointersOfPage * kBatch;

  bool AtBatchEnd() const { return (gathered_ - kFirst) % kBatch == 0; }
  void Extend(VirtualRange range);
  void FlushAll();
  void FreePages();

  AddressSpace& space_;
  const Scope scope_;
  // What lies between the first and the last change, of entries and of tables.
  VirtualRange changed_;
  bool entries_ = false;
  bool dirty_files_ = false;
  std::size_t gathered_ = 0;
  // Pages that nothing maps any more.
  std::int64_t anonymous_ = 0;
  // Of the anonymous ones, those that MADV_FREE had given up.
  std::int64_t lazy_free_ = 0;
  std::int64_t file_ = 0;
  // Those of them whose last user this was.
  absl::InlinedVector<PageFrameNumber, 32> unused_;
  // The first frames of huge pages that nothing maps any more.
  absl::InlinedVector<PageFrameNumber, 4> huge_;
  absl::InlinedVector<PageFrameNumber, 4> tables_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMU_GATHER_H_

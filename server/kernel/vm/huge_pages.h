// The machine's transparent huge pages: who gets them, and how often each is mapped (mm/huge_memory.c, the large folios
// of mm/rmap.c).
//
// A huge page is one block of 512 frames. It may be mapped whole, by huge entries, and page by page, by entries of
// tables, and goes when nothing maps it any more. Of its frames' records the first one has the references of all, each
// one has how many entries of tables map that frame, and whether that frame is its owner's alone; what is known of it
// as a whole stands here, under the number that the first record has in links.next.
//
// Simplified: the queue of pages that are mapped in part only (deferred_split) waits for reclaim, which is not there
// yet; khugepaged does not work in the background.
//
// Thread-compatible. Invariants (CheckInvariants verifies them):
//  1. A block of owner kAnonymous and order 9 has books, and all its frames kFrameLarge; nobody else has.
//  2. The first record's references, and large_mapcount, are entire_mapcount and the sum of the frames' counts.
//  3. pages_mapped is the number of frames that entries of tables map.

#ifndef MEMSIM_SERVER_KERNEL_VM_HUGE_PAGES_H_
#define MEMSIM_SERVER_KERNEL_VM_HUGE_PAGES_H_

#include <array>
#include <cstdint>

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/vm/anon_vma.h"
#include "server/kernel/vm/vm_flags.h"

namespace memsim {

// HPAGE_PMD_ORDER, HPAGE_PMD_NR.
inline constexpr Order kHugeOrder{9};
inline constexpr std::uint32_t kHugePages = 512;

class HugePages {
 public:
  // All must outlive this.
  HugePages(const MachineSpec& spec, PageAllocator& pages, Counters& counters)
      : mode_(spec.transparent_huge_pages), defrag_(spec.huge_page_defrag), pages_(pages), counters_(counters) {}

  TransparentHugePages mode() const { return mode_; }
  // How a fault in a mapping of these flags may allocate (vma_thp_gfp_mask).
  GfpMask FaultGfp(VmFlags flags) const;

  // What the first read of untouched memory maps whole, made when it is first wanted (get_huge_zero_folio). kNoPage: no
  // memory. Simplified: it stays for good, where Linux's shrinker frees it when nobody maps it.
  PageFrameNumber GetZeroPage();
  // kNoPage: nobody has wanted it yet.
  PageFrameNumber zero_page() const { return zero_page_; }

  // The first frame of the huge page that a frame belongs to.
  static PageFrameNumber HeadOf(PageFrameNumber frame) { return PageFrameNumber(frame.value() & ~(kHugePages - 1ULL)); }

  // --- Mappings. mm: the address space whose page tables have the entry. Each has one reference.
  // folio_add_new_anon_rmap: a fresh block becomes a huge page that is mapped whole, once, and is its owner's alone.
  // index: of its first page.
  void MapNew(PageFrameNumber head, AnonVmaId anon_vma, PageOffset index, AddressSpaceNumber mm);
  // fork has another huge entry for the page, which is nobody's alone now.
  void AddHugeMapping(PageFrameNumber head, AddressSpaceNumber mm);
  // A huge entry becomes 512 entries of a table.
  void SplitMapping(PageFrameNumber head, AddressSpaceNumber mm);
  // fork has another table's entry for the frame, which is nobody's alone now.
  void AddPageMapping(PageFrameNumber frame, AddressSpaceNumber mm);
  // A huge entry less, or one entry less for each of some frames in a row. True: it was the last of all; the caller
  // gives the page back by Free.
  [[nodiscard]] bool RemoveHugeMapping(PageFrameNumber head, AddressSpaceNumber mm);
  [[nodiscard]] bool RemovePageMappings(PageFrameNumber frame, std::uint32_t count, AddressSpaceNumber mm);
  // REQUIRES: nothing maps it.
  void Free(PageFrameNumber head);

  // folio_maybe_mapped_shared: by more than one address space, as far as its two slots for them can tell.
  bool MayBeShared(PageFrameNumber frame) const { return FolioOf(frame).mapped_shared; }
  // How many huge entries map it.
  std::uint32_t entire_mapcount(PageFrameNumber head) const { return FolioOf(head).entire_mapcount; }
  // wp_can_reuse_anon_folio: whether a store through a table's entry may keep the frame, which fork had shared.
  bool MayReuse(PageFrameNumber frame) const;

  // __split_folio: each frame that is mapped becomes a page of its own, which keeps kFrameStored; the others are free.
  // REQUIRES: no huge entry maps it.
  void BreakUp(PageFrameNumber head);

  // NR_ANON_MAPPED of one huge page: what CheckPageCounters adds up.
  PageCount MappedPages(PageFrameNumber head) const { return PageCount(Mapped(FolioOf(head))); }

  ByteCount HostMemory() const { return folios_.HostMemory(); }
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  // FOLIO_MM_IDS: how often one address space maps the page.
  struct MmSlot {
    AddressSpaceNumber mm = 0;
    std::uint32_t mapcount = 0;
  };
  struct Folio {
    // kNoPage: these books are nobody's.
    PageFrameNumber head = kNoPage;
    std::uint32_t entire_mapcount = 0;
    std::uint32_t large_mapcount = 0;
    std::uint32_t pages_mapped = 0;
    std::array<MmSlot, 2> slots;
    bool mapped_shared = false;
    bool partially_mapped = false;
  };
  using FolioNumber = Unit<struct FolioNumberTag, std::uint32_t>;

  static std::uint32_t Mapped(const Folio& folio) {
    return folio.entire_mapcount != 0 ? kHugePages : folio.pages_mapped;
  }
  Folio& FolioOf(PageFrameNumber frame) { return folios_[FolioNumber(pages_.frame(HeadOf(frame)).links.next)]; }
  const Folio& FolioOf(PageFrameNumber frame) const {
    return folios_[FolioNumber(pages_.frame(HeadOf(frame)).links.next)];
  }
  // folio_add_large_mapcount and folio_sub_large_mapcount, with the references.
  void AddLargeMapcount(Folio& folio, std::uint32_t count, AddressSpaceNumber mm);
  void SubtractLargeMapcount(Folio& folio, std::uint32_t count, AddressSpaceNumber mm);
  // What follows from mappings that are gone. Returns whether nothing maps it any more.
  bool AfterRemoval(Folio& folio, std::uint32_t mapped_before);
  void SetExclusive(PageFrameNumber frame, bool exclusive);

  const TransparentHugePages mode_;
  const HugePageDefrag defrag_;
  PageAllocator& pages_;
  Counters& counters_;
  PageFrameNumber zero_page_ = kNoPage;
  IdTable<FolioNumber, Folio> folios_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_HUGE_PAGES_H_

// The machine's page frames: its zones, who may take pages from which, and who holds them (alloc_pages and free_pages).
//
// Thread-compatible. Invariants (CheckInvariants verifies them):
//  1. Every managed frame is in exactly one block: free, on a CPU's own list, or allocated. free_pages(), pcp_pages()
//  and the pages of all owners add up to managed_pages().
//  2. An allocated block has a reference, and no frame inside it begins a block.
//  3. Those of each zone's BuddyAllocator, of each CPU's PerCpuPages and of the FrameContents, and only allocated
//  frames hold anything.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_ALLOCATOR_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_ALLOCATOR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/check.h"
#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/cpu/simulated_lock.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/allocation_rules.h"
#include "server/kernel/physical/buddy_allocator.h"
#include "server/kernel/physical/frame_contents.h"
#include "server/kernel/physical/frame_directory.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/migrate_type.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/physical/page_owner.h"
#include "server/kernel/physical/per_cpu_pages.h"
#include "server/kernel/physical/per_cpu_policy.h"
#include "server/kernel/physical/watermarks.h"
#include "server/kernel/physical/zone_layout.h"
#include "server/kernel/physical/zone_type.h"

namespace memsim {

// What /proc shows of a zone.
struct ZoneInfo {
  ZoneType type = ZoneType::kDma;
  // "DMA", "DMA32", "Normal", "Movable", "Device".
  absl::string_view name;
  // Whether it has memory: zoneinfo shows the others in short, buddyinfo not at all.
  bool populated = false;
  PageFrameNumber start_pfn;
  PageCount spanned;
  PageCount present;
  PageCount managed;
  PageCount free;
  // On the CPUs' own lists: neither free nor allocated.
  PageCount on_pcp_lists;
  PagesetSizes pageset;
  ZoneWatermarks watermarks;
  PerZone<PageCount> protection = {};
  // Free pages in blocks of a pageblock or more (nr_free_pages_blocks).
  PageCount free_in_pageblocks;
  // By order, of all types (buddyinfo), and by type (pagetypeinfo).
  std::array<std::uint64_t, kOrderCount> free_blocks = {};
  std::array<std::array<std::uint64_t, kOrderCount>, kMigrateTypeCount> free_blocks_by_type = {};
  std::array<std::uint64_t, kMigrateTypeCount> pageblocks_by_type = {};
  // Ever allocated from this zone (pgalloc_*), and allocations that stalled with this as their highest zone
  // (allocstall_*).
  PageCount allocated_ever;
  std::uint64_t stalls = 0;
};

// Pages come from and go to the lists of the CPU that runs, and the time that takes is charged to it.
class PageAllocator {
 public:
  // All managed memory is free. counters and locks outlive the allocator, which moves kPgAlloc, kPgFree and
  // kAllocStall.
  PageAllocator(const MemoryLayout& layout, const WatermarkParameters& parameters, Counters& counters, Locks& locks);

  // Takes a block of 2^order pages with one reference, its records as new but for owner and order. nullopt: no zone
  // that gfp allows has such a block above the watermark that gfp may go down to, or the order is above kMaxOrder.
  std::optional<PageFrameNumber> AllocPages(GfpMask gfp, Order order, PageOwner owner) {
    const PageFrameNumber pfn = Alloc(gfp, order, owner);
    return pfn == kNoPage ? std::nullopt : std::optional<PageFrameNumber>(pfn);
  }

  // Gives a block back. For the kernel's own callers: REQUIRES that it is an allocated block of that order, unmapped,
  // with no reference but the first.
  void FreePages(PageFrameNumber pfn, Order order);
  // The same for pages of order 0, in this order, a batch at a time: a batch takes the lock of the CPU's lists once.
  void FreeSinglePages(absl::Span<const PageFrameNumber> pages);

  // split_page: an allocated block becomes single pages, of the same owner and with one reference each, that go their
  // own ways.
  void SplitBlock(PageFrameNumber pfn);

  // Gives back a block that a Call took. Checks everything and changes nothing unless it is such a block. nullopt:
  // freed.
  std::optional<FreeRefusal> FreeCallerPages(PageFrameNumber pfn, std::uint32_t order);

  // Gives what lies on all CPUs' lists back to the zones (drain_all_pages). The current CPU does it.
  void DrainPerCpuPages();

  // A second has passed: gives back what CPUs hold and do not need (refresh_cpu_vm_stats). False: nothing changed, nor
  // would it if another second passed.
  bool DecayPerCpuPages();

  // get_page and put_page: another user of an allocated block; one user less, and the last one frees it.
  void GetPage(PageFrameNumber pfn) { ++frame(pfn).refcount; }
  void PutPage(PageFrameNumber pfn) {
    PageFrame& page = frame(pfn);
    MEMSIM_CHECK(page.refcount > 0, pfn.value());
    if (page.refcount == 1) {
      FreePages(pfn, page.order);
    } else {
      --page.refcount;
    }
  }

  // The record of a frame. REQUIRES: the frame is in an allocated block.
  PageFrame& frame(PageFrameNumber pfn) { return directory_->frame(pfn); }
  const PageFrame& frame(PageFrameNumber pfn) const {
    return static_cast<const FrameDirectory&>(*directory_).frame(pfn);
  }

  // What allocated frames hold. It goes when they are freed.
  FrameContents& contents() { return *contents_; }
  const FrameContents& contents() const { return *contents_; }

  // Whether the buddy system manages the frame: it exists and was not reserved at boot.
  bool Contains(PageFrameNumber pfn) const { return zone_of(pfn).buddy.managed().Contains(pfn); }
  // The allocated block that the frame is in, by its first frame. nullopt: the frame is free or not managed.
  std::optional<PageFrameNumber> AllocatedBlockOf(PageFrameNumber pfn) const;

  // What the kernel kept from boot, so that it is not managed.
  const ReservedMemory& reserved() const { return reserved_; }
  // MemTotal.
  PageCount managed_pages() const { return managed_pages_; }
  PageCount free_pages() const;
  // On the CPUs' own lists, of all zones.
  PageCount pcp_pages() const;
  PageCount total_reserve_pages() const { return total_reserve_pages_; }
  PageCount pages_of(PageOwner owner) const { return owner_pages_[static_cast<std::size_t>(owner)]; }
  std::uint64_t min_free_kbytes() const { return min_free_kbytes_; }

  // setup_per_zone_wmarks: from now on zones keep so much free. What is less than that already stays so.
  void SetWatermarks(std::uint64_t min_free_kbytes, std::uint32_t watermark_scale_factor);

  // Calls visit(PageFrameNumber, const PageFrame&) for the first frame of every allocated block, ascending. Walks all
  // that was ever touched.
  template <typename Visitor>
  void ForEachAllocatedBlock(Visitor visit) const {
    directory_->ForEachFrame([&visit](PageFrameNumber pfn, const PageFrame& frame) {
      if ((frame.flags & kFrameAllocated) != 0) visit(pfn, frame);
    });
  }

  // The numbers of a CPU's lists of a zone. REQUIRES: the CPU exists.
  PagesetTuning pageset(ZoneType zone, CpuId cpu) const;
  // What a CPU's lists of all zones did. REQUIRES: the CPU exists.
  PcpCounts pcp_counts(CpuId cpu) const;

  // All zones, the empty ones included, lowest first.
  std::vector<ZoneInfo> zones() const;

  void DigestTo(Digest& digest) const;
  ByteCount HostMemory() const;
  void CheckInvariants() const;

 private:
  // PAGEVEC_SIZE: how many pages a batch has.
  static constexpr std::size_t kFolioBatch = 31;

  struct Zone {
    ZoneLayout layout;
    BuddyAllocator buddy;
    ZoneWatermarks watermarks;
    PerZone<PageCount> lowmem_reserve;
    PageCount allocated_ever;
    std::uint64_t stalls = 0;
    PagesetSizes pageset;
    // The high watermark for each highest zone that an allocation may have: with more free pages, none needs to look
    // any further.
    PerZone<PageCount> plenty;
    ZonePressure pressure;
    SimulatedLock lock{LockClass::kZoneLock};
    // By CPU. Made on first use, the vector too: most CPUs of a large machine never touch most zones.
    std::vector<std::unique_ptr<PerCpuPages>> per_cpu;
  };

  Zone& zone_of(PageFrameNumber pfn) { return zones_[static_cast<std::size_t>(ZoneOfFrame(pfn))]; }
  const Zone& zone_of(PageFrameNumber pfn) const { return zones_[static_cast<std::size_t>(ZoneOfFrame(pfn))]; }

  // A block was taken, and now it is somebody's.
  void Own(Zone& zone, PageFrame& head, Order order, PageOwner owner);
  // In these, kNoPage: there is none.
  PageFrameNumber Alloc(GfpMask gfp, Order order, PageOwner owner);
  PageFrameNumber AllocFromZones(GfpMask gfp, Order order, PageOwner owner);
  PageFrameNumber AllocSlowly(GfpMask gfp, Order order);
  // One pass over the zones from the highest that gfp allows downwards; a second one if the rules forbade to mix types
  // (get_page_from_freelist).
  PageFrameNumber TryZones(GfpMask gfp, Order order, AllocationRules rules);
  // A single page off the current CPU's list of the preferred zone, if both have plenty: what nearly all allocations
  // come down to. Otherwise nothing happens.
  PageFrameNumber AllocAtOnce(GfpMask gfp, PageOwner owner);
  // Whether an allocation may take from a zone. Notes that the zone is below its high watermark.
  static bool MayTake(Zone& zone, Order order, ZoneType highest, AllocationRules rules);
  // The one place where pages are taken (rmqueue).
  PageFrameNumber TakePages(Zone& zone, Order order, MigrateType type, AllocationRules rules);
  // From the current CPU's lists, refilled if need be. REQUIRES: HasPcpList(order).
  PageFrameNumber TakeFromLists(Zone& zone, Order order, MigrateType type, TypeMixing mixing);
  // From the zone itself (rmqueue_buddy).
  PageFrameNumber TakeFromZone(Zone& zone, Order order, MigrateType type, AllocationRules rules);
  // Puts a block whose pageblock has the type onto the current CPU's list, and gives back to the zone what is too much
  // there (free_frozen_page_commit). head: the record of its first frame. REQUIRES: HasPcpList(order).
  void FreeToLists(Zone& zone, MigrateType type, PageFrameNumber pfn, PageFrame& head);
  // The same for a single page. REQUIRES: the lists' lock is held.
  void FreeAtOnce(Zone& zone, PerCpuPages& lists, PageFrameNumber pfn, PageFrame& head);
  void FreeBatch(absl::Span<const PageFrameNumber> batch);
  // A block is nobody's from now on (free_pages_prepare). REQUIRES: as FreePages.
  void Disown(PageFrameNumber pfn, const PageFrame& head, Order order);
  // In these, REQUIRES: the lists' lock is held.
  void GiveBack(Zone& zone, PerCpuPages& lists, PageCount surplus, std::size_t first_list);
  void Refill(Zone& zone, PerCpuPages& lists, Order order, MigrateType type, TypeMixing mixing);
  void Flush(Zone& zone, PerCpuPages& lists, PageCount pages, std::size_t first_list);
  // A CPU's lists; nullptr: it has none yet.
  static PerCpuPages* FindLists(const Zone& zone, CpuId cpu) {
    return cpu.value() < zone.per_cpu.size() ? zone.per_cpu[cpu.value()].get() : nullptr;
  }
  // The current CPU's lists.
  PerCpuPages& ListsOf(Zone& zone) {
    PerCpuPages* lists = FindLists(zone, cpus_->current());
    return lists != nullptr ? *lists : MakeLists(zone, cpus_->current());
  }
  PerCpuPages& MakeLists(Zone& zone, CpuId cpu);
  static PageCount PcpPagesOf(const Zone& zone);
  // Calls visit(Zone&, PerCpuPages&) for the lists that a CPU has, by zone.
  template <typename Visitor>
  void ForEachListsOf(CpuId cpu, Visitor visit) {
    for (Zone& zone : zones_) {
      if (PerCpuPages* lists = FindLists(zone, cpu); lists != nullptr) visit(zone, *lists);
    }
  }
  // The current CPU spends what work under a zone's lock takes: so many blocks moved, and steps since `steps_before`.
  void ChargeZoneWork(const Zone& zone, std::uint64_t steps_before, std::uint64_t blocks_moved);
  static bool IsAboveWatermark(const Zone& zone, Order order, ZoneType highest, AllocationRules rules);
  // Gives a reserved pageblock back to ordinary use; false: no zone that gfp allows has one.
  bool ReturnHighAtomic(GfpMask gfp);

  std::unique_ptr<FrameDirectory> directory_;
  std::unique_ptr<FrameContents> contents_;
  // By ZoneType.
  std::vector<Zone> zones_;
  // By the highest zone allowed: the highest of those that have memory.
  PerZone<ZoneType> preferred_zone_ = {};
  Counters* counters_;
  Locks* locks_;
  Cpus* cpus_;
  std::array<PageCount, kPageOwnerCount> owner_pages_;
  ReservedMemory reserved_;
  PageCount managed_pages_;
  PageCount total_reserve_pages_;
  std::uint64_t min_free_kbytes_ = 0;
  // How many PerCpuPages were made.
  std::size_t lists_made_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_ALLOCATOR_H_

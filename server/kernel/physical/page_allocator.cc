#include "server/kernel/physical/page_allocator.h"

#include <algorithm>
#include <utility>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/physical/block_arithmetic.h"

namespace memsim {
namespace {

constexpr std::size_t Index(ZoneType type) { return static_cast<std::size_t>(type); }

// From a zone's first frame with memory to its last: the hole of DMA32 lies behind its memory, that of DMA inside.
FrameRange MemoryRange(const ZoneLayout& layout, ZoneType type) {
  if (!layout.populated()) return {};
  const PageCount pages = type == ZoneType::kDma32 ? layout.present : layout.spanned;
  return {layout.start, layout.start + pages};
}

}  // namespace

PageAllocator::PageAllocator(const MemoryLayout& layout, const WatermarkParameters& parameters, Counters& counters,
                             Locks& locks)
    : directory_(std::make_unique<FrameDirectory>()),
      contents_(std::make_unique<FrameContents>(*directory_)),
      counters_(&counters),
      locks_(&locks),
      cpus_(&locks.cpus()),
      reserved_(layout.reserved),
      managed_pages_(layout.managed()) {
  const PerZone<ZoneSize> sizes = ZoneSizes(layout);
  const LowmemReserve reserve = ComputeLowmemReserve(sizes);
  zones_.reserve(kZoneTypeCount);
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    const ZoneLayout& zone = layout.zones[z];
    const BuddyAllocator buddy(directory_.get(), cpus_, MemoryRange(zone, static_cast<ZoneType>(z)), zone.managed);
    Zone& made = zones_.emplace_back(
        Zone{zone, buddy, {}, reserve[z], PageCount(0), 0, {}, {}, {}, SimulatedLock(LockClass::kZoneLock), {}});
    if (zone.populated()) locks.Register(made.lock, {z, 0});
    const bool preferred = z == 0 || zone.populated();
    preferred_zone_[z] = preferred ? static_cast<ZoneType>(z) : preferred_zone_[z - 1];
  }
  SetWatermarks(MinFreeKbytes(sizes, parameters), parameters.watermark_scale_factor);
}

void PageAllocator::SetWatermarks(std::uint64_t min_free_kbytes, std::uint32_t watermark_scale_factor) {
  PerZone<ZoneSize> sizes;
  LowmemReserve reserve;
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    sizes[z] = {zones_[z].layout.managed.size(), zones_[z].layout.populated()};
    reserve[z] = zones_[z].lowmem_reserve;
  }
  min_free_kbytes_ = min_free_kbytes;
  const auto watermarks = ComputeWatermarks(sizes, min_free_kbytes, watermark_scale_factor);
  total_reserve_pages_ = TotalReserve(sizes, watermarks, reserve);
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    Zone& zone = zones_[z];
    zone.watermarks = watermarks[z];
    for (std::size_t c = 0; c < kZoneTypeCount; ++c) zone.plenty[c] = watermarks[z].high + reserve[z][c];
    zone.pageset = ComputePagesetSizes(zone.layout.managed.size(), watermarks[z].low, cpus_->count());
  }
}

inline void PageAllocator::Own(Zone& zone, PageFrame& head, Order order, PageOwner owner) {
  head.links = FrameLinks{};
  head.refcount = 1;
  head.order = order;
  head.owner = owner;
  head.flags = kFrameAllocated;
  const PageCount pages = PagesOfOrder(order);
  zone.allocated_ever += pages;
  owner_pages_[static_cast<std::size_t>(owner)] += pages;
  counters_->Add(Counter::kPgAlloc, static_cast<std::int64_t>(pages.value()));
}

inline PageFrameNumber PageAllocator::AllocAtOnce(GfpMask gfp, PageOwner owner) {
  const ZoneType highest = ZoneForGfp(gfp);
  Zone& zone = zones_[Index(preferred_zone_[Index(highest)])];
  if (zone.buddy.free_pages() <= zone.plenty[Index(highest)] || zone.pressure.below_high) return kNoPage;
  PerCpuPages* lists = FindLists(zone, cpus_->current());
  const std::size_t list = PcpListOf(Order(0), MigrateTypeFor(gfp));
  if (zone.buddy.has_free_high_atomic() || lists == nullptr || lists->IsEmpty(list)) return kNoPage;

  const LockScope hold(*locks_, lists->lock());
  cpus_->Charge(cpus_->costs().page_alloc);
  NoteTaken(lists->tuning());
  lists->CountHit();
  const PerCpuPages::Taken page = lists->Take(*directory_, list, Order(0));
  Own(zone, page.head, Order(0), owner);
  return page.pfn;
}

PageFrameNumber PageAllocator::Alloc(GfpMask gfp, Order order, PageOwner owner) {
  if (order > kMaxOrder) return kNoPage;
  PageFrameNumber pfn = order == Order(0) ? AllocAtOnce(gfp, owner) : kNoPage;
  if (pfn == kNoPage) pfn = AllocFromZones(gfp, order, owner);
  if ((gfp & kGfpZero) != 0 && pfn != kNoPage) cpus_->Charge(cpus_->costs().page_zero * PagesOfOrder(order).value());
  cpus_->Trace<Tracepoint::kMmPageAlloc>(pfn, order, gfp, MigrateTypeFor(gfp));
  return pfn;
}

PageFrameNumber PageAllocator::AllocFromZones(GfpMask gfp, Order order, PageOwner owner) {
  PageFrameNumber pfn = TryZones(gfp, order, FastRules(preferred_zone_[Index(ZoneForGfp(gfp))]));
  if (pfn == kNoPage) pfn = AllocSlowly(gfp, order);
  if (pfn != kNoPage) {
    Own(zone_of(pfn), frame(pfn), order, owner);
  } else {
    // Looking in vain takes its time too.
    cpus_->Charge(cpus_->costs().page_alloc);
  }
  return pfn;
}

PageFrameNumber PageAllocator::AllocSlowly(GfpMask gfp, Order order) {
  AllocationRules rules = SlowRules(gfp);
  PageFrameNumber pfn = TryZones(gfp, order, rules);
  if (pfn == kNoPage && IgnoresWatermarks(gfp)) {
    pfn = TryZones(gfp, order, {WatermarkLevel::kNone, rules.reserves, TypeMixing::kAllowed});
  }
  if (pfn != kNoPage || !CanDirectReclaim(gfp)) return pfn;
  ++zones_[Index(ZoneForGfp(gfp))].stalls;
  counters_->Add(Counter::kAllocStall, 1);
  // Linux drains once, when direct reclaim made progress but the pages it gave back are on other CPUs' lists. There is
  // no reclaim here yet, and it counts as if it had made some.
  DrainPerCpuPages();
  pfn = TryZones(gfp, order, rules);
  // Nobody else gives memory back while this allocation waits, so what remains are the reserves.
  while (pfn == kNoPage && MayRetry(gfp, order) && ReturnHighAtomic(gfp)) pfn = TryZones(gfp, order, rules);
  if (pfn == kNoPage && (gfp & kGfpNofail) != 0) {
    rules.reserves = ReserveAccess::kHigh;
    pfn = TryZones(gfp, order, rules);
  }
  return pfn;
}

PageFrameNumber PageAllocator::TryZones(GfpMask gfp, Order order, AllocationRules rules) {
  const ZoneType highest = ZoneForGfp(gfp);
  const MigrateType type = MigrateTypeFor(gfp);
  for (;;) {
    for (int z = static_cast<int>(preferred_zone_[Index(highest)]); z >= 0; --z) {
      Zone& zone = zones_[static_cast<std::size_t>(z)];
      if (!MayTake(zone, order, highest, rules)) continue;
      const PageFrameNumber pfn = TakePages(zone, order, type, rules);
      if (pfn != kNoPage) return pfn;
    }
    if (rules.mixing == TypeMixing::kAllowed) return kNoPage;
    rules.mixing = TypeMixing::kAllowed;
  }
}

bool PageAllocator::MayTake(Zone& zone, Order order, ZoneType highest, AllocationRules rules) {
  if (!zone.pressure.below_high) {
    if (IsAboveWatermark(zone, order, highest, {WatermarkLevel::kHigh, rules.reserves, rules.mixing})) return true;
    zone.pressure.below_high = true;
  }
  return IsAboveWatermark(zone, order, highest, rules);
}

bool PageAllocator::IsAboveWatermark(const Zone& zone, Order order, ZoneType highest, AllocationRules rules) {
  if (rules.level == WatermarkLevel::kNone) return true;
  PageCount needed = MarkWithReserves(MarkAt(zone.watermarks, rules.level), rules.reserves);
  needed += zone.lowmem_reserve[Index(highest)] + PagesOfOrder(order) - PageCount(1);
  if (rules.reserves == ReserveAccess::kOrdinary) needed += zone.buddy.free_high_atomic();
  if (zone.buddy.free_pages() <= needed) return false;
  if (order == Order(0) || zone.buddy.HasBlock(order)) return true;
  return rules.reserves == ReserveAccess::kAtomic && zone.buddy.HasBlock(order, MigrateType::kHighAtomic);
}

PageFrameNumber PageAllocator::TakePages(Zone& zone, Order order, MigrateType type, AllocationRules rules) {
  PageFrameNumber pfn = kNoPage;
  if (HasPcpList(order)) pfn = TakeFromLists(zone, order, type, rules.mixing);
  if (pfn == kNoPage) pfn = TakeFromZone(zone, order, type, rules);
  const bool high_atomic = rules.reserves == ReserveAccess::kAtomic && order > Order(0);
  if (high_atomic && pfn != kNoPage) {
    const LockScope hold(*locks_, zone.lock);
    ChargeZoneWork(zone, zone.buddy.steps(), 0);
    zone.buddy.ReserveHighAtomic(pfn, order);
  }
  return pfn;
}

PageFrameNumber PageAllocator::TakeFromLists(Zone& zone, Order order, MigrateType type, TypeMixing mixing) {
  PerCpuPages& lists = ListsOf(zone);
  const LockScope hold(*locks_, lists.lock());
  NoteTaken(lists.tuning());
  const std::size_t list = PcpListOf(order, type);
  if (lists.IsEmpty(list)) {
    Refill(zone, lists, order, type, mixing);
    if (lists.IsEmpty(list)) return kNoPage;
  } else {
    lists.CountHit();
  }
  cpus_->Charge(cpus_->costs().page_alloc);
  return lists.Take(*directory_, list, order).pfn;
}

PageFrameNumber PageAllocator::TakeFromZone(Zone& zone, Order order, MigrateType type, AllocationRules rules) {
  const LockScope hold(*locks_, zone.lock);
  const std::uint64_t steps = zone.buddy.steps();
  PageFrameNumber pfn = kNoPage;
  if (rules.reserves == ReserveAccess::kAtomic && order > Order(0)) {
    pfn = zone.buddy.AllocateOfType(order, MigrateType::kHighAtomic);
  }
  if (pfn == kNoPage) pfn = zone.buddy.Allocate(order, type, rules.mixing);
  // Who cannot wait may take single pages of the reserve too.
  const bool non_blocking = rules.reserves == ReserveAccess::kAtomic || rules.reserves == ReserveAccess::kNonBlocking;
  if (pfn == kNoPage && non_blocking) pfn = zone.buddy.AllocateOfType(order, MigrateType::kHighAtomic);
  ChargeZoneWork(zone, steps, 0);
  if (pfn != kNoPage) cpus_->Charge(cpus_->costs().page_alloc);
  return pfn;
}

bool PageAllocator::ReturnHighAtomic(GfpMask gfp) {
  for (int z = static_cast<int>(preferred_zone_[Index(ZoneForGfp(gfp))]); z >= 0; --z) {
    Zone& zone = zones_[static_cast<std::size_t>(z)];
    const LockScope hold(*locks_, zone.lock);
    const std::uint64_t steps = zone.buddy.steps();
    const bool returned = zone.buddy.ReturnHighAtomic(MigrateTypeFor(gfp));
    ChargeZoneWork(zone, steps, 0);
    if (returned) return true;
  }
  return false;
}

inline void PageAllocator::Disown(PageFrameNumber pfn, const PageFrame& head, Order order) {
  MEMSIM_CHECK((head.flags & kFrameAllocated) != 0 && head.order == order, pfn.value(), order.value());
  MEMSIM_CHECK(head.refcount == 1 && head.map_count == 0, head.refcount, head.map_count);
  owner_pages_[static_cast<std::size_t>(head.owner)] -= PagesOfOrder(order);
  // Of a larger block each frame may hold something.
  if ((head.flags & kFrameHasContents) != 0 || (order != Order(0) && !contents_->empty())) [[unlikely]] {
    contents_->Drop(pfn, order);
  }
  cpus_->Trace<Tracepoint::kMmPageFree>(pfn, order);
}

inline void PageAllocator::FreeAtOnce(Zone& zone, PerCpuPages& lists, PageFrameNumber pfn, PageFrame& head) {
  cpus_->Charge(cpus_->costs().page_free);
  const std::size_t list = PcpListOf(Order(0), directory_->pageblock(pfn).type);
  lists.Put(*directory_, list, Order(0), pfn, head);
  const PageCount surplus = PagesToFlush(lists.tuning(), zone.pageset, zone.pressure);
  if (surplus != PageCount(0)) GiveBack(zone, lists, surplus, list);
}

void PageAllocator::FreePages(PageFrameNumber pfn, Order order) {
  Zone& zone = zone_of(pfn);
  MEMSIM_CHECK(zone.buddy.managed().Contains(pfn), pfn.value());
  PageFrame& head = directory_->frame(pfn);
  Disown(pfn, head, order);
  counters_->Add(Counter::kPgFree, static_cast<std::int64_t>(PagesOfOrder(order).value()));
  if (order == Order(0)) {
    PerCpuPages& lists = ListsOf(zone);
    const LockScope hold(*locks_, lists.lock());
    return FreeAtOnce(zone, lists, pfn, head);
  }
  if (HasPcpList(order)) return FreeToLists(zone, directory_->pageblock(pfn).type, pfn, head);
  const LockScope hold(*locks_, zone.lock);
  const std::uint64_t steps = zone.buddy.steps();
  zone.buddy.Free(pfn, order);
  cpus_->Charge(cpus_->costs().page_free);
  ChargeZoneWork(zone, steps, 0);
}

void PageAllocator::SplitBlock(PageFrameNumber pfn) {
  PageFrame& head = frame(pfn);
  MEMSIM_CHECK((head.flags & kFrameAllocated) != 0, pfn.value());
  const PageFrameNumber end = pfn + PagesOfOrder(head.order);
  for (PageFrameNumber at = pfn; at < end; at += PageCount(1)) {
    PageFrame& page = frame(at);
    page.flags |= kFrameAllocated;
    page.order = Order(0);
    page.owner = head.owner;
    page.refcount = 1;
  }
}

void PageAllocator::FreeSinglePages(absl::Span<const PageFrameNumber> pages) {
  counters_->Add(Counter::kPgFree, static_cast<std::int64_t>(pages.size()));
  for (std::size_t i = 0; i < pages.size(); i += kFolioBatch) FreeBatch(pages.subspan(i, kFolioBatch));
}

// free_unref_folios.
void PageAllocator::FreeBatch(absl::Span<const PageFrameNumber> batch) {
  for (const PageFrameNumber pfn : batch) Disown(pfn, directory_->frame(pfn), Order(0));
  while (!batch.empty()) {
    Zone& zone = zone_of(batch.front());
    PerCpuPages& lists = ListsOf(zone);
    const LockScope hold(*locks_, lists.lock());
    do {
      const PageFrameNumber pfn = batch.front();
      cpus_->Trace<Tracepoint::kMmPageFreeBatched>(pfn);
      FreeAtOnce(zone, lists, pfn, directory_->frame(pfn));
      batch.remove_prefix(1);
    } while (!batch.empty() && &zone_of(batch.front()) == &zone);
  }
}

std::optional<FreeRefusal> PageAllocator::FreeCallerPages(PageFrameNumber pfn, std::uint32_t order) {
  if (!Contains(pfn)) return FreeRefusal::kNoSuchFrame;
  const std::optional<PageFrameNumber> block = AllocatedBlockOf(pfn);
  if (!block.has_value()) return FreeRefusal::kAlreadyFree;
  const PageFrame& head = frame(*block);
  if (head.owner != PageOwner::kCaller) return FreeRefusal::kInUse;
  if (*block != pfn) return FreeRefusal::kNotBlockStart;
  if (head.order.value() != order) return FreeRefusal::kWrongOrder;
  if (head.refcount != 1 || head.map_count != 0) return FreeRefusal::kInUse;
  FreePages(pfn, head.order);
  return std::nullopt;
}

std::optional<PageFrameNumber> PageAllocator::AllocatedBlockOf(PageFrameNumber pfn) const {
  if (!Contains(pfn)) return std::nullopt;
  for (std::uint8_t o = 0; o < kOrderCount; ++o) {
    const PageFrameNumber start(pfn.value() & ~(PagesOfOrder(Order(o)).value() - 1));
    const PageFrame* head = directory_->FindFrame(start);
    if (head != nullptr && (head->flags & kFrameAllocated) != 0 && head->order >= Order(o)) return start;
  }
  return std::nullopt;
}

PageCount PageAllocator::free_pages() const {
  PageCount sum;
  for (const Zone& zone : zones_) sum += zone.buddy.free_pages();
  return sum;
}

PageCount PageAllocator::pcp_pages() const {
  PageCount sum;
  for (const Zone& zone : zones_) sum += PcpPagesOf(zone);
  return sum;
}

PageCount PageAllocator::PcpPagesOf(const Zone& zone) {
  PageCount sum;
  for (const std::unique_ptr<PerCpuPages>& lists : zone.per_cpu) {
    if (lists != nullptr) sum += lists->tuning().count;
  }
  return sum;
}

PagesetTuning PageAllocator::pageset(ZoneType type, CpuId cpu) const {
  const Zone& zone = zones_[Index(type)];
  const PerCpuPages* lists = FindLists(zone, cpu);
  return lists != nullptr ? lists->tuning() : PagesetTuning{};
}

PcpCounts PageAllocator::pcp_counts(CpuId cpu) const {
  PcpCounts sum;
  for (const Zone& zone : zones_) {
    const PerCpuPages* lists = FindLists(zone, cpu);
    if (lists != nullptr) sum += lists->counts();
  }
  return sum;
}

std::vector<ZoneInfo> PageAllocator::zones() const {
  std::vector<ZoneInfo> infos;
  infos.reserve(zones_.size());
  for (std::size_t z = 0; z < zones_.size(); ++z) {
    const Zone& zone = zones_[z];
    ZoneInfo info;
    info.type = static_cast<ZoneType>(z);
    info.name = ZoneName(info.type);
    info.populated = zone.layout.populated();
    info.start_pfn = zone.layout.start;
    info.spanned = zone.layout.spanned;
    info.present = zone.layout.present;
    info.managed = zone.layout.managed.size();
    info.free = zone.buddy.free_pages();
    info.on_pcp_lists = PcpPagesOf(zone);
    info.pageset = zone.pageset;
    info.watermarks = zone.watermarks;
    info.protection = zone.lowmem_reserve;
    info.free_in_pageblocks = zone.buddy.free_pages_in_pageblocks();
    for (int t = 0; t < kMigrateTypeCount; ++t) {
      const auto type = static_cast<MigrateType>(t);
      info.pageblocks_by_type[t] = zone.buddy.pageblocks(type);
      for (std::uint8_t o = 0; o < kOrderCount; ++o) {
        info.free_blocks_by_type[t][o] = zone.buddy.free_blocks(Order(o), type);
        info.free_blocks[o] += info.free_blocks_by_type[t][o];
      }
    }
    info.allocated_ever = zone.allocated_ever;
    info.stalls = zone.stalls;
    infos.push_back(info);
  }
  return infos;
}

void PageAllocator::DigestTo(Digest& digest) const {
  for (const Zone& zone : zones_) {
    zone.buddy.DigestTo(digest);
    digest.Add(zone.allocated_ever);
    digest.Add(zone.stalls);
    digest.Add(zone.watermarks.min);
    digest.Add((zone.pressure.below_high ? 1U : 0U) | (zone.pressure.reclaim_active ? 2U : 0U));
    zone.lock.DigestTo(digest);
    for (std::size_t cpu = 0; cpu < zone.per_cpu.size(); ++cpu) {
      if (zone.per_cpu[cpu] == nullptr) continue;
      digest.Add(cpu);
      zone.per_cpu[cpu]->DigestTo(*directory_, digest);
    }
  }
  for (const PageCount pages : owner_pages_) digest.Add(pages);
  directory_->ForEachPageblock([&](PageFrameNumber first, const Pageblock& block) {
    // As those without a record are.
    if (block.type != MigrateType::kMovable) {
      digest.Add(first);
      digest.Add(static_cast<std::uint64_t>(block.type));
    }
    directory_->ForEachFrameIn(first, [&digest](PageFrameNumber pfn, const PageFrame& page) {
      if (page == PageFrame{}) return;
      digest.Add(pfn);
      digest.Add(static_cast<std::uint64_t>(page.links.next) << 32 | page.links.previous);
      digest.Add(static_cast<std::uint64_t>(page.refcount) << 32 | page.map_count);
      digest.Add(page.index);
      digest.Add(static_cast<std::uint64_t>(page.mapping) << 32 | static_cast<std::uint64_t>(page.order.value()) << 24 |
                 static_cast<std::uint64_t>(page.owner) << 16 | page.flags);
    });
  });
  contents_->DigestTo(digest);
}

ByteCount PageAllocator::HostMemory() const {
  std::size_t bytes = sizeof(*this) + zones_.capacity() * sizeof(Zone) + lists_made_ * sizeof(PerCpuPages);
  for (const Zone& zone : zones_) bytes += zone.per_cpu.capacity() * sizeof(zone.per_cpu[0]);
  return ByteCount(bytes) + directory_->HostMemory() + contents_->HostMemory();
}

}  // namespace memsim

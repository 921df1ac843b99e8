#include "server/kernel/physical/page_allocator.h"

#include <utility>

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

PageAllocator PageAllocator::Create(const MemoryLayout& layout, const WatermarkParameters& parameters,
                                    Counters& counters) {
  return PageAllocator(layout, parameters, counters);
}

PageAllocator::PageAllocator(const MemoryLayout& layout, const WatermarkParameters& parameters, Counters& counters)
    : directory_(std::make_unique<FrameDirectory>()), counters_(&counters), managed_pages_(layout.managed()) {
  const PerZone<ZoneSize> sizes = ZoneSizes(layout);
  min_free_kbytes_ = MinFreeKbytes(sizes, parameters);
  const auto watermarks = ComputeWatermarks(sizes, min_free_kbytes_, parameters.watermark_scale_factor);
  const LowmemReserve reserve = ComputeLowmemReserve(sizes);
  total_reserve_pages_ = TotalReserve(sizes, watermarks, reserve);
  zones_.reserve(kZoneTypeCount);
  for (std::size_t z = 0; z < kZoneTypeCount; ++z) {
    const ZoneLayout& zone = layout.zones[z];
    const BuddyAllocator buddy(directory_.get(), MemoryRange(zone, static_cast<ZoneType>(z)), zone.managed);
    zones_.push_back(Zone{zone, buddy, watermarks[z], reserve[z], PageCount(0), 0});
  }
}

std::optional<PageFrameNumber> PageAllocator::AllocPages(GfpMask gfp, Order order, PageOwner owner) {
  if (order > kMaxOrder) return std::nullopt;
  std::optional<PageFrameNumber> pfn = TryZones(gfp, order, FastRules(PreferredZone(gfp)));
  if (!pfn.has_value()) pfn = AllocSlowly(gfp, order);
  if (!pfn.has_value()) return std::nullopt;

  PageFrame& head = frame(*pfn);
  head.refcount = 1;
  head.order = order;
  head.owner = owner;
  head.flags = kFrameAllocated;
  const PageCount pages = PagesOfOrder(order);
  zone_of(*pfn).allocated_ever += pages;
  owner_pages_[static_cast<std::size_t>(owner)] += pages;
  counters_->Add(Counter::kPgAlloc, static_cast<std::int64_t>(pages.value()));
  return pfn;
}

std::optional<PageFrameNumber> PageAllocator::AllocSlowly(GfpMask gfp, Order order) {
  AllocationRules rules = SlowRules(gfp);
  std::optional<PageFrameNumber> pfn = TryZones(gfp, order, rules);
  if (!pfn.has_value() && IgnoresWatermarks(gfp)) {
    pfn = TryZones(gfp, order, {WatermarkLevel::kNone, rules.reserves, TypeMixing::kAllowed});
  }
  if (pfn.has_value() || !CanDirectReclaim(gfp)) return pfn;
  ++zones_[Index(ZoneForGfp(gfp))].stalls;
  counters_->Add(Counter::kAllocStall, 1);
  // Nobody else gives memory back while this allocation waits. One that must not fail may at least use reserves
  // (__alloc_pages_slowpath).
  if ((gfp & kGfpNofail) != 0) {
    rules.reserves = ReserveAccess::kHigh;
    pfn = TryZones(gfp, order, rules);
  }
  return pfn;
}

std::optional<PageFrameNumber> PageAllocator::TryZones(GfpMask gfp, Order order, const AllocationRules& rules) {
  const ZoneType highest = ZoneForGfp(gfp);
  const MigrateType type = MigrateTypeFor(gfp);
  for (int z = static_cast<int>(highest); z >= 0; --z) {
    Zone& zone = zones_[static_cast<std::size_t>(z)];
    if (zone.layout.managed.empty() || !IsAboveWatermark(zone, order, highest, rules)) continue;
    const std::optional<PageFrameNumber> pfn = TakeFromZone(zone, order, type, rules.mixing);
    if (pfn.has_value()) return pfn;
  }
  if (rules.mixing == TypeMixing::kAllowed) return std::nullopt;
  return TryZones(gfp, order, {rules.level, rules.reserves, TypeMixing::kAllowed});
}

bool PageAllocator::IsAboveWatermark(const Zone& zone, Order order, ZoneType highest, const AllocationRules& rules) {
  if (rules.level == WatermarkLevel::kNone) return true;
  const PageCount mark = MarkWithReserves(MarkAt(zone.watermarks, rules.level), rules.reserves);
  const PageCount wanted = PagesOfOrder(order) - PageCount(1);
  if (zone.buddy.free_pages() <= mark + zone.lowmem_reserve[Index(highest)] + wanted) return false;
  return order == Order(0) || zone.buddy.HasBlock(order);
}

std::optional<PageFrameNumber> PageAllocator::TakeFromZone(Zone& zone, Order order, MigrateType type,
                                                           TypeMixing mixing) {
  return zone.buddy.Allocate(order, type, mixing);
}

ZoneType PageAllocator::PreferredZone(GfpMask gfp) const {
  std::size_t z = Index(ZoneForGfp(gfp));
  while (z > 0 && zones_[z].layout.managed.empty()) --z;
  return static_cast<ZoneType>(z);
}

void PageAllocator::FreePages(PageFrameNumber pfn, Order order) {
  MEMSIM_CHECK(Contains(pfn), pfn.value());
  const PageFrame& head = frame(pfn);
  MEMSIM_CHECK((head.flags & kFrameAllocated) != 0 && head.order == order, pfn.value(), order.value());
  MEMSIM_CHECK(head.refcount == 1 && head.map_count == 0, head.refcount, head.map_count);
  const PageCount pages = PagesOfOrder(order);
  owner_pages_[static_cast<std::size_t>(head.owner)] -= pages;
  counters_->Add(Counter::kPgFree, static_cast<std::int64_t>(pages.value()));
  zone_of(pfn).buddy.Free(pfn, order);
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
  }
  for (const PageCount pages : owner_pages_) digest.Add(pages);
  directory_->ForEachPageblock([&digest](PageFrameNumber first, const Pageblock& block) {
    digest.Add(static_cast<std::uint64_t>(block.type));
    if (block.frames == nullptr) return;
    for (std::uint64_t i = 0; i < FrameDirectory::kFramesPerPageblock; ++i) {
      const PageFrame& page = block.frames[i];
      if (page == PageFrame{}) continue;
      digest.Add(first + PageCount(i));
      digest.Add(static_cast<std::uint64_t>(page.links.next) << 32 | page.links.previous);
      digest.Add(static_cast<std::uint64_t>(page.refcount) << 32 | page.map_count);
      digest.Add(page.index);
      digest.Add(static_cast<std::uint64_t>(page.mapping) << 32 | static_cast<std::uint64_t>(page.order.value()) << 24 |
                 static_cast<std::uint64_t>(page.owner) << 16 | page.flags);
    }
  });
}

ByteCount PageAllocator::HostMemory() const {
  return ByteCount(sizeof(*this) + zones_.capacity() * sizeof(Zone)) + directory_->HostMemory();
}

}  // namespace memsim

#include "tests/model/slow_pages.h"

#include <algorithm>

#include "server/kernel/physical/per_cpu_policy.h"

namespace memsim {
namespace {

constexpr int kMovable = 1;
constexpr int kNormal = 2;
constexpr int kHugeOrder = 9;

int HighestZone(GfpMask gfp) {
  if ((gfp & kGfpDma) != 0) return 0;
  if ((gfp & kGfpDma32) != 0) return 1;
  return (gfp & kGfpHighmem) != 0 && (gfp & kGfpMovableBit) != 0 ? 3 : kNormal;
}

int TypeFor(GfpMask gfp) {
  if ((gfp & kGfpMovableBit) != 0) return kMovable;
  return (gfp & kGfpReclaimable) != 0 ? 2 : 0;
}

int ZoneOf(std::uint64_t pfn) {
  if (pfn >= (1ULL << 20)) return kNormal;
  return pfn >= 4096 ? 1 : 0;
}

bool KeptByCpus(int order) { return order <= 3 || order == kHugeOrder; }

int ListFor(int order, int type) {
  if (type == SlowBuddy::kHighAtomic) type = kMovable;
  if (order == kHugeOrder) return type == kMovable ? 13 : 12;
  return 3 * order + type;
}

int OrderOfList(int list) { return list >= 12 ? kHugeOrder : list / 3; }

std::int64_t Signed(PageCount pages) { return static_cast<std::int64_t>(pages.value()); }

}  // namespace

SlowPages::SlowPages(const MemoryLayout& layout, const PerZone<ZoneWatermarks>& watermarks,
                     const LowmemReserve& reserve, std::uint32_t cpus)
    : cpus_(cpus) {
  for (int z = 0; z < kZones; ++z) {
    const ZoneLayout& zone = layout.zones[static_cast<std::size_t>(z)];
    const ZoneWatermarks& marks = watermarks[static_cast<std::size_t>(z)];
    const PagesetSizes sizes = ComputePagesetSizes(zone.managed.size(), marks.low, cpus);
    SlowPageset fresh;
    fresh.batch = Signed(sizes.batch);
    fresh.high_min = Signed(sizes.high_min);
    fresh.high_max = Signed(sizes.high_max);
    std::array<std::int64_t, 5> kept = {};
    for (std::size_t c = 0; c < kept.size(); ++c) kept[c] = Signed(reserve[static_cast<std::size_t>(z)][c]);
    // The hole of DMA32 lies behind its memory, that of DMA inside.
    const std::uint64_t memory = (z == 1 ? zone.present : zone.spanned).value();
    const std::uint64_t start = zone.start.value();
    zones_.push_back({SlowBuddy(start, zone.managed.begin.value(), zone.managed.end.value(), start + memory),
                      zone.populated(), Signed(marks.min), Signed(marks.low), Signed(marks.high), kept, fresh, false});
  }
}

SlowLists& SlowPages::lists(std::uint32_t cpu, int zone) {
  const auto [at, is_new] = lists_.try_emplace({cpu, zone});
  if (is_new) at->second.numbers = zones_[static_cast<std::size_t>(zone)].fresh;
  return at->second;
}

std::int64_t SlowPages::on_lists(int zone) const {
  std::int64_t sum = 0;
  for (const auto& [key, lists] : lists_) sum += key.second == zone ? lists.numbers.count : 0;
  return sum;
}

int SlowPages::Preferred(GfpMask gfp) const {
  int zone = std::min(HighestZone(gfp), kNormal);
  while (zone > 0 && !zones_[static_cast<std::size_t>(zone)].populated) --zone;
  return zone;
}

std::optional<std::uint64_t> SlowPages::Alloc(std::uint32_t cpu, GfpMask gfp, int order, bool movable) {
  const bool may_mix = Preferred(gfp) != kNormal;
  std::optional<std::uint64_t> pfn = TryZones(cpu, gfp, order, {Level::kLow, false, false, may_mix}, movable);
  if (!pfn) pfn = AllocSlowly(cpu, gfp, order, movable);
  if (pfn) taken_[*pfn] = order;
  return pfn;
}

std::optional<std::uint64_t> SlowPages::AllocSlowly(std::uint32_t cpu, GfpMask gfp, int order, bool movable) {
  const bool waits = (gfp & kGfpDirectReclaim) != 0;
  Rules rules{Level::kMin, (gfp & kGfpHigh) != 0, !waits && (gfp & kGfpNomemalloc) == 0, true};
  std::optional<std::uint64_t> pfn = TryZones(cpu, gfp, order, rules, movable);
  if (!pfn && (gfp & kGfpMemalloc) != 0 && (gfp & kGfpNomemalloc) == 0) {
    Rules none = rules;
    none.level = Level::kNone;
    pfn = TryZones(cpu, gfp, order, none, movable);
  }
  if (pfn || !waits) return pfn;
  DrainAll();
  pfn = TryZones(cpu, gfp, order, rules, movable);
  const bool retries = (gfp & kGfpNoretry) == 0 && (order <= 3 || (gfp & kGfpRetryMayfail) != 0);
  while (!pfn && retries && ReturnHighAtomic(gfp)) pfn = TryZones(cpu, gfp, order, rules, movable);
  if (!pfn && (gfp & kGfpNofail) != 0) {
    rules.high = true;
    pfn = TryZones(cpu, gfp, order, rules, movable);
  }
  return pfn;
}

bool SlowPages::ReturnHighAtomic(GfpMask gfp) {
  for (int z = Preferred(gfp); z >= 0; --z) {
    if (buddy(z).ReturnHighAtomic(TypeFor(gfp))) return true;
  }
  return false;
}

std::optional<std::uint64_t> SlowPages::TryZones(std::uint32_t cpu, GfpMask gfp, int order, Rules rules, bool movable) {
  const int highest = HighestZone(gfp);
  for (;;) {
    for (int z = Preferred(gfp); z >= 0; --z) {
      Zone& zone = zones_[static_cast<std::size_t>(z)];
      bool enough = false;
      if (!zone.below_high) {
        enough = IsAbove(zone, order, highest, Level::kHigh, rules);
        if (!enough) zone.below_high = true;
      }
      if (!enough && !IsAbove(zone, order, highest, rules.level, rules)) continue;
      const std::optional<std::uint64_t> pfn = Take(cpu, z, order, TypeFor(gfp), rules, movable);
      if (pfn) return pfn;
    }
    if (rules.may_mix) return std::nullopt;
    rules.may_mix = true;
  }
}

bool SlowPages::IsAbove(Zone& zone, int order, int highest, Level level, Rules rules) {
  if (level == Level::kNone) return true;
  std::int64_t mark = level == Level::kHigh ? zone.high : level == Level::kLow ? zone.low : zone.min;
  std::int64_t free = static_cast<std::int64_t>(zone.buddy.free_pages()) - ((1 << order) - 1);
  if (rules.high) {
    mark -= mark / 2;
    if (rules.non_blocking) mark -= mark / 4;
  }
  if (!rules.high && !rules.non_blocking) {
    for (int o = 0; o <= 10; ++o) {
      free -= static_cast<std::int64_t>(zone.buddy.list(o, SlowBuddy::kHighAtomic).size()) << o;
    }
  }
  if (free <= mark + zone.reserve[static_cast<std::size_t>(highest)]) return false;
  if (order == 0) return true;
  const int types = rules.high && rules.non_blocking ? SlowBuddy::kTypes : 3;
  for (int o = order; o <= 10; ++o) {
    for (int type = 0; type < types; ++type) {
      if (!zone.buddy.list(o, type).empty()) return true;
    }
  }
  return false;
}

std::optional<std::uint64_t> SlowPages::Take(std::uint32_t cpu, int z, int order, int type, Rules rules, bool movable) {
  Zone& zone = zones_[static_cast<std::size_t>(z)];
  std::optional<std::uint64_t> pfn;
  if (KeptByCpus(order)) {
    SlowLists& mine = lists(cpu, z);
    mine.numbers.free_count >>= 1;
    std::deque<std::uint64_t>& list = mine.blocks[static_cast<std::size_t>(ListFor(order, type))];
    if (list.empty()) {
      const std::int64_t wanted = mine.numbers.Refill(order, zone.below_high);
      bool stealing = false;
      for (std::int64_t i = 0; i < wanted; ++i) {
        const std::optional<std::uint64_t> block = zone.buddy.AllocateNext(order, type, rules.may_mix, stealing);
        if (!block) break;
        list.push_back(*block);
        mine.refilled += 1ULL << order;
        mine.numbers.count += 1 << order;
      }
      if (!list.empty()) ++mine.refills;
    } else {
      ++mine.hits;
    }
    if (!list.empty()) {
      pfn = list.front();
      list.pop_front();
      mine.numbers.count -= 1 << order;
    }
  }
  const bool high_atomic = order > 0 && rules.high && rules.non_blocking;
  if (!pfn && high_atomic) pfn = zone.buddy.AllocateOfType(order, SlowBuddy::kHighAtomic);
  if (!pfn) pfn = zone.buddy.Allocate(order, type, rules.may_mix, false);
  if (!pfn && rules.non_blocking) pfn = zone.buddy.AllocateOfType(order, SlowBuddy::kHighAtomic);
  if (!pfn) return pfn;
  // For the reserve it is not yet known whose it will be.
  zone.buddy.Own(*pfn, order, false);
  if (high_atomic) zone.buddy.ReserveHighAtomic(*pfn);
  zone.buddy.Own(*pfn, order, movable);
  return pfn;
}

void SlowPages::Free(std::uint32_t cpu, std::uint64_t pfn) {
  const int order = taken_.at(pfn);
  taken_.erase(pfn);
  const int z = ZoneOf(pfn);
  Zone& zone = zones_[static_cast<std::size_t>(z)];
  if (!KeptByCpus(order)) return zone.buddy.Free(pfn);
  // Nobody's any more: it is no user page that could be moved.
  zone.buddy.Own(pfn, order, false);
  SlowLists& mine = lists(cpu, z);
  const int list = ListFor(order, zone.buddy.type_of(pfn));
  mine.blocks[static_cast<std::size_t>(list)].push_front(pfn);
  mine.numbers.count += 1 << order;
  const std::int64_t surplus = mine.numbers.Flush(order, zone.below_high, false);
  if (surplus == 0) return;
  FreeBulk(z, mine, surplus, list);
  if (IsAbove(zone, 0, 3, Level::kHigh, {Level::kHigh, false, false, true})) zone.below_high = false;
}

void SlowPages::FreeBulk(int z, SlowLists& lists, std::int64_t pages, int first) {
  std::int64_t left = std::min(pages, lists.numbers.count);
  int list = first - 1;
  while (left > 0) {
    do {
      list = list + 1 > 13 ? 0 : list + 1;
    } while (lists.blocks[static_cast<std::size_t>(list)].empty());
    std::deque<std::uint64_t>& blocks = lists.blocks[static_cast<std::size_t>(list)];
    const std::int64_t size = 1 << OrderOfList(list);
    do {
      buddy(z).Free(blocks.back());
      blocks.pop_back();
      left -= size;
      lists.numbers.count -= size;
      lists.flushed += static_cast<std::uint64_t>(size);
    } while (left > 0 && !blocks.empty());
  }
  ++lists.flushes;
}

void SlowPages::DrainAll() {
  for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
    for (int z = 0; z < kZones; ++z) {
      SlowLists& mine = lists(cpu, z);
      while (mine.numbers.count > 0) FreeBulk(z, mine, mine.numbers.batch << 5, 0);
    }
  }
}

void SlowPages::DecayAll() {
  for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
    for (int z = 0; z < kZones; ++z) {
      SlowLists& mine = lists(cpu, z);
      const std::int64_t pages = mine.numbers.Decay();
      if (pages > 0) FreeBulk(z, mine, pages, 0);
    }
  }
}

}  // namespace memsim

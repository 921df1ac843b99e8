// PageAllocator and the CPUs' own lists: filling them from the zones, and giving back what lies there.

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/physical/page_allocator.h"

namespace memsim {

PerCpuPages& PageAllocator::MakeLists(Zone& zone, CpuId cpu) {
  if (zone.per_cpu.empty()) zone.per_cpu.resize(cpus_->count());
  std::unique_ptr<PerCpuPages>& lists = zone.per_cpu[cpu.value()];
  lists = std::make_unique<PerCpuPages>();
  ++lists_made_;
  locks_->Register(lists->lock(), {cpu.value(), static_cast<std::uint64_t>(&zone - zones_.data())});
  return *lists;
}

void PageAllocator::ChargeZoneWork(const Zone& zone, std::uint64_t steps_before, std::uint64_t blocks_moved) {
  const CostTable& costs = cpus_->costs();
  // A block costs what a page does: it is one entry of a list too.
  cpus_->Charge(costs.zone_lock + costs.pcp_page * blocks_moved +
                costs.buddy_step * (zone.buddy.steps() - steps_before));
}

void PageAllocator::FreeToLists(Zone& zone, MigrateType type, PageFrameNumber pfn, PageFrame& head) {
  const Order order = head.order;
  const std::size_t list = PcpListOf(order, type);
  directory_->BlankFrames(pfn, order);

  PerCpuPages& lists = ListsOf(zone);
  const LockScope hold(*locks_, lists.lock());
  cpus_->Charge(cpus_->costs().page_free);
  lists.Put(*directory_, list, order, pfn, head);
  const PageCount surplus = PagesToFlush(lists.tuning(), zone.pageset, zone.pressure, order);
  if (surplus != PageCount(0)) GiveBack(zone, lists, surplus, list);
}

void PageAllocator::GiveBack(Zone& zone, PerCpuPages& lists, PageCount surplus, std::size_t first_list) {
  Flush(zone, lists, surplus, first_list);
  if (zone.pressure.below_high && IsAboveWatermark(zone, Order(0), ZoneType::kMovable, {WatermarkLevel::kHigh})) {
    zone.pressure.below_high = false;
  }
}

void PageAllocator::Refill(Zone& zone, PerCpuPages& lists, Order order, MigrateType type, TypeMixing mixing) {
  const std::uint64_t wanted = RefillBlocks(lists.tuning(), zone.pageset, zone.pressure, order);
  const LockScope hold(*locks_, zone.lock);
  const std::uint64_t steps = zone.buddy.steps();
  ChargeZoneWork(zone, steps, lists.Refill(*directory_, zone.buddy, PcpListOf(order, type), type, mixing, wanted));
}

void PageAllocator::Flush(Zone& zone, PerCpuPages& lists, PageCount pages, std::size_t first_list) {
  const LockScope hold(*locks_, zone.lock);
  const std::uint64_t steps = zone.buddy.steps();
  ChargeZoneWork(zone, steps, lists.Flush(*directory_, zone.buddy, *cpus_, pages, first_list));
}

void PageAllocator::DrainPerCpuPages() {
  for (std::uint32_t cpu = 0; cpu < cpus_->count(); ++cpu) {
    ForEachListsOf(CpuId(static_cast<std::uint16_t>(cpu)), [this](Zone& zone, PerCpuPages& lists) {
      // One bulk after the other (drain_pages_zone), so that nobody waits for long.
      while (lists.tuning().count > PageCount(0)) {
        const LockScope hold(*locks_, lists.lock());
        Flush(zone, lists, LargestBulk(zone.pageset), 0);
      }
    });
  }
}

bool PageAllocator::DecayPerCpuPages() {
  const CpuId first = cpus_->current();
  const Nanoseconds now = cpus_->now();
  bool changed = false;
  for (std::uint32_t i = 0; i < cpus_->count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    ForEachListsOf(cpu, [&](Zone& zone, PerCpuPages& lists) {
      const PageCount high = lists.tuning().high;
      const PageCount flushed = PagesToDecay(lists.tuning(), zone.pageset);
      changed = changed || lists.tuning().high != high || flushed != PageCount(0);
      if (flushed == PageCount(0)) return;
      // Each CPU does it for itself (vmstat_update), in a kernel thread beside what else happens at that time.
      cpus_->Resume(cpu, now);
      {
        const LockScope hold(*locks_, lists.lock());
        Flush(zone, lists, flushed, 0);
      }
      cpus_->TakeBack(now);
    });
  }
  cpus_->Resume(first, now);
  return changed;
}

}  // namespace memsim

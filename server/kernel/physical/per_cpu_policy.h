// How many pages a CPU keeps on its own lists of a zone, how many it takes and gives back at once, and how that follows
// what it does: numbers in, decisions out, with the arithmetic of mm/page_alloc.c (nr_pcp_alloc, nr_pcp_high,
// nr_pcp_free, decay_pcp_high).
//
// In short: who keeps allocating takes twice as much each time; who keeps freeing gives back as much as it freed in a
// row; `high` grows with either, up to a share of the zone, and shrinks again while the zone is short of memory or the
// CPU idle.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_POLICY_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_POLICY_H_

#include <algorithm>
#include <cstdint>

#include "server/base/units.h"

namespace memsim {

// CONFIG_PCP_BATCH_SCALE_MAX: a bulk is at most 2^5 batches.
inline constexpr std::uint32_t kPcpBatchScaleMax = 5;

// The same for all CPUs of a zone.
struct PagesetSizes {
  // Pages that move at once, before scaling.
  PageCount batch;
  // What `high` stays between.
  PageCount high_min;
  PageCount high_max;

  friend bool operator==(const PagesetSizes&, const PagesetSizes&) = default;
};

// zone_batchsize and zone_highsize, without the sysctl percpu_pagelist_high_fraction. REQUIRES: cpus > 0.
PagesetSizes ComputePagesetSizes(PageCount managed, PageCount low_watermark, std::uint32_t cpus);

// What is known of a zone's need of pages (bits of zone->flags).
struct ZonePressure {
  // ZONE_BELOW_HIGH: an allocation found the zone below its high watermark, and no flush has found it above since.
  bool below_high = false;
  // ZONE_RECLAIM_ACTIVE: kswapd is at work.
  bool reclaim_active = false;

  friend bool operator==(const ZonePressure&, const ZonePressure&) = default;
};

// The numbers that one CPU's lists of one zone go by (struct per_cpu_pages).
struct PagesetTuning {
  // Pages on the lists.
  PageCount count;
  // How many may stay there. 0 until the lists are used.
  PageCount high;
  // Pages freed lately, halved by each allocation.
  PageCount free_count;
  // The next bulk of single pages is 2^alloc_factor batches.
  std::uint8_t alloc_factor = 0;
  // PCPF_PREV_FREE_HIGH_ORDER: what was freed last had an order of 1 to 3.
  bool freed_block_last = false;

  friend bool operator==(const PagesetTuning&, const PagesetTuning&) = default;
};

// The most pages that move at once.
constexpr PageCount LargestBulk(const PagesetSizes& sizes) {
  return PageCount(sizes.batch.value() << kPcpBatchScaleMax);
}

// A list of this order is empty: how many blocks to take from the zone. At least 1.
std::uint64_t RefillBlocks(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure, Order order);

// A block is taken.
inline void NoteTaken(PagesetTuning& tuning) { tuning.free_count = tuning.free_count / 2; }

// A block of this order was freed, and is counted already: how many pages to give back to the zone. 0: none.
PageCount PagesToFlush(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure, Order order);
// The same for a single page, which mostly just stays.
inline PageCount PagesToFlush(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure) {
  // Once used, `high` is never below its least.
  const bool room = tuning.count < tuning.high && tuning.high <= sizes.high_max;
  if (!room || pressure.below_high || pressure.reclaim_active) return PagesToFlush(tuning, sizes, pressure, Order(0));
  tuning.alloc_factor >>= 1;
  tuning.freed_block_last = false;
  if (tuning.free_count < LargestBulk(sizes)) tuning.free_count += PageCount(1);
  return PageCount(0);
}

// A second has passed: how many pages to give back to the zone.
PageCount PagesToDecay(PagesetTuning& tuning, const PagesetSizes& sizes);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_POLICY_H_

#include "server/kernel/physical/per_cpu_policy.h"

#include <algorithm>
#include <bit>

namespace memsim {
namespace {

// A batch is worth a thousandth of the zone, but no more than 1 MiB, before it is quartered.
constexpr std::uint64_t kBatchShare = 1024;
constexpr std::uint64_t kMaxBatch = (1ULL << 20) / kPageSize.value();
// MIN_PERCPU_PAGELIST_HIGH_FRACTION: at most an eighth of the zone lies on per-CPU lists.
constexpr std::uint64_t kHighShare = 8;
// PAGE_ALLOC_COSTLY_ORDER.
constexpr Order kCostlyOrder{3};

PageCount Doubled(PageCount pages, std::uint32_t times) { return PageCount(pages.value() << times); }
// 0 if there is less.
PageCount Less(PageCount pages, PageCount taken) { return pages - std::min(pages, taken); }

// Lowers `high` by what was freed in a row, but not below its least.
void LowerHigh(PagesetTuning& tuning, const PagesetSizes& sizes) {
  tuning.high = std::max(Less(tuning.high, std::max(tuning.free_count, sizes.batch)), sizes.high_min);
}

// Blocks that are freed in a row are of no use here: whoever frees them does not allocate any.
//
// Linux lets a batch stay if the CPU's share of the caches holds more than three of them (PCPF_FREE_HIGH_BATCH). Here
// it always does: with a batch of 63 pages that takes 760 KiB, less than the second-level cache of a current server.
bool FreesBlocksInARow(const PagesetTuning& tuning, const PagesetSizes& sizes) {
  return tuning.freed_block_last && tuning.free_count >= sizes.batch + sizes.high_min / 2 &&
         tuning.count >= sizes.batch;
}

// How many pages may lie on the lists now (nr_pcp_high).
PageCount LimitWhenFreeing(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure) {
  if (pressure.reclaim_active) {
    LowerHigh(tuning, sizes);
    return std::min(sizes.batch * 4, tuning.high);
  }
  if (sizes.high_min == sizes.high_max) return tuning.high;
  if (pressure.below_high) {
    LowerHigh(tuning, sizes);
    return std::max(tuning.count, sizes.high_min);
  }
  const PageCount limit = tuning.high;
  const PageCount needed = tuning.free_count + sizes.batch;
  // The limit of this time stays: the pages go, and the next ones may stay.
  if (tuning.count >= limit && limit < needed) tuning.high = std::clamp(needed, sizes.high_min, sizes.high_max);
  return limit;
}

}  // namespace

PagesetSizes ComputePagesetSizes(PageCount managed, PageCount low_watermark, std::uint32_t cpus) {
  const std::uint64_t share = std::max<std::uint64_t>(std::min(managed.value() / kBatchShare, kMaxBatch) / 4, 1);
  // One less than a power of two, so that it does not beat with cache colours.
  const std::uint64_t batch = std::max<std::uint64_t>(std::bit_floor(share + share / 2) - 1, 1);
  PagesetSizes sizes;
  sizes.batch = PageCount(batch);
  sizes.high_min = PageCount(std::max(low_watermark.value() / cpus, batch * 4));
  sizes.high_max = PageCount(std::max(managed.value() / kHighShare / cpus, batch * 4));
  return sizes;
}

std::uint64_t RefillBlocks(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure, Order order) {
  tuning.high = std::clamp(tuning.high, sizes.high_min, sizes.high_max);
  PageCount pages = order == Order(0) ? Doubled(sizes.batch, tuning.alloc_factor) : sizes.batch;
  // With more room there would be less to fetch.
  if (sizes.high_min != sizes.high_max && !pressure.below_high) {
    tuning.high = std::min(tuning.high + pages, sizes.high_max);
  }
  if (order == Order(0)) {
    const PageCount most = std::max(Less(tuning.high, tuning.count + sizes.batch), sizes.batch);
    if (pages <= most && tuning.alloc_factor < kPcpBatchScaleMax) ++tuning.alloc_factor;
    pages = std::min(pages, most);
  }
  if (pages <= PageCount(1)) return pages.value();
  return std::max<std::uint64_t>(pages.value() >> order.value(), 2);
}

PageCount PagesToFlush(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure, Order order) {
  tuning.alloc_factor >>= 1;
  const bool is_block = order > Order(0) && order <= kCostlyOrder;
  const bool blocks_in_a_row = is_block && FreesBlocksInARow(tuning, sizes);
  tuning.freed_block_last = is_block;
  if (tuning.free_count < LargestBulk(sizes)) tuning.free_count += PagesOfOrder(order);

  tuning.high = std::clamp(tuning.high, sizes.high_min, sizes.high_max);
  if (blocks_in_a_row) {
    tuning.high = std::max(Less(tuning.high, LargestBulk(sizes)), sizes.high_min);
    return std::min(tuning.count, LargestBulk(sizes));
  }
  const PageCount limit = LimitWhenFreeing(tuning, sizes, pressure);
  if (tuning.count < limit) return PageCount(0);
  return std::min(tuning.count, std::clamp(tuning.free_count, sizes.batch, limit - sizes.batch));
}

PageCount PagesToDecay(PagesetTuning& tuning, const PagesetSizes& sizes) {
  if (tuning.high > sizes.high_min) {
    // Not so fast that giving back what is above takes long.
    const PageCount slowest = Less(tuning.count, LargestBulk(sizes));
    tuning.high = std::max({slowest, tuning.high - tuning.high / 8, sizes.high_min});
  }
  return Less(tuning.count, tuning.high);
}

}  // namespace memsim

#include "server/kernel/procfs/pageset.h"

#include <algorithm>
#include <bit>

namespace memsim {
namespace {

// A batch is worth a thousandth of the zone, but no more than 1 MiB, before it is quartered.
constexpr std::uint64_t kBatchShare = 1024;
constexpr std::uint64_t kMaxBatch = (1ULL << 20) / kPageSize.value();
// At most an eighth of the zone lies on per-CPU lists.
constexpr std::uint64_t kHighShare = 8;
constexpr std::uint64_t kMaxThreshold = 125;

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

std::uint64_t VmStatThreshold(PageCount managed, std::uint32_t cpus) {
  const std::uint64_t units_of_128_mib = managed.value() >> 15;
  const std::uint64_t threshold = 2ULL * std::bit_width(cpus) * (1 + std::bit_width(units_of_128_mib));
  return std::min(threshold, kMaxThreshold);
}

}  // namespace memsim

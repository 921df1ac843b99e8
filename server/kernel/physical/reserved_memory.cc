#include "server/kernel/physical/reserved_memory.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace memsim {
namespace {

// sizeof(struct page).
constexpr std::uint64_t kStructPageBytes = 64;

// An estimate: what a 6.18 kernel with everything built in keeps beyond the parts that are computed, on a host of
// 24 GiB: 9,839 pages below 4 GiB for its image and early page tables, and some 160 of small tables above.
constexpr PageCount kDistributionKernel{10000};
// So that a machine of 16 MiB has a kernel of 2 MiB, about what a kernel configured for one takes.
constexpr std::uint64_t kKernelShare = 8;

// fs/dcache.c and fs/inode.c: a bucket for 8 KiB and for 16 KiB of memory.
constexpr std::uint32_t kDentryHashScale = 13;
constexpr std::uint32_t kInodeHashScale = 14;

// ADAPT_SCALE_BASE.
constexpr PageCount kAdaptiveScaleBase = ToPages(ByteCount(64ULL << 30));

}  // namespace

PageCount SystemHashPages(PageCount installed, std::uint32_t scale) {
  constexpr std::uint64_t kBucketBytes = 8;
  for (PageCount adapt = kAdaptiveScaleBase; adapt < installed; adapt = adapt * 4) ++scale;
  const std::uint64_t wanted = std::bit_ceil(installed.value() >> (scale - kPageShift));
  const std::uint64_t most = ToBytes(installed).value() / 16 / kBucketBytes;
  const std::uint64_t buckets = std::bit_floor(std::min(wanted, most));
  return ToPagesRoundedUp(ByteCount(buckets * kBucketBytes));
}

ReservedMemory DefaultReservedMemory(PageCount installed) {
  ReservedMemory reserved;
  reserved.first_mebibyte = kFirstMebibyte;
  reserved.kernel_image = std::min(kDistributionKernel, installed / kKernelShare);
  reserved.memmap = ToPagesRoundedUp(ByteCount(installed.value() * kStructPageBytes));
  reserved.hash_tables = SystemHashPages(installed, kDentryHashScale) + SystemHashPages(installed, kInodeHashScale);
  return reserved;
}

ReservedMemory SplitReservedMemory(PageCount installed, PageCount total) {
  const ReservedMemory wanted = DefaultReservedMemory(installed);
  const auto take = [&total](PageCount most) {
    const PageCount taken = std::min(total, most);
    total -= taken;
    return taken;
  };
  ReservedMemory reserved;
  reserved.first_mebibyte = take(wanted.first_mebibyte);
  reserved.kernel_image = take(wanted.kernel_image);
  reserved.memmap = take(wanted.memmap);
  reserved.hash_tables = total;
  return reserved;
}

}  // namespace memsim

// The formulas behind single rows, checked against numbers that a Linux 6.18 host of 24 GiB showed.

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/available_memory.h"
#include "server/kernel/procfs/direct_map.h"
#include "server/kernel/procfs/pageset.h"
#include "server/kernel/physical/per_cpu_policy.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

// Read at one moment from meminfo, zoneinfo and vmstat.
MemoryInUse HostMemoryInUse() {
  MemoryInUse memory;
  memory.free = PageCount(5139674);
  memory.total_reserve = PageCount(35540);
  memory.low_watermarks = PageCount(21148);
  memory.file_lists = PageCount(474497);
  memory.reclaimable_kernel = PageCount(33082);
  return memory;
}

TEST(AvailableMemoryTest, IsWhatAHostShows) { EXPECT_EQ(AvailableMemory(HostMemoryInUse()), PageCount(22296096 / 4)); }

TEST(AvailableMemoryTest, HalfOfASmallPageCacheStays) {
  MemoryInUse memory;
  memory.low_watermarks = PageCount(100);
  for (const auto& [cache, available] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 0}, {1, 1}, {2, 1}, {199, 100}, {200, 100}, {201, 101}, {1000, 900}}) {
    memory.file_lists = PageCount(cache);
    memory.reclaimable_kernel = PageCount(0);
    EXPECT_EQ(AvailableMemory(memory), PageCount(available)) << cache;
    std::swap(memory.file_lists, memory.reclaimable_kernel);
    EXPECT_EQ(AvailableMemory(memory), PageCount(available)) << cache;
  }
}

TEST(AvailableMemoryTest, IsNeverNegative) {
  MemoryInUse memory;
  memory.free = PageCount(10);
  memory.total_reserve = PageCount(11);
  EXPECT_EQ(AvailableMemory(memory), PageCount(0));
  // Reclaimable memory makes up for what the reserve exceeds the free pages.
  memory.file_lists = PageCount(10);
  EXPECT_EQ(AvailableMemory(memory), PageCount(9));
}

TEST(DirtyThresholdsTest, AreWhatAHostShows) {
  const DirtyThresholds thresholds = ComputeDirtyThresholds(HostMemoryInUse());
  EXPECT_EQ(thresholds.threshold, PageCount(1115454));
  EXPECT_EQ(thresholds.background, PageCount(557046));
}

TEST(DirtyThresholdsTest, TheBackgroundStaysBelowTheThreshold) {
  for (std::uint64_t free = 0; free < 64; ++free) {
    MemoryInUse memory;
    memory.free = PageCount(free);
    const DirtyThresholds thresholds = ComputeDirtyThresholds(memory);
    EXPECT_TRUE(thresholds.background < thresholds.threshold || thresholds.threshold == PageCount(0)) << free;
  }
}

TEST(DirtyThresholdsTest, FitIn32Bits) {
  MemoryInUse memory;
  memory.free = PageCount(1ULL << 40);
  EXPECT_EQ(ComputeDirtyThresholds(memory).threshold, PageCount(UINT32_MAX));
}

TEST(PagesetTest, SizesAreThoseOfAHostsZones) {
  struct Zone {
    std::uint64_t managed;
    std::uint64_t low;
    PagesetSizes sizes;
    std::uint64_t threshold;
  };
  // DMA, DMA32 and Normal with 2 CPUs.
  const std::vector<Zone> zones = {
      {3840, 56, {PageCount(1), PageCount(28), PageCount(240)}, 4},
      {772497, 11395, {PageCount(63), PageCount(5697), PageCount(48281)}, 24},
      {655360, 9667, {PageCount(63), PageCount(4833), PageCount(40960)}, 24},
      {1638400, 14328, {PageCount(63), PageCount(7164), PageCount(102400)}, 28},
  };
  for (const Zone& zone : zones) {
    EXPECT_EQ(ComputePagesetSizes(PageCount(zone.managed), PageCount(zone.low), 2), zone.sizes) << zone.managed;
    EXPECT_EQ(VmStatThreshold(PageCount(zone.managed), 2), zone.threshold) << zone.managed;
  }
}

TEST(PagesetTest, ABatchIsOneLessThanAPowerOfTwo) {
  // A quarter of a thousandth of the zone, and half as much again, rounded down.
  for (const auto& [managed, batch] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 1},
                                                                                           {8191, 1},
                                                                                           {12288, 3},
                                                                                           {45055, 7},
                                                                                           {45056, 15},
                                                                                           {90111, 15},
                                                                                           {90112, 31},
                                                                                           {176127, 31},
                                                                                           {176128, 63},
                                                                                           {1ULL << 30, 63}}) {
    EXPECT_EQ(ComputePagesetSizes(PageCount(managed), PageCount(0), 1).batch, PageCount(batch)) << managed;
  }
}

TEST(PagesetTest, ManyCpusLeaveEachFourBatches) {
  const PagesetSizes sizes = ComputePagesetSizes(PageCount(3840), PageCount(56), 256);
  EXPECT_EQ(sizes, (PagesetSizes{PageCount(1), PageCount(4), PageCount(4)}));
}

TEST(PagesetTest, TheThresholdEndsAt125) {
  EXPECT_EQ(VmStatThreshold(PageCount(1ULL << 30), 256), 125U);
  EXPECT_EQ(VmStatThreshold(PageCount(1), 1), 2U);
}

DirectMapPages DirectMapOfMachine(std::uint64_t bytes) {
  MachineSpec spec;
  spec.memory = ByteCount(bytes);
  return DirectMapOf(MachineState(spec).pages.zones());
}

TEST(DirectMapTest, CoversTheInstalledMemory) {
  for (const std::uint64_t bytes : {16 * kMiB, 18 * kMiB + 4096, 1 * kGiB, 3 * kGiB, 3 * kGiB + 4096, 4 * kGiB,
                                    5 * kGiB + 6 * kMiB, 64 * kGiB, 4096 * kGiB}) {
    const DirectMapPages map = DirectMapOfMachine(bytes);
    EXPECT_EQ(map.pages_4k * 4096 + map.pages_2m * 2 * kMiB + map.pages_1g * kGiB, bytes) << bytes;
  }
}

TEST(DirectMapTest, UsesTheLargestPagesThatFit) {
  // 4k up to 2 MiB, 2M up to 1 GiB, then 1G; memory above the hole begins at 4 GiB.
  EXPECT_EQ(DirectMapOfMachine(4 * kGiB), (DirectMapPages{512, 511, 3}));
  EXPECT_EQ(DirectMapOfMachine(16 * kMiB), (DirectMapPages{512, 7, 0}));
  EXPECT_EQ(DirectMapOfMachine(4 * kGiB + 2 * kMiB + 4096), (DirectMapPages{513, 512, 3}));
}

}  // namespace
}  // namespace memsim

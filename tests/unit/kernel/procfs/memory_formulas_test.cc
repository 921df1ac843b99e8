// The formulas behind single rows, checked against numbers that a Linux 6.18 host of 24 GiB showed.

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/available_memory.h"
#include "server/kernel/procfs/direct_map.h"
#include "server/kernel/procfs/pageset.h"

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

TEST(VmStatThresholdTest, IsThatOfAHostsZones) {
  // DMA, DMA32 and two sizes of Normal with 2 CPUs.
  for (const auto& [managed, threshold] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{3840, 4}, {772497, 24}, {655360, 24}, {1638400, 28}}) {
    EXPECT_EQ(VmStatThreshold(PageCount(managed), 2), threshold) << managed;
  }
}

TEST(VmStatThresholdTest, EndsAt125) {
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

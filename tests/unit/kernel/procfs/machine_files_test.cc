// Whole files of a machine that was never booted, with counters set by hand: every number has one place.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/procfs.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

class MachineFilesTest : public testing::Test {
 protected:
  MachineFilesTest() {
    MachineSpec spec;
    spec.memory = ByteCount(5ULL << 30);
    spec.reserved = ByteCount(128ULL << 20);
    spec.cpu_count = 1;
    state_ = std::make_unique<MachineState>(spec);
  }

  std::string Read(absl::string_view path) { return *ReadProc(state_->View(), path); }
  void Set(Counter counter, std::int64_t value) {
    state_->counters.Add(counter, value - state_->counters.Get(counter));
  }

  std::unique_ptr<MachineState> state_;
};

TEST_F(MachineFilesTest, Meminfo) {
  Set(Counter::kNrFilePages, 1000);
  Set(Counter::kNrInactiveAnon, 200);
  Set(Counter::kNrInactiveFile, 40);
  Set(Counter::kNrDirty, 5);
  Set(Counter::kNrAnonPages, 6);
  Set(Counter::kNrMapped, 7);
  Set(Counter::kNrShmem, 8);
  Set(Counter::kNrKernelStackKib, 9);
  Set(Counter::kNrPageTablePages, 11);
  Set(Counter::kCommittedAs, 12);
  EXPECT_EQ(Read("meminfo"),
            "MemTotal:        5111808 kB\n"
            "MemFree:         5111808 kB\n"
            "MemAvailable:    4987632 kB\n"
            "Buffers:               0 kB\n"
            "Cached:             4000 kB\n"
            "SwapCached:            0 kB\n"
            "Active:                0 kB\n"
            "Inactive:            960 kB\n"
            "Active(anon):          0 kB\n"
            "Inactive(anon):      800 kB\n"
            "Active(file):          0 kB\n"
            "Inactive(file):      160 kB\n"
            "Unevictable:           0 kB\n"
            "Mlocked:               0 kB\n"
            "SwapTotal:             0 kB\n"
            "SwapFree:              0 kB\n"
            "Zswap:                 0 kB\n"
            "Zswapped:              0 kB\n"
            "Dirty:                20 kB\n"
            "Writeback:             0 kB\n"
            "AnonPages:            24 kB\n"
            "Mapped:               28 kB\n"
            "Shmem:                32 kB\n"
            "KReclaimable:          0 kB\n"
            "Slab:                  0 kB\n"
            "SReclaimable:          0 kB\n"
            "SUnreclaim:            0 kB\n"
            "KernelStack:           9 kB\n"
            "PageTables:           44 kB\n"
            "SecPageTables:         0 kB\n"
            "NFS_Unstable:          0 kB\n"
            "Bounce:                0 kB\n"
            "WritebackTmp:          0 kB\n"
            "CommitLimit:     2555904 kB\n"
            "Committed_AS:         48 kB\n"
            "VmallocTotal:   34359738367 kB\n"
            "VmallocUsed:           9 kB\n"
            "VmallocChunk:          0 kB\n"
            "Percpu:                0 kB\n"
            "AnonHugePages:         0 kB\n"
            "ShmemHugePages:        0 kB\n"
            "ShmemPmdMapped:        0 kB\n"
            "FileHugePages:         0 kB\n"
            "FilePmdMapped:         0 kB\n"
            "Balloon:               0 kB\n"
            "HugePages_Total:       0\n"
            "HugePages_Free:        0\n"
            "HugePages_Rsvd:        0\n"
            "HugePages_Surp:        0\n"
            "Hugepagesize:       2048 kB\n"
            "Hugetlb:               0 kB\n"
            "DirectMap4k:        2048 kB\n"
            "DirectMap2M:     1046528 kB\n"
            "DirectMap1G:     4194304 kB\n");
}

TEST_F(MachineFilesTest, Buddyinfo) {
  EXPECT_EQ(Read("buddyinfo"),
            "Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 \n"
            "Node 0, zone    DMA32      0      0      0      0      0      0      0      0      1      0    754 \n"
            "Node 0, zone   Normal      0      0      0      0      0      0      0      0      0      0    490 \n");
}

TEST_F(MachineFilesTest, Pagetypeinfo) {
  EXPECT_EQ(Read("pagetypeinfo"),
            "Page block order: 9\n"
            "Pages per block:  512\n"
            "\n"
            "Free pages count per migrate type at order       0      1      2      3      4      5      6      7      "
            "8      9     10 \n"
            "Node    0, zone      DMA, type    Unmovable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone      DMA, type      Movable      0      0      0      0      0      0      0      0      "
            "1      1      3 \n"
            "Node    0, zone      DMA, type  Reclaimable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone      DMA, type   HighAtomic      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone      DMA, type      Isolate      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone    DMA32, type    Unmovable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone    DMA32, type      Movable      0      0      0      0      0      0      0      0      "
            "1      0    754 \n"
            "Node    0, zone    DMA32, type  Reclaimable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone    DMA32, type   HighAtomic      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone    DMA32, type      Isolate      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone   Normal, type    Unmovable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone   Normal, type      Movable      0      0      0      0      0      0      0      0      "
            "0      0    490 \n"
            "Node    0, zone   Normal, type  Reclaimable      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone   Normal, type   HighAtomic      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "Node    0, zone   Normal, type      Isolate      0      0      0      0      0      0      0      0      "
            "0      0      0 \n"
            "\n"
            "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate \n"
            "Node 0, zone      DMA            0            8            0            0            0 \n"
            "Node 0, zone    DMA32            0         1528            0            0            0 \n"
            "Node 0, zone   Normal            0         1024            0            0            0 \n");
}

TEST_F(MachineFilesTest, LongFreeListsAreNotCountedToTheirEndInPagetypeinfo) {
  MachineSpec spec;
  // 100,000 blocks of 4 MiB are 390.6 GiB.
  spec.memory = ByteCount(512ULL << 30);
  state_ = std::make_unique<MachineState>(spec);
  EXPECT_TRUE(absl::StrContains(Read("pagetypeinfo"), " >100000 \n"));
  EXPECT_FALSE(absl::StrContains(Read("buddyinfo"), ">"));
}

TEST_F(MachineFilesTest, ZoneinfoOfAZone) {
  const std::string text = Read("zoneinfo");
  const std::size_t begin = text.find("Node 0, zone    DMA32\n");
  const std::size_t end = text.find("Node 0, zone   Normal\n");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(text.substr(begin, end - begin),
            "Node 0, zone    DMA32\n"
            "  pages free     772352\n"
            "        boost    0\n"
            "        min      10211\n"
            "        low      12763\n"
            "        high     15315\n"
            "        promo    17867\n"
            "        spanned  1044480\n"
            "        present  782336\n"
            "        managed  772352\n"
            "        cma      0\n"
            "        protection: (0, 0, 1960, 1960, 1960)\n"
            "      nr_free_pages 772352\n"
            "      nr_free_pages_blocks 772096\n"
            "      nr_zone_inactive_anon 0\n"
            "      nr_zone_active_anon 0\n"
            "      nr_zone_inactive_file 0\n"
            "      nr_zone_active_file 0\n"
            "      nr_zone_unevictable 0\n"
            "      nr_zone_write_pending 0\n"
            "      nr_mlock     0\n"
            "      nr_zspages   0\n"
            "      nr_free_cma  0\n"
            "      numa_hit     0\n"
            "      numa_miss    0\n"
            "      numa_foreign 0\n"
            "      numa_interleave 0\n"
            "      numa_local   0\n"
            "      numa_other   0\n"
            "  pagesets\n"
            "    cpu: 0\n"
            "              count:    0\n"
            "              high:     0\n"
            "              batch:    63\n"
            "              high_min: 12763\n"
            "              high_max: 96544\n"
            "  vm stats threshold: 12\n"
            "  node_unreclaimable:  0\n"
            "  start_pfn:           4096\n");
}

TEST_F(MachineFilesTest, ZoneinfoEndsWithTheZonesThatHaveNoMemory) {
  EXPECT_TRUE(absl::EndsWith(Read("zoneinfo"),
                             "Node 0, zone  Movable\n"
                             "  pages free     0\n"
                             "        boost    0\n"
                             "        min      32\n"
                             "        low      32\n"
                             "        high     32\n"
                             "        promo    32\n"
                             "        spanned  0\n"
                             "        present  0\n"
                             "        managed  0\n"
                             "        cma      0\n"
                             "        protection: (0, 0, 0, 0, 0)\n"
                             "Node 0, zone   Device\n"
                             "  pages free     0\n"
                             "        boost    0\n"
                             "        min      0\n"
                             "        low      0\n"
                             "        high     0\n"
                             "        promo    0\n"
                             "        spanned  0\n"
                             "        present  0\n"
                             "        managed  0\n"
                             "        cma      0\n"
                             "        protection: (0, 0, 0, 0, 0)\n"));
}

TEST_F(MachineFilesTest, ZoneinfoShowsTheNodeOnceInItsFirstZone) {
  Set(Counter::kNrAnonPages, 7);
  const std::string text = Read("zoneinfo");
  EXPECT_TRUE(absl::StartsWith(text, "Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 0\n"));
  EXPECT_EQ(text.find("per-node stats", 30), std::string::npos);
  EXPECT_EQ(SumOfRows(text, "nr_anon_pages"), 7U);
}

TEST_F(MachineFilesTest, ZoneinfoHasAPagesetForEachCpu) {
  MachineSpec spec;
  spec.memory = ByteCount(16ULL << 20);
  spec.cpu_count = 3;
  state_ = std::make_unique<MachineState>(spec);
  const std::string text = Read("zoneinfo");
  std::vector<std::string> cpus;
  for (const std::string& line : Lines(text)) {
    if (absl::StartsWith(line, "    cpu: ")) cpus.push_back(line.substr(9));
  }
  EXPECT_EQ(cpus, (std::vector<std::string>{"0", "1", "2"}));
}

// Every counter that a vmstat row shows is set to a number of its own.
TEST_F(MachineFilesTest, VmstatShowsEachCounterInItsRow) {
  std::int64_t value = 100001;
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) Set(static_cast<Counter>(i), value++);
  const auto rows = RowValues(Read("vmstat"));
  std::size_t shown = 0;
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) {
    const auto row = rows.find(std::string(kCounterInfo[i].name));
    if (row == rows.end()) continue;
    EXPECT_EQ(row->second, 100001 + i) << row->first;
    ++shown;
  }
  // All but those that Linux shows elsewhere or not at all: pgalloc and allocstall are rows of zones.
  EXPECT_EQ(shown, 28U);
  EXPECT_EQ(rows.at("nr_free_pages"), state_->pages.free_pages().value());
  EXPECT_EQ(rows.at("nr_zone_write_pending"), rows.at("nr_dirty"));
  // 64 bytes for each of 5 GiB's frames.
  EXPECT_EQ(rows.at("nr_memmap_boot_pages"), 20480U);
}

TEST_F(MachineFilesTest, VmstatShowsNoMoreStructPagesThanWereReserved) {
  // A machine of 64 MiB has struct pages of 256 pages, after the first MiB and an image of 2048.
  const std::pair<std::uint64_t, std::uint64_t> cases[] = {
      {0, 0}, {256 + 2048, 0}, {256 + 2048 + 255, 255}, {2304 + 256, 256}, {2304 + 257, 256}, {4000, 256}};
  for (const auto& [reserved_pages, memmap] : cases) {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.reserved = ToBytes(PageCount(reserved_pages));
    const MachineState state(spec);
    EXPECT_EQ(RowValues(*ReadProc(state.View(), "vmstat")).at("nr_memmap_boot_pages"), memmap) << reserved_pages;
  }
}

TEST_F(MachineFilesTest, VmstatCountsAllocationsOfEachZone) {
  ASSERT_TRUE(state_->pages.AllocPages(kGfpDma, Order(1), PageOwner::kCaller).has_value());
  ASSERT_TRUE(state_->pages.AllocPages(kGfpDma32, Order(2), PageOwner::kCaller).has_value());
  ASSERT_TRUE(state_->pages.AllocPages(kGfpKernel, Order(3), PageOwner::kCaller).has_value());
  const auto rows = RowValues(Read("vmstat"));
  EXPECT_EQ(rows.at("pgalloc_dma"), 2U);
  EXPECT_EQ(rows.at("pgalloc_dma32"), 4U);
  EXPECT_EQ(rows.at("pgalloc_normal"), 8U);
  EXPECT_EQ(rows.at("pgalloc_movable"), 0U);
}

TEST_F(MachineFilesTest, EveryBuddyinfoRowHasElevenOrders) {
  for (const std::uint64_t memory : {16ULL << 20, 64ULL << 20, 5ULL << 30, 4ULL << 40}) {
    MachineSpec spec;
    spec.memory = ByteCount(memory);
    state_ = std::make_unique<MachineState>(spec);
    for (const std::string& line : Lines(Read("buddyinfo"))) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      EXPECT_EQ(words.size(), 4U + 11U) << line;
    }
  }
}

}  // namespace
}  // namespace memsim

// Rows that have a total add up to it, within a file and between files, whatever the machine has done.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

using Values = std::map<std::string, std::uint64_t>;

// Pages that the rows of buddyinfo or of the free lists of pagetypeinfo stand for.
std::uint64_t PagesInBlocks(const std::string& text, absl::string_view row_start) {
  std::uint64_t pages = 0;
  for (const std::string& line : Lines(text)) {
    if (line.rfind(std::string(row_start), 0) != 0) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    for (std::size_t order = 0; order < 11; ++order) pages += std::stoull(words[words.size() - 11 + order]) << order;
  }
  return pages;
}

class TotalsTest : public testing::Test {
 protected:
  void Boot(std::uint64_t memory) {
    MachineSpec spec;
    spec.memory = ByteCount(memory);
    machine_ = *Machine::Create(spec);
  }
  std::string Read(absl::string_view path) { return *machine_->ReadProc(path); }

  VirtualAddress Map(Pid pid, std::uint64_t pages, std::uint64_t flags, int fd = -1) {
    return *machine_->Mmap(pid, VirtualAddress(0), ToBytes(PageCount(pages)), kProtRead | kProtWrite, flags, fd,
                           ByteCount(0));
  }
  void Write(Pid pid, VirtualAddress address, std::uint64_t pages) {
    const auto touched = machine_->Touch(pid, address, AccessKind::kWrite, PageCount(pages));
    ASSERT_TRUE(touched.ok() && !touched->signal.has_value());
  }

  // Anonymous, shared and file memory, forked and partly copied; kernel pages of several zones.
  void Work() {
    const Pid pid = *machine_->Spawn("worker");
    const VirtualAddress anonymous = Map(pid, 100, kMapPrivate | kMapAnonymous);
    Write(pid, anonymous, 90);
    Write(pid, Map(pid, 50, kMapShared | kMapAnonymous), 40);
    ASSERT_EQ(machine_->Mknod("/data", FileKind::kRegular, ByteCount(1 << 20)), Errno::kOk);
    const int fd = *machine_->Open(pid, "/data", kOpenReadWrite);
    Write(pid, Map(pid, 64, kMapShared, fd), 30);
    Write(pid, Map(pid, 64, kMapPrivate, fd), 20);
    const Pid child = *machine_->Clone(pid, 0);
    Write(child, anonymous, 10);
    ASSERT_TRUE(machine_->AllocPages(kGfpDma, 2).ok());
    ASSERT_TRUE(machine_->AllocPages(kGfpKernel, 5).ok());
  }

  // The sum of the pagesets' rows in zoneinfo, which is the zones' sum in the registry.
  std::uint64_t OnPerCpuLists() {
    std::uint64_t pages = 0;
    for (const std::string& line : Lines(Read("zoneinfo"))) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (words.size() == 2 && words[0] == "count:") pages += std::stoull(words[1]);
    }
    std::uint64_t counted = 0;
    for (const CounterSample& sample : machine_->ReadCounters()) {
      if (sample.info->name == "pcp_pages") counted += static_cast<std::uint64_t>(sample.value);
    }
    EXPECT_EQ(pages, counted);
    return pages;
  }

  void ExpectMeminfoAddsUp() {
    Values meminfo = RowValues(Read("meminfo"));
    EXPECT_EQ(meminfo["Active"], meminfo["Active(anon)"] + meminfo["Active(file)"]);
    EXPECT_EQ(meminfo["Inactive"], meminfo["Inactive(anon)"] + meminfo["Inactive(file)"]);
    EXPECT_EQ(meminfo["Slab"], meminfo["SReclaimable"] + meminfo["SUnreclaim"]);
    EXPECT_EQ(meminfo["SwapTotal"], meminfo["SwapFree"]);
    // Every page on the lists is anonymous, shared or of a file, and all of those are on the lists.
    EXPECT_EQ(meminfo["Active"] + meminfo["Inactive"], meminfo["AnonPages"] + meminfo["Cached"]);
    EXPECT_EQ(meminfo["Active(anon)"] + meminfo["Inactive(anon)"], meminfo["AnonPages"] + meminfo["Shmem"]);
    // Used memory is what its users say, but for the zero page, what calls allocated, and what lies on per-CPU lists.
    const std::uint64_t used =
        meminfo["AnonPages"] + meminfo["Cached"] + meminfo["KernelStack"] + meminfo["PageTables"] + meminfo["Slab"];
    EXPECT_EQ(meminfo["MemTotal"] - meminfo["MemFree"], used + 4 + calls_kib_ + OnPerCpuLists() * 4);
    EXPECT_LE(meminfo["MemAvailable"], meminfo["MemTotal"]);
  }

  void ExpectFreePagesAgree() {
    Values vmstat = RowValues(Read("vmstat"));
    Values meminfo = RowValues(Read("meminfo"));
    const std::string zoneinfo = Read("zoneinfo");
    EXPECT_EQ(PagesInBlocks(Read("buddyinfo"), "Node"), vmstat["nr_free_pages"]);
    EXPECT_EQ(PagesInBlocks(Read("pagetypeinfo"), "Node    0"), vmstat["nr_free_pages"]);
    EXPECT_EQ(vmstat["nr_free_pages"] * 4, meminfo["MemFree"]);
    EXPECT_EQ(SumOfRows(zoneinfo, "managed") * 4, meminfo["MemTotal"]);
  }

  void ExpectZonesAddUp() {
    Values vmstat = RowValues(Read("vmstat"));
    const std::string zoneinfo = Read("zoneinfo");
    for (const absl::string_view name :
         {"nr_free_pages", "nr_free_pages_blocks", "nr_zone_inactive_anon", "nr_zone_active_anon",
          "nr_zone_inactive_file", "nr_zone_active_file", "nr_zone_unevictable", "nr_zone_write_pending", "nr_mlock"}) {
      EXPECT_EQ(SumOfRows(zoneinfo, name), vmstat[std::string(name)]) << name;
    }
    for (const absl::string_view list :
         {"inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable"}) {
      EXPECT_EQ(vmstat[absl::StrCat("nr_zone_", list)], vmstat[absl::StrCat("nr_", list)]) << list;
      EXPECT_EQ(SumOfRows(zoneinfo, absl::StrCat("nr_", list)), vmstat[absl::StrCat("nr_", list)]) << list;
    }
    EXPECT_EQ(vmstat["nr_zone_write_pending"], vmstat["nr_dirty"] + vmstat["nr_writeback"]);
  }

  void ExpectEventsAddUp() {
    Values vmstat = RowValues(Read("vmstat"));
    std::uint64_t allocated = 0;
    std::uint64_t stalls = 0;
    for (const absl::string_view zone : {"dma", "dma32", "normal", "movable", "device"}) {
      allocated += vmstat[absl::StrCat("pgalloc_", zone)];
      stalls += vmstat[absl::StrCat("allocstall_", zone)];
    }
    std::map<std::string, std::int64_t> counters;
    Values of_cpus;
    for (const CounterSample& sample : machine_->ReadCounters()) {
      if (sample.cpu >= 0) of_cpus[std::string(sample.info->name)] += static_cast<std::uint64_t>(sample.value);
      if (sample.zone.empty()) counters[std::string(sample.info->name)] = sample.value;
    }
    EXPECT_EQ(static_cast<std::uint64_t>(counters["pgalloc"]), allocated);
    EXPECT_EQ(static_cast<std::uint64_t>(counters["allocstall"]), stalls);
    Values meminfo = RowValues(Read("meminfo"));
    const std::uint64_t in_use = (allocated - vmstat["pgfree"]) * 4;
    EXPECT_EQ(in_use + OnPerCpuLists() * 4, meminfo["MemTotal"] - meminfo["MemFree"]);
    // What CPUs took from the zones they gave back, have, or somebody has.
    EXPECT_EQ(of_cpus["pcp_refilled"] - of_cpus["pcp_flushed"], OnPerCpuLists() + in_use / 4 - large_blocks_pages_);
    EXPECT_GT(of_cpus["pcp_hits"], 0U);
  }

  void ExpectEverythingAddsUp() {
    machine_->CheckInvariants();
    ExpectMeminfoAddsUp();
    ExpectFreePagesAgree();
    ExpectZonesAddUp();
    ExpectEventsAddUp();
  }

  std::unique_ptr<Machine> machine_;
  std::uint64_t calls_kib_ = 0;
  // In blocks that no CPU keeps: their orders go to the zones at once.
  std::uint64_t large_blocks_pages_ = 0;
};

TEST_F(TotalsTest, HoldAfterBoot) {
  for (const std::uint64_t memory : {16ULL << 20, 64ULL << 20, 4ULL << 30, 64ULL << 30}) {
    Boot(memory);
    ExpectEverythingAddsUp();
  }
}

TEST_F(TotalsTest, HoldAfterWork) {
  for (const std::uint64_t memory : {64ULL << 20, 5ULL << 30}) {
    Boot(memory);
    Work();
    // Blocks of the orders 2 and 5.
    calls_kib_ = 144;
    large_blocks_pages_ = 32;
    ExpectEverythingAddsUp();
    // The rows are not equal because they are all 0.
    Values vmstat = RowValues(Read("vmstat"));
    EXPECT_EQ(vmstat["nr_shmem"], 40U);
    EXPECT_GE(vmstat["nr_dirty"], 30U);
    EXPECT_GE(vmstat["nr_inactive_file"], 30U);
    EXPECT_GE(vmstat["nr_anon_pages"], 90U + 20U + 10U);
  }
}

TEST_F(TotalsTest, HoldWhenMemoryWasOut) {
  Boot(32ULL << 20);
  const Pid pid = *machine_->Spawn("eater");
  // More than there is, but in requests that are small enough to be granted.
  bool killed = false;
  for (int i = 0; i < 10 && !killed; ++i) {
    const VirtualAddress address = Map(pid, 1000, kMapPrivate | kMapAnonymous);
    killed = machine_->Touch(pid, address, AccessKind::kWrite, PageCount(1000))->signal.has_value();
  }
  ASSERT_TRUE(killed);
  ExpectEverythingAddsUp();
  EXPECT_GE(RowValues(Read("vmstat"))["oom_kill"], 1U);
}

}  // namespace
}  // namespace memsim

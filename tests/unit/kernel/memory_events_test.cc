// What memory tells of: pages, objects, faults and locks, checked against what is counted of them.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/procfs/event_text.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kTableFlags[] = "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP";
constexpr char kSlabFlags[] = "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP";
constexpr char kZeroedFlags[] = "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP";
constexpr char kCopiedFlags[] = "GFP_HIGHUSER_MOVABLE|__GFP_COMP";

class MemoryEventsTest : public TracedMachine {
 protected:
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const TraceRecord& record : machine_->TakeEvents().records) names.emplace_back(InfoOf(record.point).name);
    return names;
  }

  void Write(Pid pid, VirtualAddress address, std::uint64_t pages) {
    EXPECT_TRUE(machine_->Touch(pid, address, AccessKind::kWrite, PageCount(pages)).ok());
  }
  std::int64_t Counted(absl::string_view name) const {
    for (const CounterSample& sample : machine_->ReadCounters()) {
      if (sample.info->name == name && sample.zone.empty() && sample.cpu < 0) return sample.value;
    }
    ADD_FAILURE() << name;
    return 0;
  }
};

// --- Each where it happens

TEST_F(MemoryEventsTest, AFaultTellsOfTheAccessThePageAndTheResidentSet) {
  const VirtualAddress address = Map(2);
  Write(pid_, address, 1);
  Listen({"exceptions:*", "kmem:mm_page_alloc", "kmem:rss_stat"});
  Write(pid_, address + kPageSize, 1);
  const std::vector<std::string> lines = Take();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0],
            absl::StrCat("page_fault_user: address=0x", absl::Hex(address.value() + 4096), " ip=0x0 error_code=0x6"));
  EXPECT_THAT(lines[1], HasSubstr("order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE"));
  EXPECT_THAT(lines[2], HasSubstr("curr=1 type=MM_ANONPAGES size=8192B"));
}

// As perf shows them of a 6.18 kernel.
TEST_F(MemoryEventsTest, PagesAreAskedForAsLinuxDoes) {
  const VirtualAddress address = Map(2);
  Listen({"kmem:mm_page_alloc"});
  const auto flags = [this] {
    std::vector<std::string> texts;
    for (const std::string& line : Take()) texts.push_back(line.substr(line.find("gfp_flags=") + 10));
    return texts;
  };
  Write(pid_, address, 1);
  // Three tables on the way to the page, and a slab each for the anon_vma and its chain.
  EXPECT_THAT(flags(), ElementsAre(kTableFlags, kTableFlags, kTableFlags, kSlabFlags, kSlabFlags, kZeroedFlags));
  ASSERT_TRUE(machine_->Touch(pid_, address + kPageSize, AccessKind::kRead, PageCount(1)).ok());
  Write(pid_, address + kPageSize, 1);
  EXPECT_THAT(flags(), ElementsAre(kZeroedFlags)) << "in place of the zero page";
  ASSERT_TRUE(machine_->Clone(pid_, 0).ok());
  Take();
  Write(pid_, address, 1);
  EXPECT_THAT(flags(), ElementsAre(kCopiedFlags));
}

TEST_F(MemoryEventsTest, WhoFindsNothingToUnmapDoesNotGoOnAsAReader) {
  Listen({"mmap_lock:*"});
  EXPECT_EQ(machine_->Munmap(pid_, VirtualAddress(1 << 20), kPageSize), Errno::kOk);
  EXPECT_EQ(Take().size(), 3U) << "asked for, had, left";
}

TEST_F(MemoryEventsTest, PopulatingTakesNoExceptionAndMmapLockOnce) {
  Listen({"exceptions:*", "mmap_lock:*", "kmem:mm_page_alloc"});
  const VirtualAddress address = Map(16, kReadWrite, kPrivateAnonymous | kMapPopulate);
  EXPECT_EQ(machine_->Madvise(pid_, address, ToBytes(PageCount(16)), kMadvPopulateRead), Errno::kOk);
  std::vector<std::string> names = Names();
  EXPECT_GE(std::count(names.begin(), names.end(), "mm_page_alloc"), 16);
  names.erase(std::remove(names.begin(), names.end(), "mm_page_alloc"), names.end());
  const std::vector<std::string> lock = {"mmap_lock_start_locking", "mmap_lock_acquire_returned", "mmap_lock_released"};
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) expected.insert(expected.end(), lock.begin(), lock.end());
  EXPECT_EQ(names, expected) << "to map, to populate, to find all there";
}

TEST_F(MemoryEventsTest, AnErrorCodeSaysWhetherThereWasAPage) {
  const VirtualAddress address = Map(1);
  EXPECT_TRUE(machine_->Touch(pid_, address, AccessKind::kRead, PageCount(1)).ok());
  Listen({"page_fault_user"});
  Write(pid_, address, 1);
  EXPECT_EQ(machine_->Mprotect(pid_, address, kPageSize, 0), Errno::kOk);
  EXPECT_TRUE(machine_->Touch(pid_, address, AccessKind::kExecute, PageCount(1))->signal.has_value());
  const std::vector<std::string> lines = Take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("error_code=0x7")) << "a write to a page that was there";
  EXPECT_THAT(lines[1], HasSubstr("error_code=0x14")) << "to the hardware PROT_NONE is no page";
}

TEST_F(MemoryEventsTest, MunmapGivesPagesBackInBatches) {
  const VirtualAddress address = Map(40);
  Write(pid_, address, 40);
  Listen({"mm_page_free*"});
  EXPECT_EQ(machine_->Munmap(pid_, address, ToBytes(PageCount(40))), Errno::kOk);
  const std::vector<std::string> names = Names();
  // A batch is made ready as a whole, then each of its pages is put away. Behind them: the page table.
  std::vector<std::string> expected(31, "mm_page_free");
  expected.insert(expected.end(), 31, "mm_page_free_batched");
  expected.insert(expected.end(), 9, "mm_page_free");
  expected.insert(expected.end(), 9, "mm_page_free_batched");
  ASSERT_GE(names.size(), expected.size());
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.begin() + 80), expected);
  EXPECT_EQ(std::count(names.begin(), names.end(), "mm_page_free_batched"), 40);
}

TEST_F(MemoryEventsTest, PagesGoOnlyWhenNoTlbHasAnEntryOfThem) {
  const auto first_of_munmap = [this](std::uint64_t flags, AccessKind kind) {
    const VirtualAddress address = Map(4, kReadWrite, flags);
    EXPECT_TRUE(machine_->Touch(pid_, address, kind, PageCount(4)).ok());
    Listen({"mm_page_free*", "tlb_flush"});
    EXPECT_EQ(machine_->Munmap(pid_, address, ToBytes(PageCount(4))), Errno::kOk);
    const std::vector<std::string> names = Names();
    Listen({});
    EXPECT_GE(names.size(), 5U);
    return names.empty() ? "" : names[0];
  };
  EXPECT_EQ(first_of_munmap(kPrivateAnonymous, AccessKind::kWrite), "tlb_flush");
  // Those of a file go with the file, and that with its last mapping; dirty ones would be forgotten early.
  EXPECT_EQ(first_of_munmap(kMapShared | kMapAnonymous, AccessKind::kRead), "tlb_flush");
}

TEST_F(MemoryEventsTest, MmapTellsOfTheSearchAndOfTheLock) {
  Listen({"mmap:vm_unmapped_area", "mmap_lock:*"});
  const VirtualAddress address = Map(3);
  const std::vector<std::string> lines = Take();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], HasSubstr("mmap_lock_start_locking"));
  EXPECT_THAT(lines[1], HasSubstr("write=true success=true"));
  EXPECT_EQ(lines[2],
            absl::StrCat("vm_unmapped_area: addr=0x", absl::Hex(address.value()),
                         " err=0 total_vm=0x0 flags=0x1 len=0x3000 lo=0x1000 hi=0x7ffff7fff000 mask=0x0 ofs=0x0"));
  EXPECT_THAT(lines[3], HasSubstr("mmap_lock_released"));
}

TEST_F(MemoryEventsTest, KmallocTellsWhatWasAskedForAndWhatWasGiven) {
  Listen({"kmalloc", "kfree", "kmem_cache_*"});
  const VirtualAddress small = *machine_->Kmalloc(ByteCount(100), kGfpKernel);
  const VirtualAddress large = *machine_->Kmalloc(ByteCount(100'000), kGfpKernel);
  EXPECT_EQ(machine_->Kfree(small), std::nullopt);
  EXPECT_EQ(machine_->Kfree(VirtualAddress(0)), std::nullopt);
  const auto pointer = [](VirtualAddress address) { return absl::StrCat("ptr=0x", absl::Hex(address.value())); };
  EXPECT_THAT(Take(),
              ElementsAre(absl::StrCat("kmalloc: call_site=caller ", pointer(small),
                                       " bytes_req=100 bytes_alloc=128 gfp_flags=GFP_KERNEL node=-1 "
                                       "accounted=false"),
                          absl::StrCat("kmalloc: call_site=caller ", pointer(large),
                                       " bytes_req=100000 bytes_alloc=131072 gfp_flags=GFP_KERNEL node=-1 "
                                       "accounted=false"),
                          absl::StrCat("kfree: call_site=caller ", pointer(small)), "kfree: call_site=caller ptr=0x0"));
}

TEST_F(MemoryEventsTest, AnObjectNamesItsCache) {
  CacheDefinition definition;
  definition.name = "thing";
  definition.object_size = ByteCount(1000);
  definition.align = ByteCount(1);
  definition.flags = kSlabNoMerge;
  const CacheId cache = *machine_->KmemCacheCreate(definition);
  Listen({"kmem_cache_*"});
  const VirtualAddress object = *machine_->KmemCacheAlloc(cache, kGfpKernel);
  EXPECT_EQ(machine_->KmemCacheFree(cache, object), std::nullopt);
  EXPECT_NE(machine_->KmemCacheFree(cache, object), std::nullopt);
  const std::vector<std::string> lines = Take();
  ASSERT_EQ(lines.size(), 2U) << "what is refused is not told";
  EXPECT_THAT(lines[0], HasSubstr("call_site=caller"));
  EXPECT_THAT(lines[0], HasSubstr("name=thing bytes_req=1000 bytes_alloc=1000 gfp_flags=GFP_KERNEL"));
  EXPECT_THAT(lines[1], HasSubstr("name=thing"));
}

// --- All of them

TEST_F(MemoryEventsTest, WhatIsToldAddsUpToWhatIsCounted) {
  Listen({"*"});
  const std::int64_t allocated = Counted("pgalloc");
  const std::int64_t freed = Counted("pgfree");
  std::map<std::string, std::int64_t> told;
  const auto collect = [&] {
    const TraceBatch batch = machine_->TakeEvents();
    for (const std::uint64_t lost : batch.lost) ASSERT_EQ(lost, 0U);
    for (const TraceRecord& record : batch.records) {
      const std::string name(InfoOf(record.point).name);
      const bool pages = name == "mm_page_alloc" || name == "mm_page_free";
      told[name] += pages ? std::int64_t{1} << record.fields[1] : 1;
    }
  };
  const std::int64_t faults = Counted("pgfault");
  const VirtualAddress address = Map(300);
  Write(pid_, address, 300);
  collect();
  const Pid child = *machine_->Clone(pid_, 0);
  Write(child, address, 100);
  collect();
  EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  EXPECT_TRUE(machine_->AllocPages(kGfpKernel, 6).ok());
  collect();
  EXPECT_EQ(told["mm_page_alloc"], Counted("pgalloc") - allocated);
  EXPECT_EQ(told["mm_page_free"], Counted("pgfree") - freed);
  EXPECT_EQ(told["page_fault_user"], Counted("pgfault") - faults);
  EXPECT_GT(told["kmem_cache_alloc"], told["kmem_cache_free"]);
  EXPECT_EQ(told["mmap_lock_start_locking"], told["mmap_lock_acquire_returned"]);
  EXPECT_EQ(told["mmap_lock_released"], told["mmap_lock_acquire_returned"]);
}

// A program in which everything happens that a tracepoint tells of, but for system calls, which have their own test.
TEST_F(MemoryEventsTest, NoTracepointIsANameAlone) {
  std::set<std::string> told;
  const auto collect = [&] {
    for (const std::string& name : Names()) told.insert(name);
  };
  Listen({"*"});
  const Pid child = *machine_->Clone(pid_, 0);
  ExecImage image;
  image.path = "/bin/true";
  EXPECT_EQ(machine_->Execve(child, image), Errno::kOk);
  EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  EXPECT_TRUE(machine_->Wait4(pid_, child).ok());
  const VirtualAddress memory = *machine_->Kmalloc(ByteCount(100), kGfpKernel);
  EXPECT_EQ(machine_->Kfree(memory), std::nullopt);
  collect();
  // All memory, and more: lists are drained, types mix, and in the end somebody is killed.
  for (int mapping = 0; mapping < 2; ++mapping) {
    const VirtualAddress address = Map(10'000);
    for (std::uint64_t page = 0; page < 10'000 && told.count("mark_victim") == 0; page += 100) {
      (void)machine_->Touch(pid_, address + ToBytes(PageCount(page)), AccessKind::kWrite, PageCount(100));
      collect();
    }
  }
  std::vector<std::string> silent;
  ForEachTracepoint([&](Tracepoint point) {
    const absl::string_view name = InfoOf(point).name;
    if (!absl::StartsWith(name, "sys_") && told.count(std::string(name)) == 0) silent.emplace_back(name);
  });
  EXPECT_THAT(silent, ElementsAre());
}

}  // namespace
}  // namespace memsim

// What explain tells of an access: which mapping, which entries, which functions of the kernel, and what each cost.

#include "server/kernel/inspect/access_explanation.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

using ::testing::HasSubstr;

class ExplainTest : public TracedMachine {
 protected:
  AccessExplanation Explain(VirtualAddress address, AccessKind access = AccessKind::kWrite) {
    const Nanoseconds before = machine_->now();
    const AccessExplanation explanation = *machine_->Explain(pid_, address, access);
    machine_->CheckInvariants();
    Nanoseconds sum;
    for (const ExplainedStep& step : explanation.steps) sum += step.duration;
    EXPECT_EQ(sum, machine_->now() - before) << "the parts are the whole";
    return explanation;
  }
  // "exc_page_fault do_user_addr_fault …", but for the page-table steps at the end.
  static std::string Names(const AccessExplanation& explanation) {
    std::string names;
    for (const ExplainedStep& step : explanation.steps) {
      absl::StrAppend(&names, names.empty() ? "" : " ", step.function);
    }
    return names;
  }
  int OpenFile(std::uint64_t pages) {
    EXPECT_EQ(machine_->Mknod("/data", FileKind::kRegular, ToBytes(PageCount(pages))), Errno::kOk);
    return *machine_->Open(pid_, "/data", kOpenReadWrite);
  }
  VirtualAddress MapFile(int fd, std::uint64_t flags, std::uint64_t pages) {
    return *machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(pages)), kReadWrite, flags, fd, ByteCount(0));
  }
};

TEST_F(ExplainTest, AStoreToFreshMemory) {
  const VirtualAddress address = Map(1);
  const AccessExplanation explanation = Explain(address);
  EXPECT_EQ(explanation.verdict, AccessVerdict::kServed);
  EXPECT_EQ(explanation.vma->range.start, address);
  EXPECT_EQ(explanation.result.minor_faults, 1U);
  ASSERT_EQ(explanation.before.size(), 1U) << "no table below the top one";
  EXPECT_EQ(explanation.before[0], (PageTables::WalkEntry{4, 255, 0}));
  ASSERT_EQ(explanation.after.size(), 4U);
  EXPECT_EQ(explanation.after[0].bits & 0xfff, 0x67U) << "_PAGE_TABLE";
  EXPECT_EQ(explanation.after[3].bits & 0x8000000000000fff, 0x8000000000000067U);
  EXPECT_EQ(Names(explanation),
            "exc_page_fault do_user_addr_fault lock_vma_under_rcu handle_mm_fault handle_pte_fault do_anonymous_page "
            "__anon_vma_prepare folio_prealloc set_ptes");
  EXPECT_EQ(explanation.steps.front().duration, kDefaultCosts.fault);
  std::vector<std::uint32_t> depths;
  for (const auto& step : explanation.steps) depths.push_back(step.depth);
  EXPECT_EQ(depths, (std::vector<std::uint32_t>{0, 1, 2, 2, 3, 4, 5, 5, 5})) << "who is called by the same is beside";
}

TEST_F(ExplainTest, TheSecondStoreTakesNoFault) {
  const VirtualAddress address = Map(1);
  Explain(address);
  const AccessExplanation again = Explain(address);
  EXPECT_EQ(again.verdict, AccessVerdict::kNoFault);
  EXPECT_TRUE(again.steps.empty());
  EXPECT_EQ(again.before, again.after);
  EXPECT_EQ(again.result.minor_faults, 0U);
}

TEST_F(ExplainTest, AfterForkAStoreCopiesAndTheLastOwnerReuses) {
  const VirtualAddress address = Map(1);
  Explain(address);
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_THAT(Names(Explain(address)), HasSubstr("do_wp_page wp_page_copy folio_prealloc set_ptes"));
  // On the same CPU, where its parent runs.
  for (const CpuMm& cpu : machine_->ListMms(0).cpus) {
    if (cpu.pid == pid_) machine_->BeginCall(cpu.cpu);
  }
  const AccessExplanation reuse = *machine_->Explain(child, address, AccessKind::kWrite);
  EXPECT_THAT(Names(reuse), HasSubstr("do_wp_page wp_page_reuse set_ptes"));
  EXPECT_EQ(reuse.steps.front().function, "__schedule") << "the child had not run yet";
  EXPECT_EQ(reuse.before[3].bits >> 12, reuse.after[3].bits >> 12) << "the same frame";
  EXPECT_EQ(reuse.after[3].bits & 2, 2U);
}

TEST_F(ExplainTest, ALoadOfFreshMemoryMapsTheZeroPageAndAStoreReplacesIt) {
  const VirtualAddress address = Map(1);
  const AccessExplanation load = Explain(address, AccessKind::kRead);
  EXPECT_THAT(Names(load), HasSubstr("do_anonymous_page set_ptes"));
  EXPECT_EQ(load.after[3].bits & 0x200, 0x200U) << "special";
  EXPECT_THAT(Names(Explain(address)), HasSubstr("do_wp_page wp_page_copy"));
}

TEST_F(ExplainTest, FilesAreReadCopiedOrShared) {
  const int fd = OpenFile(8);
  const AccessExplanation load = Explain(MapFile(fd, kMapShared, 8), AccessKind::kRead);
  EXPECT_THAT(Names(load), HasSubstr("do_fault do_read_fault do_fault_around"));
  EXPECT_THAT(Names(Explain(MapFile(fd, kMapPrivate, 8))),
              HasSubstr("do_fault do_cow_fault __anon_vma_prepare __do_fault"));
  const VirtualAddress shared = MapFile(fd, kMapShared, 8);
  EXPECT_THAT(Names(Explain(shared)), HasSubstr("do_fault do_shared_fault __do_fault do_page_mkwrite set_ptes"));
  Explain(shared + kPageSize, AccessKind::kRead);
  EXPECT_THAT(Names(Explain(shared + kPageSize)), HasSubstr("do_wp_page wp_page_shared do_page_mkwrite wp_page_reuse"));
}

TEST_F(ExplainTest, BeyondTheEndOfAFile) {
  const AccessExplanation explanation = Explain(MapFile(OpenFile(1), kMapShared, 2) + kPageSize);
  EXPECT_EQ(explanation.verdict, AccessVerdict::kBeyondFile);
  EXPECT_EQ(explanation.result.signal->number, SignalNumber::kBus);
  EXPECT_TRUE(absl::EndsWith(Names(explanation), "do_sigbus"));
}

TEST_F(ExplainTest, AHoleIsToldWithItsNeighbours) {
  const VirtualAddress above = Map(1);
  const VirtualAddress below = Map(3);
  ASSERT_EQ(machine_->Munmap(pid_, below + kPageSize, kPageSize), Errno::kOk);
  const AccessExplanation explanation = Explain(below + kPageSize);
  EXPECT_EQ(explanation.verdict, AccessVerdict::kHole);
  EXPECT_EQ(explanation.vma, std::nullopt);
  EXPECT_EQ(explanation.below->range.start, below);
  EXPECT_LE(explanation.above->range.start, above);
  EXPECT_EQ(explanation.result.signal->code, SignalCode::kMapErr);
  EXPECT_TRUE(absl::EndsWith(Names(explanation), "lock_mm_and_find_vma bad_area_nosemaphore"));
}

TEST_F(ExplainTest, WhatTheMappingForbids) {
  const AccessExplanation explanation = Explain(Map(1, kProtRead));
  EXPECT_EQ(explanation.verdict, AccessVerdict::kNotAllowed);
  EXPECT_EQ(explanation.result.signal->code, SignalCode::kAccErr);
  EXPECT_TRUE(absl::EndsWith(Names(explanation), "bad_area_access_error"));
  EXPECT_EQ(Explain(Map(1, kProtExec), AccessKind::kRead).verdict, AccessVerdict::kProtectionKey);
}

TEST_F(ExplainTest, AGuardRegion) {
  const VirtualAddress address = Map(1);
  ASSERT_EQ(machine_->Madvise(pid_, address, kPageSize, 102), Errno::kOk);
  const AccessExplanation explanation = Explain(address);
  EXPECT_EQ(explanation.verdict, AccessVerdict::kGuardRegion);
  EXPECT_EQ(explanation.before.at(3).bits, 0xfffffffffffff600U) << "a marker, as Linux encodes it";
  EXPECT_THAT(Names(explanation), HasSubstr("handle_pte_fault handle_pte_marker bad_area_nosemaphore"));
}

// A stack at pages 300..301 of an arena, and memory below it.
TEST_F(ExplainTest, AStackGrowsUnlessAGuardGapOrALimitForbids) {
  const VirtualAddress arena(1ULL << 44);
  const auto map_at = [&](std::uint64_t page, std::uint64_t flags) {
    ASSERT_TRUE(machine_
                    ->Mmap(pid_, arena + ToBytes(PageCount(page)), kPageSize, kReadWrite,
                           kPrivateAnonymous | kMapFixed | flags, -1, ByteCount(0))
                    .ok());
  };
  map_at(0, 0);
  map_at(300, kMapGrowsDown);
  const AccessExplanation grown = Explain(arena + ToBytes(PageCount(299)));
  EXPECT_EQ(grown.verdict, AccessVerdict::kServed);
  EXPECT_THAT(Names(grown), HasSubstr("lock_mm_and_find_vma expand_stack"));
  EXPECT_EQ(grown.vma, std::nullopt) << "before the access none held the address";
  const AccessExplanation gap = Explain(arena + ToBytes(PageCount(200)));
  EXPECT_EQ(gap.verdict, AccessVerdict::kInStackGuardGap);
  EXPECT_EQ(gap.result.signal->code, SignalCode::kMapErr);
  ASSERT_TRUE(machine_->Prlimit64(pid_, 3, ResourceLimit{8192, 8192}).ok());
  EXPECT_EQ(Explain(arena + ToBytes(PageCount(290))).verdict, AccessVerdict::kStackLimit);
}

TEST_F(ExplainTest, WhatIsNoUserAddress) {
  EXPECT_EQ(Explain(VirtualAddress(1ULL << 63)).verdict, AccessVerdict::kNotCanonical);
  const AccessExplanation kernel = Explain(VirtualAddress(0xffff888000000000));
  EXPECT_EQ(kernel.verdict, AccessVerdict::kKernelAddress);
  EXPECT_TRUE(kernel.before.empty());
  EXPECT_EQ(machine_->Explain(Pid(99), VirtualAddress(0), AccessKind::kRead).error(), Errno::kSrch);
}

TEST_F(ExplainTest, PagesThatNobodyMayTouchHaveTheirFrameInverted) {
  const VirtualAddress address = Map(1);
  const std::uint64_t frame = Explain(address).after[3].bits & 0x000ffffffffff000;
  ASSERT_EQ(machine_->Mprotect(pid_, address, kPageSize, 0), Errno::kOk);
  const std::uint64_t bits = Explain(address).before[3].bits;
  EXPECT_EQ(bits & 1, 0U);
  EXPECT_EQ(bits & 0x000ffffffffff000, frame ^ 0x000ffffffffff000) << "against L1TF";
}

TEST_F(ExplainTest, AnExplainedAccessIsLikeAnyOther) {
  const VirtualAddress explained = Map(1);
  const VirtualAddress touched = Map(1);
  const Nanoseconds start = machine_->now();
  Explain(explained);
  const Nanoseconds middle = machine_->now();
  ASSERT_TRUE(machine_->Touch(pid_, touched, AccessKind::kWrite, PageCount(1)).ok());
  EXPECT_LE(machine_->now() - middle, middle - start) << "the first one also made the tables";
  EXPECT_EQ(machine_->Touch(pid_, explained, AccessKind::kWrite, PageCount(1))->minor_faults, 0U);
}

}  // namespace
}  // namespace memsim

// The fields of an mm_struct, who counts in mm_users and mm_count, and what the CPUs work in.

#include "server/kernel/inspect/mm_description.h"

#include "gmock/gmock.h"

#include "server/kernel/process/clone_flags.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MmDescriptionTest : public TracedMachine {
 protected:
  MmDescription Of(Pid pid) { return *machine_->DescribeMm(pid); }
  void Touch(Pid pid, VirtualAddress address, std::uint64_t pages) {
    ASSERT_TRUE(machine_->Touch(pid, address, AccessKind::kWrite, PageCount(pages)).ok());
  }
  CpuMm Cpu(std::uint16_t cpu) { return machine_->ListMms(0).cpus.at(cpu); }
};

TEST_F(MmDescriptionTest, TheFieldsAreWhatProcShows) {
  const VirtualAddress address = Map(8);
  Touch(pid_, address, 3);
  const MmDescription mm = Of(pid_);
  EXPECT_EQ(mm.statistics.total_vm, PageCount(8));
  EXPECT_EQ(mm.statistics.data_vm, PageCount(8));
  EXPECT_EQ(mm.statistics.rss[static_cast<std::size_t>(RssKind::kAnonymous)], PageCount(3));
  EXPECT_EQ(mm.map_count, 1U);
  EXPECT_EQ(mm.highest_vm_end, address + ToBytes(PageCount(8)));
  EXPECT_EQ(mm.pgtables, ToBytes(PageCount(3))) << "a pud, a pmd and a pte table";
  EXPECT_EQ(mm.flags >> 31 & 1, 1U) << "MMF_TOPDOWN";
}

TEST_F(MmDescriptionTest, ExecSaysWhereThingsLie) {
  ExecImage image;
  image.path = "/bin/x";
  ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk);
  const AddressLayout layout = Of(pid_).layout;
  EXPECT_LT(layout.start_code, layout.end_code);
  EXPECT_LT(layout.start_data, layout.end_data);
  EXPECT_EQ(layout.start_brk, layout.brk);
  // The null word at the top, the path, no environment, and the path again as argv[0].
  EXPECT_EQ(layout.env_end, layout.start_stack - ByteCount(8 + 7));
  EXPECT_EQ(layout.env_start, layout.env_end);
  EXPECT_EQ(layout.arg_end, layout.env_start);
  EXPECT_EQ(layout.arg_start, layout.arg_end - ByteCount(7));
  EXPECT_THAT(layout.auxv, Contains(AuxvEntry{6, 4096}));
  EXPECT_THAT(layout.auxv, Contains(AuxvEntry{31, layout.env_end.value()})) << "AT_EXECFN";
  EXPECT_EQ(layout.auxv.front().type, 33U) << "AT_SYSINFO_EHDR: the vdso";
}

TEST_F(MmDescriptionTest, AProcessWithoutProgramHasNoVector) {
  EXPECT_THAT(Of(pid_).layout.auxv, IsEmpty());
  EXPECT_EQ(Of(pid_).layout.arg_start, VirtualAddress(0));
  EXPECT_EQ(Of(pid_).highest_vm_end, VirtualAddress(0));
}

TEST_F(MmDescriptionTest, ThreadsAndVforkShareAnAddressSpaceAndForkMakesOne) {
  const Pid thread = *machine_->Clone(pid_, kCloneVm | kCloneFiles | kCloneSighand | kCloneThread);
  const Pid shared = *machine_->Clone(pid_, kCloneVm | kCloneVfork);
  const Pid forked = *machine_->Clone(pid_, 0);
  EXPECT_EQ(Of(pid_).users.mm_users, 3U);
  EXPECT_THAT(Of(pid_).users.pids, ElementsAre(pid_, thread, shared));
  EXPECT_EQ(Of(shared).users.space, Of(pid_).users.space);
  EXPECT_EQ(Of(forked).users.mm_users, 1U);
  EXPECT_NE(Of(forked).users.space, Of(pid_).users.space);
  ASSERT_EQ(machine_->ExitGroup(shared, 0), Errno::kOk);
  EXPECT_EQ(Of(pid_).users.mm_users, 2U) << "mmput";
}

// Lazy TLB: an idle CPU keeps the page tables of whoever ran last, and counts in its mm_count.
TEST_F(MmDescriptionTest, AnIdleCpuBorrowsTheAddressSpaceOfTheTaskBefore) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address, 1);
  const AddressSpaceNumber mm = Of(pid_).users.space;
  const std::uint16_t home = Cpu(0).pid == pid_ ? 0 : 1;
  EXPECT_EQ(Cpu(home), (CpuMm{CpuId(home), pid_, mm, mm}));
  EXPECT_EQ(Of(pid_).users.mm_count(), 1U);
  machine_->AdvanceTime(Nanoseconds(1));
  EXPECT_EQ(Cpu(home), (CpuMm{CpuId(home), Pid(), 0, mm})) << "swapper has no mm";
  EXPECT_EQ(Of(pid_).users.mm_count(), 2U) << "mmgrab_lazy_tlb";
  EXPECT_THAT(Of(pid_).users.borrowing_cpus, ElementsAre(CpuId(home)));
  EXPECT_EQ(Of(pid_).cpu_mask, std::vector<std::uint64_t>{1ULL << home}) << "the CPU still has its entries";
  Touch(pid_, address, 1);
  EXPECT_EQ(Of(pid_).users.mm_count(), 1U) << "mmdrop_lazy_tlb";
}

TEST_F(MmDescriptionTest, AnotherTaskOnTheCpuEndsTheLoan) {
  Touch(pid_, Map(1), 1);
  const std::uint16_t home = Cpu(0).pid == pid_ ? 0 : 1;
  machine_->AdvanceTime(Nanoseconds(1));
  const Pid other = *machine_->Spawn("other");
  machine_->BeginCall(CpuId(home));
  ASSERT_TRUE(machine_->Brk(other, VirtualAddress(0)).ok());
  EXPECT_EQ(Of(pid_).users.mm_count(), 1U);
  EXPECT_EQ(Of(pid_).cpu_mask, std::vector<std::uint64_t>{0});
  EXPECT_EQ(Cpu(home).active_mm, Of(other).users.space);
}

TEST_F(MmDescriptionTest, WhatEndsIsBorrowedByNobody) {
  const Pid other = *machine_->Spawn("other");
  ASSERT_TRUE(machine_->Brk(other, VirtualAddress(0)).ok());
  ASSERT_EQ(machine_->ExitGroup(other, 0), Errno::kOk);
  for (const CpuMm& cpu : machine_->ListMms(0).cpus) {
    EXPECT_EQ(cpu.pid, Pid());
    EXPECT_EQ(cpu.active_mm, 0U) << "init_mm";
  }
}

TEST_F(MmDescriptionTest, AllAddressSpacesAreListedOldestFirst) {
  const Pid forked = *machine_->Clone(pid_, 0);
  const MmList list = machine_->ListMms(0);
  ASSERT_EQ(list.mms.size(), 3U) << "init's, and two";
  EXPECT_EQ(list.count, 3U);
  EXPECT_THAT(list.mms[0].pids, ElementsAre(Pid(1)));
  EXPECT_THAT(list.mms[1].pids, ElementsAre(pid_));
  EXPECT_THAT(list.mms[2].pids, ElementsAre(forked));
  EXPECT_EQ(machine_->ListMms(list.mms[1].space).mms.size(), 2U);
  EXPECT_EQ(machine_->ListMms(list.mms[2].space + 1).mms.size(), 0U);
  EXPECT_EQ(list.cpus.size(), 2U);
}

TEST_F(MmDescriptionTest, NobodyHasNoDescriptor) {
  EXPECT_EQ(machine_->DescribeMm(Pid(99)).error(), Errno::kSrch);
  const Pid zombie = *machine_->Clone(pid_, 0);
  ASSERT_EQ(machine_->ExitGroup(zombie, 0), Errno::kOk);
  EXPECT_EQ(machine_->DescribeMm(zombie).error(), Errno::kSrch);
}

}  // namespace
}  // namespace memsim

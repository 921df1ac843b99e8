#include "server/kernel/machine.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/process/clone_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

class MachineTest : public TracedMachine {
 protected:
  AccessResult Touch(Pid pid, VirtualAddress address, AccessKind kind, std::uint64_t pages = 1) {
    const auto result = machine_->Touch(pid, address, kind, PageCount(pages));
    EXPECT_TRUE(result.ok()) << ErrnoName(result.error());
    machine_->CheckInvariants();
    return *result;
  }
};

TEST_F(MachineTest, WhatHappensOnceASecondIsSeenComing) {
  const Nanoseconds soon(1'000'000);
  EXPECT_FALSE(machine_->TimersAreDueWithin(soon));
  machine_->AdvanceTime(Nanoseconds(999'500'000) - machine_->now());
  EXPECT_TRUE(machine_->TimersAreDueWithin(soon));
  machine_->AdvanceTime(soon);
  EXPECT_FALSE(machine_->TimersAreDueWithin(soon));
}

TEST_F(MachineTest, MappingsGoDownFromTheTop) {
  EXPECT_EQ(Map(1), VirtualAddress(0x7ffff7ffe000));
  EXPECT_EQ(Map(2), VirtualAddress(0x7ffff7ffc000));
}

TEST_F(MachineTest, AStoreToFreshMemoryTakesOneMinorFaultAndTheNextNone) {
  const VirtualAddress address = Map(8);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite, 8).minor_faults, 8U);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite, 8).minor_faults, 0U);
}

TEST_F(MachineTest, ALoadMapsTheZeroPageAndAStoreAfterItCopies) {
  const VirtualAddress address = Map(1);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kRead).minor_faults, 1U);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite).minor_faults, 1U);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite).minor_faults, 0U);
}

// The totals that were measured or published (cost_table.h): what the steps of a fault add up to.
TEST_F(MachineTest, AFaultTakesAsLongAsOnAnUnloadedMachine) {
  const VirtualAddress address = Map(64);
  // Its tables, its anon_vma and a list of pages are there.
  Touch(pid_, address, AccessKind::kWrite);
  const auto time_of = [this](std::uint64_t page, VirtualAddress base, AccessKind kind) {
    const Nanoseconds before = machine_->now();
    EXPECT_EQ(Touch(pid_, base + ToBytes(PageCount(page)), kind).minor_faults, 1U);
    return machine_->now() - before;
  };
  EXPECT_EQ(time_of(1, address, AccessKind::kWrite), Nanoseconds(550)) << "demand zero";
  EXPECT_EQ(time_of(2, address, AccessKind::kRead), Nanoseconds(350)) << "the zero page";
  EXPECT_EQ(time_of(2, address, AccessKind::kWrite), Nanoseconds(770)) << "a store in place of the zero page";
  ASSERT_TRUE(machine_->Clone(pid_, 0).ok());
  EXPECT_EQ(time_of(1, address, AccessKind::kWrite), Nanoseconds(900)) << "copy on write";
  Nanoseconds before = machine_->now();
  EXPECT_EQ(machine_->Munmap(pid_, address + ToBytes(PageCount(40)), ToBytes(PageCount(8))), Errno::kOk);
  const Nanoseconds of_nothing = machine_->now() - before;
  Touch(pid_, address + ToBytes(PageCount(50)), AccessKind::kWrite, 8);
  before = machine_->now();
  EXPECT_EQ(machine_->Munmap(pid_, address + ToBytes(PageCount(50)), ToBytes(PageCount(8))), Errno::kOk);
  EXPECT_EQ(machine_->now() - before, of_nothing + Nanoseconds(8 * (40 + 100))) << "40 for each page, 100 to forget it";
}

TEST_F(MachineTest, WhoUnmapsWaitsForTheCpusOfItsThreads) {
  MachineSpec spec;
  spec.memory = ByteCount(64ULL << 20);
  spec.cpu_count = 4;
  spec.costs.lock_transfer = Nanoseconds(0);
  machine_ = *Machine::Create(spec);
  machine_->BeginCall(CpuId(0));
  pid_ = *machine_->Spawn("test");
  const VirtualAddress address = Map(64);
  std::uint64_t page = 0;
  const auto unmap = [&] {
    machine_->BeginCall(CpuId(0));
    const VirtualAddress at = address + ToBytes(PageCount(++page * 2));
    Touch(pid_, at, AccessKind::kWrite);
    const Nanoseconds before = machine_->now();
    EXPECT_EQ(machine_->Munmap(pid_, at, kPageSize), Errno::kOk);
    return (machine_->now() - before).value();
  };
  const auto run = [&](Pid pid, std::uint16_t cpu) {
    machine_->BeginCall(CpuId(cpu));
    EXPECT_EQ(machine_->Brk(pid, VirtualAddress(0)).error(), Errno::kOk);
  };
  unmap();
  const std::uint64_t alone = unmap();
  constexpr std::uint64_t kThread = kCloneVm | kCloneSighand | kCloneThread;
  const Pid first = *machine_->Clone(pid_, kThread);
  const Pid second = *machine_->Clone(pid_, kThread);
  EXPECT_EQ(unmap(), alone) << "they have not run yet";
  run(first, 1);
  EXPECT_EQ(unmap(), alone + 1000 + 200);
  run(second, 2);
  EXPECT_EQ(unmap(), alone + 1000 + 400);
  run(*machine_->Spawn("other"), 3);
  EXPECT_EQ(unmap(), alone + 1000 + 400) << "it has memory of its own";
  run(*machine_->Spawn("other"), 1);
  EXPECT_EQ(unmap(), alone + 1000 + 200) << "the first thread's CPU went on with somebody else";
  run(second, 3);
  EXPECT_EQ(unmap(), alone + 1000 + 200) << "it moved, and is at one place";
  machine_->AdvanceTime(Nanoseconds(0));
  EXPECT_EQ(unmap(), alone + 1000 + 200) << "no time has passed";
  machine_->AdvanceTime(Nanoseconds(1));
  EXPECT_EQ(unmap(), alone) << "everybody sleeps";
}

// Who is interrupted for an unmapped page: on a machine of four CPUs, by the count of it.
class InterruptedCpusTest : public MachineTest {
 protected:
  InterruptedCpusTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.cpu_count = 4;
    machine_ = *Machine::Create(spec);
    machine_->BeginCall(CpuId(0));
    pid_ = *machine_->Spawn("test");
  }
  // How many CPUs a process on a CPU interrupts.
  std::int64_t InterruptsOf(Pid pid, std::uint16_t cpu) {
    machine_->BeginCall(CpuId(cpu));
    const auto interrupted = [this] {
      for (const CounterSample& sample : machine_->ReadCounters()) {
        if (sample.info->name == "nr_tlb_remote_flush_received") return sample.value;
      }
      return std::int64_t{-1};
    };
    const std::int64_t before = interrupted();
    const auto address =
        machine_->Mmap(pid, VirtualAddress(0), kPageSize, kReadWrite, kPrivateAnonymous, -1, ByteCount(0));
    EXPECT_TRUE(address.ok());
    Touch(pid, *address, AccessKind::kWrite);
    EXPECT_EQ(machine_->Munmap(pid, *address, kPageSize), Errno::kOk);
    return interrupted() - before;
  }
  static constexpr std::uint64_t kThread = kCloneVm | kCloneSighand | kCloneThread;
};

TEST_F(InterruptedCpusTest, BootLeavesNobodyBehind) { EXPECT_EQ(InterruptsOf(Pid(1), 1), 0); }

TEST_F(InterruptedCpusTest, AThreadThatBecomesAProgramIsAtOnePlace) {
  const Pid thread = *machine_->Clone(pid_, kThread);
  EXPECT_EQ(InterruptsOf(pid_, 0), 0);
  EXPECT_EQ(InterruptsOf(thread, 1), 1);
  ExecImage image;
  image.path = "/bin/program";
  EXPECT_EQ(machine_->Execve(thread, image), Errno::kOk);
  machine_->CheckInvariants();
  EXPECT_EQ(InterruptsOf(pid_, 1), 0) << "its other thread is gone";
  EXPECT_EQ(InterruptsOf(pid_, 2), 0) << "it moved";
}

TEST_F(InterruptedCpusTest, WhoWaitsForItsVforkedChildIsNotInterrupted) {
  machine_->BeginCall(CpuId(0));
  const Pid child = *machine_->Clone(pid_, kCloneVm | kCloneVfork);
  EXPECT_EQ(InterruptsOf(child, 1), 0);
  EXPECT_EQ(InterruptsOf(pid_, 0), 1) << "the child runs";
}

TEST_F(InterruptedCpusTest, WhoEndsIsNotInterrupted) {
  const Pid child = *machine_->Clone(pid_, kCloneVm);
  EXPECT_EQ(InterruptsOf(child, 1), 1);
  EXPECT_EQ(InterruptsOf(pid_, 0), 1);
  machine_->BeginCall(CpuId(1));
  EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  EXPECT_EQ(InterruptsOf(pid_, 0), 0);
}

TEST_F(MachineTest, AfterForkBothSidesFaultAndTheLastOneKeepsThePage) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address, AccessKind::kWrite);
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_EQ(Touch(child, address, AccessKind::kRead).minor_faults, 0U);
  EXPECT_EQ(Touch(child, address, AccessKind::kWrite).minor_faults, 1U);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite).minor_faults, 1U);
  EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  machine_->CheckInvariants();
}

TEST_F(MachineTest, AccessOutsideOfMappingsAndAgainstProtectionAreToldApart) {
  const VirtualAddress address = Map(1, kProtRead);
  const Signal denied{SignalNumber::kSegv, SignalCode::kAccErr, address};
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite).signal, denied);
  const Signal unmapped{SignalNumber::kSegv, SignalCode::kMapErr, VirtualAddress(0x1000)};
  EXPECT_EQ(Touch(pid_, VirtualAddress(0x1000), AccessKind::kRead).signal, unmapped);
  const Signal wild{SignalNumber::kSegv, SignalCode::kKernel, VirtualAddress(0)};
  EXPECT_EQ(Touch(pid_, VirtualAddress(1ULL << 63), AccessKind::kRead).signal, wild);
}

TEST_F(MachineTest, UnmappingGivesEveryFrameBack) {
  // Free, or on the CPU's own lists.
  const auto unused = [this] {
    std::int64_t pages = 0;
    for (const CounterSample& sample : machine_->ReadCounters()) {
      const bool counts = sample.info->name == "nr_free_pages" || sample.info->name == "pcp_pages";
      if (counts) pages += sample.value;
    }
    return pages;
  };
  // Another mapping keeps the upper tables.
  Touch(pid_, Map(1), AccessKind::kWrite);
  const std::int64_t before = unused();
  const VirtualAddress address = Map(600);
  Touch(pid_, address, AccessKind::kWrite, 600);
  EXPECT_LT(unused(), before - 600);
  EXPECT_EQ(machine_->Munmap(pid_, address, ToBytes(PageCount(600))), Errno::kOk);
  machine_->CheckInvariants();
  EXPECT_EQ(unused(), before);
}

TEST_F(MachineTest, WhoFindsNoMemoryKillsTheLargestProcess) {
  const Pid other = *machine_->Spawn("other");
  const ByteCount half(32ULL << 20);
  const VirtualAddress mine = Map(half.value() >> kPageShift);
  const VirtualAddress its =
      *machine_->Mmap(other, VirtualAddress(0), half, kReadWrite, kPrivateAnonymous, -1, ByteCount(0));
  ASSERT_TRUE(machine_->Touch(other, its, AccessKind::kWrite, PageCount(7000)).ok());
  const AccessResult result = *machine_->Touch(pid_, mine, AccessKind::kWrite, ToPages(half));
  EXPECT_EQ(result.signal, std::nullopt);
  EXPECT_EQ(result.minor_faults, ToPages(half).value());
  EXPECT_EQ(machine_->Touch(other, its, AccessKind::kRead, PageCount(1)).error(), Errno::kSrch);
}

TEST_F(MachineTest, ShrinkingAMappingFromBeyondAllAddressesIsInvalid) {
  const VirtualAddress address = Map(4);
  const VirtualAddress fixed = Map(4);
  // The first ends above TASK_SIZE, the second wraps around to below its start.
  for (const ByteCount old_length : {ByteCount(1ULL << 47), ByteCount(0) - ByteCount(1ULL << 40)}) {
    EXPECT_EQ(machine_->Mremap(pid_, address, old_length, kPageSize, 0, VirtualAddress(0)).error(), Errno::kInval);
    machine_->CheckInvariants();
  }
  EXPECT_EQ(
      machine_->Mremap(pid_, address, ByteCount(1ULL << 46), kPageSize, kMremapMayMove | kMremapFixed, fixed).error(),
      Errno::kInval);
}

TEST_F(MachineTest, ADuplicateInThePlaceOfItsOriginalLosesBoth) {
  const VirtualAddress shared = Map(2, kReadWrite, kMapShared | kMapAnonymous);
  EXPECT_EQ(machine_->Mremap(pid_, shared, ByteCount(0), kPageSize, kMremapMayMove | kMremapFixed, shared).error(),
            Errno::kFault);
  machine_->CheckInvariants();
  EXPECT_EQ(Touch(pid_, shared, AccessKind::kRead).signal->code, SignalCode::kMapErr);
}

TEST_F(MachineTest, OnlyMemoryWithoutAFileIsWipedOnFork) {
  ASSERT_EQ(machine_->Mknod("/dev/zero", FileKind::kZeroDevice, ByteCount(0)), Errno::kOk);
  const ErrnoOr<int> fd = machine_->Open(pid_, "/dev/zero", kOpenReadWrite);
  const auto zeroes = machine_->Mmap(pid_, VirtualAddress(0), kPageSize, kReadWrite, kMapPrivate, *fd, ByteCount(0));
  EXPECT_EQ(machine_->Madvise(pid_, *zeroes, kPageSize, kMadvWipeOnFork), Errno::kInval);
  EXPECT_EQ(machine_->Madvise(pid_, Map(1), kPageSize, kMadvWipeOnFork), Errno::kOk);
}

TEST_F(MachineTest, AProgramsMappingOfZeroesIsAnonymousMemory) {
  ASSERT_EQ(machine_->Mknod("/dev/zero", FileKind::kZeroDevice, ByteCount(0)), Errno::kOk);
  ExecImage image;
  image.path = "/bin/program";
  image.mappings.push_back(
      {VirtualAddress(0x400000), VirtualAddress(0x401000), kReadWrite, kMapPrivate, ByteCount(0), "/dev/zero"});
  ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk);
  const AccessResult result = Touch(pid_, VirtualAddress(0x400000), AccessKind::kWrite);
  EXPECT_EQ(result.minor_faults, 1U);
  EXPECT_FALSE(result.signal.has_value());
}

TEST(MachineSysctlsTest, AMinimumOfNoFreePagesIsNotTheFormula) {
  MachineSpec spec;
  spec.memory = ByteCount(64ULL << 20);
  spec.sysctls.min_free_kbytes = 0;
  const auto machine = Machine::Create(spec);
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ((*machine)->spec().sysctls.min_free_kbytes, 0U);
  for (const CounterSample& sample : (*machine)->ReadCounters()) {
    // The zone for what can be moved has a least value of its own.
    if (sample.info->name != "min" || sample.zone == "Movable") continue;
    EXPECT_EQ(sample.value, 0) << sample.zone;
  }
}

TEST_F(MachineTest, TheFaultsOfThreadsStayWithTheProcessThatExecs) {
  const ErrnoOr<Pid> thread = machine_->Clone(pid_, kCloneVm | kCloneSighand | kCloneThread);
  const VirtualAddress address = Map(8);
  EXPECT_EQ(Touch(pid_, address, AccessKind::kWrite, 3).minor_faults, 3U);
  EXPECT_EQ(Touch(*thread, address, AccessKind::kWrite, 8).minor_faults, 5U);
  ExecImage image;
  image.path = "/bin/program";
  ASSERT_EQ(machine_->Execve(*thread, image), Errno::kOk);
  // Fields 10 to 13 of stat; execve itself touches the stack.
  const std::string stat = *machine_->ReadProc(absl::StrCat(pid_.value(), "/stat"));
  EXPECT_NE(stat.find(" 9 0 0 0 "), std::string::npos) << stat;
}

// --- Booting

TEST(MachineBootTest, WhicheverAllocationOfTheBootFindsNoPageTheSpecIsRefused) {
  MachineSpec spec;
  spec.memory = MachineSpec::kMinMemory;
  spec.reserved = ByteCount(12ULL << 20);
  int refused = 0;
  // From a machine that has all its pages down to one that keeps all of them.
  for (std::uint64_t kbytes = 3700; kbytes <= 4096; ++kbytes) {
    spec.sysctls.min_free_kbytes = kbytes;
    const auto machine = Machine::Create(spec);
    if (machine.ok()) {
      EXPECT_EQ(refused, 0) << kbytes;
      (*machine)->CheckInvariants();
      continue;
    }
    ++refused;
    EXPECT_EQ(machine.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(machine.status().message()), testing::HasSubstr("spec.sysctls.min_free_kbytes"));
  }
  EXPECT_GT(refused, 8);
  EXPECT_LT(refused, 360);
}

TEST(MachineBootTest, ARefusedPromiseIsBlamedOnTheOvercommitSysctls) {
  MachineSpec spec;
  spec.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  spec.sysctls.overcommit_ratio = 0;
  const std::string message(Machine::Create(spec).status().message());
  EXPECT_THAT(message, testing::HasSubstr("overcommit_ratio"));
  EXPECT_THAT(message, testing::Not(testing::HasSubstr("reserved_bytes")));
  spec.sysctls.overcommit_kbytes = 1024;
  EXPECT_TRUE(Machine::Create(spec).ok());
}

// --- Programs with shared memory

TEST_F(MachineTest, AProgramsSharedMemoryHasAFileLikeAnyOther) {
  ASSERT_EQ(machine_->Mknod("/dev/zero", FileKind::kZeroDevice, ByteCount(0)), Errno::kOk);
  for (const char* path : {"", "[heap]", "/dev/zero"}) {
    ExecImage image;
    image.path = "/bin/program";
    const VirtualAddress start(0x400000);
    image.mappings.push_back({start, start + ByteCount(0x2000), kProtRead, kMapShared, ByteCount(0), path});
    ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk) << path;
    EXPECT_EQ(Touch(pid_, start, AccessKind::kRead, 2).signal, std::nullopt) << path;
    EXPECT_EQ(machine_->Mprotect(pid_, start, ByteCount(0x2000), kReadWrite), Errno::kOk) << path;
    EXPECT_EQ(Touch(pid_, start, AccessKind::kWrite, 2).signal, std::nullopt) << path;
    EXPECT_THAT(*machine_->ReadProc("2/maps"), testing::HasSubstr("rw-s 00000000 00:01")) << path;
    // A child sees what its parent wrote.
    const Pid child = *machine_->Clone(pid_, 0);
    EXPECT_EQ(Touch(child, start, AccessKind::kWrite).minor_faults, 1U);
    EXPECT_THAT(*machine_->ReadProc("meminfo"), testing::HasSubstr("Shmem:                 8 kB"));
    EXPECT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
    ASSERT_EQ(machine_->Wait4(pid_, child).error(), Errno::kOk);
  }
}

TEST_F(MachineTest, AProgramsStackCannotBeShared) {
  ExecImage image;
  image.path = "/bin/program";
  image.mappings.push_back(
      {VirtualAddress(0x400000), VirtualAddress(0x402000), kReadWrite, kMapShared, ByteCount(0), "[stack]"});
  EXPECT_EQ(machine_->Execve(pid_, image), Errno::kInval);
}

}  // namespace
}  // namespace memsim

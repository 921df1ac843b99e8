// /sys/kernel/mm/transparent_hugepage, and the rows of /proc that tell of huge pages.

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

using testing::HasSubstr;

constexpr VirtualAddress kPlace{1ULL << 44};
constexpr ByteCount kSize{4ULL << 20};
constexpr char kDirectory[] = "/sys/kernel/mm/transparent_hugepage/";

std::unique_ptr<Machine> MachineOf(TransparentHugePages mode) {
  MachineSpec spec;
  spec.memory = ByteCount(1ULL << 30);
  spec.transparent_huge_pages = mode;
  return *Machine::Create(spec);
}

// A process that has stored to the first page of 4 MiB, with or without MADV_HUGEPAGE.
Pid Store(Machine& machine, bool advised) {
  const Pid pid = *machine.Spawn("p");
  EXPECT_TRUE(
      machine
          .Mmap(pid, kPlace, kSize, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous | kMapFixed, -1, ByteCount(0))
          .ok());
  const int advice = advised ? kMadvHugePage : kMadvNormal;
  EXPECT_EQ(machine.Madvise(pid, kPlace, kSize, advice), Errno::kOk);
  EXPECT_TRUE(machine.Touch(pid, kPlace, AccessKind::kWrite, PageCount(1)).ok());
  machine.CheckInvariants();
  return pid;
}

TEST(SysHugePagesTest, TheChosenWordStandsInBrackets) {
  const auto machine = MachineOf(TransparentHugePages::kMadvise);
  const auto read = [&machine](const char* name) { return machine->ReadProc(std::string(kDirectory) + name); };
  EXPECT_EQ(read("enabled"), "always [madvise] never\n");
  EXPECT_EQ(read("defrag"), "always defer defer+madvise [madvise] never\n");
  EXPECT_EQ(read("hpage_pmd_size"), "2097152\n");
  EXPECT_EQ(read("use_zero_page"), "1\n");
  EXPECT_EQ(read("shmem_enabled"), "always within_size advise [never] deny force\n");
  EXPECT_EQ(read("khugepaged"), std::nullopt);
  EXPECT_EQ(MachineOf(TransparentHugePages::kNever)->ReadProc(std::string(kDirectory) + "enabled"),
            "always madvise [never]\n");
}

TEST(SysHugePagesTest, MeminfoAndVmstatCountThem) {
  const auto machine = MachineOf(TransparentHugePages::kMadvise);
  Store(*machine, true);
  EXPECT_THAT(*machine->ReadProc("meminfo"), HasSubstr("AnonHugePages:      2048 kB\n"));
  const std::string vmstat = *machine->ReadProc("vmstat");
  EXPECT_THAT(vmstat, HasSubstr("nr_anon_transparent_hugepages 1\n"));
  EXPECT_THAT(vmstat, HasSubstr("thp_fault_alloc 1\n"));
}

TEST(SysHugePagesTest, TheModeDecidesWhoGetsThem) {
  const auto huge = [](TransparentHugePages mode, bool advised) {
    const auto machine = MachineOf(mode);
    Store(*machine, advised);
    return machine->ReadProc("vmstat")->find("nr_anon_transparent_hugepages 1\n") != std::string::npos;
  };
  EXPECT_TRUE(huge(TransparentHugePages::kAlways, false));
  EXPECT_TRUE(huge(TransparentHugePages::kAlways, true));
  EXPECT_FALSE(huge(TransparentHugePages::kMadvise, false));
  EXPECT_TRUE(huge(TransparentHugePages::kMadvise, true));
  EXPECT_FALSE(huge(TransparentHugePages::kNever, false));
  EXPECT_FALSE(huge(TransparentHugePages::kNever, true));
}

TEST(SysHugePagesTest, WithoutThemThereIsNoKhugepagedToRaiseTheWatermarks) {
  const auto min = [](TransparentHugePages mode) {
    std::int64_t sum = 0;
    for (const CounterSample& sample : MachineOf(mode)->ReadCounters()) {
      if (sample.info->name == "min") sum += sample.value;
    }
    return sum;
  };
  EXPECT_LT(min(TransparentHugePages::kNever), min(TransparentHugePages::kMadvise));
  EXPECT_EQ(min(TransparentHugePages::kMadvise), min(TransparentHugePages::kAlways));
}

TEST(SysHugePagesTest, ForkAndExecKeepTheBan) {
  const auto machine = MachineOf(TransparentHugePages::kAlways);
  const Pid parent = *machine->Spawn("p");
  EXPECT_TRUE(machine->Prctl(parent, 41, {1, 0, 0, 0}).ok());
  const Pid child = *machine->Clone(parent, 0);
  ExecImage image;
  image.path = "/bin/x";
  EXPECT_EQ(machine->Execve(child, image), Errno::kOk);
  EXPECT_EQ(*machine->Prctl(child, 42, {}), 1U);
  EXPECT_EQ(machine->Prctl(Pid(999), 42, {}).error(), Errno::kSrch);
}

}  // namespace
}  // namespace memsim

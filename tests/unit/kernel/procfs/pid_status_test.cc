#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/procfs.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/page_fault.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

class PidStatusTest : public testing::Test {
 protected:
  void Boot(std::uint32_t cpus = 2) {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.cpu_count = cpus;
    spec.address_randomization = AddressRandomization::kOff;
    state_ = std::make_unique<MachineState>(spec);
    ASSERT_TRUE(state_->Boot().ok());
    pid_ = *state_->tasks.Spawn("test");
  }

  std::string Read(absl::string_view file) { return *ReadProc(state_->View(), absl::StrCat(pid_.value(), "/", file)); }
  std::map<std::string, std::uint64_t> Status() { return RowValues(Read("status")); }

  VirtualAddress Map(std::uint64_t pages, std::uint64_t prot, std::uint64_t flags) {
    const auto caller = state_->Enter(pid_);
    return *Mmap(
        caller->space, caller->memory,
        {VirtualAddress(0), ToBytes(PageCount(pages)), prot, flags | kMapAnonymous, OpenFileId(), PageOffset(0)});
  }
  void Write(VirtualAddress address, std::uint64_t pages) {
    const auto caller = state_->Enter(pid_);
    TouchProgress progress;
    progress.next = address;
    progress.left = PageCount(pages);
    progress.kind = AccessKind::kWrite;
    ASSERT_EQ(Touch(caller->space, caller->memory, progress), TouchStatus::kDone);
  }
  void Unmap(VirtualAddress address, std::uint64_t pages) {
    const auto caller = state_->Enter(pid_);
    ASSERT_EQ(Munmap(caller->space, address, ToBytes(PageCount(pages))), Errno::kOk);
  }

  std::unique_ptr<MachineState> state_;
  Pid pid_;
};

TEST_F(PidStatusTest, AProcessIsShownAsLinuxShowsAnIdleOneOfRoot) {
  Boot();
  state_->tasks.LimitsOf(*state_->tasks.FindAlive(pid_))[Resource::kSigpending] = {1000, 1000};
  Write(Map(16, kProtRead | kProtWrite, kMapPrivate), 3);
  EXPECT_EQ(Read("status"),
            "Name:\ttest\n"
            "Umask:\t0022\n"
            "State:\tS (sleeping)\n"
            "Tgid:\t2\n"
            "Ngid:\t0\n"
            "Pid:\t2\n"
            "PPid:\t1\n"
            "TracerPid:\t0\n"
            "Uid:\t0\t0\t0\t0\n"
            "Gid:\t0\t0\t0\t0\n"
            "FDSize:\t64\n"
            "Groups:\t \n"
            "NStgid:\t2\n"
            "NSpid:\t2\n"
            "NSpgid:\t0\n"
            "NSsid:\t0\n"
            "Kthread:\t0\n"
            "VmPeak:\t      64 kB\n"
            "VmSize:\t      64 kB\n"
            "VmLck:\t       0 kB\n"
            "VmPin:\t       0 kB\n"
            "VmHWM:\t      12 kB\n"
            "VmRSS:\t      12 kB\n"
            "RssAnon:\t      12 kB\n"
            "RssFile:\t       0 kB\n"
            "RssShmem:\t       0 kB\n"
            "VmData:\t      64 kB\n"
            "VmStk:\t       0 kB\n"
            "VmExe:\t       0 kB\n"
            "VmLib:\t       0 kB\n"
            "VmPTE:\t      12 kB\n"
            "VmSwap:\t       0 kB\n"
            "HugetlbPages:\t       0 kB\n"
            "CoreDumping:\t0\n"
            "THP_enabled:\t1\n"
            "untag_mask:\t0xffffffffffffffff\n"
            "Threads:\t1\n"
            "SigQ:\t0/1000\n"
            "SigPnd:\t0000000000000000\n"
            "ShdPnd:\t0000000000000000\n"
            "SigBlk:\t0000000000000000\n"
            "SigIgn:\t0000000000000000\n"
            "SigCgt:\t0000000000000000\n"
            "CapInh:\t0000000000000000\n"
            "CapPrm:\t000001ffffffffff\n"
            "CapEff:\t000001ffffffffff\n"
            "CapBnd:\t000001ffffffffff\n"
            "CapAmb:\t0000000000000000\n"
            "NoNewPrivs:\t0\n"
            "Seccomp:\t0\n"
            "Seccomp_filters:\t0\n"
            "Speculation_Store_Bypass:\tthread vulnerable\n"
            "SpeculationIndirectBranch:\tconditional enabled\n"
            "Cpus_allowed:\t3\n"
            "Cpus_allowed_list:\t0-1\n"
            "Mems_allowed:\t00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000,"
            "00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000,"
            "00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000000,"
            "00000000,00000000,00000000,00000000,00000000,00000000,00000000,00000001\n"
            "Mems_allowed_list:\t0\n"
            "voluntary_ctxt_switches:\t0\n"
            "nonvoluntary_ctxt_switches:\t0\n");
  EXPECT_EQ(Read("statm"), "16 3 0 0 0 16 0\n");
  // On CPU 1, as init has CPU 0; flags 0: without address randomization.
  EXPECT_EQ(
      Read("stat"),
      "2 (test) S 1 0 0 0 -1 0 3 0 0 0 0 0 0 0 20 0 1 0 0 65536 3 18446744073709551615 0 0 0 0 0 0 0 0 0 1 0 0 17 "
      "1 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
}

TEST_F(PidStatusTest, WhoATaskIsStandsThereWithItsRights) {
  Boot();
  Credentials& credentials = state_->tasks.FindAlive(pid_)->credentials;
  ASSERT_EQ(credentials.SetGroups({30, 20}), Errno::kOk);
  ASSERT_EQ(credentials.SetResGid(5, 6, 7), Errno::kOk);
  ASSERT_EQ(credentials.SetResUid(1, 2, 3), Errno::kOk);
  const std::string status = Read("status");
  EXPECT_TRUE(absl::StrContains(status, "\nUid:\t1\t2\t3\t2\nGid:\t5\t6\t7\t6\n")) << status;
  EXPECT_TRUE(absl::StrContains(status, "\nGroups:\t20 30 \n")) << status;
  EXPECT_TRUE(absl::StrContains(status,
                                "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                                "CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"))
      << status;
}

TEST_F(PidStatusTest, LimitsStandInATableAsLinuxPrintsThem) {
  Boot();
  // By the size of the memory.
  ResourceLimits& limits = state_->tasks.LimitsOf(*state_->tasks.FindAlive(pid_));
  limits[Resource::kNproc] = {1000, 1000};
  limits[Resource::kSigpending] = {1000, 2000};
  EXPECT_EQ(Read("limits"),
            "Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max cpu time              unlimited            unlimited            seconds   \n"
            "Max file size             unlimited            unlimited            bytes     \n"
            "Max data size             unlimited            unlimited            bytes     \n"
            "Max stack size            8388608              unlimited            bytes     \n"
            "Max core file size        0                    unlimited            bytes     \n"
            "Max resident set          unlimited            unlimited            bytes     \n"
            "Max processes             1000                 1000                 processes \n"
            "Max open files            1024                 4096                 files     \n"
            "Max locked memory         8388608              8388608              bytes     \n"
            "Max address space         unlimited            unlimited            bytes     \n"
            "Max file locks            unlimited            unlimited            locks     \n"
            "Max pending signals       1000                 2000                 signals   \n"
            "Max msgqueue size         819200               819200               bytes     \n"
            "Max nice priority         0                    0                    \n"
            "Max realtime priority     0                    0                    \n"
            "Max realtime timeout      unlimited            unlimited            us        \n");
}

TEST_F(PidStatusTest, TheOomScoreGrowsWithMemory) {
  Boot();
  EXPECT_EQ(Read("oom_score_adj"), "0\n");
  const std::uint64_t total = state_->pages.managed_pages().value();
  const auto score = [&] {
    const std::uint64_t tables = 4 * RowValues(Read("status")).at("VmPTE") / 16;
    const std::uint64_t points = RowValues(Read("status")).at("VmRSS") / 4 + tables;
    return absl::StrCat((1000 + points * 1000 / total) * 2 / 3, "\n");
  };
  EXPECT_EQ(Read("oom_score"), "666\n");
  Write(Map(8192, kProtRead | kProtWrite, kMapPrivate), 8192);
  EXPECT_EQ(Read("oom_score"), score());
  EXPECT_EQ(Read("oom_score").size(), 5U) << "more than half of the memory: above 1000 of 1333";
  // It cannot be killed, nor what is dead.
  pid_ = kInitPid;
  EXPECT_EQ(Read("oom_score"), "0\n");
}

TEST_F(PidStatusTest, PagesCountByWhatTheyAre) {
  Boot();
  Write(Map(16, kProtRead | kProtWrite, kMapPrivate), 3);
  Write(Map(32, kProtRead | kProtWrite, kMapShared), 5);
  Map(64, kProtRead | kProtExec, kMapPrivate);
  auto status = Status();
  EXPECT_EQ(status["VmSize"], 448U);
  EXPECT_EQ(status["RssAnon"], 12U);
  EXPECT_EQ(status["RssShmem"], 20U);
  EXPECT_EQ(status["RssFile"], 0U);
  EXPECT_EQ(status["VmRSS"], status["RssAnon"] + status["RssFile"] + status["RssShmem"]);
  EXPECT_EQ(status["VmData"], 64U);
  // Executable memory outside of the program's own code.
  EXPECT_EQ(status["VmExe"], 0U);
  EXPECT_EQ(status["VmLib"], 256U);
  EXPECT_EQ(Read("statm"), "112 8 5 0 0 16 0\n");
}

TEST_F(PidStatusTest, PeaksOutliveWhatMadeThem) {
  Boot();
  const VirtualAddress address = Map(16, kProtRead | kProtWrite, kMapPrivate);
  Write(address, 16);
  Unmap(address, 12);
  auto status = Status();
  EXPECT_EQ(status["VmPeak"], 64U);
  EXPECT_EQ(status["VmSize"], 16U);
  EXPECT_EQ(status["VmHWM"], 64U);
  EXPECT_EQ(status["VmRSS"], 16U);
}

TEST_F(PidStatusTest, InitHasCodeLibrariesAndAStack) {
  Boot();
  pid_ = kInitPid;
  auto status = Status();
  // The built-in program: 12 pages of code, 2 of data; the vdso is the only library.
  EXPECT_EQ(status["VmExe"], 48U);
  EXPECT_EQ(status["VmLib"], 8U);
  EXPECT_EQ(status["VmStk"], 132U);
  EXPECT_EQ(status["PPid"], 0U);
  const std::vector<std::string> statm = absl::StrSplit(Read("statm"), ' ');
  EXPECT_EQ(statm[3], "12");
  EXPECT_EQ(statm[5], absl::StrCat((status["VmData"] + status["VmStk"]) / 4));
  const std::vector<std::string> stat = absl::StrSplit(Read("stat"), ' ');
  ASSERT_EQ(stat.size(), 52U);
  EXPECT_EQ(stat[22], absl::StrCat(status["VmSize"] * 1024));
  EXPECT_EQ(stat[23], absl::StrCat(status["VmRSS"] / 4));
  EXPECT_EQ(stat[25], absl::StrCat(0x555555555000));
  EXPECT_EQ(stat[26], absl::StrCat(0x555555561000));
  EXPECT_EQ(stat[27], absl::StrCat(0x7ffffffff000));
  EXPECT_EQ(stat[44], absl::StrCat(0x555555565000));
  EXPECT_EQ(stat[46], absl::StrCat(0x555555567000));
}

TEST_F(PidStatusTest, CodeThatIsNoLongerMappedIsNotCountedInStatus) {
  Boot();
  pid_ = kInitPid;
  Unmap(VirtualAddress(0x555555555000), 10);
  auto status = Status();
  // 2 pages of code and 2 of the vdso.
  EXPECT_EQ(status["VmExe"], 16U);
  EXPECT_EQ(status["VmLib"], 0U);
  // statm asks where the code was loaded, not whether it is still there.
  const std::vector<std::string> statm = absl::StrSplit(Read("statm"), ' ');
  EXPECT_EQ(statm[3], "12");
}

TEST_F(PidStatusTest, ANameCannotBreakItsLine) {
  Boot();
  pid_ = *state_->tasks.Spawn("two\nlines\\");
  EXPECT_TRUE(absl::StartsWith(Read("status"), "Name:\ttwo\\nlines\\\\\nUmask:\t"));
  // stat has the name as it is, as Linux.
  EXPECT_TRUE(absl::StartsWith(Read("stat"), "3 (two\nlines\\) S 1 "));
}

TEST_F(PidStatusTest, TheDescriptorTableGrowsInPowersOfTwo) {
  Boot();
  FileTable& table = state_->file_tables.table(state_->tasks.FindAlive(pid_)->files);
  for (const auto& [fd, size] :
       std::vector<std::pair<int, std::uint64_t>>{{63, 64}, {64, 128}, {255, 256}, {256, 512}}) {
    table.Install(fd, {state_->files.Open("/sbin/init", 0)->file});
    EXPECT_EQ(Status()["FDSize"], size) << fd;
  }
}

TEST_F(PidStatusTest, CpusAreListedAndMaskedInGroupsOf32) {
  struct Row {
    std::uint32_t cpus;
    absl::string_view mask;
    absl::string_view list;
  };
  for (const Row& row :
       {Row{1, "1", "0"}, Row{4, "f", "0-3"}, Row{5, "1f", "0-4"}, Row{32, "ffffffff", "0-31"},
        Row{33, "1,ffffffff", "0-32"}, Row{40, "ff,ffffffff", "0-39"},
        Row{256, "ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff,ffffffff", "0-255"}}) {
    Boot(row.cpus);
    EXPECT_TRUE(absl::StrContains(Read("status"), absl::StrCat("\nCpus_allowed:\t", row.mask, "\nCpus_allowed_list:\t",
                                                               row.list, "\nMems_allowed:\t")))
        << Read("status");
  }
}

TEST_F(PidStatusTest, FaultsOfAllThreadsAddUpInStat) {
  Boot();
  Write(Map(16, kProtRead | kProtWrite, kMapPrivate), 3);
  const VirtualAddress more = Map(16, kProtRead | kProtWrite, kMapPrivate);
  const Pid process = pid_;
  pid_ = *state_->tasks.Clone(process, 0x10900);  // CLONE_THREAD | CLONE_SIGHAND | CLONE_VM
  Write(more, 4);
  std::vector<std::string> stat = absl::StrSplit(Read("stat"), ' ');
  EXPECT_EQ(stat[9], "7");
  EXPECT_EQ(stat[19], "2");
  // A thread sends no signal when it ends.
  EXPECT_EQ(stat[37], "-1");
  pid_ = process;
  stat = absl::StrSplit(Read("stat"), ' ');
  EXPECT_EQ(stat[9], "7");
  EXPECT_EQ(stat[37], "17");
}

}  // namespace
}  // namespace memsim

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

constexpr std::uint64_t kReadWrite = 3;
constexpr std::uint64_t kShared = 0x01;
constexpr std::uint64_t kPrivate = 0x02;
constexpr std::uint64_t kFixed = 0x10;
constexpr std::uint64_t kAnonymous = 0x20;
constexpr VirtualAddress kArena(0x10000000);

class PidSmapsTest : public testing::Test {
 protected:
  PidSmapsTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.address_randomization = AddressRandomization::kOff;
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
  }

  static VirtualAddress Page(std::uint64_t page) { return kArena + ToBytes(PageCount(page)); }
  void Map(std::uint64_t pages, std::uint64_t prot, std::uint64_t flags, int fd = -1, std::uint64_t first = 0) {
    ASSERT_TRUE(
        machine_->Mmap(pid_, Page(first), ToBytes(PageCount(pages)), prot, flags | kFixed, fd, ByteCount(0)).ok());
  }
  void TouchAs(Pid pid, std::uint64_t page, AccessKind kind, std::uint64_t pages = 1) {
    const auto result = machine_->Touch(pid, Page(page), kind, PageCount(pages));
    ASSERT_TRUE(result.ok() && !result->signal.has_value()) << page;
  }
  void Read(std::uint64_t page, std::uint64_t pages = 1) { TouchAs(pid_, page, AccessKind::kRead, pages); }
  void Write(std::uint64_t page, std::uint64_t pages = 1) { TouchAs(pid_, page, AccessKind::kWrite, pages); }
  int Open(ByteCount size) {
    EXPECT_EQ(machine_->Mknod("/data", FileKind::kRegular, size), Errno::kOk);
    return *machine_->Open(pid_, "/data", kOpenReadWrite);
  }

  std::string Text(Pid pid, absl::string_view file) {
    return *machine_->ReadProc(absl::StrCat(pid.value(), "/", file));
  }
  // The rows in kB that are not 0 of the first mapping, without those about its size.
  std::string Kilobytes(Pid pid) {
    std::string text = Text(pid, "smaps");
    return NotZero(text.substr(0, text.find("VmFlags")));
  }
  std::string Kilobytes() { return Kilobytes(pid_); }
  static std::string NotZero(const std::string& text) {
    std::string rows;
    for (const std::string& line : Lines(text)) {
      const std::string name = line.substr(0, line.find(':'));
      if (!absl::EndsWith(line, " kB") || absl::EndsWith(name, "Size")) continue;
      const std::uint64_t value = RowValues(line + "\n").at(name);
      if (value != 0) absl::StrAppend(&rows, rows.empty() ? "" : " ", name, " ", value);
    }
    return rows;
  }
  std::string Flags() {
    const std::string text = Text(pid_, "smaps");
    const std::size_t begin = text.find("VmFlags: ");
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

TEST_F(PidSmapsTest, AMappingIsShownAsLinuxShowsIt) {
  Map(16, kReadWrite, kPrivate | kAnonymous);
  Read(0, 2);
  Write(4, 3);
  EXPECT_EQ(Text(pid_, "smaps"),
            "10000000-10010000 rw-p 00000000 00:00 0 \n"
            "Size:                 64 kB\n"
            "KernelPageSize:        4 kB\n"
            "MMUPageSize:           4 kB\n"
            "Rss:                  12 kB\n"
            "Pss:                  12 kB\n"
            "Pss_Dirty:            12 kB\n"
            "Shared_Clean:          0 kB\n"
            "Shared_Dirty:          0 kB\n"
            "Private_Clean:         0 kB\n"
            "Private_Dirty:        12 kB\n"
            "Referenced:           12 kB\n"
            "Anonymous:            12 kB\n"
            "KSM:                   0 kB\n"
            "LazyFree:              0 kB\n"
            "AnonHugePages:         0 kB\n"
            "ShmemPmdMapped:        0 kB\n"
            "FilePmdMapped:         0 kB\n"
            "Shared_Hugetlb:        0 kB\n"
            "Private_Hugetlb:       0 kB\n"
            "Swap:                  0 kB\n"
            "SwapPss:               0 kB\n"
            "Locked:                0 kB\n"
            "THPeligible:           0\n"
            "ProtectionKey:         0\n"
            "VmFlags: rd wr mr mw me ac \n"
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
            "Size:                  4 kB\n"
            "KernelPageSize:        4 kB\n"
            "MMUPageSize:           4 kB\n"
            "Rss:                   0 kB\n"
            "Pss:                   0 kB\n"
            "Pss_Dirty:             0 kB\n"
            "Shared_Clean:          0 kB\n"
            "Shared_Dirty:          0 kB\n"
            "Private_Clean:         0 kB\n"
            "Private_Dirty:         0 kB\n"
            "Referenced:            0 kB\n"
            "Anonymous:             0 kB\n"
            "KSM:                   0 kB\n"
            "LazyFree:              0 kB\n"
            "AnonHugePages:         0 kB\n"
            "ShmemPmdMapped:        0 kB\n"
            "FilePmdMapped:         0 kB\n"
            "Shared_Hugetlb:        0 kB\n"
            "Private_Hugetlb:       0 kB\n"
            "Swap:                  0 kB\n"
            "SwapPss:               0 kB\n"
            "Locked:                0 kB\n"
            "THPeligible:           0\n"
            "ProtectionKey:         0\n"
            "VmFlags: ex \n");
}

TEST_F(PidSmapsTest, TheRollupIsTheSumAndSpansAllMappings) {
  Map(16, kReadWrite, kPrivate | kAnonymous);
  Map(16, kReadWrite, kShared | kAnonymous, -1, 64);
  Write(0, 3);
  Write(64, 5);
  const int fd = Open(ByteCount(64 << 10));
  Map(16, 1, kPrivate, fd, 128);
  Read(128);
  EXPECT_EQ(Text(pid_, "smaps_rollup"),
            "10000000-10090000 ---p 00000000 00:00 0                                  [rollup]\n"
            "Rss:                  96 kB\n"
            "Pss:                  96 kB\n"
            "Pss_Dirty:            32 kB\n"
            "Pss_Anon:             12 kB\n"
            "Pss_File:             64 kB\n"
            "Pss_Shmem:            20 kB\n"
            "Shared_Clean:          0 kB\n"
            "Shared_Dirty:          0 kB\n"
            "Private_Clean:        64 kB\n"
            "Private_Dirty:        32 kB\n"
            "Referenced:           96 kB\n"
            "Anonymous:            12 kB\n"
            "KSM:                   0 kB\n"
            "LazyFree:              0 kB\n"
            "AnonHugePages:         0 kB\n"
            "ShmemPmdMapped:        0 kB\n"
            "FilePmdMapped:         0 kB\n"
            "Shared_Hugetlb:        0 kB\n"
            "Private_Hugetlb:       0 kB\n"
            "Swap:                  0 kB\n"
            "SwapPss:               0 kB\n"
            "Locked:                0 kB\n");
}

TEST_F(PidSmapsTest, TheRollupOfNoMappingsIsEmpty) {
  EXPECT_TRUE(absl::StartsWith(Text(pid_, "smaps_rollup"),
                               "00000000-00000000 ---p 00000000 00:00 0                                  [rollup]\n"
                               "Rss:                   0 kB\n"));
}

TEST_F(PidSmapsTest, AfterForkPagesAreSharedAndOldInTheChildUntilItCopies) {
  Map(16, kReadWrite, kPrivate | kAnonymous);
  Write(0, 4);
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_EQ(Kilobytes(), "Rss 16 Pss 8 Pss_Dirty 8 Shared_Dirty 16 Referenced 16 Anonymous 16");
  EXPECT_EQ(Kilobytes(child), "Rss 16 Pss 8 Pss_Dirty 8 Shared_Dirty 16 Anonymous 16");
  TouchAs(child, 0, AccessKind::kRead);
  TouchAs(child, 1, AccessKind::kWrite);
  const std::string parted = "Rss 16 Pss 10 Pss_Dirty 10 Shared_Dirty 12 Private_Dirty 4 Referenced ";
  EXPECT_EQ(Kilobytes(child), parted + "8 Anonymous 16");
  EXPECT_EQ(Kilobytes(), parted + "16 Anonymous 16");
  ASSERT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  EXPECT_EQ(Kilobytes(), "Rss 16 Pss 16 Pss_Dirty 16 Private_Dirty 16 Referenced 16 Anonymous 16");
}

TEST_F(PidSmapsTest, SharesOfAPageAreCutOffAtTheEndAlone) {
  Map(3, kReadWrite, kPrivate | kAnonymous);
  Write(0, 3);
  ASSERT_TRUE(machine_->Clone(pid_, 0).ok());
  ASSERT_TRUE(machine_->Clone(pid_, 0).ok());
  // 3 x 4096 / 3 bytes; in scaled units each page loses less than a byte, but the sum is no whole kilobyte any more.
  EXPECT_EQ(Kilobytes(), "Rss 12 Pss 3 Pss_Dirty 3 Shared_Dirty 12 Referenced 12 Anonymous 12");
}

TEST_F(PidSmapsTest, APrivateFileIsCleanButForItsCopies) {
  const int fd = Open(ByteCount(64 << 10));
  Map(16, kReadWrite, kPrivate, fd);
  Read(0);
  EXPECT_EQ(Kilobytes(), "Rss 64 Pss 64 Private_Clean 64 Referenced 64");
  Write(0);
  EXPECT_EQ(Kilobytes(), "Rss 64 Pss 64 Pss_Dirty 4 Private_Clean 60 Private_Dirty 4 Referenced 64 Anonymous 4");
  EXPECT_EQ(Flags(), "VmFlags: rd wr mr mw me ac ");
}

TEST_F(PidSmapsTest, WhatWasWrittenToAFileIsDirtyWhoeverMapsIt) {
  const int fd = Open(ByteCount(64 << 10));
  ASSERT_TRUE(machine_->Write(pid_, fd, ByteCount(8192), ByteCount(0)).ok());
  Map(16, kReadWrite, kShared, fd);
  Read(0);
  EXPECT_EQ(Kilobytes(), "Rss 64 Pss 64 Pss_Dirty 8 Private_Clean 56 Private_Dirty 8 Referenced 64");
  Map(16, 1, kShared, fd, 32);
  Read(32);
  EXPECT_EQ(Kilobytes(), "Rss 64 Pss 32 Pss_Dirty 4 Shared_Clean 56 Shared_Dirty 8 Referenced 64");
  EXPECT_EQ(Flags(), "VmFlags: rd wr sh mr mw me ms ");
}

TEST_F(PidSmapsTest, AStoreToSharedMemoryThatWasReadIsKnownToItsOwnEntryAlone) {
  Map(16, kReadWrite, kShared | kAnonymous);
  Read(0);
  Write(1);
  EXPECT_EQ(Kilobytes(), "Rss 8 Pss 8 Pss_Dirty 4 Private_Clean 4 Private_Dirty 4 Referenced 8");
  Write(0);
  EXPECT_EQ(Kilobytes(), "Rss 8 Pss 8 Pss_Dirty 8 Private_Dirty 8 Referenced 8");
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_EQ(Kilobytes(child), "");
  TouchAs(child, 1, AccessKind::kRead);
  EXPECT_EQ(Kilobytes(child), "Rss 8 Pss 4 Pss_Dirty 2 Shared_Clean 4 Shared_Dirty 4 Referenced 8");
}

TEST_F(PidSmapsTest, LockedMemoryCountsByItsPages) {
  Map(16, kReadWrite, kPrivate | kAnonymous);
  Write(0);
  ASSERT_EQ(machine_->Mlock2(pid_, kArena, ByteCount(16 * 4096), 1), Errno::kOk);
  EXPECT_EQ(Kilobytes(), "Rss 4 Pss 4 Pss_Dirty 4 Private_Dirty 4 Referenced 4 Anonymous 4 Locked 4");
  EXPECT_EQ(Flags(), "VmFlags: rd wr mr mw me lo lf ac ");
  ASSERT_EQ(machine_->Mlock(pid_, kArena, ByteCount(16 * 4096)), Errno::kOk);
  EXPECT_EQ(RowValues(Text(pid_, "smaps_rollup")).at("Locked"), 64U);
  EXPECT_EQ(Flags(), "VmFlags: rd wr mr mw me lo ac ");
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_EQ(RowValues(Text(pid_, "smaps_rollup")).at("Locked"), 32U);
  EXPECT_EQ(RowValues(Text(child, "smaps_rollup")).at("Locked"), 0U);
}

TEST_F(PidSmapsTest, FlagsStandInTheOrderOfTheirBits) {
  // MAP_GROWSDOWN, MAP_STACK and MAP_NORESERVE.
  Map(1, kReadWrite, kPrivate | kAnonymous | 0x0100 | 0x20000 | 0x4000);
  EXPECT_EQ(Flags(), "VmFlags: rd wr mr mw me gd nr nh ");
  // MAP_DROPPABLE.
  Map(1, kReadWrite, 0x08 | kAnonymous);
  EXPECT_EQ(Flags(), "VmFlags: rd wr mr mw me nr wf dd dp ");
  Map(1, 0, kPrivate | kAnonymous);
  EXPECT_EQ(Flags(), "VmFlags: mr mw me ");
  for (const int advice : {1, 10, 16, 18}) {
    ASSERT_EQ(machine_->Madvise(pid_, kArena, ByteCount(4096), advice), Errno::kOk);
  }
  EXPECT_EQ(Flags(), "VmFlags: mr mw me rr dc wf dd ");
}

TEST_F(PidSmapsTest, MemoryForExecutionAloneHasAProtectionKey) {
  Map(1, 4, kPrivate | kAnonymous);
  EXPECT_EQ(Flags(), "VmFlags: ex mr mw me ");
  EXPECT_TRUE(absl::StrContains(Text(pid_, "smaps"), "\nProtectionKey:         1\nVmFlags: ex mr mw me \n"));
}

TEST_F(PidSmapsTest, EveryMappingOfAProgramStandsThereAsInMaps) {
  std::string headers;
  for (const std::string& line : Lines(Text(Pid(1), "smaps"))) {
    if (absl::StrContains(line.substr(0, line.find(' ')), '-')) absl::StrAppend(&headers, line, "\n");
  }
  EXPECT_EQ(headers, Text(Pid(1), "maps"));
  const std::string smaps = Text(Pid(1), "smaps");
  EXPECT_EQ(SumOfRows(smaps, "Rss:"), RowValues(Text(Pid(1), "status")).at("VmRSS"));
  EXPECT_EQ(SumOfRows(smaps, "Size:"), RowValues(Text(Pid(1), "status")).at("VmSize") + 4);
  EXPECT_TRUE(absl::StrContains(smaps, "VmFlags: rd mr pf io de dd \n"));
  EXPECT_TRUE(absl::StrContains(smaps, "VmFlags: rd ex mr mw me de \n"));
}

TEST_F(PidSmapsTest, OfAZombieSmapsIsEmptyAndTheRollupGone) {
  const Pid child = *machine_->Clone(pid_, 0);
  ASSERT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  EXPECT_EQ(Text(child, "smaps"), "");
  EXPECT_EQ(machine_->ReadProc(absl::StrCat(child.value(), "/smaps_rollup")), std::nullopt);
}

}  // namespace
}  // namespace memsim

#include "server/kernel/procfs/sys_vm.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

constexpr std::uint64_t kReadWrite = 3;
constexpr std::uint64_t kPrivateAnonymous = 0x22;
constexpr std::uint64_t kNoReserve = 0x4000;

class SysVmTest : public testing::Test {
 protected:
  SysVmTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    spec.address_randomization = AddressRandomization::kOff;
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
  }

  std::string Read(absl::string_view name) {
    return machine_->ReadProc(absl::StrCat("sys/vm/", name)).value_or("none\n");
  }
  // The bytes taken, or the errno's name.
  std::string WriteTo(absl::string_view path, absl::string_view text) {
    const ErrnoOr<ByteCount> taken = machine_->WriteProc(pid_, path, text);
    machine_->CheckInvariants();
    return taken.ok() ? absl::StrCat(taken->value()) : std::string(ErrnoName(taken.error()));
  }
  std::string Write(absl::string_view name, absl::string_view text) {
    return WriteTo(absl::StrCat("sys/vm/", name), text);
  }
  std::string Map(std::uint64_t pages, std::uint64_t flags = 0) {
    const auto mapped = machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(pages)), kReadWrite,
                                       kPrivateAnonymous | flags, -1, ByteCount(0));
    return mapped.ok() ? absl::StrCat("0x", absl::Hex(mapped->value())) : std::string(ErrnoName(mapped.error()));
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

TEST_F(SysVmTest, SysctlsReadAsLinuxPrintsThem) {
  EXPECT_EQ(Read("overcommit_memory"), "0\n");
  EXPECT_EQ(Read("overcommit_ratio"), "50\n");
  EXPECT_EQ(Read("overcommit_kbytes"), "0\n");
  EXPECT_EQ(Read("max_map_count"), "65530\n");
  EXPECT_EQ(Read("mmap_min_addr"), "4096\n");
  EXPECT_EQ(Read("legacy_va_layout"), "0\n");
  EXPECT_EQ(Read("watermark_scale_factor"), "10\n");
  EXPECT_EQ(Read("min_free_kbytes"), absl::StrCat(*machine_->spec().sysctls.min_free_kbytes, "\n"));
  EXPECT_EQ(Read("user_reserve_kbytes"), absl::StrCat(*machine_->spec().sysctls.user_reserve_kbytes, "\n"));
  EXPECT_EQ(Read("admin_reserve_kbytes"), absl::StrCat(*machine_->spec().sysctls.admin_reserve_kbytes, "\n"));
  EXPECT_EQ(Read("nothing"), "none\n");
}

TEST_F(SysVmTest, WhatIsWrittenIsRead) {
  for (const absl::string_view path : SysVmFiles()) {
    EXPECT_EQ(WriteTo(path, "1\n"), "2") << path;
    EXPECT_EQ(*machine_->ReadProc(path), "1\n") << path;
    EXPECT_EQ(WriteTo(path, ""), "0") << path;
    EXPECT_EQ(WriteTo(path, "x"), "EINVAL") << path;
    EXPECT_EQ(*machine_->ReadProc(path), "1\n") << path;
  }
}

TEST_F(SysVmTest, EachHasItsRange) {
  const auto expect_range = [this](absl::string_view name, absl::string_view least, absl::string_view most,
                                   absl::string_view below, absl::string_view above) {
    EXPECT_EQ(Write(name, below), "EINVAL") << name;
    EXPECT_EQ(Write(name, above), "EINVAL") << name;
    EXPECT_EQ(Write(name, most), absl::StrCat(most.size())) << name;
    EXPECT_EQ(Read(name), absl::StrCat(most, "\n"));
    EXPECT_EQ(Write(name, least), absl::StrCat(least.size())) << name;
    EXPECT_EQ(Read(name), absl::StrCat(least, "\n"));
  };
  expect_range("overcommit_memory", "0", "2", "-1", "3");
  expect_range("max_map_count", "0", "2147483647", "-1", "2147483648");
  expect_range("legacy_va_layout", "0", "2147483647", "-1", "2147483648");
  expect_range("watermark_scale_factor", "1", "3000", "0", "3001");
  expect_range("overcommit_ratio", "-2147483648", "2147483647", "-2147483649", "2147483648");
  expect_range("min_free_kbytes", "0", "2147483647", "-1", "2147483648");
  for (const absl::string_view name :
       {"admin_reserve_kbytes", "mmap_min_addr", "overcommit_kbytes", "user_reserve_kbytes"}) {
    expect_range(name, "0", "18446744073709551615", "-1", "18446744073709551616");
    // Even this.
    EXPECT_EQ(Write(name, "-0"), "EINVAL") << name;
  }
}

TEST_F(SysVmTest, OfRatioAndKilobytesTheOneThatWasSetLastCounts) {
  EXPECT_EQ(Write("overcommit_kbytes", "40960"), "5");
  EXPECT_EQ(Read("overcommit_ratio"), "0\n");
  EXPECT_EQ(RowValues(*machine_->ReadProc("meminfo")).at("CommitLimit"), 40960U);
  EXPECT_EQ(Write("overcommit_ratio", "100"), "3");
  EXPECT_EQ(Read("overcommit_kbytes"), "0\n");
  const auto meminfo = RowValues(*machine_->ReadProc("meminfo"));
  EXPECT_EQ(meminfo.at("CommitLimit"), meminfo.at("MemTotal"));
}

TEST_F(SysVmTest, TheNextMmapMindsTheLimitOnMappings) {
  EXPECT_EQ(Write("max_map_count", "0"), "1");
  EXPECT_NE(Map(1), "ENOMEM") << "one more than the limit is allowed";
  EXPECT_EQ(Map(1, kNoReserve), "ENOMEM");
  EXPECT_EQ(Write("max_map_count", "1"), "1");
  EXPECT_NE(Map(1, kNoReserve), "ENOMEM");
}

TEST_F(SysVmTest, TheNextMmapMindsThePolicyOfPromises) {
  const std::string too_much = "ENOMEM";
  EXPECT_EQ(Map(1 << 20), too_much);
  Write("overcommit_memory", "1");
  EXPECT_NE(Map(1 << 20), too_much);
  Write("overcommit_memory", "2");
  EXPECT_EQ(Map(1), too_much) << "more is promised already than may be";
  Write("overcommit_ratio", "1000000");
  EXPECT_NE(Map(1), too_much);
  // MAP_NORESERVE counts for nothing now.
  Write("overcommit_ratio", "0");
  EXPECT_EQ(Map(1, kNoReserve), too_much);
}

TEST_F(SysVmTest, TheNextMmapMindsTheLowestAddress) {
  const auto map_at = [this](std::uint64_t address) {
    return machine_->Mmap(pid_, VirtualAddress(address), ByteCount(4096), kReadWrite, kPrivateAnonymous, -1,
                          ByteCount(0));
  };
  EXPECT_EQ(map_at(0x10000)->value(), 0x10000U);
  Write("mmap_min_addr", "0x40000");
  EXPECT_EQ(map_at(0x20000)->value(), 0x40000U);
}

TEST_F(SysVmTest, ZonesKeepMoreFreeAtOnce) {
  const auto low_of = [this] { return SumOfRows(*machine_->ReadProc("zoneinfo"), "low"); };
  const auto min_of = [this] { return SumOfRows(*machine_->ReadProc("zoneinfo"), "min"); };
  const std::uint64_t low = low_of();
  Write("watermark_scale_factor", "1000");
  EXPECT_GT(low_of(), low * 2);
  Write("min_free_kbytes", "8192");
  // The movable zone, which is empty, shows 32 of its own; each of the others rounds down.
  EXPECT_EQ(min_of(), 2047U + 32U);
}

TEST_F(SysVmTest, TheNextProgramIsLaidOutUpwards) {
  ExecImage image;
  image.path = "/sbin/init";
  ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk);
  EXPECT_EQ(Map(1).substr(0, 6), "0x7fff");
  Write("legacy_va_layout", "1");
  EXPECT_EQ(Map(1, kNoReserve).substr(0, 6), "0x7fff") << "the program is as it was";
  ASSERT_EQ(machine_->Execve(pid_, image), Errno::kOk);
  // The vdso, where there is room first, has its 8 pages.
  EXPECT_EQ(Map(1), "0x2aaaaaab3000");
  EXPECT_EQ(Map(1, kNoReserve), "0x2aaaaaab4000");
  const Pid child = *machine_->Clone(pid_, 0);
  EXPECT_EQ(machine_->Mmap(child, VirtualAddress(0), ByteCount(4096), 1, kPrivateAnonymous, -1, ByteCount(0))->value(),
            0x2aaaaaab5000U);
}

TEST_F(SysVmTest, WhatIsNoSysctlIsRefusedAsByLinux) {
  EXPECT_EQ(WriteTo("meminfo", "1"), "EIO");
  EXPECT_EQ(WriteTo("/proc/zoneinfo", "1"), "EIO");
  EXPECT_EQ(WriteTo("1/maps", "1"), "EINVAL");
  EXPECT_EQ(WriteTo("/proc/1/pagemap", "1"), "EINVAL");
  EXPECT_EQ(WriteTo("/sys/kernel/slab/task_struct/order", "1"), "EACCES");
  EXPECT_EQ(WriteTo("/sys/kernel/slab/none/order", "1"), "ENOENT");
  EXPECT_EQ(WriteTo("sys/vm/nothing", "1"), "ENOENT");
  EXPECT_EQ(WriteTo("1/nothing", "1"), "ENOENT");
  EXPECT_EQ(WriteTo("99/maps", "1"), "ENOENT");
  EXPECT_EQ(WriteTo("", "1"), "ENOENT");
  EXPECT_EQ(machine_->WriteProc(Pid(99), "sys/vm/max_map_count", "1").error(), Errno::kSrch);
}

TEST_F(SysVmTest, OnlyRootMayWrite) {
  ASSERT_EQ(machine_->Setresuid(pid_, std::nullopt, 1000, std::nullopt), Errno::kOk);
  EXPECT_EQ(Write("max_map_count", "1"), "EACCES");
  EXPECT_EQ(Write("nothing", "1"), "ENOENT");
  EXPECT_EQ(WriteTo("meminfo", "1"), "EACCES");
  EXPECT_EQ(WriteTo("1/maps", "1"), "EACCES");
  EXPECT_EQ(WriteTo("1/nothing", "1"), "ENOENT");
  EXPECT_EQ(Read("max_map_count"), "65530\n");
}

TEST(SysVmRightsTest, OnlyWhoMayTouchHardwareSaysHowLowOthersMap) {
  Sysctls sysctls;
  EXPECT_EQ(WriteSysVm(sysctls, "sys/vm/mmap_min_addr", "0", CapabilitySet::None()).error(), Errno::kPerm);
  EXPECT_EQ(WriteSysVm(sysctls, "sys/vm/mmap_min_addr", "", CapabilitySet::None()).error(), Errno::kPerm);
  EXPECT_EQ(sysctls.mmap_min_addr, ByteCount(4096));
  EXPECT_TRUE(WriteSysVm(sysctls, "sys/vm/max_map_count", "5", CapabilitySet::None()).ok());
}

}  // namespace
}  // namespace memsim

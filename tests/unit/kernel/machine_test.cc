#include "server/kernel/machine.h"

#include <memory>

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

constexpr std::uint64_t kReadWrite = kProtRead | kProtWrite;
constexpr std::uint64_t kPrivateAnonymous = kMapPrivate | kMapAnonymous;

class MachineTest : public testing::Test {
 protected:
  MachineTest() {
    MachineSpec spec;
    spec.address_randomization = AddressRandomization::kOff;
    spec.memory = ByteCount(64ULL << 20);
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
  }
  ~MachineTest() override { machine_->CheckInvariants(); }

  VirtualAddress Map(std::uint64_t pages, std::uint64_t prot = kReadWrite, std::uint64_t flags = kPrivateAnonymous) {
    const auto address =
        machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(pages)), prot, flags, -1, ByteCount(0));
    EXPECT_TRUE(address.ok()) << ErrnoName(address.error());
    machine_->CheckInvariants();
    return *address;
  }

  AccessResult Touch(Pid pid, VirtualAddress address, AccessKind kind, std::uint64_t pages = 1) {
    const auto result = machine_->Touch(pid, address, kind, PageCount(pages));
    EXPECT_TRUE(result.ok()) << ErrnoName(result.error());
    machine_->CheckInvariants();
    return *result;
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

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
  // Another mapping keeps the upper tables.
  Touch(pid_, Map(1), AccessKind::kWrite);
  const std::string before = *machine_->ReadProc("buddyinfo");
  const VirtualAddress address = Map(600);
  Touch(pid_, address, AccessKind::kWrite, 600);
  EXPECT_NE(*machine_->ReadProc("buddyinfo"), before);
  EXPECT_EQ(machine_->Munmap(pid_, address, ToBytes(PageCount(600))), Errno::kOk);
  machine_->CheckInvariants();
  EXPECT_EQ(*machine_->ReadProc("buddyinfo"), before);
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

}  // namespace
}  // namespace memsim

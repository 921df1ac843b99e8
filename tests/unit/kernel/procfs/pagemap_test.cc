#include "server/kernel/procfs/pagemap.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {
namespace {

constexpr VirtualAddress kArena(0x10000000);
constexpr std::uint64_t kPlace = kArena.value() / 4096 * 8;
constexpr std::uint64_t kFrameBits = (1ULL << 55) - 1;

class PagemapTest : public testing::Test {
 protected:
  PagemapTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    machine_ = *Machine::Create(spec);
    pid_ = *machine_->Spawn("test");
  }

  void Map(std::uint64_t prot, std::uint64_t flags, int fd = -1) {
    ASSERT_TRUE(machine_->Mmap(pid_, kArena, ByteCount(16 * 4096), prot, flags | 0x10, fd, ByteCount(0)).ok());
  }
  void Touch(std::uint64_t page, AccessKind kind) {
    ASSERT_TRUE(machine_->Touch(pid_, kArena + ToBytes(PageCount(page)), kind, PageCount(1)).ok());
  }
  ErrnoOr<std::string> Read(std::uint64_t offset, std::uint64_t length) {
    return machine_->ReadProcPart(absl::StrCat(pid_.value(), "/pagemap"), ByteCount(offset), ByteCount(length));
  }
  // The first entries of the arena.
  std::vector<std::uint64_t> Entries(std::size_t count) {
    std::vector<std::uint64_t> entries(count);
    const std::string bytes = *Read(kPlace, count * 8);
    EXPECT_EQ(bytes.size(), count * 8);
    std::memcpy(entries.data(), bytes.data(), bytes.size());
    return entries;
  }
  // Their bits from 52 on, as hexadecimal digits.
  std::string Bits(std::size_t count) {
    std::string bits;
    for (const std::uint64_t entry : Entries(count)) {
      absl::StrAppend(&bits, bits.empty() ? "" : " ", absl::Hex(entry >> 52));
    }
    return bits;
  }

  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

// The bits are those that Linux 6.18 showed of the same memory.
TEST_F(PagemapTest, AnonymousPagesAreTheirOwnersAndTheZeroPageNobodys) {
  Map(3, 0x22);
  Touch(0, AccessKind::kRead);
  Touch(1, AccessKind::kWrite);
  EXPECT_EQ(Bits(3), "800 810 0");
  EXPECT_NE(Entries(2)[0] & kFrameBits, Entries(2)[1] & kFrameBits);
  ASSERT_TRUE(machine_->Clone(pid_, 0).ok());
  EXPECT_EQ(Bits(3), "800 800 0");
  ASSERT_EQ(machine_->Mprotect(pid_, kArena, ByteCount(16 * 4096), 0), Errno::kOk);
  EXPECT_EQ(Bits(3), "800 800 0");
}

TEST_F(PagemapTest, FilesAndSharedMemoryAreMarkedAndPrivateCopiesAreNot) {
  ASSERT_EQ(machine_->Mknod("/f", FileKind::kRegular, ByteCount(65536)), Errno::kOk);
  Map(3, 0x02, *machine_->Open(pid_, "/f", kOpenReadWrite));
  Touch(0, AccessKind::kRead);
  Touch(1, AccessKind::kWrite);
  EXPECT_EQ(Bits(3), "a10 810 a10");
  Map(3, 0x21);
  Touch(0, AccessKind::kWrite);
  EXPECT_EQ(Bits(2), "a10 0");
}

TEST_F(PagemapTest, GuardRegionsShowTheirMarker) {
  Map(3, 0x22);
  ASSERT_EQ(machine_->Madvise(pid_, kArena, ByteCount(4096), 102), Errno::kOk);
  EXPECT_EQ(Entries(2), (std::vector<std::uint64_t>{0x440000000000009f, 0}));
}

TEST_F(PagemapTest, ItEndsWithTheAddressSpace) {
  const std::uint64_t end = 0x7ffffffff000 / 4096 * 8;
  EXPECT_EQ(Read(end - 8, 8)->size(), 8U);
  EXPECT_EQ(Read(end - 8, 32)->size(), 8U);
  EXPECT_EQ(*Read(end, 8), "");
  EXPECT_EQ(*Read(0xffffffffff600000 / 4096 * 8, 8), "");
  EXPECT_EQ(*Read(UINT64_MAX - 7, 8), "");
  EXPECT_EQ(*Read(0, 16), std::string(16, '\0'));
  EXPECT_EQ(*Read(8, 0), "");
}

TEST_F(PagemapTest, HalfEntriesAreInvalidAndTooManyTooLong) {
  EXPECT_EQ(Read(4, 8).error(), Errno::kInval);
  EXPECT_EQ(Read(8, 4).error(), Errno::kInval);
  EXPECT_EQ(Read(3, 0).error(), Errno::kInval);
  EXPECT_EQ(Read(0, kMaxProcFileBytes)->size(), kMaxProcFileBytes);
  EXPECT_EQ(Read(0, kMaxProcFileBytes + 8).error(), Errno::kFBig);
  const std::string path = absl::StrCat(pid_.value(), "/pagemap");
  EXPECT_EQ(machine_->ReadProcPart(path, ByteCount(0), std::nullopt).error(), Errno::kFBig);
  EXPECT_EQ(machine_->ReadProc(path), std::nullopt);
}

TEST_F(PagemapTest, AZombieHasNone) {
  const Pid child = *machine_->Clone(pid_, 0);
  ASSERT_EQ(machine_->ExitGroup(child, 0), Errno::kOk);
  pid_ = child;
  EXPECT_EQ(Read(0, 8).error(), Errno::kSrch);
  pid_ = Pid(99);
  EXPECT_EQ(Read(0, 8).error(), Errno::kNoEnt);
}

TEST_F(PagemapTest, PartsOfTextsAreWhatLiesThere) {
  const auto part = [this](std::uint64_t offset, std::optional<ByteCount> length) {
    return *machine_->ReadProcPart("sys/vm/max_map_count", ByteCount(offset), length);
  };
  EXPECT_EQ(part(0, std::nullopt), "65530\n");
  EXPECT_EQ(part(2, std::nullopt), "530\n");
  EXPECT_EQ(part(2, ByteCount(2)), "53");
  EXPECT_EQ(part(6, ByteCount(2)), "");
  EXPECT_EQ(part(UINT64_MAX, ByteCount(UINT64_MAX)), "");
  EXPECT_EQ(machine_->ReadProcPart("none", ByteCount(0), std::nullopt).error(), Errno::kNoEnt);
}

}  // namespace
}  // namespace memsim

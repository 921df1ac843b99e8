// find_vma and its like, against the mappings that are there.

#include "server/kernel/inspect/vma_lookup.h"

#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

// Where nothing else is.
constexpr VirtualAddress kArena{1ULL << 44};

VirtualAddress At(std::uint64_t page) { return kArena + ToBytes(PageCount(page)); }

class VmaLookupTest : public TracedMachine {
 protected:
  void MapAt(std::uint64_t first, std::uint64_t end, std::uint64_t prot = kReadWrite) {
    const auto made = machine_->Mmap(pid_, At(first), ToBytes(PageCount(end - first)), prot,
                                     kPrivateAnonymous | kMapFixed, -1, ByteCount(0));
    ASSERT_TRUE(made.ok());
  }
  VmaLookup Find(VirtualAddress address) { return *machine_->FindVma(pid_, address); }
};

// 0123456789
// AA..BB....
TEST_F(VmaLookupTest, TheFirstMappingThatEndsAboveIsFound) {
  MapAt(0, 2);
  MapAt(4, 6, kProtRead);
  EXPECT_EQ(Find(At(0)).vma->range, (VirtualRange{At(0), At(2)}));
  EXPECT_EQ(Find(At(2) - ByteCount(1)).vma->range, (VirtualRange{At(0), At(2)}));
  EXPECT_EQ(Find(At(2)).vma->range, (VirtualRange{At(4), At(6)})) << "the end is outside";
  EXPECT_EQ(Find(At(5)).vma->flags & kVmAccessFlags, kVmRead);
  EXPECT_EQ(Find(At(6)).vma, std::nullopt) << "an empty process has nothing above the arena";
}

TEST_F(VmaLookupTest, TheMappingBeforeIsToldWhateverHoldsTheAddress) {
  MapAt(0, 2);
  MapAt(4, 6);
  EXPECT_EQ(machine_->FindVmaPrev(pid_, At(0))->previous, std::nullopt);
  EXPECT_EQ(machine_->FindVmaPrev(pid_, At(3))->previous->range.start, At(0));
  EXPECT_EQ(machine_->FindVmaPrev(pid_, At(5))->previous->range.start, At(0)) << "not the one that holds it";
  const VmaLookup beyond = *machine_->FindVmaPrev(pid_, At(9));
  EXPECT_EQ(beyond.vma, std::nullopt);
  EXPECT_EQ(beyond.previous->range.start, At(4));
}

TEST_F(VmaLookupTest, ARangeMustOverlapAByteAtLeast) {
  MapAt(4, 6);
  const auto intersection = [&](std::uint64_t first, std::uint64_t end) {
    return machine_->FindVmaIntersection(pid_, {At(first), At(end)})->vma.has_value();
  };
  EXPECT_FALSE(intersection(0, 4));
  EXPECT_TRUE(intersection(0, 5));
  EXPECT_TRUE(intersection(5, 9));
  EXPECT_FALSE(intersection(6, 9));
  EXPECT_FALSE(intersection(5, 5)) << "an empty range overlaps nothing";
}

TEST_F(VmaLookupTest, TheWayGoesFromTheRootToALeafThatSpansTheMapping) {
  EXPECT_TRUE(Find(At(0)).visited.empty()) << "no mapping, no index";
  for (std::uint64_t i = 0; i < 100; ++i) MapAt(2 * i, 2 * i + 1);
  const VmaLookup lookup = Find(At(77));
  ASSERT_GE(lookup.visited.size(), 2U);
  for (std::size_t i = 0; i < lookup.visited.size(); ++i) {
    EXPECT_EQ(lookup.visited[i].depth, static_cast<int>(i));
    EXPECT_EQ(lookup.visited[i].is_leaf, i + 1 == lookup.visited.size());
    EXPECT_GT(lookup.visited[i].entries, 0U);
    EXPECT_TRUE(lookup.visited[i == 0 ? 0 : i - 1].range.Contains(lookup.visited[i].range));
  }
  EXPECT_EQ(lookup.visited.front().range, (VirtualRange{At(0), At(199)}));
  EXPECT_TRUE(lookup.visited.back().range.Contains(lookup.vma->range));
}

TEST_F(VmaLookupTest, LookingChangesNothingButTheClockByWhatItPassed) {
  for (std::uint64_t i = 0; i < 100; ++i) MapAt(2 * i, 2 * i + 1);
  const std::string maps = *machine_->ReadProc("2/maps");
  const std::string stat = *machine_->ReadProc("2/stat");
  const Nanoseconds before = machine_->now();
  const VmaLookup lookup = Find(At(50));
  EXPECT_EQ(machine_->now() - before, kDefaultCosts.index_node * lookup.visited.size());
  EXPECT_EQ(*machine_->ReadProc("2/maps"), maps);
  EXPECT_EQ(*machine_->ReadProc("2/stat"), stat);
}

TEST_F(VmaLookupTest, NobodyHasNoMappings) {
  EXPECT_EQ(machine_->FindVma(Pid(99), At(0)).error(), Errno::kSrch);
  EXPECT_EQ(machine_->FindVmaPrev(Pid(99), At(0)).error(), Errno::kSrch);
  EXPECT_EQ(machine_->FindVmaIntersection(Pid(99), {At(0), At(1)}).error(), Errno::kSrch);
}

TEST_F(VmaLookupTest, AFileMappingIsToldWithItsFile) {
  ASSERT_EQ(machine_->Mknod("/data", FileKind::kRegular, ByteCount(1 << 20)), Errno::kOk);
  const int fd = *machine_->Open(pid_, "/data", kOpenReadOnly);
  const auto at =
      machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(2)), kProtRead, kMapPrivate, fd, ToBytes(PageCount(3)));
  const VmaLookup lookup = Find(*at);
  EXPECT_EQ(lookup.vma->name, "/data");
  EXPECT_EQ(lookup.vma->pgoff, PageOffset(3));
  EXPECT_NE(lookup.vma->inode_number, 0U);
}

}  // namespace
}  // namespace memsim

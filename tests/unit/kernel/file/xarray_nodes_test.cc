#include "server/kernel/file/xarray_nodes.h"

#include <iterator>
#include <set>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/random.h"
#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

class XarrayNodesTest : public BootedFiles {
 protected:
  void TearDown() override {
    while (!entries_.empty()) Remove(entries_.begin()->value());
    EXPECT_EQ(nodes_.size(), 0U);
    EXPECT_EQ(Objects(), 0U);
    BootedFiles::TearDown();
  }
  void Add(std::uint64_t index) {
    EXPECT_TRUE(nodes_.Add(PageOffset(index), slabs_)) << index;
    entries_.insert(PageOffset(index));
    CheckNodes();
  }
  void Remove(std::uint64_t index) {
    nodes_.Remove(PageOffset(index), slabs_);
    entries_.erase(PageOffset(index));
    CheckNodes();
  }
  void CheckNodes() {
    nodes_.CheckInvariants(std::vector<PageOffset>(entries_.begin(), entries_.end()));
    EXPECT_EQ(Objects(), nodes_.size());
  }
  std::uint64_t Objects() const { return slabs_.held_objects(IdOf(KernelCache::kRadixTreeNode)); }

  XarrayNodes nodes_;
  std::set<PageOffset> entries_;
};

TEST_F(XarrayNodesTest, TheFirstPageAloneNeedsNoNode) {
  Add(0);
  EXPECT_EQ(nodes_.size(), 0U);
}

TEST_F(XarrayNodesTest, SixtyFourPagesShareANode) {
  for (std::uint64_t index = 0; index < 64; ++index) Add(index);
  EXPECT_EQ(nodes_.size(), 1U);
  // Another leaf, and a root above both.
  Add(64);
  EXPECT_EQ(nodes_.size(), 3U);
}

TEST_F(XarrayNodesTest, AnyOtherPageAloneNeedsThePathToIt) {
  Add(63);
  EXPECT_EQ(nodes_.size(), 1U);
  Remove(63);
  Add(64);
  EXPECT_EQ(nodes_.size(), 2U);
  Remove(64);
  // The last page of the largest file on tmpfs: 2^51 - 1.
  Add((1ULL << 51) - 1);
  EXPECT_EQ(nodes_.size(), 9U);
}

TEST_F(XarrayNodesTest, RootsThatLeadToTheFirstSlotAloneGo) {
  Add(0);
  Add(5000);
  EXPECT_EQ(nodes_.size(), 5U) << "a root, and two nodes down to each";
  Remove(5000);
  EXPECT_EQ(nodes_.size(), 0U);
}

TEST_F(XarrayNodesTest, RandomPagesHaveTheNodesThatTheyNeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    for (int step = 0; step < 200; ++step) {
      // Near zero, near each other, or anywhere.
      const std::uint64_t index = random.Below(std::uint64_t{1} << (6 * (1 + random.Below(4))));
      if (entries_.count(PageOffset(index)) == 0 && random.Below(3) != 0) {
        Add(index);
      } else if (!entries_.empty()) {
        const auto at = static_cast<std::ptrdiff_t>(random.Below(entries_.size()));
        Remove(std::next(entries_.begin(), at)->value());
      }
    }
  }
}

TEST_F(XarrayNodesTest, WithoutMemoryNothingChanges) {
  Add(0);
  Add(1);
  std::vector<PageFrameNumber> taken;
  while (const auto page = pages_.AllocPages(kGfpKernel, Order(0), PageOwner::kCaller)) taken.push_back(*page);
  // The CPU's slab may still have objects.
  std::vector<VirtualAddress> objects;
  for (;;) {
    const VirtualAddress object = slabs_.Alloc(KernelCache::kRadixTreeNode, kGfpKernel);
    if (object == kNoObject) break;
    objects.push_back(object);
  }
  // One of the four nodes that it takes.
  slabs_.Free(KernelCache::kRadixTreeNode, objects.back());
  objects.pop_back();
  EXPECT_FALSE(nodes_.Add(PageOffset(5000), slabs_));
  nodes_.CheckInvariants(std::vector<PageOffset>(entries_.begin(), entries_.end()));
  EXPECT_EQ(nodes_.size(), 1U);
  for (const VirtualAddress object : objects) slabs_.Free(KernelCache::kRadixTreeNode, object);
  for (const PageFrameNumber page : taken) pages_.FreePages(page, Order(0));
  CheckNodes();
}

TEST_F(XarrayNodesTest, AFilesPagesHaveThem) {
  ASSERT_EQ(files_.Mknod("/dev/shm/f", FileKind::kTmpfs, Pages(70)), Errno::kOk);
  const OpenFileId file = Open("/dev/shm/f");
  for (std::uint64_t index = 0; index < 70; ++index) Use(file, index);
  EXPECT_EQ(Objects(), 3U);
  EXPECT_EQ(files_.SetSize(files_.file(file).inode, Pages(64))->first, PageOffset(64));
  EXPECT_EQ(Objects(), 1U);
  EXPECT_EQ(files_.Unlink("/dev/shm/f"), Errno::kOk);
  Put(file);
}

}  // namespace
}  // namespace memsim

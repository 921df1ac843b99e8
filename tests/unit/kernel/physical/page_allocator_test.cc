#include "server/kernel/physical/page_allocator.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

class PageAllocatorTest : public ::testing::Test {
 protected:
  PageAllocator Boot(std::uint64_t bytes) {
    return PageAllocator::Create(LayOutMemory(ByteCount(bytes), std::nullopt), WatermarkParameters{}, counters_);
  }
  Counters counters_;
};

TEST_F(PageAllocatorTest, AfterBootAllManagedMemoryIsFree) {
  for (const std::uint64_t bytes : {16 * kMiB, 20 * kMiB, 3 * kGiB + kMiB, 4 * kGiB, 64 * kGiB, 4096 * kGiB}) {
    const PageAllocator pages = Boot(bytes);
    pages.CheckInvariants();
    EXPECT_EQ(pages.free_pages(), pages.managed_pages());
  }
}

TEST_F(PageAllocatorTest, AnAllocatedPageIsItsOwners) {
  PageAllocator pages = Boot(4 * kGiB);
  const PageCount free = pages.free_pages();
  const std::optional<PageFrameNumber> pfn = pages.AllocPages(kGfpKernel, Order(0), PageOwner::kPageTable);
  ASSERT_TRUE(pfn.has_value());
  pages.CheckInvariants();
  EXPECT_EQ(ZoneOfFrame(*pfn), ZoneType::kNormal);
  EXPECT_EQ(pages.pages_of(PageOwner::kPageTable), PageCount(1));
  EXPECT_EQ(pages.free_pages(), free - PageCount(1));
  EXPECT_EQ(pages.frame(*pfn).refcount, 1U);

  pages.FreePages(*pfn, Order(0));
  pages.CheckInvariants();
  EXPECT_EQ(pages.pages_of(PageOwner::kPageTable), PageCount(0));
  EXPECT_EQ(pages.free_pages(), free);
}

}  // namespace
}  // namespace memsim

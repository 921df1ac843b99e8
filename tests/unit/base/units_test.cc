#include "server/base/units.h"

#include <concepts>
#include <type_traits>

#include "gtest/gtest.h"

namespace memsim {
namespace {

template <typename A, typename B>
concept Adds = requires(A a, B b) {
  a + b;
};
template <typename A, typename B>
concept Subtracts = requires(A a, B b) {
  a - b;
};
template <typename A, typename B>
concept Compares = requires(A a, B b) {
  a < b;
};

// What does not fit together does not compile.
static_assert(Adds<PageCount, PageCount> && !Adds<PageCount, ByteCount>);
static_assert(Adds<VirtualAddress, ByteCount> && !Adds<VirtualAddress, PageCount>);
static_assert(Adds<PageFrameNumber, PageCount> && !Adds<PageFrameNumber, ByteCount>);
static_assert(!Adds<VirtualAddress, VirtualAddress> && Subtracts<VirtualAddress, VirtualAddress>);
static_assert(!Subtracts<VirtualAddress, PageFrameNumber>);
static_assert(!Compares<PageCount, ByteCount> && Compares<Pid, Pid> && !Compares<Pid, Order>);
static_assert(!Adds<Pid, Pid> && !Adds<Order, Order>);
static_assert(!std::is_convertible_v<std::uint64_t, PageCount> && !std::is_convertible_v<PageCount, std::uint64_t>);

TEST(UnitsTest, QuantitiesAddUpAndScale) {
  PageCount pages(3);
  pages += PageCount(4);
  pages -= PageCount(1);
  EXPECT_EQ(pages, PageCount(6));
  EXPECT_EQ(pages * 2 + PageCount(1), PageCount(13));
  EXPECT_EQ(pages / 4, PageCount(1));
  EXPECT_EQ(PageCount(), PageCount(0));
}

TEST(UnitsTest, PositionsMoveByQuantitiesAndDifferByThem) {
  VirtualAddress address(0x1000);
  address += ByteCount(0x10);
  EXPECT_EQ(address - VirtualAddress(0x1000), ByteCount(0x10));
  EXPECT_EQ(PageFrameNumber(7) - PageCount(2), PageFrameNumber(5));
}

TEST(UnitsTest, BytesBecomeWholePagesDownOrUp) {
  EXPECT_EQ(ToPages(ByteCount(4095)), PageCount(0));
  EXPECT_EQ(ToPages(ByteCount(4096)), PageCount(1));
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(0)), PageCount(0));
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(1)), PageCount(1));
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(4096)), PageCount(1));
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(4097)), PageCount(2));
  EXPECT_EQ(ToBytes(PageCount(2)), ByteCount(8192));
  EXPECT_EQ(PagesOfOrder(Order(10)), PageCount(1024));
}

TEST(UnitsTest, RoundingUpWrapsAtTheTopAsLinuxsDoes) {
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(UINT64_MAX)), PageCount(0));
  EXPECT_EQ(ToPagesRoundedUp(ByteCount(UINT64_MAX - 4095)), PageCount((1ULL << 52) - 1));
  EXPECT_EQ(PageAlignUp(VirtualAddress(UINT64_MAX)), VirtualAddress(0));
}

TEST(UnitsTest, AddressesAreAlignedToPages) {
  EXPECT_TRUE(IsPageAligned(VirtualAddress(0x1000)));
  EXPECT_FALSE(IsPageAligned(VirtualAddress(0x1001)));
  EXPECT_EQ(PageAlignDown(VirtualAddress(0x1fff)), VirtualAddress(0x1000));
  EXPECT_EQ(PageAlignUp(VirtualAddress(0x1001)), VirtualAddress(0x2000));
  EXPECT_EQ(PageAlignUp(VirtualAddress(0x1000)), VirtualAddress(0x1000));
}

}  // namespace
}  // namespace memsim

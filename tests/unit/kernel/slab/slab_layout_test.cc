#include "server/kernel/slab/slab_layout.h"

#include <cstdint>

#include "gtest/gtest.h"

#include "server/kernel/slab/boot_caches.h"

namespace memsim {
namespace {

CacheDefinition Plain(std::uint64_t size, std::uint64_t align = 0, SlabFlags flags = 0) {
  CacheDefinition definition;
  definition.name = "plain";
  definition.object_size = ByteCount(size);
  definition.align = ByteCount(align);
  definition.flags = flags;
  return definition;
}

SlabLayout Lay(const CacheDefinition& definition, std::uint32_t cpus = 2) { return *LayOutSlab(definition, cpus); }

std::uint64_t SizeOf(const CacheDefinition& definition) { return LayOutObject(definition).size.value(); }

TEST(SlabLayoutTest, ObjectsAreWholeWords) {
  EXPECT_EQ(SizeOf(Plain(1)), 8U);
  EXPECT_EQ(SizeOf(Plain(8)), 8U);
  EXPECT_EQ(SizeOf(Plain(9)), 16U);
  EXPECT_EQ(SizeOf(Plain(100)), 104U);
}

TEST(SlabLayoutTest, CacheLineAlignmentSharesALineAmongSmallObjects) {
  const auto align = [](std::uint64_t size, std::uint64_t asked = 0) {
    return ObjectAlign(kSlabHwcacheAlign, ByteCount(asked), ByteCount(size)).value();
  };
  EXPECT_EQ(align(1), 8U);
  EXPECT_EQ(align(8), 8U);
  EXPECT_EQ(align(9), 16U);
  EXPECT_EQ(align(16), 16U);
  EXPECT_EQ(align(17), 32U);
  EXPECT_EQ(align(32), 32U);
  EXPECT_EQ(align(33), 64U);
  EXPECT_EQ(align(5000), 64U);
  EXPECT_EQ(align(16, 128), 128U);
  EXPECT_EQ(ObjectAlign(0, ByteCount(0), ByteCount(1)), kWord);
  EXPECT_EQ(ObjectAlign(0, ByteCount(4), ByteCount(1)), kWord);
}

TEST(SlabLayoutTest, TheFreePointerLiesInTheMiddleUnlessTheObjectMustStayAsItIs) {
  EXPECT_EQ(LayOutObject(Plain(8)).free_pointer_offset, ByteCount(0));
  EXPECT_EQ(LayOutObject(Plain(24)).free_pointer_offset, ByteCount(8));
  EXPECT_EQ(LayOutObject(Plain(100)).free_pointer_offset, ByteCount(48));
  CacheDefinition constructed = Plain(96);
  constructed.constructor = "init_once";
  EXPECT_EQ(LayOutObject(constructed), (ObjectLayout{ByteCount(8), ByteCount(104), ByteCount(96)}));
  CacheDefinition rcu = Plain(192, 0, kSlabTypesafeByRcu | kSlabHwcacheAlign);
  EXPECT_EQ(LayOutObject(rcu), (ObjectLayout{ByteCount(64), ByteCount(256), ByteCount(192)}));
  rcu.free_pointer = FreePointer::kInside;
  EXPECT_EQ(LayOutObject(rcu), (ObjectLayout{ByteCount(64), ByteCount(192), ByteCount(96)}));
}

TEST(SlabLayoutTest, TheOrderGrowsWithTheNumberOfCpus) {
  EXPECT_EQ(Lay(Plain(256), 1).order, Order(0));    // 8 objects wanted
  EXPECT_EQ(Lay(Plain(256), 7).order, Order(0));    // 16
  EXPECT_EQ(Lay(Plain(256), 8).order, Order(1));    // 20
  EXPECT_EQ(Lay(Plain(256), 256).order, Order(2));  // 40
  EXPECT_EQ(Lay(Plain(1024), 2).order, Order(2));
  EXPECT_EQ(Lay(Plain(1024), 4).order, Order(2));
  EXPECT_EQ(Lay(Plain(1024), 8).order, Order(3));
}

TEST(SlabLayoutTest, ASlabNeverWastesMoreThanASixteenthWhereALargerOneDoesNot) {
  // 700 rounds to 704: 12 objects wanted in order 2, 23 of which leave 192 of 16384 bytes.
  EXPECT_EQ(Lay(Plain(700)).order, Order(2));
  EXPECT_EQ(Lay(Plain(700)).objects, 23U);
  for (std::uint64_t size = 8; size <= 8192; size += 8) {
    for (const std::uint32_t cpus : {1U, 2U, 4U, 16U, 64U, 256U}) {
      const SlabLayout layout = Lay(Plain(size), cpus);
      const std::uint64_t bytes = 4096ULL << layout.order.value();
      ASSERT_LE(layout.order, kSlubMaxOrder) << size;
      ASSERT_EQ(layout.objects, bytes / size) << size;
      ASSERT_LE(bytes % size, bytes / 2) << size;
      if (layout.order < kSlubMaxOrder) {
        ASSERT_LE(bytes % size, bytes / 16) << size;
      }
    }
  }
}

TEST(SlabLayoutTest, LargeObjectsGetTheOrderThatHoldsOne) {
  EXPECT_EQ(Lay(Plain(16 << 10)).order, Order(3));
  EXPECT_EQ(Lay(Plain(32 << 10)).order, Order(3));
  EXPECT_EQ(Lay(Plain((32 << 10) + 8)).order, Order(4));
  EXPECT_EQ(Lay(Plain(4 << 20)).order, Order(10));
  EXPECT_EQ(Lay(Plain(4 << 20)).objects, 1U);
  EXPECT_FALSE(LayOutSlab(Plain((4 << 20) + 1), 2).has_value());
}

TEST(SlabLayoutTest, TheSmallestOrderHoldsOneObject) {
  EXPECT_EQ(Lay(Plain(1024)).min_order, Order(0));
  EXPECT_EQ(Lay(Plain(1024)).min_objects, 4U);
  EXPECT_EQ(Lay(Plain(5952, 64)).min_order, Order(1));
  EXPECT_EQ(Lay(Plain(5952, 64)).min_objects, 1U);
}

TEST(SlabLayoutTest, MinPartialIsHalfTheLogarithmBetweenFiveAndTen) {
  EXPECT_EQ(Lay(Plain(8)).min_partial, 5U);
  EXPECT_EQ(Lay(Plain(4088)).min_partial, 5U);
  EXPECT_EQ(Lay(Plain(4096)).min_partial, 6U);
  EXPECT_EQ(Lay(Plain(1 << 14)).min_partial, 7U);
  EXPECT_EQ(Lay(Plain(1 << 20)).min_partial, 10U);
  EXPECT_EQ(Lay(Plain(4 << 20)).min_partial, 10U);
}

TEST(SlabLayoutTest, CpusKeepFewerOfTheLargerObjects) {
  const auto kept = [](std::uint64_t size) { return Lay(Plain(size)).cpu_partial; };
  EXPECT_EQ(kept(8), 120U);
  EXPECT_EQ(kept(248), 120U);
  EXPECT_EQ(kept(256), 52U);
  EXPECT_EQ(kept(1016), 52U);
  EXPECT_EQ(kept(1024), 24U);
  EXPECT_EQ(kept(4088), 24U);
  EXPECT_EQ(kept(4096), 6U);
  // As if slabs were half full: 64 objects in one, 120 to keep.
  EXPECT_EQ(Lay(Plain(64)).cpu_partial_slabs, 4U);
  EXPECT_EQ(Lay(Plain(8)).cpu_partial_slabs, 1U);
  EXPECT_EQ(Lay(Plain(4096)).cpu_partial_slabs, 2U);
}

TEST(SlabLayoutTest, OrderForSizeIsTheSmallestBlockThatHoldsIt) {
  EXPECT_EQ(OrderForSize(ByteCount(1)), Order(0));
  EXPECT_EQ(OrderForSize(ByteCount(4096)), Order(0));
  EXPECT_EQ(OrderForSize(ByteCount(4097)), Order(1));
  EXPECT_EQ(OrderForSize(ByteCount(8192)), Order(1));
  EXPECT_EQ(OrderForSize(ByteCount(8193)), Order(2));
  EXPECT_EQ(OrderForSize(ByteCount(4 << 20)), Order(10));
}

TEST(SlabLayoutTest, EveryBootCacheHasALayoutOnEveryMachine) {
  for (const CacheDefinition& definition : kBootCaches) {
    for (const std::uint32_t cpus : {1U, 2U, 64U, 256U}) {
      const auto layout = LayOutSlab(definition, cpus);
      ASSERT_TRUE(layout.has_value()) << definition.name;
      EXPECT_GT(layout->objects, 0U) << definition.name;
      EXPECT_LE(layout->objects, kMaxObjectsPerSlab) << definition.name;
    }
  }
}

}  // namespace
}  // namespace memsim

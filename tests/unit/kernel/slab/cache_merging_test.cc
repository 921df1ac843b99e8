#include "server/kernel/slab/cache_merging.h"

#include <cstdint>

#include "gtest/gtest.h"

#include "server/kernel/slab/boot_caches.h"

namespace memsim {
namespace {

CacheDefinition Of(std::uint64_t size, SlabFlags flags = 0, std::uint64_t align = 0) {
  CacheDefinition definition;
  definition.name = "cache";
  definition.object_size = ByteCount(size);
  definition.align = ByteCount(align);
  definition.flags = flags;
  return definition;
}

TEST(CacheMergingTest, CachesWithSomethingOfTheirOwnAreNotMerged) {
  EXPECT_TRUE(IsMergeable(Of(64)));
  for (const SlabFlags flag :
       {kSlabNoMerge, kSlabTypesafeByRcu, kSlabNoLeakTrace, kSlabRedZone, kSlabPoison, kSlabStoreUser, kSlabTrace}) {
    EXPECT_FALSE(IsMergeable(Of(64, flag))) << flag;
  }
  for (const SlabFlags flag : {kSlabAccount, kSlabReclaimAccount, kSlabCacheDma, kSlabHwcacheAlign, kSlabPanic}) {
    EXPECT_TRUE(IsMergeable(Of(64, flag))) << flag;
  }
  CacheDefinition own = Of(64);
  own.constructor = "init_once";
  EXPECT_FALSE(IsMergeable(own));
  own = Of(64);
  own.user_size = ByteCount(1);
  EXPECT_FALSE(IsMergeable(own));
  own = Of(64);
  own.sheaf_capacity = 32;
  EXPECT_FALSE(IsMergeable(own));
}

TEST(CacheMergingTest, AnObjectMustFitWithLessThanAWordToSpare) {
  EXPECT_TRUE(CanMergeInto(Of(64), Of(64)));
  EXPECT_TRUE(CanMergeInto(Of(57), Of(64)));
  EXPECT_FALSE(CanMergeInto(Of(56), Of(64)));
  EXPECT_FALSE(CanMergeInto(Of(65), Of(64)));
  // 184 bytes on cache lines take 192.
  EXPECT_TRUE(CanMergeInto(Of(192), Of(184, kSlabHwcacheAlign)));
  EXPECT_TRUE(CanMergeInto(Of(184, kSlabHwcacheAlign), Of(192)));
  EXPECT_FALSE(CanMergeInto(Of(184), Of(192)));
}

TEST(CacheMergingTest, TheOldObjectsMustLieAsTheNewOnesAreToBeAligned) {
  EXPECT_FALSE(CanMergeInto(Of(96, 0, 64), Of(96)));
  EXPECT_TRUE(CanMergeInto(Of(96, 0, 32), Of(96)));
  EXPECT_TRUE(CanMergeInto(Of(128, 0, 128), Of(128)));
}

TEST(CacheMergingTest, WhatDecidesWhereThePagesComeFromMustAgree) {
  for (const SlabFlags flag : {kSlabAccount, kSlabReclaimAccount, kSlabCacheDma, kSlabCacheDma32}) {
    EXPECT_FALSE(CanMergeInto(Of(64, flag), Of(64))) << flag;
    EXPECT_FALSE(CanMergeInto(Of(64), Of(64, flag))) << flag;
    EXPECT_TRUE(CanMergeInto(Of(64, flag), Of(64, flag))) << flag;
  }
  EXPECT_TRUE(CanMergeInto(Of(64, kSlabPanic), Of(64)));
}

TEST(CacheMergingTest, TheIdTellsWhatAliasesHaveInCommon) {
  EXPECT_EQ(UniqueId(Of(100)), ":0000104");
  EXPECT_EQ(UniqueId(Of(184, kSlabHwcacheAlign | kSlabAccount)), ":A-0000192");
  EXPECT_EQ(UniqueId(Of(16, kSlabReclaimAccount | kSlabAccount)), ":aA-0000016");
  EXPECT_EQ(UniqueId(Of(64, kSlabCacheDma | kSlabCacheDma32)), ":dD-0000064");
}

TEST(CacheMergingTest, NoBootCacheIsLikeAnOlderOne) {
  for (std::size_t later = 0; later < kKernelCacheCount; ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      EXPECT_FALSE(CanMergeInto(kBootCaches[later], kBootCaches[earlier]))
          << kBootCaches[later].name << " into " << kBootCaches[earlier].name;
    }
  }
}

}  // namespace
}  // namespace memsim

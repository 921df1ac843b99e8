#include "server/kernel/slab/kmalloc.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

#include "server/kernel/slab/kmalloc_classes.h"
#include "tests/unit/kernel/slab/caches_world.h"

namespace memsim {
namespace {

class KmallocTest : public testing::Test {
 protected:
  VirtualAddress Take(std::uint64_t size, GfpMask gfp = kGfpKernel) {
    const VirtualAddress address = world_.kmalloc.Alloc(ByteCount(size), gfp, ObjectOwner::kCaller);
    world_.Check();
    return address;
  }
  std::optional<SlabRefusal> Give(VirtualAddress address) {
    const std::optional<SlabRefusal> refusal = world_.kmalloc.FreeCallers(address);
    world_.Check();
    return refusal;
  }
  Kmalloc::Reallocated Resize(VirtualAddress address, std::uint64_t size) {
    const Kmalloc::Reallocated moved = world_.kmalloc.ReallocCallers(address, ByteCount(size), kGfpKernel);
    world_.Check();
    return moved;
  }
  std::string CacheOf(VirtualAddress address) const {
    const CacheId cache = world_.caches.FindObject(address).cache;
    return cache == CacheId() ? "none" : std::string(world_.caches.definition(cache).name);
  }
  std::uint64_t Large() const { return world_.pages.pages_of(PageOwner::kLargeKmalloc).value(); }
  std::int64_t Unreclaimable() const { return world_.counters.Get(Counter::kNrSlabUnreclaimable); }

  CachesWorld world_;
};

TEST_F(KmallocTest, SizesAndFlagsChooseTheCache) {
  EXPECT_EQ(CacheOf(Take(100)), "kmalloc-128");
  EXPECT_EQ(CacheOf(Take(8192)), "kmalloc-8k");
  EXPECT_EQ(CacheOf(Take(100, kGfpKernelAccount)), "kmalloc-cg-128");
  EXPECT_EQ(CacheOf(Take(100, kGfpKernel | kGfpReclaimable)), "kmalloc-rcl-128");
  EXPECT_EQ(CacheOf(Take(100, kGfpKernel | kGfpDma)), "dma-kmalloc-128");
  // Flags that no slab may have are ignored.
  EXPECT_EQ(CacheOf(Take(100, kGfpKernel | kGfpHighmem | kGfpDma32)), "kmalloc-128");
}

TEST_F(KmallocTest, MemoryForDmaLiesBelow16MiB) {
  EXPECT_LT(Take(100, kGfpKernel | kGfpDma) - VirtualAddress(0xffff888000000000), ByteCount(16ULL << 20));
  EXPECT_EQ(world_.pages.zones()[0].allocated_ever, PageCount(1));
}

TEST_F(KmallocTest, NothingIsAnAddressOfItsOwn) {
  EXPECT_EQ(Take(0), kZeroSizePointer);
  EXPECT_EQ(Give(kZeroSizePointer), std::nullopt);
  EXPECT_EQ(Give(kNoObject), std::nullopt);
  EXPECT_EQ(Give(VirtualAddress(8)), std::nullopt) << "ZERO_OR_NULL_PTR asks for no more than 16";
  EXPECT_EQ(Give(VirtualAddress(17)), SlabRefusal::kNoSuchObject);
}

TEST_F(KmallocTest, WhatNoClassHoldsComesInWholePagesAndCountsAsUnreclaimable) {
  const VirtualAddress address = Take(8193);
  EXPECT_EQ(CacheOf(address), "none");
  EXPECT_EQ(Large(), 4U);
  EXPECT_EQ(Unreclaimable(), 4);
  EXPECT_EQ(Give(address), std::nullopt);
  EXPECT_EQ(Large(), 0U);
  EXPECT_EQ(Unreclaimable(), 0);
}

TEST_F(KmallocTest, FourMebibytesAreTheMost) {
  EXPECT_NE(Take(4 << 20), kNoObject);
  EXPECT_EQ(Take((4 << 20) + 1), kNoObject);
  EXPECT_EQ(Take(UINT64_MAX), kNoObject);
}

TEST_F(KmallocTest, MisuseIsToldAndNothingChanges) {
  const VirtualAddress large = Take(20000);
  const VirtualAddress small = Take(100);
  const PageFrameNumber page = *world_.pages.AllocPages(kGfpKernel, Order(0), PageOwner::kCaller);
  const VirtualAddress kernels = world_.kmalloc.Alloc(ByteCount(20000), kGfpKernel, ObjectOwner::kKernel);
  EXPECT_EQ(Give(large + ByteCount(4096)), SlabRefusal::kNotObjectStart);
  EXPECT_EQ(Give(small + ByteCount(1)), SlabRefusal::kNotObjectStart);
  EXPECT_EQ(Give(VirtualAddress(0xffff888000000000) + ToBytes(page - PageFrameNumber(0))), SlabRefusal::kNoSuchObject);
  EXPECT_EQ(Give(kernels), SlabRefusal::kInUse);
  EXPECT_EQ(Give(large), std::nullopt);
  EXPECT_EQ(Give(large), SlabRefusal::kNoSuchObject);
  EXPECT_EQ(Give(small), std::nullopt);
  EXPECT_EQ(Give(small), SlabRefusal::kAlreadyFree);
}

TEST_F(KmallocTest, MemoryThatIsLargeEnoughStays) {
  const VirtualAddress address = Take(100);
  EXPECT_EQ(Resize(address, 128).address, address);
  EXPECT_EQ(Resize(address, 1).address, address);
  const VirtualAddress moved = Resize(address, 129).address;
  EXPECT_EQ(CacheOf(moved), "kmalloc-192");
  EXPECT_EQ(Give(address), SlabRefusal::kAlreadyFree);
  const VirtualAddress large = Resize(moved, 100000).address;
  EXPECT_EQ(Large(), 32U);
  EXPECT_EQ(Resize(large, 131072).address, large);
  EXPECT_EQ(CacheOf(Resize(large, 131073).address), "none");
  EXPECT_EQ(Large(), 64U);
}

TEST_F(KmallocTest, ReallocOfNothingAllocatesAndToNothingFrees) {
  const VirtualAddress address = Resize(kNoObject, 10).address;
  EXPECT_EQ(CacheOf(address), "kmalloc-16");
  EXPECT_EQ(Resize(address, 0).address, kZeroSizePointer);
  EXPECT_EQ(Give(address), SlabRefusal::kAlreadyFree);
  EXPECT_EQ(CacheOf(Resize(kZeroSizePointer, 10).address), "kmalloc-16");
}

TEST_F(KmallocTest, ReallocOfWhatIsNoMemoryIsRefusedAndOfTooMuchLeavesTheOld) {
  EXPECT_EQ(Resize(VirtualAddress(0x1000), 10).refusal, SlabRefusal::kNoSuchObject);
  const VirtualAddress address = Take(10);
  const Kmalloc::Reallocated moved = Resize(address, (4 << 20) + 1);
  EXPECT_EQ(moved.address, kNoObject);
  EXPECT_EQ(moved.refusal, std::nullopt);
  EXPECT_EQ(Give(address), std::nullopt);
}

TEST_F(KmallocTest, ObjectsOfACacheCanBeFreedTheSameWay) {
  const VirtualAddress object = world_.caches.AllocForCaller(IdOf(KernelCache::kDentry), kGfpKernel);
  EXPECT_EQ(Give(object), std::nullopt);
}

TEST_F(KmallocTest, ZeroingTakesTimeForAllOfTheObjectWhateverWasAskedFor) {
  Give(Take(4096));
  const auto cost = [this](GfpMask gfp) {
    const Nanoseconds start = world_.cpus.now();
    Take(3000, gfp);
    return (world_.cpus.now() - start).value();
  };
  const std::uint64_t plain = cost(kGfpKernel);
  EXPECT_EQ(cost(kGfpKernel | kGfpZero), plain + kDefaultCosts.page_zero.value());
}

}  // namespace
}  // namespace memsim

#include "server/kernel/slab/kmalloc_classes.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

#include "server/kernel/slab/slab_layout.h"

namespace memsim {
namespace {

std::string NameFor(std::uint64_t size, GfpMask gfp = kGfpKernel) {
  return std::string(DefinitionOf(KmallocCache(ByteCount(size), gfp)).name);
}

TEST(KmallocClassesTest, EverySizeGetsTheSmallestClassThatHoldsIt) {
  for (std::uint64_t size = 1; size <= kMaxKmallocClass.value(); ++size) {
    const std::uint32_t size_class = KmallocClass(ByteCount(size));
    ASSERT_LT(size_class, kKmallocClassCount) << size;
    ASSERT_GE(KmallocClassSize(size_class).value(), size);
    if (size_class > 0) {
      ASSERT_LT(KmallocClassSize(size_class - 1).value(), size);
    }
    ASSERT_EQ(DefinitionOf(KmallocCache(ByteCount(size), kGfpKernel)).object_size, KmallocClassSize(size_class));
  }
}

TEST(KmallocClassesTest, ClassesAreNamedAsInLinux) {
  EXPECT_EQ(NameFor(1), "kmalloc-8");
  EXPECT_EQ(NameFor(65), "kmalloc-96");
  EXPECT_EQ(NameFor(97), "kmalloc-128");
  EXPECT_EQ(NameFor(129), "kmalloc-192");
  EXPECT_EQ(NameFor(193), "kmalloc-256");
  EXPECT_EQ(NameFor(1025), "kmalloc-2k");
  EXPECT_EQ(NameFor(8192), "kmalloc-8k");
}

TEST(KmallocClassesTest, DmaGoesBeforeReclaimableAndThatBeforeAccounted) {
  EXPECT_EQ(NameFor(64, kGfpKernelAccount), "kmalloc-cg-64");
  EXPECT_EQ(NameFor(64, kGfpKernelAccount | kGfpReclaimable), "kmalloc-rcl-64");
  EXPECT_EQ(NameFor(64, kGfpKernel | kGfpReclaimable), "kmalloc-rcl-64");
  EXPECT_EQ(NameFor(64, kGfpKernelAccount | kGfpReclaimable | kGfpDma), "dma-kmalloc-64");
}

TEST(KmallocClassesTest, ClassesAreAlignedToTheirLargestPowerOfTwo) {
  for (std::uint32_t i = 0; i < kKmallocClassCount; ++i) {
    const ByteCount size = KmallocClassSize(i);
    for (const GfpMask gfp : {kGfpKernel, kGfpKernelAccount, kGfpKernel | kGfpReclaimable, kGfpKernel | kGfpDma}) {
      const ObjectLayout layout = LayOutObject(DefinitionOf(KmallocCache(size, gfp)));
      EXPECT_EQ(layout.align.value(), size.value() & -size.value()) << size.value();
      EXPECT_EQ(layout.size, size);
    }
  }
}

}  // namespace
}  // namespace memsim

#include "server/kernel/slab/slab_caches.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/slab/kmalloc_classes.h"
#include "tests/unit/kernel/slab/caches_world.h"

namespace memsim {
namespace {

class SlabCachesTest : public testing::Test {
 protected:
  static CacheDefinition Of(absl::string_view name, std::uint64_t size, SlabFlags flags = 0) {
    CacheDefinition definition;
    definition.name = name;
    definition.object_size = ByteCount(size);
    definition.flags = flags;
    return definition;
  }
  ErrnoOr<CacheId> Create(const CacheDefinition& definition) {
    const ErrnoOr<CacheId> id = caches_.Create(definition);
    world_.Check();
    return id;
  }
  // REQUIRES: it can be made.
  CacheId Make(absl::string_view name, std::uint64_t size, SlabFlags flags = kSlabNoMerge) {
    return *Create(Of(name, size, flags));
  }
  Errno Destroy(CacheId id, absl::string_view name = "") {
    const Errno error = caches_.Destroy(id, name);
    world_.Check();
    return error;
  }
  VirtualAddress Take(CacheId id) {
    const VirtualAddress object = caches_.AllocForCaller(id, kGfpKernel);
    world_.Check();
    return object;
  }
  std::optional<SlabRefusal> Give(CacheId id, VirtualAddress object) {
    const std::optional<SlabRefusal> refusal = caches_.FreeCallers(id, object);
    world_.Check();
    return refusal;
  }
  std::string Digest() const {
    memsim::Digest digest;
    caches_.DigestTo(digest);
    return digest.ToHex();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    caches_.ForEachCache([&](CacheId id) { names.emplace_back(caches_.definition(id).name); });
    return names;
  }

  CachesWorld world_;
  SlabCaches& caches_ = world_.caches;
};

// --- For the kernel

TEST_F(SlabCachesTest, TheKernelTakesItsObjectsByTheNameOfTheirCache) {
  const VirtualAddress task = caches_.Alloc(KernelCache::kTaskStruct, kGfpKernelAccount);
  world_.Check();
  ASSERT_NE(task, kNoObject);
  EXPECT_EQ(caches_.FindObject(task).cache, IdOf(KernelCache::kTaskStruct));
  EXPECT_EQ(caches_.Look(IdOf(KernelCache::kTaskStruct)).total_objects, 5U);
  EXPECT_EQ(world_.pages.pages_of(PageOwner::kSlab), PageCount(8));
  caches_.Free(KernelCache::kTaskStruct, task);
  world_.Check();
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kTaskStruct)), 0U);
}

TEST_F(SlabCachesTest, AliasesOfTheKernelAreOneCache) {
  EXPECT_EQ(KernelCache::kCred, KernelCache::kPid);
  EXPECT_EQ(caches_.Find("cred"), caches_.Find("pid"));
  EXPECT_EQ(caches_.AliasCount(IdOf(KernelCache::kPid)), 2U);
}

TEST_F(SlabCachesTest, CachesThatNobodyUsedCostNothing) {
  const ByteCount before = caches_.HostMemory();
  EXPECT_LT(before, ByteCount(1024));
  caches_.Alloc(KernelCache::kDentry, kGfpKernel);
  EXPECT_LT(caches_.HostMemory(), ByteCount(4096));
  EXPECT_EQ(caches_.Look(IdOf(KernelCache::kFilp)).slabs, 0U);
}

// --- Creating

TEST_F(SlabCachesTest, ACreatedCacheIsFoundByNameAndListedFirst) {
  const CacheId id = Make("cell", 200);
  EXPECT_EQ(caches_.Find("cell"), id);
  EXPECT_EQ(Names().front(), "cell");
  EXPECT_EQ(Names().back(), "kmem_cache");
  EXPECT_EQ(Names().size(), kKernelCacheCount + 1);
  EXPECT_EQ(caches_.LayoutOf(id).object.size, ByteCount(200));
  // It is an object itself, and so is what the node keeps of it.
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kKmemCache)), 1U);
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kKmemCacheNode)), 1U);
}

TEST_F(SlabCachesTest, WhatIsLikeAnOlderCacheBecomesItsName) {
  // ":0000200" of a booted kernel is ip4-frags.
  EXPECT_EQ(*Create(Of("cell", 200)), caches_.Find("ip4-frags"));
  EXPECT_EQ(caches_.AliasCount(*caches_.Find("cell")), 1U);
  EXPECT_EQ(Names().size(), kKernelCacheCount);
  const CacheId own = *Create(Of("odd", 1000));
  EXPECT_FALSE(IsBootCache(own));
  EXPECT_EQ(*Create(Of("odd_too", 996)), own);
  EXPECT_NE(*Create(Of("odder", 992)), own);
  CacheDefinition constructed = Of("constructed", 1000);
  constructed.constructor = kUnnamedConstructor;
  EXPECT_NE(*Create(constructed), own);
}

TEST_F(SlabCachesTest, TheLargestOfTheMergedSizesIsShownForAsLongAsTheCacheLives) {
  const CacheId id = *Create(Of("odd", 993));
  EXPECT_EQ(caches_.ObjectSize(id), ByteCount(993));
  EXPECT_EQ(*Create(Of("odd_too", 999)), id);
  EXPECT_EQ(caches_.ObjectSize(id), ByteCount(999));
  EXPECT_EQ(*Create(Of("odd_small", 995)), id);
  EXPECT_EQ(Destroy(id, "odd_too"), Errno::kOk);
  EXPECT_EQ(caches_.ObjectSize(id), ByteCount(999));
  EXPECT_EQ(Destroy(id, "odd_small"), Errno::kOk);
  EXPECT_EQ(Destroy(id), Errno::kOk);
  // Another one under the same number.
  EXPECT_EQ(*Create(Of("odd", 993)), id);
  EXPECT_EQ(caches_.ObjectSize(id), ByteCount(993));
}

TEST_F(SlabCachesTest, WhatIsNoCacheIsRefused) {
  const auto error = [this](CacheDefinition definition) { return Create(definition).error(); };
  EXPECT_EQ(error(Of("", 8)), Errno::kInval);
  EXPECT_EQ(error(Of("a/b", 8)), Errno::kInval);
  EXPECT_EQ(error(Of("a b", 8)), Errno::kInval);
  EXPECT_EQ(error(Of("a\n", 8)), Errno::kInval);
  EXPECT_EQ(error(Of(":0000064", 8)), Errno::kInval);
  EXPECT_EQ(error(Of("..", 8)), Errno::kInval);
  const std::string longest(SlabCaches::kMaxNameLength, 'n');
  EXPECT_EQ(error(Of(longest, 1000)), Errno::kOk);
  EXPECT_EQ(error(Of(longest + "n", 8)), Errno::kInval);
  EXPECT_EQ(error(Of("sizeless", 0)), Errno::kInval);
  EXPECT_EQ(error(Of("largest", 4 << 20)), Errno::kOk);
  EXPECT_EQ(error(Of("too_large", (4 << 20) + 1)), Errno::kInval);
  CacheDefinition odd = Of("odd", 8);
  odd.align = ByteCount(24);
  EXPECT_EQ(error(odd), Errno::kInval);
  odd.align = ByteCount(8 << 20);
  EXPECT_EQ(error(odd), Errno::kInval);
  EXPECT_EQ(error(Of("flags", 8, 1U << 3)), Errno::kInval);
  EXPECT_EQ(error(Of("flags", 8, 1U << 31)), Errno::kInval);
  EXPECT_EQ(error(Of("debug", 8, kSlabPoison)), Errno::kNoSys);
  CacheDefinition sheaves = Of("sheaves", 1000);
  sheaves.sheaf_capacity = 513;
  EXPECT_EQ(error(sheaves), Errno::kInval);
  sheaves.sheaf_capacity = 512;
  EXPECT_EQ(error(sheaves), Errno::kOk);
}

TEST_F(SlabCachesTest, ANameIsGivenOnce) {
  Make("cell", 200);
  EXPECT_EQ(Create(Of("cell", 64)).error(), Errno::kExist);
  EXPECT_EQ(Create(Of("dentry", 64)).error(), Errno::kExist);
  EXPECT_EQ(Create(Of("cred", 64)).error(), Errno::kExist);
}

TEST_F(SlabCachesTest, ThereAreAtMostSoManyCreatedNames) {
  for (std::size_t i = 0; i < SlabCaches::kMaxCreated; ++i) {
    ASSERT_TRUE(caches_.Create(Of(absl::StrCat("cache", i), 64)).ok()) << i;
  }
  EXPECT_EQ(Create(Of("one_more", 64)).error(), Errno::kNoMem);
  EXPECT_EQ(Destroy(*caches_.Find("cache7"), "cache7"), Errno::kOk);
  EXPECT_TRUE(Create(Of("one_more", 64)).ok());
}

TEST_F(SlabCachesTest, WithoutMemoryForItsRecordsThereIsNoCache) {
  while (world_.pages.AllocPages(kGfpNowait | kGfpMemalloc, Order(0), PageOwner::kCaller).has_value()) {
  }
  const PageCount slabs = world_.pages.pages_of(PageOwner::kSlab);
  EXPECT_EQ(Create(Of("cell", 200, kSlabNoMerge)).error(), Errno::kNoMem);
  EXPECT_FALSE(caches_.Find("cell").has_value());
  EXPECT_EQ(world_.pages.pages_of(PageOwner::kSlab), slabs);
}

// --- Destroying

TEST_F(SlabCachesTest, ADestroyedCacheIsGoneAndItsNumberIsGivenAgain) {
  const CacheId id = Make("cell", 200);
  ASSERT_EQ(Give(id, Take(id)), std::nullopt);
  EXPECT_EQ(Destroy(id), Errno::kOk);
  EXPECT_FALSE(caches_.Contains(id));
  EXPECT_FALSE(caches_.Find("cell").has_value());
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kKmemCache)), 0U);
  EXPECT_EQ(Make("other", 300), id);
  EXPECT_EQ(caches_.Look(id).slabs, 0U);
}

TEST_F(SlabCachesTest, ACacheWithObjectsIsNotDestroyedAndNothingChanges) {
  const CacheId id = Make("cell", 200);
  const VirtualAddress object = Take(id);
  const std::string before = Digest();
  EXPECT_EQ(Destroy(id), Errno::kBusy);
  EXPECT_EQ(Digest(), before);
  EXPECT_EQ(caches_.held_objects(id), 1U);
  EXPECT_EQ(Give(id, object), std::nullopt);
  EXPECT_EQ(Destroy(id), Errno::kOk);
}

TEST_F(SlabCachesTest, TheLastNameTakesTheCacheAlong) {
  const CacheId id = *Create(Of("odd", 1000));
  ASSERT_EQ(*Create(Of("odd_too", 1000)), id);
  ASSERT_EQ(*Create(Of("odd_three", 1000)), id);
  const VirtualAddress object = Take(id);
  EXPECT_EQ(Destroy(id, "odd"), Errno::kOk);
  EXPECT_FALSE(caches_.Find("odd").has_value());
  // Linux goes on showing the first name.
  EXPECT_EQ(caches_.definition(id).name, "odd");
  EXPECT_EQ(caches_.AliasCount(id), 1U);
  EXPECT_EQ(Destroy(id, "odd_too"), Errno::kOk);
  EXPECT_EQ(Destroy(id, "odd_three"), Errno::kBusy);
  EXPECT_EQ(Give(id, object), std::nullopt);
  EXPECT_EQ(Destroy(id, "odd_three"), Errno::kOk);
  EXPECT_FALSE(caches_.Contains(id));
}

TEST_F(SlabCachesTest, WithoutANameTheOneAddedLastGoesFirst) {
  const CacheId id = *Create(Of("odd", 1000));
  ASSERT_EQ(*Create(Of("odd_too", 1000)), id);
  EXPECT_EQ(Destroy(id), Errno::kOk);
  EXPECT_FALSE(caches_.Find("odd_too").has_value());
  EXPECT_TRUE(caches_.Find("odd").has_value());
  EXPECT_EQ(Destroy(id), Errno::kOk);
  EXPECT_FALSE(caches_.Contains(id));
}

TEST_F(SlabCachesTest, TheKernelsCachesStayButNamesThatCallsGaveThemGo) {
  const CacheId id = *caches_.Find("ip4-frags");
  EXPECT_EQ(Destroy(id), Errno::kBusy);
  EXPECT_EQ(Destroy(*caches_.Find("task_struct"), "task_struct"), Errno::kBusy);
  EXPECT_EQ(*Create(Of("cell", 200)), id);
  EXPECT_EQ(Destroy(id, "cell"), Errno::kOk);
  EXPECT_FALSE(caches_.Find("cell").has_value());
}

// --- Misuse

TEST_F(SlabCachesTest, WhatIsNoObjectOfACallerIsNotFreedAndNothingChanges) {
  const CacheId id = Make("cell", 200);
  const CacheId other = Make("other", 300);
  const VirtualAddress object = Take(id);
  const VirtualAddress freed = Take(id);
  ASSERT_EQ(Give(id, freed), std::nullopt);
  const VirtualAddress kernels = caches_.Alloc(KernelCache::kTaskStruct, kGfpKernel);
  const std::string before = Digest();
  EXPECT_EQ(Give(id, kNoObject), SlabRefusal::kNoSuchObject);
  EXPECT_EQ(Give(id, VirtualAddress(0x1234)), SlabRefusal::kNoSuchObject);
  EXPECT_EQ(Give(id, VirtualAddress(UINT64_MAX)), SlabRefusal::kNoSuchObject);
  EXPECT_EQ(Give(id, object + ByteCount(1)), SlabRefusal::kNotObjectStart);
  EXPECT_EQ(Give(id, freed), SlabRefusal::kAlreadyFree);
  EXPECT_EQ(Give(other, object), SlabRefusal::kWrongCache);
  EXPECT_EQ(Give(IdOf(KernelCache::kTaskStruct), kernels), SlabRefusal::kInUse);
  EXPECT_EQ(Digest(), before);
  EXPECT_EQ(Give(id, object), std::nullopt);
}

TEST_F(SlabCachesTest, ABulkFreeFreesAllOrNone) {
  const CacheId id = Make("cell", 200);
  std::vector<VirtualAddress> objects(5);
  ASSERT_TRUE(caches_.AllocBulkForCaller(id, kGfpKernel, absl::MakeSpan(objects)));
  std::vector<VirtualAddress> twice = objects;
  twice.push_back(objects[2]);
  EXPECT_EQ(caches_.FreeBulkCallers(id, absl::MakeSpan(twice)), SlabRefusal::kAlreadyFree);
  std::vector<VirtualAddress> wild = objects;
  wild[4] += ByteCount(8);
  EXPECT_EQ(caches_.FreeBulkCallers(id, absl::MakeSpan(wild)), SlabRefusal::kNotObjectStart);
  world_.Check();
  EXPECT_EQ(caches_.held_objects(id), 5U);
  EXPECT_EQ(caches_.FreeBulkCallers(id, absl::MakeSpan(objects)), std::nullopt);
  world_.Check();
  EXPECT_EQ(caches_.held_objects(id), 0U);
  EXPECT_EQ(caches_.FreeBulkCallers(id, {}), std::nullopt);
}

TEST_F(SlabCachesTest, CachesWithSheavesTakeThemFromKmalloc) {
  const VirtualAddress vma = caches_.Alloc(KernelCache::kVmAreaStruct, kGfpKernel);
  world_.Check();
  ASSERT_NE(vma, kNoObject);
  // 32 bytes and 32 pointers.
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kKmalloc512)), 2U);
  caches_.Free(KernelCache::kVmAreaStruct, vma);
  caches_.Shrink(IdOf(KernelCache::kVmAreaStruct));
  world_.Check();
  EXPECT_EQ(caches_.held_objects(IdOf(KernelCache::kKmalloc512)), 1U);
  EXPECT_EQ(caches_.Look(IdOf(KernelCache::kVmAreaStruct)).slabs, 0U);
}

TEST_F(SlabCachesTest, ShrinkingACacheThatWasNeverUsedDoesNothing) {
  const std::string before = Digest();
  caches_.Shrink(IdOf(KernelCache::kDentry));
  EXPECT_EQ(Digest(), before);
}

}  // namespace
}  // namespace memsim

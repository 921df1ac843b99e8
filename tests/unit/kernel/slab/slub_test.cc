// Which paths objects take through SLUB. In the drawings a slab's objects stand in [ ], # allocated and . free; it is
// marked cpuN where it is that CPU's own, pN where it is on that CPU's partial list, n on the node's.

#include "server/kernel/slab/slub.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"

#include "tests/unit/kernel/slab/slab_world.h"

namespace memsim {
namespace {

TEST(SlubTest, TheFirstObjectComesFromANewSlabAndTheOthersFromItsFreeList) {
  SlabWorld world;
  const VirtualAddress first = world.Take();
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"ALLOC_SLAB", 1}}));
  EXPECT_EQ(world.pages().pages_of(PageOwner::kSlab), PageCount(1));
  // Objects are given in ascending order.
  for (std::uint64_t i = 1; i < 4; ++i) EXPECT_EQ(world.Take(), first + ByteCount(i * 1024));
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_FASTPATH", 3}}));
  world.Take();  // [####] and cpu0 [#...]
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"DEACTIVATE_BYPASS", 1}, {"ALLOC_SLAB", 1}}));
  EXPECT_EQ(world.Look().slabs, 2U);
  EXPECT_EQ(world.Look().held_objects, 5U);
}

TEST(SlubTest, AnObjectFreedToTheCpusSlabIsTheNextToBeGiven) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(3);
  world.NewPaths();
  world.Give(objects[1]);
  world.Give(objects[0]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_FASTPATH", 2}}));
  EXPECT_EQ(world.Take(), objects[0]);
  EXPECT_EQ(world.Take(), objects[1]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_FASTPATH", 2}}));
}

TEST(SlubTest, WhatAnotherCpuFreesToMySlabIRefillFrom) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(4);  // cpu0 [####]
  world.On(1);
  world.NewPaths();
  world.Give(objects[2]);  // cpu0 [##.#]
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}, {"FREE_FROZEN", 1}}));
  world.On(0);
  EXPECT_EQ(world.Take(), objects[2]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"ALLOC_REFILL", 1}}));
}

TEST(SlubTest, AFullSlabThatLosesAnObjectGoesToTheCpuThatFreed) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(5);  // [####] cpu0 [#...]
  world.NewPaths();
  world.On(1);
  world.Give(objects[3]);  // p1 [###.]
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}, {"CPU_PARTIAL_FREE", 1}}));
  EXPECT_EQ(world.Look().cpus[1].partial_slabs, 1U);
  world.Give(objects[0]);  // It stays there: p1 [.##.]
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}}));
  EXPECT_EQ(world.Take(), objects[0]);  // cpu1 [###.]
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"CPU_PARTIAL_ALLOC", 1}}));
  EXPECT_EQ(world.Take(), objects[3]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_FASTPATH", 1}}));
}

TEST(SlubTest, ASlabThatBecomesEmptyOnACpusListStaysThere) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(5);
  world.NewPaths();
  world.Give({objects[0], objects[1], objects[2], objects[3]});  // p0 [....] cpu0 [#...]
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 4}, {"CPU_PARTIAL_FREE", 1}}));
  EXPECT_EQ(world.Look().slabs, 2U);
}

TEST(SlubTest, AFullPartialListIsDrainedToTheNodeAndTheEmptySlabsBeyondMinPartialAreFreed) {
  SlabWorld world(4, 1, 2);
  const std::vector<VirtualAddress> objects = world.Take(20);  // [####] * 4, cpu0 [####]
  const std::vector<VirtualAddress> last = world.Take(1);      // cpu0 [#...]
  world.NewPaths();
  for (int i = 0; i < 8; ++i) world.Give(objects[i]);  // p0 [....] p0 [....]
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 8}, {"CPU_PARTIAL_FREE", 2}}));
  world.Give(objects[8]);  // n [....] p0 [.###]: the node keeps one empty slab, the other is freed.
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1},
                                     {"CPU_PARTIAL_FREE", 1},
                                     {"CPU_PARTIAL_DRAIN", 1},
                                     {"FREE_ADD_PARTIAL", 1},
                                     {"DEACTIVATE_EMPTY", 1},
                                     {"FREE_SLAB", 1}}));
  EXPECT_EQ(world.Look().partial_slabs, 1U);
  EXPECT_EQ(world.Look().partial_free, 4U);
  EXPECT_EQ(world.Look().slabs, 5U);
  EXPECT_EQ(world.pages().pages_of(PageOwner::kSlab), PageCount(5));
}

TEST(SlubTest, ACpuWithoutSlabsTakesFromTheNodeAndSomeMoreForLater) {
  SlabWorld world(4, 5, 2);
  const std::vector<VirtualAddress> objects = world.Take(24);
  world.Take();  // Six full slabs, cpu0 [#...]
  world.NewPaths();
  // One object of each: p0 takes two, is drained, takes two, is drained, takes two.
  for (int i = 0; i < 6; ++i) world.Give(objects[i * 4]);
  EXPECT_EQ(world.NewPaths(),
            (Paths{{"FREE_SLOWPATH", 6}, {"CPU_PARTIAL_FREE", 6}, {"CPU_PARTIAL_DRAIN", 2}, {"FREE_ADD_PARTIAL", 4}}));
  EXPECT_EQ(world.Look().partial_slabs, 4U);
  world.On(1);
  // p0 was [1] [0]: its head, the later one, went to the tail of the node's list first.
  EXPECT_EQ(world.Take(), objects[4]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"ALLOC_FROM_PARTIAL", 1}, {"CPU_PARTIAL_NODE", 2}}));
  EXPECT_EQ(world.Look().partial_slabs, 1U);
  EXPECT_EQ(world.Look().cpus[1].partial_slabs, 2U);
}

TEST(SlubTest, AnEmptySlabOfTheNodeIsFreedBeyondMinPartial) {
  SlabWorld world(2, 1, 1);
  const std::vector<VirtualAddress> objects = world.Take(8);
  world.Take();                                            // [##] * 4, cpu0 [#.]
  for (int i = 0; i < 4; ++i) world.Give(objects[i * 2]);  // n [.#] * 3, p0 [.#]
  ASSERT_EQ(world.Look().partial_slabs, 3U);
  world.NewPaths();
  world.Give(objects[1]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}, {"FREE_REMOVE_PARTIAL", 1}, {"FREE_SLAB", 1}}));
  world.Give(objects[3]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}, {"FREE_REMOVE_PARTIAL", 1}, {"FREE_SLAB", 1}}));
  EXPECT_EQ(world.Look().partial_slabs, 1U);
  // Still as many as min_partial, which is enough.
  world.Give(objects[5]);
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 1}, {"FREE_REMOVE_PARTIAL", 1}, {"FREE_SLAB", 1}}));
  EXPECT_EQ(world.Look().partial_slabs, 0U);
}

TEST(SlubTest, ShrinkingFlushesTheCpusFreesEmptySlabsAndSortsTheRest) {
  SlabWorld world(4, 5, 5);
  const std::vector<VirtualAddress> objects = world.Take(13);  // [####] * 3, cpu0 [#...]
  world.On(1);
  world.Give({objects[0], objects[1], objects[2]});                             // p1 [...#]
  world.Give({objects[4]});                                                     // p1 [.###]
  world.Give({objects[8], objects[9], objects[10], objects[11], objects[12]});  // p1 [....], cpu0 [....] but for cpu0
  world.NewPaths();
  world.slub().Shrink(SlabWorld::kCache);
  world.Check();
  // cpu0's slab had a remote free, so it goes to the tail; p1's list is put as it stands.
  EXPECT_EQ(
      world.NewPaths(),
      (Paths{
          {"CPUSLAB_FLUSH", 1}, {"DEACTIVATE_REMOTE_FREES", 1}, {"DEACTIVATE_TO_TAIL", 1}, {"FREE_ADD_PARTIAL", 3}}));
  const CacheUse use = world.Look();
  EXPECT_EQ(use.slabs, 2U);
  EXPECT_EQ(use.partial_slabs, 2U);
  EXPECT_EQ(use.partial_inuse, 4U);
  EXPECT_EQ(use.partial_free, 4U);
  // The fullest slab serves first.
  EXPECT_EQ(world.Take(), objects[4]);
}

TEST(SlubTest, AFlushedSlabWithFreeObjectsGoesToTheHeadAndAFullOneNowhere) {
  SlabWorld world;
  world.Take(1);
  world.slub().Shrink(SlabWorld::kCache);
  world.NewPaths();
  world.Check();
  EXPECT_EQ(world.Look().partial_slabs, 1U);
  world.Take(3);
  world.NewPaths();
  world.slub().Shrink(SlabWorld::kCache);
  world.Check();
  EXPECT_EQ(world.NewPaths(), (Paths{{"CPUSLAB_FLUSH", 1}, {"DEACTIVATE_FULL", 1}}));
}

TEST(SlubTest, AnEmptyCpuSlabIsFreedWhenTheNodeHasEnough) {
  SlabWorld world(2, 1, 1);
  const std::vector<VirtualAddress> objects = world.Take(8);  // [##] * 3 cpu0 [##]
  world.On(1);
  for (std::size_t i = 0; i < 8; i += 2) world.Give(objects[i]);
  world.slub().Shrink(SlabWorld::kCache);  // n [.#] * 4
  world.Check();
  EXPECT_EQ(world.Look().partial_slabs, 4U);
  world.On(0);
  const VirtualAddress taken = world.Take(1)[0];  // cpu0 [##] p0 [.#] n [.#] [.#]
  EXPECT_EQ(world.Look().partial_slabs, 2U);
  // The slab's other object is the one on the same page.
  for (std::size_t i = 1; i < 8; i += 2) {
    if (objects[i].value() / kPageSize.value() == taken.value() / kPageSize.value()) world.Give(objects[i]);
  }
  world.Give(taken);  // cpu0 [..]
  world.NewPaths();
  world.slub().Shrink(SlabWorld::kCache);
  world.Check();
  EXPECT_EQ(world.NewPaths(),
            (Paths{{"CPUSLAB_FLUSH", 1}, {"DEACTIVATE_EMPTY", 1}, {"FREE_SLAB", 1}, {"FREE_ADD_PARTIAL", 1}}));
  EXPECT_EQ(world.Look().partial_slabs, 3U);
  EXPECT_EQ(world.Look().slabs, 3U);
}

TEST(SlubTest, ABulkCallTakesTimeForEachOfItsObjects) {
  SlabWorld world(32);
  world.Give(world.Take(32));
  std::vector<VirtualAddress> objects(30);
  const Nanoseconds before = world.cpus().now();
  ASSERT_TRUE(world.slub().AllocBulk(SlabWorld::kCache, kGfpKernel, ObjectOwner::kCaller, absl::MakeSpan(objects)));
  const Nanoseconds taken = world.cpus().now();
  world.slub().FreeBulk(SlabWorld::kCache, absl::MakeSpan(objects));
  EXPECT_EQ(taken - before, kDefaultCosts.slab_alloc + kDefaultCosts.slab_bulk_object * 30);
  EXPECT_EQ(world.cpus().now() - taken, kDefaultCosts.slab_free + kDefaultCosts.slab_bulk_object * 30);
}

TEST(SlubTest, InBulkTheFreeListIsEmptiedBeforeTheSlowPathIsTaken) {
  SlabWorld world;
  std::vector<VirtualAddress> objects(10);
  ASSERT_TRUE(world.slub().AllocBulk(SlabWorld::kCache, kGfpKernel, ObjectOwner::kCaller, absl::MakeSpan(objects)));
  world.Check();
  EXPECT_EQ(std::set<VirtualAddress>(objects.begin(), objects.end()).size(), 10U);
  EXPECT_EQ(world.NewPaths(),
            (Paths{{"ALLOC_FASTPATH", 7}, {"ALLOC_SLOWPATH", 3}, {"ALLOC_SLAB", 3}, {"DEACTIVATE_BYPASS", 2}}));
  world.slub().FreeBulk(SlabWorld::kCache, absl::MakeSpan(objects));
  world.Check();
  // One chain a slab: two objects to the CPU's own, two full slabs to its partial list.
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_FASTPATH", 2}, {"FREE_SLOWPATH", 2}, {"CPU_PARTIAL_FREE", 2}}));
  EXPECT_EQ(world.Look().held_objects, 0U);
}

TEST(SlubTest, ABulkFreeLooksThreeObjectsAheadForTheSameSlab) {
  SlabWorld world;
  const std::vector<VirtualAddress> a = world.Take(4);
  const std::vector<VirtualAddress> b = world.Take(4);
  world.Take(1);  // a [####] b [####] cpu0 [#...]
  world.NewPaths();
  // From the end: a3, past b3 and b2 to a2; then two of b.
  std::vector<VirtualAddress> mixed = {b[0], a[2], b[2], b[3], a[3]};
  world.slub().FreeBulk(SlabWorld::kCache, absl::MakeSpan(mixed));
  world.Check();
  EXPECT_EQ(world.NewPaths(), (Paths{{"FREE_SLOWPATH", 2}, {"CPU_PARTIAL_FREE", 2}}));
  EXPECT_EQ(world.Look().held_objects, 4U);
}

TEST(SlubTest, WithoutALargeBlockASlabIsOfTheSmallestOrder) {
  SlabWorld world;
  constexpr CacheId kLarge{3};
  EngineCache large;
  large.layout.object = {ByteCount(8), ByteCount(4096), ByteCount(0)};
  large.layout.order = Order(3);
  large.layout.objects = 8;
  large.layout.min_objects = 1;
  large.layout.min_partial = 5;
  large.layout.cpu_partial_slabs = 2;
  world.slub().AddCache(kLarge, large);
  // Every other page is taken.
  std::vector<PageFrameNumber> taken;
  constexpr GfpMask kAllReserves = kGfpNowait | kGfpMemalloc;
  while (const auto pfn = world.pages().AllocPages(kAllReserves, Order(0), PageOwner::kCaller)) taken.push_back(*pfn);
  std::sort(taken.begin(), taken.end());
  for (const PageFrameNumber pfn : taken) {
    if (pfn.value() % 2 == 0) world.pages().FreePages(pfn, Order(0));
  }
  ASSERT_NE(world.slub().Alloc(kLarge, kGfpKernel, ObjectOwner::kKernel), kNoObject);
  world.Check();
  const Paths paths = PathsOf(world.slub().Look(kLarge).cpus[0].paths);
  EXPECT_EQ(paths, (Paths{{"ALLOC_SLOWPATH", 1}, {"ALLOC_SLAB", 1}, {"ORDER_FALLBACK", 1}}));
  EXPECT_EQ(world.slub().Look(kLarge).total_objects, 1U);
}

TEST(SlubTest, WithoutMemoryThereIsNoObjectAndNothingChangesButTheCount) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(4);
  while (world.pages().AllocPages(kGfpAtomic, Order(0), PageOwner::kCaller).has_value()) {
  }
  world.NewPaths();
  EXPECT_EQ(world.Take(kGfpNowait), kNoObject);
  EXPECT_EQ(world.NewPaths(), (Paths{{"ALLOC_SLOWPATH", 1}, {"DEACTIVATE_BYPASS", 1}}));
  std::vector<VirtualAddress> bulk(3);
  world.Give(objects[0]);
  EXPECT_FALSE(world.slub().AllocBulk(SlabWorld::kCache, kGfpNowait, ObjectOwner::kCaller, absl::MakeSpan(bulk)));
  world.Check();
  EXPECT_EQ(world.Look().held_objects, 3U);
  EXPECT_EQ(world.Take(), objects[0]);
}

TEST(SlubTest, WhatLiesAtAnAddressIsFoundForAnyAddress) {
  SlabWorld world;
  const std::vector<VirtualAddress> objects = world.Take(2);
  const VirtualAddress kernels = world.slub().Alloc(SlabWorld::kCache, kGfpKernel, ObjectOwner::kKernel);
  world.Give(objects[1]);
  const auto state = [&world](VirtualAddress address) { return world.slub().Find(address).state; };
  EXPECT_EQ(state(objects[0]), ObjectState::kHeldByCaller);
  EXPECT_EQ(state(objects[0] + ByteCount(8)), ObjectState::kNotObjectStart);
  EXPECT_EQ(state(objects[1]), ObjectState::kFree);
  EXPECT_EQ(state(kernels), ObjectState::kHeldByKernel);
  EXPECT_EQ(state(kernels + ByteCount(4096)), ObjectState::kNoSlab);
  EXPECT_EQ(state(VirtualAddress(0)), ObjectState::kNoSlab);
  EXPECT_EQ(state(VirtualAddress(4096)), ObjectState::kNoSlab);
  EXPECT_EQ(state(VirtualAddress(UINT64_MAX)), ObjectState::kNoSlab);
  EXPECT_EQ(world.slub().Find(objects[0]).cache, SlabWorld::kCache);
}

TEST(SlubTest, TheRestOfASlabBehindItsLastObjectIsNoObject) {
  SlabWorld world(3);  // 1360 bytes each; 16 are left.
  const VirtualAddress first = world.Take();
  EXPECT_EQ(world.slub().Find(first + ByteCount(2 * 1360)).state, ObjectState::kFree);
  EXPECT_EQ(world.slub().Find(first + ByteCount(3 * 1360)).state, ObjectState::kNotObjectStart);
}

TEST(SlubTest, ACacheThatIsRemovedGivesBackAllPagesAndItsCountsStayInTheTotals) {
  SlabWorld world;
  const auto unused = [&world] { return world.pages().free_pages() + world.pages().pcp_pages(); };
  const PageCount before_it = unused();
  world.Give(world.Take(20));
  const Paths before = PathsOf(world.slub().TotalPaths());
  world.slub().RemoveCache(SlabWorld::kCache);
  world.Check();
  EXPECT_EQ(unused(), before_it);
  EXPECT_EQ(world.counters().Get(Counter::kNrSlabUnreclaimable), 0);
  EXPECT_GE(PathsOf(world.slub().TotalPaths()).at("ALLOC_SLOWPATH"), before.at("ALLOC_SLOWPATH"));
}

TEST(SlubTest, SlabsOfReclaimableCachesAreCountedApart) {
  SlabWorld world;
  EngineCache reclaimable;
  reclaimable.layout.object = {ByteCount(8), ByteCount(512), ByteCount(0)};
  reclaimable.layout.order = Order(1);
  reclaimable.layout.objects = 16;
  reclaimable.layout.min_objects = 8;
  reclaimable.layout.cpu_partial_slabs = 1;
  reclaimable.gfp = kGfpReclaimable;
  world.slub().AddCache(CacheId(3), reclaimable);
  const VirtualAddress object = world.slub().Alloc(CacheId(3), kGfpKernel, ObjectOwner::kKernel);
  world.Take();
  EXPECT_EQ(world.counters().Get(Counter::kNrSlabReclaimable), 2);
  EXPECT_EQ(world.counters().Get(Counter::kNrSlabUnreclaimable), 1);
  world.slub().Free(CacheId(3), object);
  world.slub().Shrink(CacheId(3));
  world.Check();
  EXPECT_EQ(world.counters().Get(Counter::kNrSlabReclaimable), 0);
}

TEST(SlubTest, TheFastPathCostsElevenNanosecondsAndTakesNoLock) {
  SlabWorld world;
  world.Take();
  const Nanoseconds start = world.cpus().now();
  const std::uint64_t holds = world.locks().counts(LockClass::kSlabCpuLock, LockMode::kExclusive).holds.count;
  world.Give(world.Take());
  EXPECT_EQ(world.cpus().now() - start, Nanoseconds(11));
  EXPECT_EQ(world.locks().counts(LockClass::kSlabCpuLock, LockMode::kExclusive).holds.count, holds);
}

TEST(SlubTest, EachPathHasItsCostAndTheLocksOfTheKernel) {
  SlabWorld world;
  const auto holds = [&world](LockClass lock) { return world.locks().counts(lock, LockMode::kExclusive).holds.count; };
  const auto cost = [&world](auto action) {
    const Nanoseconds start = world.cpus().now();
    action();
    return (world.cpus().now() - start).value();
  };
  // The CPU's page list is filled for the first one.
  world.Give(world.Take());
  world.slub().Shrink(SlabWorld::kCache);
  const std::uint64_t first_cpu_holds = holds(LockClass::kSlabCpuLock);
  const std::uint64_t first_node_holds = holds(LockClass::kSlabNodeLock);
  // A new slab: its page, its free list, and the CPU's taking it over.
  EXPECT_EQ(cost([&] { world.Take(); }), 6U + 25 + 300 + 15);
  EXPECT_EQ(holds(LockClass::kSlabCpuLock), first_cpu_holds + 1);
  EXPECT_EQ(holds(LockClass::kSlabNodeLock), first_node_holds);
  world.slub().Shrink(SlabWorld::kCache);
  const std::uint64_t cpu_holds = holds(LockClass::kSlabCpuLock);
  const std::uint64_t node_holds = holds(LockClass::kSlabNodeLock);
  // The same slab, from the node's list.
  EXPECT_EQ(cost([&] { world.Take(); }), 6U + 60 + 15);
  EXPECT_EQ(holds(LockClass::kSlabCpuLock), cpu_holds + 1);
  EXPECT_EQ(holds(LockClass::kSlabNodeLock), node_holds + 1);
}

TEST(SlubTest, TheDigestTellsWhoHasAnObjectAndOnWhichListItIs) {
  const auto digest = [](const std::vector<int>& order) {
    SlabWorld world;
    const std::vector<VirtualAddress> objects = world.Take(3);
    for (const int i : order) world.Give(objects[i]);
    Digest result;
    world.slub().DigestTo(result);
    return result.ToHex();
  };
  EXPECT_EQ(digest({0, 1}), digest({0, 1}));
  EXPECT_NE(digest({0, 1}), digest({1, 0}));
  EXPECT_NE(digest({0}), digest({1}));
}

TEST(SlubDeathTest, TheKernelsOwnMisuseStops) {
  SlabWorld world;
  const VirtualAddress object = world.Take();
  world.Give(object);
  EXPECT_DEATH(world.slub().Free(SlabWorld::kCache, object), "IsHeld");
  const VirtualAddress other = world.slub().Alloc(SlabWorld::kSheaves, kGfpKernel, ObjectOwner::kKernel);
  EXPECT_DEATH(world.slub().Free(SlabWorld::kCache, other), "slab.cache");
  EXPECT_DEATH(world.slub().Free(SlabWorld::kSheaves, other + ByteCount(8)), "slab.cache");
}

}  // namespace
}  // namespace memsim

// Caches with sheaves: arrays of objects before the slabs. Capacity 4 here, 4 objects a slab.

#include <vector>

#include "gtest/gtest.h"

#include "tests/unit/kernel/slab/slab_world.h"

namespace memsim {
namespace {

class SheavesTest : public testing::Test {
 protected:
  SheavesTest() : world_(4, 5, 2, 4) {}

  SlabWorld world_;
};

TEST_F(SheavesTest, TheFirstAllocationFillsASheafFromTheSlabs) {
  world_.Take();
  // The CPU's own sheaf, and one that is filled and takes its place; the empty one goes to the barn.
  EXPECT_EQ(world_.NewPaths(), (Paths{{"ALLOC_PCS", 1},
                                      {"BARN_GET_FAIL", 1},
                                      {"SHEAF_ALLOC", 2},
                                      {"SHEAF_REFILL", 4},
                                      {"ALLOC_SLOWPATH", 1},
                                      {"ALLOC_SLAB", 1},
                                      {"ALLOC_FASTPATH", 3}}));
  EXPECT_EQ(world_.Look().held_objects, 1U);
  // Sheaves are objects themselves.
  EXPECT_EQ(world_.slub().held_objects(SlabWorld::kSheaves), 2U);
  world_.Take(3);
  EXPECT_EQ(world_.NewPaths(), (Paths{{"ALLOC_PCS", 3}}));
  world_.Take();
  // The empty sheaf of the barn is filled.
  EXPECT_EQ(world_.NewPaths(), (Paths{{"ALLOC_PCS", 1},
                                      {"BARN_GET_FAIL", 1},
                                      {"SHEAF_REFILL", 4},
                                      {"ALLOC_SLOWPATH", 1},
                                      {"DEACTIVATE_BYPASS", 1},
                                      {"ALLOC_SLAB", 1},
                                      {"ALLOC_FASTPATH", 3}}));
}

TEST_F(SheavesTest, CpusMeetAtTheBarn) {
  const auto holds = [this] {
    return world_.locks().counts(LockClass::kSlabBarnLock, LockMode::kExclusive).holds.count;
  };
  world_.Take(4);
  EXPECT_EQ(holds(), 1U) << "the empty sheaf is put there";
  world_.Take();
  EXPECT_EQ(holds(), 3U) << "taken, and put back empty";
  world_.On(1);
  world_.Take();
  EXPECT_EQ(world_.locks().counts(LockClass::kSlabBarnLock, LockMode::kExclusive).bounces, 1U);
}

TEST_F(SheavesTest, TheLastObjectFreedIsTheNextToBeGiven) {
  const std::vector<VirtualAddress> objects = world_.Take(3);
  world_.NewPaths();
  world_.Give({objects[0], objects[2]});
  EXPECT_EQ(world_.NewPaths(), (Paths{{"FREE_PCS", 2}}));
  EXPECT_EQ(world_.Take(), objects[2]);
  EXPECT_EQ(world_.Take(), objects[0]);
}

TEST_F(SheavesTest, WhoMayNotWaitGetsObjectsFromTheSlabs) {
  world_.Take(kGfpAtomic);
  EXPECT_EQ(world_.NewPaths(),
            (Paths{{"BARN_GET_FAIL", 1}, {"SHEAF_ALLOC", 1}, {"ALLOC_SLOWPATH", 1}, {"ALLOC_SLAB", 1}}));
  world_.Take(kGfpAtomic);
  EXPECT_EQ(world_.NewPaths(), (Paths{{"BARN_GET_FAIL", 1}, {"ALLOC_FASTPATH", 1}}));
}

TEST_F(SheavesTest, FullSheavesGoToTheSpareThenToTheBarnAndTheNextCpuTakesThem) {
  const std::vector<VirtualAddress> objects = world_.Take(16);
  world_.NewPaths();
  // main [....] barn: one empty. Four frees fill it, the empty one takes its place, and it is the spare.
  world_.Give(std::vector<VirtualAddress>(objects.begin(), objects.begin() + 8));
  EXPECT_EQ(world_.NewPaths(), (Paths{{"FREE_PCS", 8}}));
  // Both are full, the barn has no empty one: a new one is made, and the full main goes to the barn.
  world_.Give(objects[8]);
  EXPECT_EQ(world_.NewPaths(), (Paths{{"FREE_PCS", 1}, {"SHEAF_ALLOC", 1}, {"BARN_PUT", 1}}));
  world_.On(1);
  EXPECT_EQ(world_.Take(), objects[7]);
  EXPECT_EQ(world_.NewPaths(), (Paths{{"ALLOC_PCS", 1}, {"BARN_GET", 1}, {"SHEAF_ALLOC", 1}}));
}

TEST_F(SheavesTest, AFullBarnHasTheSpareFlushedToTheSlabs) {
  const std::vector<VirtualAddress> objects = world_.Take(4 * 14);
  world_.NewPaths();
  for (int i = 0; i < 4 * 12; ++i) world_.Give(objects[i]);
  Paths paths = world_.NewPaths();
  EXPECT_EQ(paths["BARN_PUT"], 10U);
  EXPECT_EQ(paths.count("BARN_PUT_FAIL"), 0U);
  world_.Give(objects[4 * 12]);
  paths = world_.NewPaths();
  EXPECT_EQ(paths["BARN_PUT_FAIL"], 1U);
  EXPECT_EQ(paths["SHEAF_FLUSH"], 4U);
  EXPECT_EQ(paths["FREE_PCS"], 1U);
}

TEST_F(SheavesTest, AnObjectInASheafIsFree) {
  const VirtualAddress object = world_.Take();
  EXPECT_EQ(world_.slub().Find(object).state, ObjectState::kHeldByCaller);
  world_.Give(object);
  EXPECT_EQ(world_.slub().Find(object).state, ObjectState::kFree);
}

TEST_F(SheavesTest, InBulkSheavesServeFirstAndAreNotRefilled) {
  world_.Take();  // main has three
  world_.NewPaths();
  std::vector<VirtualAddress> objects(5);
  ASSERT_TRUE(world_.slub().AllocBulk(SlabWorld::kCache, kGfpKernel, ObjectOwner::kCaller, absl::MakeSpan(objects)));
  world_.Check();
  EXPECT_EQ(world_.NewPaths(), (Paths{{"ALLOC_PCS", 3},
                                      {"BARN_GET_FAIL", 1},
                                      {"ALLOC_SLOWPATH", 1},
                                      {"DEACTIVATE_BYPASS", 1},
                                      {"ALLOC_SLAB", 1},
                                      {"ALLOC_FASTPATH", 1}}));
  world_.slub().FreeBulk(SlabWorld::kCache, absl::MakeSpan(objects));
  world_.Check();
  // Four fill the main sheaf; the empty one of the barn takes the fifth.
  EXPECT_EQ(world_.NewPaths(), (Paths{{"FREE_PCS", 5}}));
  EXPECT_EQ(world_.Look().held_objects, 1U);
}

TEST_F(SheavesTest, ShrinkingEmptiesAllSheavesAndFreesAllButTheMainOnes) {
  const std::vector<VirtualAddress> objects = world_.Take(30);
  world_.Give(objects);
  world_.On(1);
  world_.Give(world_.Take());
  world_.slub().Shrink(SlabWorld::kCache);
  world_.Check();
  // The barn is emptied after the CPUs were flushed, so what comes from it lies on a CPU's partial list again.
  EXPECT_EQ(world_.Look().slabs, world_.Look().cpus[1].partial_slabs);
  EXPECT_EQ(world_.slub().held_objects(SlabWorld::kSheaves), 2U);
  world_.slub().Shrink(SlabWorld::kCache);
  world_.Check();
  EXPECT_EQ(world_.Look().slabs, 0U);
  world_.slub().RemoveCache(SlabWorld::kCache);
  world_.Check();
  EXPECT_EQ(world_.slub().held_objects(SlabWorld::kSheaves), 0U);
}

TEST_F(SheavesTest, WithoutMemoryForSheavesObjectsStillMove) {
  const std::vector<VirtualAddress> objects = world_.Take(12);
  // The kernel's sheaves are used up as well as all pages.
  while (world_.slub().Alloc(SlabWorld::kSheaves, kGfpAtomic, ObjectOwner::kKernel) != kNoObject) {
  }
  world_.NewPaths();
  world_.Give(objects);
  EXPECT_EQ(world_.Look().held_objects, 0U);
  EXPECT_GT(world_.NewPaths()["SHEAF_FLUSH"], 0U);
  EXPECT_NE(world_.Take(kGfpNowait), kNoObject);
}

}  // namespace
}  // namespace memsim

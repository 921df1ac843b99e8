// shmget(2), and how segments live and end.

#include "tests/unit/kernel/ipc/shm_fixture.h"

namespace memsim {
namespace {

class ShmgetTest : public ShmTest {};

constexpr std::uint32_t kCreateNew = kIpcCreate | kIpcExclusive | 0600;

TEST_F(ShmgetTest, AKeyFindsItsSegmentAndNoKeyMakesANewOne) {
  EXPECT_EQ(Get(42, Pages(2), 0600), "ENOENT");
  EXPECT_EQ(Get(42, Pages(2), kIpcExclusive | 0600), "ENOENT");
  EXPECT_EQ(Get(42, Pages(2), kCreateNew), "#0");
  EXPECT_EQ(Get(42, Pages(2), kCreateNew), "EEXIST");
  EXPECT_EQ(Get(42, Pages(2), kIpcCreate | 0600), "#0");
  // Without IPC_CREAT, IPC_EXCL means nothing.
  EXPECT_EQ(Get(42, ByteCount(0), kIpcExclusive | 0600), "#0");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0), "#1");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0), "#2");
  EXPECT_EQ(Get(-1, Pages(1), kIpcCreate), "#3");
  EXPECT_EQ(segments_.usage().pages, PageCount(5));
}

TEST_F(ShmgetTest, SizesAreBytesAndNewSegmentsHaveLimits) {
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(0), 0600), "EINVAL");
  EXPECT_EQ(Get(1, ByteCount(1), kCreateNew), "#0");
  EXPECT_EQ(Get(1, ByteCount(2), 0600), "EINVAL") << "in the same page, and larger all the same";
  const std::uint64_t largest = ShmSegments::kLimits.max_size;
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(largest + 1), 0600), "EINVAL");
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(largest), 0600), "EINVAL") << "no file is so large";
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(1ULL << 63), kShmNoReserve | 0600), "EINVAL");
  EXPECT_EQ(Get(kIpcPrivate, ByteCount((1ULL << 63) - 1), kShmNoReserve | 0600), "#1");
  EXPECT_EQ(Get(kIpcPrivate, ByteCount((1ULL << 63) - 1), 0600), "ENOMEM");
}

TEST_F(ShmgetTest, TheChecksOfWhatIsThereComeInLinuxsOrder) {
  EXPECT_EQ(Get(1, Pages(1), kIpcCreate | 0600), "#0");
  Become({1000, 1000});
  EXPECT_EQ(Get(1, Pages(2), kIpcCreate | kIpcExclusive | 0600), "EEXIST");
  EXPECT_EQ(Get(1, Pages(2), 0600), "EINVAL");
  EXPECT_EQ(Get(1, Pages(1), 0600), "EACCES");
  EXPECT_EQ(Get(1, Pages(1), 0), "#0") << "who asks for nothing gets it";
}

TEST_F(ShmgetTest, AsManySegmentsAsTheLimitSays) {
  for (std::uint64_t i = 0; i < ShmSegments::kLimits.max_segments - 1; ++i) New(1);
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "#4095");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "ENOSPC");
  EXPECT_EQ(Remove(17), "0");
  // The next index after the last, though 17 is free: 4095 segments may use 6142 indices.
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "#4096");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "ENOSPC");
}

TEST_F(ShmgetTest, HugePagesOfWhichThereAreNone) {
  constexpr std::uint32_t k2MiB = 21U << 26;
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(0), kShmHugeTlb | 0600), "EINVAL");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | 0600), "ENOMEM");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | k2MiB | 0600), "ENOMEM");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | 22U << 26 | 0600), "EINVAL");
  Become({1000, 1000});
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | 0600), "EPERM");
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | 22U << 26 | 0600), "EINVAL");
  Become({1000, 1000, {0}});
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), kShmHugeTlb | 0600), "ENOMEM") << "root's group may";
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "#0") << "none of them took an id";
}

TEST_F(ShmgetTest, MemoryIsPromisedAsAWholeUnlessItNeedNotBe) {
  const std::int32_t reserved = New(100);
  EXPECT_EQ(world_.committed(), 100);
  const std::int32_t lazy = New(100, kShmNoReserve | 0600);
  EXPECT_EQ(world_.committed(), 100);
  EXPECT_EQ(Attach(lazy, 0), "A+0");
  EXPECT_EQ(mm().Write(0, 3), "3 minor");
  EXPECT_EQ(world_.committed(), 103);
  EXPECT_EQ(Remove(reserved), "0");
  EXPECT_EQ(world_.committed(), 3);
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(world_.committed(), 3) << "what was written stays";
  EXPECT_EQ(Remove(lazy), "0");
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  const std::int32_t strict = New(10, kShmNoReserve | 0600);
  EXPECT_EQ(world_.committed(), 10);
  EXPECT_EQ(Remove(strict), "0");
}

TEST_F(ShmgetTest, WhereNoMemoryCanBePromisedThereIsNoSegment) {
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  EXPECT_EQ(Get(kIpcPrivate, ByteCount(1ULL << 40), 0600), "ENOMEM");
  EXPECT_EQ(world_.committed(), 0);
  EXPECT_EQ(segments_.usage().segments, 0U);
  EXPECT_EQ(Get(kIpcPrivate, Pages(1), 0600), "#0");
  EXPECT_EQ(Remove(0), "0");
}

TEST_F(ShmgetTest, ARemovedSegmentLivesUntilItsLastMappingGoes) {
  EXPECT_EQ(Get(42, Pages(2), kCreateNew), "#0");
  EXPECT_EQ(Attach(0, 0), "A+0");
  EXPECT_EQ(Attach(0, 10), "A+10");
  EXPECT_EQ(Remove(0), "0");
  EXPECT_EQ(Segment(0), "mode 1600, 2 attached");
  // Nobody finds it by its key, and the key is free.
  EXPECT_EQ(Get(42, Pages(1), 0600), "ENOENT");
  EXPECT_EQ(Get(42, Pages(1), kCreateNew), "#1");
  // By its id everybody does, as long as it is there.
  EXPECT_EQ(Remove(0), "0");
  EXPECT_EQ(Attach(0, 20), "A+20");
  EXPECT_EQ(mm().Maps(), "0..2 rw-s /SYSV0000002a+0, 10..12 rw-s /SYSV0000002a+0, 20..22 rw-s /SYSV0000002a+0");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(Detach(10), "OK");
  EXPECT_EQ(Segment(0), "mode 1600, 1 attached");
  mm().Unmap(20, 22);
  EXPECT_EQ(Segment(0), "none");
  EXPECT_EQ(Attach(0, 0), "EINVAL");
  EXPECT_EQ(Remove(0), "EINVAL");
  EXPECT_EQ(Remove(1), "0");
}

TEST_F(ShmgetTest, AnUnusedSegmentGoesAtOnce) {
  const std::int32_t id = New(4);
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(Detach(0), "OK");
  EXPECT_EQ(segments_.usage().resident, PageCount(4));
  EXPECT_EQ(Remove(id), "0");
  EXPECT_EQ(segments_.usage().resident, PageCount(0));
  EXPECT_EQ(world_.counters.Get(Counter::kNrShmem), 0);
}

TEST_F(ShmgetTest, AnIdOfAnotherRoundIsNoSegment) {
  const std::int32_t id = New(1);
  EXPECT_EQ(segments_.Find(id + IpcIds::kIndices), nullptr);
  EXPECT_EQ(segments_.FindByIndex(id + IpcIds::kIndices), segments_.Find(id));
  EXPECT_EQ(Remove(id + IpcIds::kIndices), "EINVAL");
  EXPECT_EQ(Remove(id), "0");
}

}  // namespace
}  // namespace memsim

#include "server/kernel/observe/trace_ring.h"

#include <cstddef>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TracepointSet Some() {
  TracepointSet set;
  set.Add(Tracepoint::kMmPageFree);
  set.Add(Tracepoint::kKfree);
  return set;
}

std::size_t LostOf(const TraceBatch& batch, Tracepoint point) { return batch.lost[static_cast<std::size_t>(point)]; }

TEST(TraceRingTest, UntilSomebodyListensThereIsNothing) {
  TraceRing ring;
  EXPECT_FALSE(ring.listening());
  ForEachTracepoint([&ring](Tracepoint point) { EXPECT_FALSE(ring.enabled(point)); });
  EXPECT_EQ(ring.HostMemory(), ByteCount(0));
  EXPECT_THAT(ring.Take().records, IsEmpty());
}

TEST(TraceRingTest, OnlyWhatSomebodyListensToIsEnabled) {
  TraceRing ring;
  ring.Listen(Some());
  EXPECT_TRUE(ring.enabled(Tracepoint::kKfree));
  EXPECT_FALSE(ring.enabled(Tracepoint::kKmalloc));
}

TEST(TraceRingTest, EventsAreTakenOnceAndInTheirOrder) {
  TraceRing ring;
  ring.Listen(Some());
  ring.SetTask(Pid(7), "seven");
  ring.Add(Tracepoint::kMmPageFree, Nanoseconds(5), CpuId(1), {0x1000, 3});
  ring.SetTask(Pid(), "");
  ring.Add(Tracepoint::kKfree, Nanoseconds(9), CpuId(0), {1, 2});
  const TraceBatch batch = ring.Take();
  ASSERT_THAT(batch.records, SizeIs(2));
  EXPECT_EQ(batch.records[0].time, Nanoseconds(5));
  EXPECT_EQ(batch.records[0].pid, Pid(7));
  EXPECT_EQ(batch.strings[batch.records[0].comm], "seven");
  EXPECT_EQ(batch.records[0].cpu, CpuId(1));
  EXPECT_EQ(batch.records[0].point, Tracepoint::kMmPageFree);
  EXPECT_EQ(batch.records[0].fields[0], 0x1000U);
  EXPECT_EQ(batch.records[0].fields[1], 3U);
  EXPECT_EQ(batch.strings[batch.records[1].comm], "swapper") << "what nobody asked for, the idle task does";
  EXPECT_THAT(ring.Take().records, IsEmpty());
}

TEST(TraceRingTest, TextsAreKeptOnceInABatchAndAnewInTheNext) {
  TraceRing ring;
  ring.Listen(Some());
  EXPECT_EQ(ring.Intern("dentry"), ring.Intern("dentry"));
  EXPECT_NE(ring.Intern("dentry"), ring.Intern("inode_cache"));
  EXPECT_THAT(ring.Take().strings, ElementsAre("dentry", "inode_cache"));
  ring.Intern("inode_cache");
  EXPECT_THAT(ring.Take().strings, ElementsAre("inode_cache"));
}

TEST(TraceRingTest, AFullRingKeepsTheOldestAndCountsWhatItLosesByTracepoint) {
  TraceRing ring;
  ring.Listen(Some());
  for (std::size_t i = 0; i < TraceRing::kMaxRecords; ++i) {
    EXPECT_EQ(ring.half_full(), i >= TraceRing::kMaxRecords / 2);
    ring.Add(Tracepoint::kMmPageFree, Nanoseconds(i), CpuId(0), {i, 0});
  }
  ring.Add(Tracepoint::kMmPageFree, Nanoseconds(0), CpuId(0), {0, 0});
  ring.Add(Tracepoint::kKfree, Nanoseconds(0), CpuId(0), {0, 0});
  ring.Add(Tracepoint::kKfree, Nanoseconds(0), CpuId(0), {0, 0});
  ring.Intern("a name that no record can bear");
  TraceBatch batch = ring.Take();
  ASSERT_THAT(batch.records, SizeIs(TraceRing::kMaxRecords));
  EXPECT_EQ(batch.records.back().fields[0], TraceRing::kMaxRecords - 1);
  EXPECT_EQ(LostOf(batch, Tracepoint::kMmPageFree), 1U);
  EXPECT_EQ(LostOf(batch, Tracepoint::kKfree), 2U);
  EXPECT_THAT(batch.strings, ElementsAre("swapper"));
  // There is room again, and nothing is lost twice.
  ring.Add(Tracepoint::kKfree, Nanoseconds(1), CpuId(0), {0, 0});
  batch = ring.Take();
  EXPECT_THAT(batch.records, SizeIs(1));
  EXPECT_EQ(LostOf(batch, Tracepoint::kKfree), 0U);
}

TEST(TraceRingTest, TheLastListenerTakesTheMemoryAlong) {
  TraceRing ring;
  ring.Listen(Some());
  ring.Add(Tracepoint::kKfree, Nanoseconds(1), CpuId(0), {0, 0});
  EXPECT_GT(ring.HostMemory(), ByteCount(0));
  TracepointSet fewer;
  fewer.Add(Tracepoint::kKfree);
  ring.Listen(fewer);
  EXPECT_EQ(ring.size(), 1U) << "what was told before is still there";
  ring.Listen(TracepointSet());
  EXPECT_EQ(ring.HostMemory(), ByteCount(0));
  EXPECT_EQ(ring.size(), 0U);
}

TEST(TraceRingTest, NobodyListensToACopy) {
  TraceRing ring;
  ring.Listen(Some());
  const TraceRing copy = ring;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
  EXPECT_FALSE(copy.listening());
  EXPECT_FALSE(copy.enabled(Tracepoint::kKfree));
}

}  // namespace
}  // namespace memsim

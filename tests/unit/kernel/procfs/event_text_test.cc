#include "server/kernel/procfs/event_text.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/procfs/gfp_text.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::Pair;

// One event, whose texts are the numbers of `strings`.
class Event {
 public:
  Event(Tracepoint point, std::initializer_list<std::uint64_t> fields, std::vector<std::string> strings = {}) {
    batch_.strings = std::move(strings);
    record_.point = point;
    std::copy(fields.begin(), fields.end(), record_.fields.begin());
  }

  std::string text() const { return EventText(batch_, record_); }
  std::vector<std::pair<std::string, std::string>> fields() const {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const EventField& field : EventFields(batch_, record_)) {
      fields.emplace_back(std::string(field.name), field.value);
    }
    return fields;
  }

 private:
  TraceBatch batch_;
  TraceRecord record_;
};

TEST(EventTextTest, APageIsShownByItsStructAndItsNumber) {
  EXPECT_EQ(Event(Tracepoint::kMmPageAlloc, {0x1000, 2, kGfpKernel, 1}).text(),
            "page=0xffffea0000040000 pfn=0x1000 order=2 migratetype=1 gfp_flags=GFP_KERNEL");
  EXPECT_EQ(Event(Tracepoint::kMmPageAlloc, {kNoPage.value(), 0, 0, 0}).text(),
            "page=0x0 pfn=0x0 order=0 migratetype=0 gfp_flags=none");
  EXPECT_EQ(Event(Tracepoint::kMmPageFreeBatched, {0x10}).text(), "page=0xffffea0000000400 pfn=0x10 order=0");
}

TEST(EventTextTest, WhatAnExchangeOfTypesMeansIsWorkedOutFromItsOrders) {
  EXPECT_EQ(Event(Tracepoint::kMmPageAllocExtfrag, {0x400, 0, 10, 0, 1, 1}).text(),
            "page=0xffffea0000010000 pfn=0x400 alloc_order=0 fallback_order=10 pageblock_order=9 alloc_migratetype=0 "
            "fallback_migratetype=1 fragmenting=0 change_ownership=1");
  EXPECT_THAT(Event(Tracepoint::kMmPageAllocExtfrag, {0x400, 0, 8, 0, 1, 0}).text(),
              testing::HasSubstr(" fragmenting=1 "));
}

TEST(EventTextTest, ObjectsBearTheNameOfTheirCache) {
  EXPECT_EQ(Event(Tracepoint::kKmemCacheAlloc, {1, 0xffff888001000000, 0, 100, 104, kGfpKernel, UINT64_MAX, 0}, {"fox"})
                .text(),
            "call_site=caller ptr=0xffff888001000000 name=fox bytes_req=100 bytes_alloc=104 gfp_flags=GFP_KERNEL "
            "node=-1 accounted=false");
  EXPECT_EQ(Event(Tracepoint::kKmalloc, {0, 0, 9, 16, kGfpKernelAccount | kGfpZero, UINT64_MAX}).text(),
            "call_site=kernel ptr=0x0 bytes_req=9 bytes_alloc=16 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO node=-1 "
            "accounted=true");
}

TEST(EventTextTest, ASearchThatFoundNoRoomShowsTheErrorInPlaceOfTheAddress) {
  EXPECT_EQ(Event(Tracepoint::kVmUnmappedArea, {0x7ffff7ffe000, 5, 1, 4096, 4096, 0x7ffff7fff000, 0, 0}).text(),
            "addr=0x7ffff7ffe000 err=0 total_vm=0x5 flags=0x1 len=0x1000 lo=0x1000 hi=0x7ffff7fff000 mask=0x0 ofs=0x0");
  EXPECT_THAT(Event(Tracepoint::kVmUnmappedArea, {static_cast<std::uint64_t>(-12), 0, 0, 0, 0, 0, 0, 0}).text(),
              testing::StartsWith("addr=0x0 err=-12 "));
}

TEST(EventTextTest, SystemCallsShowTheirArgumentsAsTheKernelDoesButPathsAsText) {
  EXPECT_EQ(Event(Tracepoint::kSysEnterMunmap, {0x1000, UINT64_MAX}).text(),
            "addr: 0x00001000, len: 0xffffffffffffffff");
  EXPECT_EQ(Event(Tracepoint::kSysEnterFork, {}).text(), "");
  EXPECT_EQ(Event(Tracepoint::kSysEnterOpen, {0, 2, 0}, {"/bin/a\"\n"}).text(),
            "filename: \"/bin/a\\\"\\n\", flags: 0x00000002, mode: 0x00000000");
  EXPECT_EQ(Event(Tracepoint::kSysExitMmap, {static_cast<std::uint64_t>(-12)}).text(), "0xfffffffffffffff4");
}

TEST(EventTextTest, TheRestIsSpelledAsTheKernelSpellsIt) {
  EXPECT_EQ(Event(Tracepoint::kRssStat, {3, 1, 1, 8192}).text(), "mm_id=3 curr=1 type=MM_ANONPAGES size=8192B");
  EXPECT_EQ(Event(Tracepoint::kPageFaultUser, {0x7ffff7ffe000, 0, 6}).text(),
            "address=0x7ffff7ffe000 ip=0x0 error_code=0x6");
  EXPECT_EQ(Event(Tracepoint::kSchedSwitch, {0, 7, 120, 0x20, 1, 8, 120}, {"a", "b"}).text(),
            "prev_comm=a prev_pid=7 prev_prio=120 prev_state=Z ==> next_comm=b next_pid=8 next_prio=120");
  EXPECT_EQ(Event(Tracepoint::kMmapLockAcquireReturned, {0xffff888001000000, 0, 1, 1}).text(),
            "mm=0xffff888001000000 memcg_id=0 write=true success=true");
  EXPECT_EQ(Event(Tracepoint::kExitMmap, {0x10, 0x50}).text(), "mt_mod 0x50, DESTROY");
}

TEST(EventTextTest, NamesThatAreNotPrintableAreEscaped) {
  EXPECT_EQ(Event(Tracepoint::kSchedProcessExit, {0, 7, 120, 1}, {"b\xff\n"}).text(),
            "comm=b\\xff\\n pid=7 prio=120 group_dead=true");
}

TEST(EventFieldsTest, EachFieldIsWrittenAsInTheText) {
  EXPECT_THAT(Event(Tracepoint::kMmPageAlloc, {0x1000, 2, kGfpKernel, 1}).fields(),
              ElementsAre(Pair("pfn", "0x1000"), Pair("order", "2"), Pair("gfp_flags", "GFP_KERNEL"),
                          Pair("migratetype", "1")));
  EXPECT_THAT(Event(Tracepoint::kKmalloc, {1, 0x10, 9, 16, 0, UINT64_MAX}).fields(),
              ElementsAre(Pair("call_site", "caller"), Pair("ptr", "0x10"), Pair("bytes_req", "9"),
                          Pair("bytes_alloc", "16"), Pair("gfp_flags", "none"), Pair("node", "-1")));
  EXPECT_THAT(Event(Tracepoint::kExitMmap, {0x10, 0x50}).fields(), ElementsAre(Pair("mm", "0x10"), Pair("mt", "0x50")));
}

TEST(GfpTextTest, CombinationsComeFirstAndUnknownBitsLast) {
  EXPECT_EQ(GfpText(kGfpHighuserMovable | kGfpZero | kGfpComp), "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP");
  EXPECT_EQ(GfpText(kGfpUser), "GFP_USER");
  EXPECT_EQ(GfpText(kGfpAtomic | kGfpNowarn), "GFP_ATOMIC|__GFP_NOWARN");
  EXPECT_EQ(GfpText(kGfpReclaim), "GFP_NOIO");
  EXPECT_EQ(GfpText(kGfpDirectReclaim), "__GFP_DIRECT_RECLAIM");
  EXPECT_EQ(GfpText((1ULL << 40) | kGfpHigh), "__GFP_HIGH|0x10000000000");
}

}  // namespace
}  // namespace memsim

// The calls that look into address spaces, from their messages and back.

#include <string>

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

// A machine with a process that has nothing mapped, pid 2.
class InspectionCallTest : public CallTest {
 protected:
  InspectionCallTest() { EXPECT_EQ(Ask("spawn { comm: 'looked at' }"), "2"); }
};

TEST_F(InspectionCallTest, LookupsAnswerTheMappingAndTheWay) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  const v1::Answer found = Run("find_vma { pid: 2 address: 0x1000 }");
  EXPECT_EQ(AnswerText(found), "0x10000000");
  EXPECT_EQ(found.vma_lookup().vma().end(), 0x10002000U);
  EXPECT_EQ(found.vma_lookup().visited(0).entry_count(), 1U);
  EXPECT_FALSE(Run("find_vma { pid: 2 address: 0x10002000 }").vma_lookup().has_vma());
  EXPECT_EQ(Run("find_vma_prev { pid: 2 address: 0x10002000 }").vma_lookup().previous().start(), 0x10000000U);
  EXPECT_EQ(Ask("find_vma_intersection { pid: 2 address: 0x10001000 length_bytes: 1 }"), "0x10000000");
  EXPECT_EQ(Ask("find_vma_intersection { pid: 2 address: 0x10001000 length_bytes: 0xffffffffffffffff }"), "0x10000000");
  EXPECT_EQ(Ask("find_vma_intersection { pid: 2 address: 0x10001000 }"), "0");
  for (const char* call : {"find_vma", "find_vma_prev", "find_vma_intersection", "get_unmapped_area", "mm_struct",
                           "explain", "rmap_walk"}) {
    EXPECT_EQ(Ask(absl::StrCat(call, " { pid: 9 }")), "ESRCH") << call;
  }
}

TEST_F(InspectionCallTest, RoomIsFoundWhereMmapFindsIt) {
  const v1::Answer room = Run("get_unmapped_area { pid: 2 length_bytes: 5000 flags: 0x22 fd: -1 }");
  EXPECT_EQ(room.unmapped_area_search().steps(0).kind(), v1::UnmappedAreaStep::KIND_TOPDOWN);
  EXPECT_EQ(room.unmapped_area_search().steps(0).gaps_size(), 1);
  EXPECT_EQ(Run("mmap { pid: 2 length_bytes: 5000 prot: 3 flags: 0x22 fd: -1 }").value(), room.value());
  EXPECT_EQ(Ask("get_unmapped_area { pid: 2 flags: 0x22 fd: -1 }"), "EINVAL");
  EXPECT_EQ(Ask("get_unmapped_area { pid: 2 length_bytes: 4096 fd: 7 }"), "EBADF");
}

TEST_F(InspectionCallTest, DescriptorsAreReadAndListed) {
  const v1::Answer mm = Run("mm_struct { pid: 1 }");
  EXPECT_EQ(mm.value(), mm.mm_struct().mm());
  EXPECT_EQ(mm.mm_struct().mm_users(), 1U);
  EXPECT_EQ(mm.mm_struct().task_size(), 0x7ffffffff000U);
  EXPECT_FALSE(mm.mm_struct().has_mmap_cache()) << "history";
  EXPECT_GT(mm.mm_struct().saved_auxv_size(), 5);
  const v1::Answer list = Run("mmlist {}");
  EXPECT_EQ(list.value(), 2U);
  EXPECT_EQ(list.mm_list().mms(1).pids(0), 2U);
  EXPECT_GE(list.mm_list().cpus_size(), 1);
  EXPECT_EQ(Run(absl::StrCat("mmlist { first_mm: ", list.mm_list().mms(1).mm(), " }")).mm_list().mms_size(), 1);
}

TEST_F(InspectionCallTest, AnAccessIsExplainedAndItsPageIsFound) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("rmap_walk { pid: 2 address: 0x10000000 }"), "EFAULT");
  const v1::Answer answer = Run("explain { pid: 2 address: 0x10000123 access: ACCESS_KIND_WRITE }");
  EXPECT_EQ(answer.value(), 1U);
  const v1::Explanation& explanation = answer.explanation();
  EXPECT_EQ(explanation.verdict(), v1::ACCESS_VERDICT_SERVED);
  EXPECT_EQ(explanation.minor_faults(), 1U);
  ASSERT_EQ(explanation.after_size(), 5);
  EXPECT_EQ(explanation.after(1).level(), v1::PageTableEntry::LEVEL_P4D);
  EXPECT_EQ(explanation.after(1).bits(), explanation.after(0).bits()) << "folded";
  const v1::Answer who = Run("rmap_walk { pid: 2 address: 0x10000000 }");
  EXPECT_EQ(who.value(), 1U);
  EXPECT_EQ(who.reverse_map().mappings(0).entry(), explanation.after(4).bits());
  EXPECT_EQ(Ask(absl::StrCat("rmap_walk { frame_number: ", who.reverse_map().frame_number(), " }")), "1");
  EXPECT_EQ(Ask("rmap_walk { frame_number: 0xffffffffffffffff }"), "0");
  EXPECT_EQ(Ask("explain { pid: 2 address: 0x20000000 }"), "0, signal 11 code 1 at 0x20000000");
  EXPECT_EQ(Ask("explain { pid: 2 access: 9 }"), "refused: FIELD_INVALID");
}

}  // namespace
}  // namespace memsim

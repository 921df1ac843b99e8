// What inspections answer, as people read it.

#include "client/cli/inspection_text.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "client/cli/answer_text.h"

namespace memsim::cli {
namespace {

using ::testing::HasSubstr;

v1::Answer AnswerOf(const std::string& text) {
  v1::Answer answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answer)) << text;
  return answer;
}

constexpr char kArea[] = "{ start: 0x1000 end: 0x3000 flags: 0x73 page_offset: 1 name: '[heap]' mm: 2 }";

TEST(InspectionTextTest, ALookupTellsTheMappingAndTheWay) {
  const v1::Answer answer = AnswerOf(std::string("value: 0x1000 vma_lookup { vma ") + kArea +
                                     " visited { start: 0x1000 end: 0x9000 entry_count: 2 }"
                                     " visited { depth: 1 start: 0x1000 end: 0x3000 entry_count: 1 leaf: true } }");
  EXPECT_EQ(AnswerText("find_vma", answer),
            "find_vma: 00001000-00003000 rw-p, flags 0x73, page offset 0x1, [heap]\n"
            "  node at depth 0: 0x1000-0x9000, 2 child nodes\n"
            "  leaf at depth 1: 0x1000-0x3000, 1 mapping");
  EXPECT_EQ(AnswerText("find_vma", AnswerOf("vma_lookup {}")), "find_vma: no mapping");
}

TEST(InspectionTextTest, ASearchForRoomTellsItsGaps) {
  const v1::Answer answer = AnswerOf(
      "value: 0x5000 unmapped_area_search { steps { kind: KIND_TOPDOWN low_limit: 0x1000 high_limit: 0x9000 "
      "length_bytes: 4096 gap_count: 2 found: true gaps { start: 0x7000 end: 0x9000 guard_bytes: 8192 } "
      "gaps { start: 0x2000 end: 0x6000 fits: true } } }");
  EXPECT_EQ(AnswerText("get_unmapped_area", answer),
            "get_unmapped_area: 0x5000\n"
            "  from the top down, 0x1000-0x9000 for 4 KiB: found\n"
            "    gap 0x7000-0x9000: too little, 8 KiB of it guard a stack\n"
            "    gap 0x2000-0x6000: fits");
}

TEST(InspectionTextTest, ADescriptorTellsWhatIsHistory) {
  const std::string text = AnswerText(
      "mm_struct", AnswerOf("mm_struct { mm: 3 mm_users: 2 mm_count: 2 pids: 4 pids: 5 cpu_vm_mask: 5 brk: 0x1000 }"));
  EXPECT_THAT(text, HasSubstr("mm_struct: mm 3\n"));
  EXPECT_THAT(text, HasSubstr("2 (tasks 4 5)"));
  EXPECT_THAT(text, HasSubstr("CPUs 0 2"));
  EXPECT_THAT(text, HasSubstr("history: gone since Linux 3.15"));
}

TEST(InspectionTextTest, TheListTellsWhoBorrows) {
  const std::string text =
      AnswerText("mmlist", AnswerOf("mm_list { mm_count: 1 mms { mm: 1 mm_users: 1 mm_count: 2 pids: 1 borrowing_cpus: "
                                    "0 } cpus { active_mm: 1 } cpus { cpu: 1 } }"));
  EXPECT_THAT(text, HasSubstr("mmlist: 1 address space\n"));
  EXPECT_THAT(text, HasSubstr("cpu 0: swapper/0, no mm, active_mm mm 1"));
  EXPECT_THAT(text, HasSubstr("cpu 1: swapper/1, no mm, active_mm init_mm"));
}

TEST(InspectionTextTest, AReverseMapTellsEachPlace) {
  const v1::Answer answer = AnswerOf(std::string("value: 1 reverse_map { frame_number: 9 use: FRAME_USE_ANONYMOUS "
                                                 "object: 4 page_offset: 16 reference_count: 1 map_count: 1 "
                                                 "visited_vmas: 2 mapping_count: 1 mappings { pid: 2 pids: 2 address: "
                                                 "0x1000 entry: 0x67 vma ") +
                                     kArea + " } }");
  EXPECT_EQ(AnswerText("rmap_walk", answer),
            "rmap_walk: frame 9, anonymous, anon_vma 4, page 0x10: mapped 1 time, 2 mappings visited, 1 reference\n"
            "  pid 2 at 0x1000, pte 0x67 in 00001000-00003000 rw-p, flags 0x73, page offset 0x1, [heap]");
}

TEST(InspectionTextTest, AnExplanationTellsWalkAndSteps) {
  const v1::Answer answer = AnswerOf(
      std::string("value: 1 duration_ns: 300 explanation { verdict: ACCESS_VERDICT_SERVED minor_faults: 1 vma ") +
      kArea +
      " before { level: LEVEL_PGD index: 3 } after { level: LEVEL_PGD index: 3 bits: 0x9067 }"
      " after { level: LEVEL_PTE index: 7 bits: 0x8000000000008067 }"
      " steps { function: 'exc_page_fault' duration_ns: 250 }"
      " steps { function: 'do_user_addr_fault' depth: 1 duration_ns: 50 } }");
  EXPECT_EQ(AnswerText("explain", answer),
            "explain: a fault was taken and served; 1 minor fault, 0 major faults, 300 ns\n"
            "  mapping  00001000-00003000 rw-p, flags 0x73, page offset 0x1, [heap]\n"
            "  WALK  INDEX  BEFORE  AFTER\n"
            "  pgd       3  none    0x9067 present writable user accessed dirty\n"
            "  pte       7          0x8000000000008067 present writable user accessed dirty nx\n"
            "  KERNEL                  TIME\n"
            "  exc_page_fault        250 ns\n"
            "    do_user_addr_fault   50 ns");
}

TEST(InspectionTextTest, ASignalStandsBeforeItsExplanation) {
  EXPECT_THAT(AnswerText("explain", AnswerOf("signal { number: 11 code: 1 address: 0x1000 } explanation { verdict: "
                                             "ACCESS_VERDICT_HOLE }")),
              HasSubstr("explain: SIGSEGV (SEGV_MAPERR at 0x1000): a hole: no mapping holds the address; "));
}

}  // namespace
}  // namespace memsim::cli

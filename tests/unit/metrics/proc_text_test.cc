#include "server/metrics/proc_text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Show(const std::vector<MeminfoRow>& rows) {
  std::vector<std::string> shown;
  for (const MeminfoRow& row : rows) {
    shown.push_back(absl::StrCat(row.name, row.unit == MeminfoUnit::kBytes ? " bytes " : " huge ", row.value));
  }
  return shown;
}

TEST(ProcTextTest, MeminfoRowsInKbBecomeBytesAndParenthesesAnUnderscore) {
  EXPECT_THAT(Show(ParseMeminfo("MemTotal:        4019876 kB\n"
                                "Active(anon):        12 kB\n"
                                "HugePages_Total:       3\n"
                                "Hugetlb:               0 kB\n")),
              ElementsAre("MemTotal bytes 4.11635e+09", "Active_anon bytes 12288", "HugePages_Total huge 3",
                          "Hugetlb bytes 0"));
}

TEST(ProcTextTest, WhatIsNoMeminfoRowIsLeftOut) {
  EXPECT_THAT(Show(ParseMeminfo("")), IsEmpty());
  EXPECT_THAT(Show(ParseMeminfo("MemTotal 1 kB\nMemFree: x kB\nMemX: 1 MB\nA: 1 kB more\n:\n\nOk: 1 kB")),
              ElementsAre("Ok bytes 1024"));
}

TEST(ProcTextTest, VmstatRowsAreANameAndANumber) {
  const std::string text = "nr_free_pages 17\npgfault 0\nbad\nworse x\nnr_unstable -1\n";
  std::vector<std::string> shown;
  for (const VmstatRow& row : ParseVmstat(text)) shown.push_back(absl::StrCat(row.name, "=", row.value));
  EXPECT_THAT(shown, ElementsAre("nr_free_pages=17", "pgfault=0", "nr_unstable=-1"));
}

TEST(ProcTextTest, ABuddyinfoRowHasAZoneAndABlockCountAnOrder) {
  const std::vector<BuddyinfoRow> rows = ParseBuddyinfo(
      "Node 0, zone      DMA      0      1      2 \n"
      "Node 1, zone   Normal     10      0  12345 \n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].node, "0");
  EXPECT_EQ(rows[0].zone, "DMA");
  EXPECT_THAT(rows[0].free_blocks, ElementsAre(0, 1, 2));
  EXPECT_EQ(rows[1].node, "1");
  EXPECT_EQ(rows[1].zone, "Normal");
  EXPECT_THAT(rows[1].free_blocks, ElementsAre(10, 0, 12345));
}

// The "high" of a CPU's page lists and the node's own rows are not the zone's.
constexpr char kZoneinfo[] =
    "Node 0, zone      DMA\n"
    "  per-node stats\n"
    "      nr_inactive_anon 5\n"
    "  pages free     3840\n"
    "        boost    0\n"
    "        min      67\n"
    "        low      83\n"
    "        high     99\n"
    "        promo    115\n"
    "        spanned  4095\n"
    "        present  3998\n"
    "        managed  3840\n"
    "        cma      0\n"
    "        protection: (0, 2911, 7838, 7838, 7838)\n"
    "      nr_free_pages 3840\n"
    "  pagesets\n"
    "    cpu: 0\n"
    "              count:    0\n"
    "              high:     0\n"
    "              high 1\n"
    "Node 0, zone    DMA32\n"
    "  pages free     7\n"
    "        min      3\n"
    "        protection: (0, 0, 4927, 4927, 4927)\n";

TEST(ProcTextTest, ZoneinfoRowsAreThoseUnderPagesOfEachZone) {
  std::vector<std::string> shown;
  for (const ZoneinfoRow& row : ParseZoneinfo(kZoneinfo)) {
    shown.push_back(absl::StrCat(row.node, " ", row.zone, " ", row.name, " ", row.pages));
  }
  EXPECT_THAT(shown,
              ElementsAre("0 DMA free 3840", "0 DMA min 67", "0 DMA low 83", "0 DMA high 99", "0 DMA spanned 4095",
                          "0 DMA present 3998", "0 DMA managed 3840", "0 DMA32 free 7", "0 DMA32 min 3"));
}

TEST(ProcTextTest, ZoneinfoRowsBeforeAnyZoneBelongToNobody) {
  EXPECT_THAT(ParseZoneinfo("  pages free     3840\n        min      67\n"), IsEmpty());
}

}  // namespace
}  // namespace memsim

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

TEST(ProcTextTest, SlabinfoRowsAreANameAndFiveNumbersBeforeTheColon) {
  const std::string text =
      "slabinfo - version: 2.1\n"
      "# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit>\n"
      "kmalloc-8k 1 2 8192 4 8 : tunables 0 0 0 : slabdata 1 1 0\n"
      "short 1 2 3 4 :\n"
      "word 1 2 x 4 5 : tunables\n"
      "tun 1 2 3 4 5\n";
  std::vector<std::string> shown;
  for (const SlabinfoRow& row : ParseSlabinfo(text)) {
    shown.push_back(absl::StrCat(row.name, " ", row.active_objects, " ", row.objects, " ", row.object_size, " ",
                                 row.objects_per_slab, " ", row.pages_per_slab));
  }
  EXPECT_THAT(shown, ElementsAre("kmalloc-8k 1 2 8192 4 8"));
}

}  // namespace
}  // namespace memsim

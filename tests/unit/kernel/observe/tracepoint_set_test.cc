#include "server/kernel/observe/tracepoint_set.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

std::vector<std::string> NamesOf(const TracepointSet& set) {
  std::vector<std::string> names;
  ForEachTracepoint([&](Tracepoint point) {
    if (set.Contains(point)) names.push_back(TracepointName(point));
  });
  return names;
}

TEST(TracepointTest, NoTwoHaveOneNameAndNoneHasMoreFieldsThanARecord) {
  std::set<std::string> names;
  ForEachTracepoint([&names](Tracepoint point) {
    EXPECT_TRUE(names.insert(TracepointName(point)).second) << TracepointName(point);
    EXPECT_LE(FieldCount(point), kMaxTraceFields) << TracepointName(point);
    EXPECT_FALSE(InfoOf(point).help.empty());
  });
}

TEST(TracepointTest, ExitGroupAloneDoesNotReturn) {
  EXPECT_THAT(NamesOf(MatchTracepoints("*exit_group")), ElementsAre("syscalls:sys_enter_exit_group"));
  EXPECT_THAT(NamesOf(MatchTracepoints("sys_*_brk")), ElementsAre("syscalls:sys_enter_brk", "syscalls:sys_exit_brk"));
}

TEST(MatchTracepointsTest, AStarStandsForAnyLettersAndAQuestionMarkForOne) {
  EXPECT_THAT(NamesOf(MatchTracepoints("kmem:*")), Each(StartsWith("kmem:")));
  EXPECT_THAT(NamesOf(MatchTracepoints("kmem:*")), SizeIs(11));
  EXPECT_THAT(NamesOf(MatchTracepoints("kmem:mm_page_free*")),
              ElementsAre("kmem:mm_page_free", "kmem:mm_page_free_batched"));
  EXPECT_THAT(NamesOf(MatchTracepoints("*:k?ree")), ElementsAre("kmem:kfree"));
  EXPECT_THAT(NamesOf(MatchTracepoints("*")), SizeIs(kTracepointCount));
  EXPECT_THAT(NamesOf(MatchTracepoints("*a*c*_f*e")), ElementsAre("kmem:kmem_cache_free"))
      << "a star gives back what it took too much";
}

TEST(MatchTracepointsTest, WithoutAColonThePatternIsOfTheNameAlone) {
  EXPECT_THAT(NamesOf(MatchTracepoints("page_fault_user")), ElementsAre("exceptions:page_fault_user"));
  EXPECT_THAT(NamesOf(MatchTracepoints("kmem")), IsEmpty());
}

TEST(MatchTracepointsTest, WhatMatchesNothingIsEmpty) {
  for (const char* pattern : {"", "kmem:", ":", "kmem:mm_page", "KMEM:*", "kmem:mm_page_alloc?"}) {
    EXPECT_TRUE(MatchTracepoints(pattern).empty()) << pattern;
  }
}

TEST(NearestTracepointTest, TheNearestNameOrSystemIsFound) {
  EXPECT_EQ(NearestTracepoint("kmem:mm_page_aloc"), "kmem:mm_page_alloc");
  EXPECT_EQ(NearestTracepoint("page_fault_usr"), "exceptions:page_fault_user");
  EXPECT_EQ(NearestTracepoint("kmm:*"), "kmem:*");
  EXPECT_EQ(NearestTracepoint("kmem"), "kmem:*");
  EXPECT_EQ(NearestTracepoint("zz"), "");
  EXPECT_EQ(NearestTracepoint("[a-z]*"), "");
  EXPECT_EQ(NearestTracepoint(std::string(100'000, 'x')), "") << "also of absurd words, in no time";
}

}  // namespace
}  // namespace memsim

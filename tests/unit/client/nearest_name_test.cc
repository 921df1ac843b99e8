#include "client/library/nearest_name.h"

#include "gtest/gtest.h"

namespace memsim::client {
namespace {

TEST(EditDistanceTest, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("mmap", "mmap"), 0U);
  EXPECT_EQ(EditDistance("mmap", "map"), 1U);
  EXPECT_EQ(EditDistance("mmap", "mmaps"), 1U);
  EXPECT_EQ(EditDistance("mmap", "mmop"), 1U);
  EXPECT_EQ(EditDistance("mmap", "mmpa"), 1U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

TEST(EditDistanceTest, CaseAndDashesAreNoDifference) { EXPECT_EQ(EditDistance("Exit-Group", "exit_group"), 0U); }

TEST(NearestNameTest, TheNearestWins) {
  EXPECT_EQ(NearestName("mmpa", {"munmap", "mmap", "mremap"}), "mmap");
  EXPECT_EQ(NearestName("mprotct", {"mmap", "mprotect"}), "mprotect");
  EXPECT_EQ(NearestName("abc", {"abd", "abe"}), "abd") << "the first of equals";
}

TEST(NearestNameTest, FarFetchedGuessesAreNotMade) {
  EXPECT_EQ(NearestName("xyz", {"mmap", "brk"}), "");
  EXPECT_EQ(NearestName("b", {"a"}), "") << "one letter of one is all of it";
  EXPECT_EQ(NearestName("", {"a"}), "");
  EXPECT_EQ(NearestName("mmap", {}), "");
  EXPECT_EQ(NearestName(std::string(100000, 'x'), {"mmap"}), "");
}

TEST(NearestNameTest, WordsBecomeAQuestion) {
  EXPECT_EQ(DidYouMean("mmpa", {"mmap"}), "; did you mean mmap?");
  EXPECT_EQ(DidYouMean("zzz", {"mmap"}), "");
}

}  // namespace
}  // namespace memsim::client

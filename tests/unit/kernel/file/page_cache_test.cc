#include "server/kernel/file/page_cache.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

using Row = std::pair<std::uint64_t, std::uint64_t>;

std::vector<Row> Rows(const PageCache& cache) {
  std::vector<Row> rows;
  cache.ForEach([&rows](PageOffset index, PageFrameNumber frame) { rows.emplace_back(index.value(), frame.value()); });
  return rows;
}

TEST(PageCacheTest, PagesAreFoundWhereTheyWereAdded) {
  PageCache cache;
  EXPECT_EQ(cache.Find(PageOffset(0)), std::nullopt);
  cache.Add(PageOffset(7), PageFrameNumber(70));
  cache.Add(PageOffset(3), PageFrameNumber(30));
  EXPECT_EQ(cache.Find(PageOffset(7)), PageFrameNumber(70));
  EXPECT_EQ(cache.Find(PageOffset(6)), std::nullopt);
  EXPECT_EQ(cache.size(), PageCount(2));
  EXPECT_EQ(Rows(cache), (std::vector<Row>{{3, 30}, {7, 70}}));
}

TEST(PageCacheTest, TheTailIsRemovedInOrderAndTheHeadStays) {
  PageCache cache;
  for (std::uint64_t i = 0; i < 10; ++i) cache.Add(PageOffset(i), PageFrameNumber(100 + i));
  std::vector<std::uint64_t> removed;
  cache.Remove(PageOffset(8), kPastLastPage,
               [&removed](PageOffset, PageFrameNumber frame) { removed.push_back(frame.value()); });
  EXPECT_EQ(removed, (std::vector<std::uint64_t>{108, 109}));
  EXPECT_EQ(cache.size(), PageCount(8));
  cache.Remove(PageOffset(100), kPastLastPage, [](PageOffset, PageFrameNumber) { FAIL(); });
}

TEST(PageCacheTest, TheDigestTellsPlaceAndFrame) {
  const auto digest = [](std::uint64_t index, std::uint64_t frame) {
    PageCache cache;
    cache.Add(PageOffset(index), PageFrameNumber(frame));
    Digest d;
    cache.DigestTo(d);
    return d.ToHex();
  };
  EXPECT_EQ(digest(1, 2), digest(1, 2));
  EXPECT_NE(digest(1, 2), digest(2, 2));
  EXPECT_NE(digest(1, 2), digest(1, 3));
}

TEST(PageCacheDeathTest, AddingAPageTwiceIsOurMistake) {
  PageCache cache;
  cache.Add(PageOffset(7), PageFrameNumber(70));
  EXPECT_DEATH(cache.Add(PageOffset(7), PageFrameNumber(71)), "check failed");
}

}  // namespace
}  // namespace memsim

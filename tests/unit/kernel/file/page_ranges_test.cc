// Ranges of pages: every cut, against a plain set.

#include "server/kernel/file/page_ranges.h"

#include <set>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPages = 10;

void ExpectSame(const PageRanges& ranges, const std::set<std::uint64_t>& pages) {
  for (std::uint64_t page = 0; page < kPages + 2; ++page) {
    EXPECT_EQ(ranges.Contains(PageOffset(page)), pages.contains(page)) << page;
  }
  EXPECT_EQ(ranges.end(), PageOffset(pages.empty() ? 0 : *pages.rbegin() + 1));
}

TEST(PageRangesTest, AnyTwoCutsLeaveTheRest) {
  for (std::uint64_t first = 0; first <= kPages; ++first) {
    for (std::uint64_t end = first; end <= kPages + 1; ++end) {
      for (std::uint64_t second = 0; second <= kPages; ++second) {
        for (std::uint64_t last = second; last <= kPages + 1; ++last) {
          PageRanges ranges{PageOffset(kPages)};
          std::set<std::uint64_t> pages;
          for (std::uint64_t page = 0; page < kPages; ++page) pages.insert(page);
          ranges.Remove(PageOffset(first), PageOffset(end));
          ranges.Remove(PageOffset(second), PageOffset(last));
          for (std::uint64_t page = first; page < end; ++page) pages.erase(page);
          for (std::uint64_t page = second; page < last; ++page) pages.erase(page);
          ExpectSame(ranges, pages);
        }
      }
    }
  }
}

TEST(PageRangesTest, NothingIsInNone) {
  PageRanges none;
  EXPECT_FALSE(none.Contains(PageOffset(0)));
  none.Remove(PageOffset(0), PageOffset(UINT64_MAX));
  EXPECT_EQ(none.end(), PageOffset(0));
  EXPECT_EQ(PageRanges(PageOffset(0)).end(), PageOffset(0));
}

}  // namespace
}  // namespace memsim

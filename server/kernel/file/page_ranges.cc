#include "server/kernel/file/page_ranges.h"

#include <algorithm>

namespace memsim {

bool PageRanges::Contains(PageOffset page) const {
  const auto after = ends_.upper_bound(page);
  return after != ends_.begin() && page < std::prev(after)->second;
}

void PageRanges::Remove(PageOffset first, PageOffset end) {
  if (first >= end) return;
  auto range = ends_.upper_bound(first);
  if (range != ends_.begin() && std::prev(range)->second > first) --range;
  const auto begin = range;
  // What is left on either side of what goes.
  const PageOffset below = range != ends_.end() ? std::min(range->first, first) : first;
  PageOffset above = end;
  for (; range != ends_.end() && range->first < end; ++range) above = std::max(above, range->second);
  ends_.erase(begin, range);
  if (below < first) ends_.emplace(below, first);
  if (end < above) ends_.emplace(end, above);
}

std::uint64_t PageRanges::CountIn(PageOffset first, PageOffset end) const {
  std::uint64_t pages = 0;
  for (const auto& [begin, behind] : ends_) {
    const PageOffset low = std::max(begin, first);
    const PageOffset high = std::min(behind, end);
    if (low < high) pages += (high - low).value();
  }
  return pages;
}

}  // namespace memsim

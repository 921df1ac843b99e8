#include "server/kernel/file/page_ranges.h"

#include <algorithm>

namespace memsim {

bool PageRanges::Contains(PageOffset page) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), page,
                                      [](PageOffset wanted, const Range& range) { return wanted < range.first; });
  return after != ranges_.begin() && page < std::prev(after)->end;
}

void PageRanges::Remove(PageOffset first, PageOffset end) {
  if (first >= end) return;
  const auto overlapping =
      std::find_if(ranges_.begin(), ranges_.end(), [first](const Range& r) { return r.end > first; });
  auto past = std::find_if(overlapping, ranges_.end(), [end](const Range& r) { return r.first >= end; });
  if (overlapping == past) return;
  const Range below{overlapping->first, first};
  const Range above{end, std::prev(past)->end};
  auto place = ranges_.erase(overlapping, past);
  if (above.first < above.end) place = ranges_.insert(place, above);
  if (below.first < below.end) ranges_.insert(place, below);
}

}  // namespace memsim

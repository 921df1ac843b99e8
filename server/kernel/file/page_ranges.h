// Pages of a file, as ranges in order that neither meet nor overlap.

#ifndef MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_
#define MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_

#include <cstddef>
#include <vector>

#include "server/base/digest.h"
#include "server/base/units.h"

namespace memsim {

class PageRanges {
 public:
  struct Range {
    PageOffset first;
    PageOffset end;
  };

  PageRanges() = default;
  // All pages below end.
  explicit PageRanges(PageOffset end) {
    if (end > PageOffset(0)) ranges_.push_back({PageOffset(0), end});
  }

  bool Contains(PageOffset page) const;
  // Takes out the pages [first, end), of which none need be there.
  void Remove(PageOffset first, PageOffset end);
  // Past the last page; 0: there is none.
  PageOffset end() const { return ranges_.empty() ? PageOffset(0) : ranges_.back().end; }

  std::size_t HeapBytes() const { return ranges_.capacity() * sizeof(Range); }
  void DigestTo(Digest& digest) const {
    for (const Range& range : ranges_) {
      digest.Add(range.first);
      digest.Add(range.end);
    }
  }

 private:
  std::vector<Range> ranges_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_

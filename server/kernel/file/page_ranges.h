// Pages of a file, as ranges in order that neither meet nor overlap.

#ifndef MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_
#define MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/container/btree_map.h"

#include "server/base/digest.h"
#include "server/base/units.h"

namespace memsim {

class PageRanges {
 public:
  // A range's entry in the tree, and the node's own share.
  static constexpr ByteCount kHostMemoryPerRange{24};

  PageRanges() = default;
  // All pages below end.
  explicit PageRanges(PageOffset end) {
    if (end > PageOffset(0)) ends_.emplace(PageOffset(0), end);
  }

  bool Contains(PageOffset page) const;
  // How many of the pages [first, end) it has.
  std::uint64_t CountIn(PageOffset first, PageOffset end) const;
  // Takes out the pages [first, end), of which none need be there.
  void Remove(PageOffset first, PageOffset end);
  // Past the last page; 0: there is none.
  PageOffset end() const { return ends_.empty() ? PageOffset(0) : std::prev(ends_.end())->second; }
  std::size_t size() const { return ends_.size(); }

  void DigestTo(Digest& digest) const {
    for (const auto& [first, end] : ends_) {
      digest.Add(first);
      digest.Add(end);
    }
  }

 private:
  // By their first pages.
  absl::btree_map<PageOffset, PageOffset> ends_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_PAGE_RANGES_H_

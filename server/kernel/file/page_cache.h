// The pages of one file that are in memory, by their place in the file (struct address_space).
//
// An index alone: who takes frames from the allocator and gives them back is the FileSystem.

#ifndef MEMSIM_SERVER_KERNEL_FILE_PAGE_CACHE_H_
#define MEMSIM_SERVER_KERNEL_FILE_PAGE_CACHE_H_

#include <optional>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"

#include "server/base/digest.h"
#include "server/base/units.h"

namespace memsim {

// Beyond every page of every file.
inline constexpr PageOffset kPastLastPage{UINT64_MAX};

class PageCache {
 public:
  // A page's entry in the index, and the node's own share: what HostMemory of a file system counts for each page.
  static constexpr ByteCount kHostMemoryPerPage{20};

  // nullopt: not in memory.
  std::optional<PageFrameNumber> Find(PageOffset index) const;
  // REQUIRES: index is not in memory.
  void Add(PageOffset index, PageFrameNumber frame);
  // Takes out the pages [first, end), ascending, and calls visit for each.
  void Remove(PageOffset first, PageOffset end, absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit);
  // Calls visit for the pages [first, end), ascending. visit must not change the cache.
  void ForEachIn(PageOffset first, PageOffset end, absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit) const;
  // Ascending. visit must not change the cache.
  void ForEach(absl::FunctionRef<void(PageOffset, PageFrameNumber)> visit) const;
  PageCount size() const { return PageCount(frames_.size()); }

  void DigestTo(Digest& digest) const;

 private:
  absl::btree_map<PageOffset, PageFrameNumber> frames_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_PAGE_CACHE_H_

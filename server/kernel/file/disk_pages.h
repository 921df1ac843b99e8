// What a file has on its disk of pages that are not in memory, as far as it is not all zeros: they were written back
// and dropped. A page that is in memory has its bytes there alone.

#ifndef MEMSIM_SERVER_KERNEL_FILE_DISK_PAGES_H_
#define MEMSIM_SERVER_KERNEL_FILE_DISK_PAGES_H_

#include <cstddef>
#include <utility>

#include "absl/container/btree_map.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/physical/frame_contents.h"

namespace memsim {

class DiskPages {
 public:
  // An entry and the node's own share, beside the bytes, which FrameContents counts.
  static constexpr ByteCount kHostMemoryPerPage{32};

  std::size_t size() const { return pages_.size(); }
  bool Has(PageOffset index) const { return pages_.count(index) != 0; }
  // REQUIRES: it does not have the page.
  void Put(PageOffset index, PageBytes bytes) {
    if (!bytes.zero()) pages_.emplace(index, std::move(bytes));
  }
  // The page, which it then no longer has; all zeros if it did not.
  PageBytes Take(PageOffset index) {
    const auto found = pages_.find(index);
    if (found == pages_.end()) return PageBytes();
    PageBytes bytes = std::move(found->second);
    pages_.erase(found);
    return bytes;
  }
  // Loses the pages [first, end).
  void Remove(PageOffset first, PageOffset end) { pages_.erase(pages_.lower_bound(first), pages_.lower_bound(end)); }

  void DigestTo(Digest& digest) const {
    digest.Add(static_cast<std::uint64_t>(pages_.size()));
    for (const auto& [index, bytes] : pages_) {
      digest.Add(index);
      digest.Add(bytes.text());
    }
  }

 private:
  absl::btree_map<PageOffset, PageBytes> pages_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_DISK_PAGES_H_

// struct shared_policy: the policies of a file of shared memory, page by page. They belong to the file: all who map it
// have them, and they stay when nobody does.

#ifndef MEMSIM_SERVER_KERNEL_NUMA_SHARED_POLICY_H_
#define MEMSIM_SERVER_KERNEL_NUMA_SHARED_POLICY_H_

#include <cstdint>
#include <map>

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

class SharedPolicy {
 public:
  // A range's node in the map, with about four words of links.
  static constexpr ByteCount kHostMemoryPerRange{64};

  // mpol_shared_policy_lookup. 0: none.
  MempolicyId At(PageOffset page) const;
  // mpol_set_shared_policy: pages [first, end) have this policy from now on, or none; it takes holders of its own.
  // ENOMEM: nothing has changed.
  Errno Set(PageOffset first, PageOffset end, MempolicyId policy, Mempolicies& policies, SlabCaches& slabs);
  // mpol_free_shared_policy.
  void Clear(Mempolicies& policies, SlabCaches& slabs);

  // How many ranges have a policy, each with a holder.
  std::size_t size() const { return ranges_.size(); }
  void DigestTo(Digest& digest) const;

 private:
  // sp_node.
  struct Range {
    PageOffset end;
    MempolicyId policy;
    VirtualAddress object;
  };
  // By their first pages.
  using Ranges = std::map<PageOffset, Range>;

  // A range begins at this page if one holds it. False: no memory.
  bool CutAt(PageOffset page, Mempolicies& policies, SlabCaches& slabs);

  Ranges ranges_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_NUMA_SHARED_POLICY_H_

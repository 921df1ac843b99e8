// /proc/slabinfo: a row for each cache, the newest first (s_show and get_slabinfo of mm/slab_common.c and mm/slub.c).
//
// Objects that CPUs have on their free lists count as active, as in Linux: only those of the node's partial list do
// not.

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"

#include "server/kernel/procfs/proc_files.h"

namespace memsim {

std::string SlabInfo(const ProcView& view) {
  std::string text =
      "slabinfo - version: 2.1\n"
      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> "
      "<batchcount> "
      "<sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";
  view.slabs.ForEachCache([&](CacheId id) {
    const SlabLayout layout = view.slabs.LayoutOf(id);
    const CacheCounts counts = view.slabs.Count(id);
    absl::StrAppendFormat(&text, "%-17s %6d %6d %6d %4d %4d : tunables %4d %4d %4d : slabdata %6d %6d %6d\n",
                          view.slabs.definition(id).name, counts.total_objects - counts.partial_free,
                          counts.total_objects, layout.object.size.value(), layout.objects,
                          PagesOfOrder(layout.order).value(), 0, 0, 0, counts.slabs, counts.slabs, 0);
  });
  return text;
}

}  // namespace memsim

// Mobility grouping: whether the pages of a pageblock can be moved or reclaimed (enum migratetype), so that those that
// can be are not scattered among those that cannot.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_MIGRATE_TYPE_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_MIGRATE_TYPE_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/gfp.h"

namespace memsim {

enum class MigrateType : std::uint8_t {
  kUnmovable = 0,
  kMovable = 1,
  kReclaimable = 2,
  // Kept for allocations of several pages that cannot wait.
  kHighAtomic = 3,
};
inline constexpr int kMigrateTypeCount = 4;

// MAX_PAGE_ORDER: blocks of 4 MiB.
inline constexpr Order kMaxOrder{10};
inline constexpr int kOrderCount = 11;
// pageblock_order = min(HUGETLB_PAGE_ORDER, MAX_PAGE_ORDER): a pageblock is 2 MiB, and all of it has one migrate type.
inline constexpr Order kPageblockOrder{9};
inline constexpr PageCount kPagesPerPageblock = PagesOfOrder(kPageblockOrder);

// gfp_migratetype. Movable wins where a caller asks for both, which Linux warns of.
constexpr MigrateType MigrateTypeFor(GfpMask gfp) {
  if ((gfp & kGfpMovableBit) != 0) return MigrateType::kMovable;
  if ((gfp & kGfpReclaimable) != 0) return MigrateType::kReclaimable;
  return MigrateType::kUnmovable;
}

// migratetype_is_mergeable: blocks of different pageblocks may only merge if both types are of this kind.
constexpr bool IsMergeable(MigrateType type) { return type != MigrateType::kHighAtomic; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_MIGRATE_TYPE_H_

// What an allocation does when its own migrate type has no block: whose pages it takes, and whether it takes the whole
// pageblock over. Pure decisions, after mm/page_alloc.c (fallbacks, should_try_claim_block, try_to_claim_block).

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_FALLBACK_POLICY_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_FALLBACK_POLICY_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/physical/migrate_type.h"
#include "server/kernel/physical/page_owner.h"

namespace memsim {

// Whether an allocation may take pages out of pageblocks of other types (ALLOC_NOFRAGMENT forbids it).
enum class TypeMixing : std::uint8_t { kAllowed, kWholePageblocksOnly };

// The types to take from, best first. Empty for HIGHATOMIC, which is filled by reservation alone.
absl::Span<const MigrateType> FallbackTypes(MigrateType type);

// Claiming looks from the largest order down to this one: the larger the block, the less pages of different types mix.
Order LowestClaimOrder(Order order, TypeMixing mixing);

// Whether finding a block of this order is reason enough to take its pageblock over. Pages that cannot move do better
// in a pageblock of their own, however small the block; pages that can are better off as guests.
bool ShouldTryClaim(Order found, MigrateType type);

// The pages of a pageblock, as far as the decision asks.
struct PageblockUse {
  PageCount free;
  // Of user memory, which could be moved.
  PageCount movable;
};

// Whether a pageblock of type `from`, of which a small block is free, changes to `to`: at least half of it must be free
// or alike.
bool ShouldConvert(const PageblockUse& use, MigrateType from, MigrateType to);

// Pages that are on an LRU list, and so can be moved.
constexpr bool IsMovableOwner(PageOwner owner) {
  return owner == PageOwner::kAnonymous || owner == PageOwner::kPageCache;
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_FALLBACK_POLICY_H_

// What an allocation may use, from its gfp flags: which watermark it must leave, and how far below it may go
// (alloc_flags of mm/internal.h).

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_ALLOCATION_RULES_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_ALLOCATION_RULES_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/fallback_policy.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/watermarks.h"
#include "server/kernel/physical/zone_type.h"

namespace memsim {

enum class WatermarkLevel : std::uint8_t { kNone, kMin, kLow, kHigh };

// How far below its watermark an allocation may go.
enum class ReserveAccess : std::uint8_t {
  kOrdinary,
  // It cannot wait, but it is not urgent: it may take what is kept for HIGHATOMIC, no more.
  kNonBlocking,
  // __GFP_HIGH: half of the min watermark (ALLOC_MIN_RESERVE).
  kHigh,
  // GFP_ATOMIC, urgent and unable to wait: five eighths of it.
  kAtomic,
};

struct AllocationRules {
  WatermarkLevel level = WatermarkLevel::kLow;
  ReserveAccess reserves = ReserveAccess::kOrdinary;
  TypeMixing mixing = TypeMixing::kAllowed;

  friend bool operator==(const AllocationRules&, const AllocationRules&) = default;
};

// The first attempt: the low watermark. preferred: the zone that the attempt begins with. Where that is Normal, lower
// zones are tried before pages of different types are mixed (alloc_flags_nofragment).
constexpr AllocationRules FastRules(ZoneType preferred) {
  return {WatermarkLevel::kLow, ReserveAccess::kOrdinary,
          preferred == ZoneType::kNormal ? TypeMixing::kWholePageblocksOnly : TypeMixing::kAllowed};
}

// When that failed: the min watermark, and reserves by urgency (gfp_to_alloc_flags).
AllocationRules SlowRules(GfpMask gfp);

// Whether the slow path keeps trying when reclaim found nothing: not for costly orders, and not against the caller's
// wish (should_reclaim_retry is asked for the others).
bool MayRetry(GfpMask gfp, Order order);

// The watermark less the reserves that may be used (__zone_watermark_ok).
PageCount MarkWithReserves(PageCount mark, ReserveAccess reserves);

PageCount MarkAt(const ZoneWatermarks& watermarks, WatermarkLevel level);

constexpr bool CanDirectReclaim(GfpMask gfp) { return (gfp & kGfpDirectReclaim) != 0; }

// __gfp_pfmemalloc_flags: may this allocation ignore the watermarks?
constexpr bool IgnoresWatermarks(GfpMask gfp) { return (gfp & kGfpMemalloc) != 0 && (gfp & kGfpNomemalloc) == 0; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_ALLOCATION_RULES_H_

#include "server/kernel/physical/allocation_rules.h"

namespace memsim {

AllocationRules SlowRules(GfpMask gfp) {
  const bool urgent = (gfp & kGfpHigh) != 0;
  const bool non_blocking = !CanDirectReclaim(gfp) && (gfp & kGfpNomemalloc) == 0;
  ReserveAccess reserves = ReserveAccess::kOrdinary;
  if (urgent) {
    reserves = non_blocking ? ReserveAccess::kAtomic : ReserveAccess::kHigh;
  } else if (non_blocking) {
    reserves = ReserveAccess::kNonBlocking;
  }
  return {WatermarkLevel::kMin, reserves, TypeMixing::kAllowed};
}

bool MayRetry(GfpMask gfp, Order order) {
  // PAGE_ALLOC_COSTLY_ORDER: the largest order that the allocator tries hard for.
  constexpr Order kCostlyOrder{3};
  if ((gfp & kGfpNoretry) != 0) return false;
  return order <= kCostlyOrder || (gfp & kGfpRetryMayfail) != 0;
}

PageCount MarkWithReserves(PageCount mark, ReserveAccess reserves) {
  if (reserves == ReserveAccess::kHigh || reserves == ReserveAccess::kAtomic) mark -= mark / 2;
  if (reserves == ReserveAccess::kAtomic) mark -= mark / 4;
  return mark;
}

PageCount MarkAt(const ZoneWatermarks& watermarks, WatermarkLevel level) {
  switch (level) {
    case WatermarkLevel::kNone:
      return PageCount(0);
    case WatermarkLevel::kMin:
      return watermarks.min;
    case WatermarkLevel::kLow:
      return watermarks.low;
    case WatermarkLevel::kHigh:
      return watermarks.high;
  }
  return watermarks.high;
}

}  // namespace memsim

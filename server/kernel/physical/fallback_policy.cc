#include "server/kernel/physical/fallback_policy.h"

namespace memsim {
namespace {

using Fallbacks = std::array<MigrateType, 2>;

constexpr std::array<Fallbacks, 3> kFallbacks = {{
    {MigrateType::kReclaimable, MigrateType::kMovable},    // of UNMOVABLE
    {MigrateType::kReclaimable, MigrateType::kUnmovable},  // of MOVABLE
    {MigrateType::kUnmovable, MigrateType::kMovable},      // of RECLAIMABLE
}};

}  // namespace

absl::Span<const MigrateType> FallbackTypes(MigrateType type) {
  const auto index = static_cast<std::size_t>(type);
  if (index >= kFallbacks.size()) return {};
  return kFallbacks[index];
}

Order LowestClaimOrder(Order order, TypeMixing mixing) {
  return mixing == TypeMixing::kWholePageblocksOnly && order < kPageblockOrder ? kPageblockOrder : order;
}

bool ShouldTryClaim(Order found, MigrateType type) {
  constexpr Order kHalfPageblockOrder(kPageblockOrder.value() / 2);
  return found >= kHalfPageblockOrder || type != MigrateType::kMovable;
}

bool ShouldConvert(const PageblockUse& use, MigrateType from, MigrateType to) {
  PageCount alike;
  if (to == MigrateType::kMovable) {
    alike = use.movable;
  } else if (from == MigrateType::kMovable) {
    // What is neither free nor movable in a movable pageblock cannot move either.
    alike = kPagesPerPageblock - use.free - use.movable;
  }
  return use.free + alike >= kPagesPerPageblock / 2;
}

}  // namespace memsim

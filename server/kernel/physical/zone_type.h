// The zones of a node (enum zone_type) on x86-64: where they lie and who is served from them.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_TYPE_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_TYPE_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/physical/gfp.h"

namespace memsim {

enum class ZoneType : std::uint8_t {
  kDma = 0,      // below 16 MiB, for ISA devices
  kDma32 = 1,    // below 4 GiB
  kNormal = 2,   // the rest
  kMovable = 3,  // empty: no movablecore
  kDevice = 4,   // empty: no device memory
};
inline constexpr int kZoneTypeCount = 5;

inline constexpr PageFrameNumber kDma32Start{4096};
inline constexpr PageFrameNumber kNormalStart{1U << 20};

// The name as /proc prints it.
constexpr absl::string_view ZoneName(ZoneType zone) {
  constexpr std::array<absl::string_view, kZoneTypeCount> kNames = {"DMA", "DMA32", "Normal", "Movable", "Device"};
  return kNames[static_cast<std::size_t>(zone)];
}

constexpr ZoneType ZoneOfFrame(PageFrameNumber frame) {
  if (frame >= kNormalStart) return ZoneType::kNormal;
  return frame >= kDma32Start ? ZoneType::kDma32 : ZoneType::kDma;
}

// gfp_zone: the highest zone that may serve the allocation. The lowest wins where a caller asks for several, which
// Linux calls a bug.
constexpr ZoneType ZoneForGfp(GfpMask gfp) {
  if ((gfp & kGfpDma) != 0) return ZoneType::kDma;
  if ((gfp & kGfpDma32) != 0) return ZoneType::kDma32;
  const GfpMask movable = kGfpHighmem | kGfpMovableBit;
  return (gfp & movable) == movable ? ZoneType::kMovable : ZoneType::kNormal;
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_TYPE_H_

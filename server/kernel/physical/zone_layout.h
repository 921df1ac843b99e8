// Where a machine's memory lies: from what is installed to the zones of a PC.
//
//   frame   0     159   256    4096              786,432          2^20
//           | RAM |hole | RAM  | RAM …           | hole for devices | RAM …
//   zone      DMA ............ | DMA32 ...........................  | Normal
//
// The kernel's image lies from 16 MiB up (from 1 MiB where the memory does not reach that far), its tables at the end
// of memory.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_LAYOUT_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_LAYOUT_H_

#include <array>
#include <optional>

#include "server/base/units.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/physical/reserved_memory.h"
#include "server/kernel/physical/zone_type.h"

namespace memsim {

// Invariant: what the buddy system manages of a zone is one range, because reservations lie at the ends of zones.
struct ZoneLayout {
  // The zone's first frame with memory; 0 for an empty zone.
  PageFrameNumber start;
  // From the first frame to the last, holes included.
  PageCount spanned;
  // Frames with memory.
  PageCount present;
  // Those that the buddy system gets.
  FrameRange managed;

  bool populated() const { return present > PageCount(0); }

  friend bool operator==(const ZoneLayout&, const ZoneLayout&) = default;
};

struct MemoryLayout {
  std::array<ZoneLayout, kZoneTypeCount> zones;
  ReservedMemory reserved;

  const ZoneLayout& zone(ZoneType type) const { return zones[static_cast<std::size_t>(type)]; }
  PageCount managed() const;
};

// REQUIRES: what MachineSpec::Validate asks of both. With `reserved`, the managed frames are exactly installed -
// reserved: where that is less than the first MiB, which can never be managed, the memory ends that much later.
MemoryLayout LayOutMemory(ByteCount installed, std::optional<ByteCount> reserved);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_ZONE_LAYOUT_H_

// When an allocation must wait: how many pages each zone keeps free, and for whom. Pure functions of the zones' sizes,
// with the arithmetic of mm/page_alloc.c and mm/khugepaged.c, truncation included.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_WATERMARKS_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_WATERMARKS_H_

#include <array>
#include <cstdint>
#include <optional>

#include "server/base/units.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/physical/zone_layout.h"
#include "server/kernel/physical/zone_type.h"

namespace memsim {

struct ZoneWatermarks {
  PageCount min;
  PageCount low;
  PageCount high;
  PageCount promo;

  friend bool operator==(const ZoneWatermarks&, const ZoneWatermarks&) = default;
};

struct WatermarkParameters {
  // /proc/sys/vm/min_free_kbytes as somebody set it. Absent: by formula.
  std::optional<std::uint64_t> min_free_kbytes;
  // In fractions of 10,000 of a zone.
  std::uint32_t watermark_scale_factor = 10;
  // khugepaged, which runs unless this is kNever, raises min_free_kbytes so that whole pageblocks stay free.
  TransparentHugePages transparent_huge_pages = TransparentHugePages::kMadvise;
};

// What the formulas know of a zone.
struct ZoneSize {
  PageCount managed;
  // It has memory, managed or not.
  bool populated = false;
};

template <typename T>
using PerZone = std::array<T, kZoneTypeCount>;

// lowmem_reserve[z][c]: how many pages zone z keeps from allocations that a zone up to c could have served.
using LowmemReserve = PerZone<PerZone<PageCount>>;

PerZone<ZoneSize> ZoneSizes(const MemoryLayout& layout);

// The integer part of the square root.
std::uint64_t IntegerSqrt(std::uint64_t value);

// /proc/sys/vm/min_free_kbytes after boot.
std::uint64_t MinFreeKbytes(const PerZone<ZoneSize>& zones, const WatermarkParameters& parameters);

PerZone<ZoneWatermarks> ComputeWatermarks(const PerZone<ZoneSize>& zones, std::uint64_t min_free_kbytes,
                                          std::uint32_t watermark_scale_factor);

LowmemReserve ComputeLowmemReserve(const PerZone<ZoneSize>& zones);

// totalreserve_pages: what user memory can never have.
PageCount TotalReserve(const PerZone<ZoneSize>& zones, const PerZone<ZoneWatermarks>& watermarks,
                       const LowmemReserve& reserve);

// /proc/sys/vm/user_reserve_kbytes and admin_reserve_kbytes, from the pages free when they are set at boot: 1/32, at
// most 128 and 8 MiB.
std::uint64_t UserReserveKbytes(PageCount free);
std::uint64_t AdminReserveKbytes(PageCount free);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_WATERMARKS_H_

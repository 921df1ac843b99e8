#include "server/kernel/physical/watermarks.h"

#include <algorithm>

#include "server/kernel/physical/migrate_type.h"

namespace memsim {
namespace {

constexpr std::uint64_t kKibPerPage = 4;
// calculate_min_free_kbytes: beyond 256 MiB a reserve serves nobody.
constexpr std::uint64_t kLeastMinFreeKbytes = 128;
constexpr std::uint64_t kMostMinFreeKbytes = 262144;
// MIGRATE_PCPTYPES: unmovable, movable and reclaimable.
constexpr std::uint64_t kPcpTypes = 3;
// sysctl_lowmem_reserve_ratio for DMA, DMA32, Normal, Movable; 0: keeps nothing.
constexpr PerZone<std::uint64_t> kLowmemReserveRatio = {256, 256, 32, 0, 0};

// Zones that user memory without __GFP_MOVABLE can come from: Normal and those below (gfp_zone(GFP_USER)).
constexpr std::size_t kUserZones = static_cast<std::size_t>(ZoneType::kNormal) + 1;
constexpr std::size_t kMovableZone = static_cast<std::size_t>(ZoneType::kMovable);

// nr_free_buffer_pages.
PageCount FreeBufferPages(const PerZone<ZoneSize>& zones, const PerZone<ZoneWatermarks>& watermarks) {
  PageCount sum;
  for (std::size_t z = 0; z < kUserZones; ++z) {
    if (zones[z].managed > watermarks[z].high) sum += zones[z].managed - watermarks[z].high;
  }
  return sum;
}

// calculate_min_free_kbytes, which runs when all watermarks are 0 yet.
std::uint64_t MinFreeKbytesFromSize(const PerZone<ZoneSize>& zones) {
  const std::uint64_t free_kbytes = FreeBufferPages(zones, {}).value() * kKibPerPage;
  return std::clamp(IntegerSqrt(free_kbytes * 16), kLeastMinFreeKbytes, kMostMinFreeKbytes);
}

// set_recommended_min_free_kbytes: two free pageblocks a zone, and for each pair of migrate types one more that a
// fallback may take.
std::uint64_t HugePageMinFreeKbytes(const PerZone<ZoneSize>& zones, const PerZone<ZoneWatermarks>& watermarks) {
  std::uint64_t populated = 0;
  for (std::size_t z = 0; z < kUserZones; ++z) populated += zones[z].populated ? 1 : 0;
  const std::uint64_t pageblocks = populated * 2 + populated * kPcpTypes * kPcpTypes;
  const std::uint64_t most = FreeBufferPages(zones, watermarks).value() / 20;
  return std::min(pageblocks * kPagesPerPageblock.value(), most) * kKibPerPage;
}

}  // namespace

PerZone<ZoneSize> ZoneSizes(const MemoryLayout& layout) {
  PerZone<ZoneSize> sizes;
  for (std::size_t z = 0; z < sizes.size(); ++z)
    sizes[z] = {layout.zones[z].managed.size(), layout.zones[z].populated()};
  return sizes;
}

std::uint64_t IntegerSqrt(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1) {
    const std::uint64_t candidate = root | bit;
    if (candidate * candidate <= value) root = candidate;
  }
  return root;
}

std::uint64_t MinFreeKbytes(const PerZone<ZoneSize>& zones, const WatermarkParameters& parameters) {
  if (parameters.min_free_kbytes.has_value()) return *parameters.min_free_kbytes;
  const std::uint64_t from_size = MinFreeKbytesFromSize(zones);
  if (parameters.transparent_huge_pages == TransparentHugePages::kNever) return from_size;
  // khugepaged starts when the watermarks from the size alone are in place.
  const PerZone<ZoneWatermarks> first = ComputeWatermarks(zones, from_size, parameters.watermark_scale_factor);
  return std::max(from_size, HugePageMinFreeKbytes(zones, first));
}

PerZone<ZoneWatermarks> ComputeWatermarks(const PerZone<ZoneSize>& zones, std::uint64_t min_free_kbytes,
                                          std::uint32_t watermark_scale_factor) {
  const std::uint64_t pages_min = min_free_kbytes / kKibPerPage;
  std::uint64_t lowmem_pages = 0;
  for (std::size_t z = 0; z < zones.size(); ++z) lowmem_pages += z == kMovableZone ? 0 : zones[z].managed.value();

  PerZone<ZoneWatermarks> watermarks;
  for (std::size_t z = 0; z < zones.size(); ++z) {
    const std::uint64_t managed = zones[z].managed.value();
    const std::uint64_t share = lowmem_pages == 0 ? 0 : pages_min * managed / lowmem_pages;
    const std::uint64_t min = z == kMovableZone ? std::clamp<std::uint64_t>(managed / 1024, 32, 128) : share;
    const std::uint64_t step = std::max(share / 4, managed * watermark_scale_factor / 10000);
    watermarks[z] = {PageCount(min), PageCount(min + step), PageCount(min + 2 * step), PageCount(min + 3 * step)};
  }
  return watermarks;
}

LowmemReserve ComputeLowmemReserve(const PerZone<ZoneSize>& zones) {
  LowmemReserve reserve{};
  for (std::size_t z = 0; z < zones.size(); ++z) {
    if (kLowmemReserveRatio[z] == 0 || zones[z].managed == PageCount(0)) continue;
    PageCount above;
    for (std::size_t c = z + 1; c < zones.size(); ++c) {
      above += zones[c].managed;
      reserve[z][c] = above / kLowmemReserveRatio[z];
    }
  }
  return reserve;
}

PageCount TotalReserve(const PerZone<ZoneSize>& zones, const PerZone<ZoneWatermarks>& watermarks,
                       const LowmemReserve& reserve) {
  PageCount total;
  for (std::size_t z = 0; z < zones.size(); ++z) {
    const PageCount kept = *std::max_element(reserve[z].begin(), reserve[z].end());
    total += std::min(zones[z].managed, kept + watermarks[z].high);
  }
  return total;
}

std::uint64_t UserReserveKbytes(PageCount free) {
  return std::min<std::uint64_t>(free.value() * kKibPerPage / 32, 128ULL * 1024);
}

std::uint64_t AdminReserveKbytes(PageCount free) {
  return std::min<std::uint64_t>(free.value() * kKibPerPage / 32, 8ULL * 1024);
}

}  // namespace memsim

#include "server/kernel/procfs/direct_map.h"

#include <algorithm>

namespace memsim {
namespace {

constexpr std::uint64_t kFramesPer2M = (2ULL << 20) >> kPageShift;
constexpr std::uint64_t kFramesPer1G = (1ULL << 30) >> kPageShift;

// split_mem_range: small pages up to the first boundary of the next size, and so on up and down again.
void AddRange(std::uint64_t begin, std::uint64_t end, DirectMapPages& map) {
  while (begin < end) {
    const std::uint64_t left = end - begin;
    if (begin % kFramesPer1G == 0 && begin != 0 && left >= kFramesPer1G) {
      ++map.pages_1g;
      begin += kFramesPer1G;
    } else if (begin % kFramesPer2M == 0 && begin != 0 && left >= kFramesPer2M) {
      ++map.pages_2m;
      begin += kFramesPer2M;
    } else {
      const std::uint64_t step = std::min(left, kFramesPer2M - begin % kFramesPer2M);
      map.pages_4k += step;
      begin += step;
    }
  }
}

}  // namespace

DirectMapPages DirectMapOf(const std::vector<ZoneInfo>& zones) {
  std::uint64_t low_end = 0;
  DirectMapPages map;
  for (const ZoneInfo& zone : zones) {
    if (!zone.populated) continue;
    // The legacy hole lies inside the DMA zone, the one of DMA32 at its end.
    const PageCount length = zone.type == ZoneType::kDma ? zone.spanned : zone.present;
    const std::uint64_t end = (zone.start_pfn + length).value();
    if (zone.start_pfn >= kNormalStart) {
      AddRange(zone.start_pfn.value(), end, map);
    } else {
      low_end = std::max(low_end, end);
    }
  }
  AddRange(0, low_end, map);
  return map;
}

}  // namespace memsim

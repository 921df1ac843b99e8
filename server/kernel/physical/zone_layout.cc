#include "server/kernel/physical/zone_layout.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/physical/migrate_type.h"

namespace memsim {
namespace {

// Memory ends here below 4 GiB; what is installed beyond goes on at 4 GiB. Common hypervisors and PCs leave this last
// GiB to devices.
constexpr PageFrameNumber kLowMemoryEnd{786432};
// Frame 0 is never used; from 0x9f to 1 MiB are the BIOS' data and the legacy hole.
constexpr PageFrameNumber kFirstFrame{1};
constexpr FrameRange kLegacyHole{PageFrameNumber(0x9f), PageFrameNumber(0x100)};

ZoneLayout& ZoneAt(MemoryLayout& layout, ZoneType type) { return layout.zones[static_cast<std::size_t>(type)]; }

// The zones with all of their memory but the first MiB managed.
MemoryLayout PlaceMemory(PageCount frames) {
  const PageFrameNumber low_end = std::min(PageFrameNumber(frames.value()), kLowMemoryEnd);
  const PageCount high = frames - PageCount(low_end.value());
  MemoryLayout layout;

  ZoneLayout& dma = ZoneAt(layout, ZoneType::kDma);
  const PageFrameNumber dma_end = std::min(low_end, kDma32Start);
  dma.start = kFirstFrame;
  dma.spanned = dma_end - kFirstFrame;
  dma.present = dma.spanned - kLegacyHole.size();
  dma.managed = {PageFrameNumber(kFirstMebibyte.value()), dma_end};

  if (low_end > kDma32Start) {
    ZoneLayout& dma32 = ZoneAt(layout, ZoneType::kDma32);
    dma32.start = kDma32Start;
    dma32.present = low_end - kDma32Start;
    // With memory above it the zone spans the hole too.
    dma32.spanned = high > PageCount(0) ? kNormalStart - kDma32Start : dma32.present;
    dma32.managed = {kDma32Start, low_end};
  }
  if (high > PageCount(0)) {
    ZoneLayout& normal = ZoneAt(layout, ZoneType::kNormal);
    normal.start = kNormalStart;
    normal.spanned = high;
    normal.present = high;
    normal.managed = {kNormalStart, kNormalStart + high};
  }
  return layout;
}

// Takes the tables from the end of the highest zone, and of the next where that is too small. Returns the zone that it
// ended in.
ZoneLayout* ReserveTop(MemoryLayout& layout, PageCount pages) {
  ZoneLayout* last = nullptr;
  for (int i = kZoneTypeCount - 1; i >= 0 && pages > PageCount(0); --i) {
    FrameRange& managed = layout.zones[static_cast<std::size_t>(i)].managed;
    const PageCount taken = std::min(pages, managed.size());
    managed.end -= taken;
    pages -= taken;
    if (taken > PageCount(0)) last = &layout.zones[static_cast<std::size_t>(i)];
  }
  MEMSIM_CHECK(pages == PageCount(0), pages.value());
  return last;
}

}  // namespace

PageCount MemoryLayout::managed() const {
  PageCount sum;
  for (const ZoneLayout& zone : zones) sum += zone.managed.size();
  return sum;
}

MemoryLayout LayOutMemory(ByteCount installed, std::optional<ByteCount> reserved) {
  const PageCount frames = ToPages(installed);
  const ReservedMemory parts =
      reserved.has_value() ? SplitReservedMemory(frames, ToPages(*reserved)) : DefaultReservedMemory(frames);
  MemoryLayout layout = PlaceMemory(frames + (kFirstMebibyte - parts.first_mebibyte));
  layout.reserved = parts;

  FrameRange& dma32 = ZoneAt(layout, ZoneType::kDma32).managed;
  FrameRange& image_zone =
      dma32.size() >= parts.kernel_image && !dma32.empty() ? dma32 : ZoneAt(layout, ZoneType::kDma).managed;
  MEMSIM_CHECK(parts.kernel_image <= image_zone.size(), parts.kernel_image.value());
  image_zone.begin += parts.kernel_image;

  ZoneLayout* top_zone = ReserveTop(layout, parts.top_of_memory());
  if (top_zone == nullptr) return layout;
  // memblock hands out the tables in large pieces. So the managed memory ends with a whole block of the largest order,
  // and a large machine needs no records at its far end; the image gives up as much as the tables take more.
  const PageCount slack(top_zone->managed.end.value() % PagesOfOrder(kMaxOrder).value());
  if (slack <= layout.reserved.kernel_image && slack <= top_zone->managed.size()) {
    top_zone->managed.end -= slack;
    image_zone.begin -= slack;
    layout.reserved.kernel_image -= slack;
    layout.reserved.hash_tables += slack;
  }
  return layout;
}

}  // namespace memsim

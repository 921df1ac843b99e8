#include "server/kernel/slab/slab_layout.h"

#include <algorithm>
#include <bit>

#include "server/kernel/physical/migrate_type.h"

namespace memsim {
namespace {

constexpr ByteCount kCacheLine{64};

ByteCount SlabBytes(Order order) { return ToBytes(PagesOfOrder(order)); }

std::uint32_t ObjectsIn(Order order, ByteCount size) {
  return static_cast<std::uint32_t>(SlabBytes(order).value() / size.value());
}

// How many objects make the overhead of a slab worth it: the more CPUs, the more.
std::uint32_t WantedObjects(std::uint32_t cpus) { return 4 * (static_cast<std::uint32_t>(std::bit_width(cpus)) + 1); }

// The smallest slab with enough objects that wastes no more than a sixteenth of itself; else an eighth, and so on.
std::optional<Order> SlabOrder(ByteCount size, std::uint32_t cpus) {
  const std::uint32_t most = std::max(ObjectsIn(kSlubMaxOrder, size), 1U);
  const std::uint32_t wanted = std::min(WantedObjects(cpus), most);
  const Order lowest = OrderForSize(size * wanted);
  if (ObjectsIn(lowest, size) > kMaxObjectsPerSlab) {
    return Order(static_cast<std::uint8_t>(OrderForSize(size * kMaxObjectsPerSlab).value() - 1));
  }
  for (std::uint64_t share = 16; share > 1; share /= 2) {
    for (std::uint8_t order = lowest.value(); order <= kSlubMaxOrder.value(); ++order) {
      const std::uint64_t bytes = SlabBytes(Order(order)).value();
      if (bytes % size.value() <= bytes / share) return Order(order);
    }
  }
  const Order single = OrderForSize(size);
  return single <= kMaxOrder ? std::optional<Order>(single) : std::nullopt;
}

// Small objects come in larger numbers, and CPUs keep more of them.
std::uint32_t CpuPartialObjects(ByteCount size) {
  if (size >= kPageSize) return 6;
  if (size >= ByteCount(1024)) return 24;
  return size >= ByteCount(256) ? 52 : 120;
}

std::uint32_t MinPartial(ByteCount size) {
  const auto log = static_cast<std::uint32_t>(std::bit_width(size.value()) - 1);
  return std::clamp(log / 2, 5U, 10U);
}

}  // namespace

Order OrderForSize(ByteCount size) {
  return Order(static_cast<std::uint8_t>(std::bit_width((size.value() - 1) >> kPageShift)));
}

ByteCount ObjectAlign(SlabFlags flags, ByteCount align, ByteCount object_size) {
  if ((flags & kSlabHwcacheAlign) != 0) {
    // Objects of half a cache line or less share one.
    ByteCount line = kCacheLine;
    while (object_size <= line / 2) line = line / 2;
    align = std::max(align, line);
  }
  return AlignUp(std::max(align, kWord), kWord);
}

ObjectLayout LayOutObject(const CacheDefinition& definition) {
  ObjectLayout layout;
  layout.align = ObjectAlign(definition.flags, definition.align, definition.object_size);
  layout.size = AlignUp(definition.object_size, kWord);
  const bool content_stays = (definition.flags & kSlabTypesafeByRcu) != 0 || !definition.constructor.empty();
  if (content_stays && definition.free_pointer == FreePointer::kByRule) {
    layout.free_pointer_offset = layout.size;
    layout.size += kWord;
  } else {
    // Away from the edges, where overflows of the neighbours strike first.
    layout.free_pointer_offset = definition.object_size / 2 / kWord.value() * kWord.value();
  }
  layout.size = AlignUp(layout.size, layout.align);
  return layout;
}

std::optional<SlabLayout> LayOutSlab(const CacheDefinition& definition, std::uint32_t cpus) {
  SlabLayout layout;
  layout.object = LayOutObject(definition);
  const ByteCount size = layout.object.size;
  const std::optional<Order> order = SlabOrder(size, cpus);
  if (!order.has_value()) return std::nullopt;
  layout.order = *order;
  layout.objects = ObjectsIn(*order, size);
  layout.min_order = OrderForSize(size);
  layout.min_objects = ObjectsIn(layout.min_order, size);
  layout.min_partial = MinPartial(size);
  layout.cpu_partial = CpuPartialObjects(size);
  // As if the slabs on the list were half full.
  layout.cpu_partial_slabs = (layout.cpu_partial * 2 + layout.objects - 1) / layout.objects;
  return layout;
}

}  // namespace memsim

#include "server/kernel/slab/kmalloc.h"

#include "server/base/check.h"
#include "server/kernel/physical/direct_map.h"
#include "server/kernel/slab/kmalloc_classes.h"
#include "server/kernel/slab/slab_layout.h"

namespace memsim {
namespace {

// ZERO_OR_NULL_PTR.
bool IsZeroOrNull(VirtualAddress address) { return address <= kZeroSizePointer; }

// What slab memory never is (GFP_SLAB_BUG_MASK): kmalloc_fix_flags takes it out.
GfpMask FixFlags(GfpMask gfp) { return gfp & ~(kGfpHighmem | kGfpDma32); }

}  // namespace

VirtualAddress Kmalloc::Alloc(ByteCount size, GfpMask gfp, ObjectOwner owner) {
  gfp = FixFlags(gfp);
  if (size == ByteCount(0)) return kZeroSizePointer;
  return size > kMaxKmallocClass ? AllocLarge(size, gfp, owner) : AllocOfClass(size, gfp, owner);
}

VirtualAddress Kmalloc::AllocOfClass(ByteCount size, GfpMask gfp, ObjectOwner owner) {
  const CacheId cache = IdOf(KmallocCache(size, gfp));
  const VirtualAddress object = caches_.AllocQuietly(cache, gfp, owner);
  cpus_.Trace<Tracepoint::kKmalloc>(owner == ObjectOwner::kCaller, object, size, caches_.definition(cache).object_size,
                                    gfp, kAnyNode);
  return object;
}

// ___kmalloc_large_node.
VirtualAddress Kmalloc::AllocLarge(ByteCount size, GfpMask gfp, ObjectOwner owner) {
  if (size > kMaxObjectSize) return kNoObject;
  const Order order = OrderForSize(size);
  const auto first = pages_.AllocPages(gfp | kGfpComp, order, PageOwner::kLargeKmalloc);
  cpus_.Trace<Tracepoint::kKmalloc>(owner == ObjectOwner::kCaller,
                                    first.has_value() ? DirectMapAddress(*first) : kNoObject, size,
                                    ToBytes(PagesOfOrder(order)), gfp, kAnyNode);
  if (!first.has_value()) return kNoObject;
  pages_.frame(*first).mapping = static_cast<std::uint32_t>(owner);
  counters_.Add(Counter::kNrSlabUnreclaimable, static_cast<std::int64_t>(PagesOfOrder(order).value()));
  return DirectMapAddress(*first);
}

Kmalloc::Found Kmalloc::FindCallers(VirtualAddress address) const {
  const ObjectLook look = caches_.FindObject(address);
  switch (look.state) {
    case ObjectState::kHeldByCaller:
      return {look.cache, caches_.ObjectSize(look.cache), std::nullopt};
    case ObjectState::kHeldByKernel:
      return {look.cache, ByteCount(0), SlabRefusal::kInUse};
    case ObjectState::kFree:
      return {look.cache, ByteCount(0), SlabRefusal::kAlreadyFree};
    case ObjectState::kNotObjectStart:
      return {look.cache, ByteCount(0), SlabRefusal::kNotObjectStart};
    case ObjectState::kNoSlab:
      break;
  }
  const Found nothing{CacheId(), ByteCount(0), SlabRefusal::kNoSuchObject};
  if (address < kDirectMapBase) return nothing;
  const std::optional<PageFrameNumber> block = pages_.AllocatedBlockOf(FrameOfDirectMap(address));
  if (!block.has_value() || pages_.frame(*block).owner != PageOwner::kLargeKmalloc) return nothing;
  const PageFrame& head = pages_.frame(*block);
  Found found{CacheId(), ToBytes(PagesOfOrder(head.order)), std::nullopt};
  if (DirectMapAddress(*block) != address) found.refusal = SlabRefusal::kNotObjectStart;
  if (head.mapping != static_cast<std::uint32_t>(ObjectOwner::kCaller)) found.refusal = SlabRefusal::kInUse;
  return found;
}

void Kmalloc::FreeFound(const Found& found, VirtualAddress address) {
  cpus_.Trace<Tracepoint::kKfree>(true, address);
  if (found.cache != CacheId()) {
    caches_.FreeQuietly(found.cache, address);
    return;
  }
  counters_.Add(Counter::kNrSlabUnreclaimable, -static_cast<std::int64_t>(ToPages(found.size).value()));
  pages_.FreePages(FrameOfDirectMap(address), OrderForSize(found.size));
}

std::optional<SlabRefusal> Kmalloc::FreeCallers(VirtualAddress address) {
  if (IsZeroOrNull(address)) {
    cpus_.Trace<Tracepoint::kKfree>(true, address);
    return std::nullopt;
  }
  const Found found = FindCallers(address);
  if (!found.refusal.has_value()) FreeFound(found, address);
  return found.refusal;
}

// krealloc: memory that is large enough stays, and is never made smaller.
Kmalloc::Reallocated Kmalloc::ReallocCallers(VirtualAddress address, ByteCount size, GfpMask gfp) {
  if (IsZeroOrNull(address)) {
    return {Alloc(size, gfp, ObjectOwner::kCaller), std::nullopt};
  }
  const Found found = FindCallers(address);
  if (found.refusal.has_value()) return {kNoObject, found.refusal};
  if (size != ByteCount(0) && size <= found.size) return {address, std::nullopt};
  const VirtualAddress moved = Alloc(size, gfp, ObjectOwner::kCaller);
  if (moved == kNoObject) return {kNoObject, std::nullopt};
  if (size != ByteCount(0)) cpus_.Charge(cpus_.costs().page_copy * found.size.value() / kPageSize.value());
  FreeFound(found, address);
  return {moved, std::nullopt};
}

}  // namespace memsim

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "server/calls/gfp_argument.h"
#include "server/calls/operation_runners.h"
#include "server/kernel/slots.h"

namespace memsim {
namespace {

v1::SlabRefusal ToProto(SlabRefusal refusal) {
  switch (refusal) {
    case SlabRefusal::kNoSuchObject:
      return v1::SLAB_REFUSAL_NO_SUCH_OBJECT;
    case SlabRefusal::kNotObjectStart:
      return v1::SLAB_REFUSAL_NOT_OBJECT_START;
    case SlabRefusal::kAlreadyFree:
      return v1::SLAB_REFUSAL_ALREADY_FREE;
    case SlabRefusal::kWrongCache:
      return v1::SLAB_REFUSAL_WRONG_CACHE;
    case SlabRefusal::kInUse:
      return v1::SLAB_REFUSAL_IN_USE;
  }
  return v1::SLAB_REFUSAL_UNSPECIFIED;
}

void FinishFree(CallFrame& frame, std::optional<SlabRefusal> refusal) {
  if (!refusal.has_value()) return;
  frame.Finish(Errno::kInval);
  frame.answer().set_slab_refusal(ToProto(*refusal));
}

// The cache that a request names. nullopt: the frame is refused, or finished with ENOENT because there is no such
// cache.
template <typename Request>
std::optional<CacheId> ReadCache(CallFrame& frame, const Request& request) {
  std::optional<CacheId> cache;
  if (!request.name().empty()) {
    cache = frame.machine().FindCache(request.name());
  } else {
    const std::uint64_t number = frame.Read("cache", request.cache(), request.cache_slot());
    const CacheId id(number > UINT32_MAX ? 0 : static_cast<std::uint32_t>(number));
    if (frame.machine().HasCache(id)) cache = id;
  }
  if (!cache.has_value() && !frame.refused()) frame.Finish(Errno::kNoEnt);
  return cache;
}

// Whether consecutive slots exist; else the frame is refused.
bool CheckSlots(CallFrame& frame, absl::string_view field, std::uint32_t first, std::uint32_t count) {
  if (count == 0) return true;
  if (first != 0 && std::uint64_t{first} + count - 1 <= Slots::kMaxSlot) return true;
  frame.Refuse(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat(field, " is ", first, " and object_count is ", count,
                                                            "; slots are 1 to ", Slots::kMaxSlot));
  return false;
}

// The objects of a bulk free. A slot without one refuses the frame.
std::vector<VirtualAddress> ReadObjects(CallFrame& frame, const v1::KmemCacheFreeBulkRequest& request) {
  std::vector<VirtualAddress> objects;
  const std::uint32_t first = request.first_stored_as();
  if (!CheckSlots(frame, "first_stored_as", first, request.object_count())) return objects;
  for (std::uint32_t slot = first; slot < first + request.object_count(); ++slot) {
    const std::optional<std::uint64_t> address = frame.machine().slots().Get(slot);
    if (!address.has_value()) {
      frame.Refuse(v1::ERROR_REASON_SLOT_UNSET,
                   absl::StrCat("first_stored_as is ", first, " and object_count is ", request.object_count(),
                                ", but no call has filled slot ", slot,
                                "; give those that an earlier kmem_cache_alloc_bulk had as first_store_as"));
      return objects;
    }
    objects.push_back(VirtualAddress(*address));
  }
  return objects;
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::KmemCacheCreateRequest& request) {
  if (request.flags() > UINT32_MAX) {
    return frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat("flags is ", request.flags(), "; it has 32 bits: write at most 0xffffffff"));
  }
  CacheDefinition definition;
  definition.name = request.name();
  definition.object_size = ByteCount(request.object_size_bytes());
  definition.align = ByteCount(request.align_bytes());
  definition.flags = static_cast<SlabFlags>(request.flags());
  definition.sheaf_capacity = request.sheaf_capacity();
  if (request.constructor()) definition.constructor = kUnnamedConstructor;
  frame.Finish(frame.machine().KmemCacheCreate(definition));
}

void RunOperation(CallFrame& frame, const v1::KmemCacheDestroyRequest& request) {
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (!cache.has_value()) return;
  const std::uint64_t objects = frame.machine().CacheObjects(*cache);
  const Errno error = frame.machine().KmemCacheDestroy(*cache, request.name());
  frame.Finish(error);
  if (error == Errno::kBusy && !frame.machine().IsKernelCache(*cache)) frame.answer().set_live_objects(objects);
}

void RunOperation(CallFrame& frame, const v1::KmemCacheAllocRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (!gfp.has_value() || !cache.has_value()) return;
  frame.Finish(frame.machine().KmemCacheAlloc(*cache, *gfp));
}

void RunOperation(CallFrame& frame, const v1::KmemCacheFreeRequest& request) {
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (frame.refused() || !cache.has_value()) return;
  FinishFree(frame, frame.machine().KmemCacheFree(*cache, address));
}

void RunOperation(CallFrame& frame, const v1::KmemCacheAllocBulkRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  if (!CheckSlots(frame, "first_store_as", request.first_store_as(), request.object_count())) return;
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (!gfp.has_value() || !cache.has_value()) return;
  std::vector<VirtualAddress> objects(request.object_count());
  const Errno error = frame.machine().KmemCacheAllocBulk(*cache, *gfp, absl::MakeSpan(objects));
  if (error != Errno::kOk) return frame.Finish(error);
  for (std::uint32_t i = 0; i < request.object_count(); ++i) {
    frame.machine().slots().Set(request.first_store_as() + i, objects[i].value());
  }
  frame.Finish(static_cast<std::uint64_t>(request.object_count()));
}

void RunOperation(CallFrame& frame, const v1::KmemCacheFreeBulkRequest& request) {
  std::vector<VirtualAddress> objects = ReadObjects(frame, request);
  if (frame.refused()) return;
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (frame.refused() || !cache.has_value()) return;
  FinishFree(frame, frame.machine().KmemCacheFreeBulk(*cache, absl::MakeSpan(objects)));
}

void RunOperation(CallFrame& frame, const v1::KmemCacheShrinkRequest& request) {
  const std::optional<CacheId> cache = ReadCache(frame, request);
  if (!cache.has_value()) return;
  frame.machine().KmemCacheShrink(*cache);
}

void RunOperation(CallFrame& frame, const v1::KmallocRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  if (!gfp.has_value()) return;
  frame.Finish(frame.machine().Kmalloc(ByteCount(request.size_bytes()), *gfp));
}

void RunOperation(CallFrame& frame, const v1::KzallocRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  if (!gfp.has_value()) return;
  frame.Finish(frame.machine().Kmalloc(ByteCount(request.size_bytes()), *gfp | kGfpZero));
}

void RunOperation(CallFrame& frame, const v1::KreallocRequest& request) {
  const std::optional<GfpMask> gfp = ReadGfp(frame, request.gfp_mask());
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (!gfp.has_value() || frame.refused()) return;
  const Machine::Reallocated moved = frame.machine().Krealloc(address, ByteCount(request.size_bytes()), *gfp);
  if (moved.refusal.has_value()) return FinishFree(frame, moved.refusal);
  frame.Finish(moved.address);
}

void RunOperation(CallFrame& frame, const v1::KfreeRequest& request) {
  const VirtualAddress address = frame.ReadAddress("address", request.address(), request.address_slot());
  if (frame.refused()) return;
  FinishFree(frame, frame.machine().Kfree(address));
}

}  // namespace memsim

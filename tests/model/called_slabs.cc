#include "tests/model/called_slabs.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "server/base/check.h"

namespace memsim {
namespace {

// As many as objects live at a time, about; then the first are filled again.
constexpr std::uint32_t kSlots = 2000;

VirtualAddress OrNoObject(const ErrnoOr<VirtualAddress>& address) { return address.ok() ? *address : kNoObject; }

}  // namespace

CalledSlabs::CalledSlabs(CalledMachine& machine, std::function<bool()> memory_is_short)
    : machine_(machine), memory_is_short_(std::move(memory_is_short)) {
  for (const KernelCache cache : kKernelCaches) names_[IdOf(cache)] = std::string(DefinitionOf(cache).name);
}

ErrnoOr<CacheId> CalledSlabs::Create(const CacheDefinition& definition) {
  const ErrnoOr<CacheId> id = machine_.KmemCacheCreate(definition);
  if (id.ok()) names_[*id] = std::string(definition.name);
  return id;
}

Errno CalledSlabs::Destroy(CacheId cache) { return machine_.KmemCacheDestroy(cache); }

std::uint32_t CalledSlabs::TakeSlots(std::uint32_t count) {
  if (next_slot_ + count > kSlots) next_slot_ = 1;
  return std::exchange(next_slot_, next_slot_ + count);
}

VirtualAddress CalledSlabs::Alloc(CacheId cache, GfpMask gfp) {
  const std::uint32_t slot = TakeSlots(1);
  const VirtualAddress object = OrNoObject(machine_.KmemCacheAlloc(cache, gfp, slot));
  if (object != kNoObject) slots_[object] = slot;
  return object;
}

std::optional<SlabRefusal> CalledSlabs::Free(CacheId cache, VirtualAddress object) {
  return machine_.KmemCacheFree(cache, object);
}

bool CalledSlabs::AllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) {
  const auto count = static_cast<std::uint32_t>(objects.size());
  const std::uint32_t first = TakeSlots(count);
  if (machine_.KmemCacheAllocBulk(cache, gfp, first, objects) != Errno::kOk) return false;
  for (std::uint32_t i = 0; i < count; ++i) slots_[objects[i]] = first + i;
  return true;
}

std::optional<SlabRefusal> CalledSlabs::FreeBulk(CacheId cache, std::vector<VirtualAddress>& objects) {
  std::map<std::uint32_t, VirtualAddress> in_slots;
  for (const VirtualAddress object : objects) {
    const auto slot = slots_.find(object);
    if (slot != slots_.end() && machine_.Slot(slot->second) == object.value()) in_slots[slot->second] = object;
  }
  std::uint32_t first = 0;
  std::vector<VirtualAddress> longest;
  for (const auto& [slot, object] : in_slots) {
    std::vector<VirtualAddress> row;
    while (in_slots.count(slot + static_cast<std::uint32_t>(row.size())) != 0) {
      row.push_back(in_slots.at(slot + static_cast<std::uint32_t>(row.size())));
    }
    if (row.size() <= longest.size()) continue;
    first = slot;
    longest = row;
  }
  objects = longest;
  if (objects.empty()) return std::nullopt;
  return machine_.KmemCacheFreeBulk(cache, first, static_cast<std::uint32_t>(objects.size()));
}

void CalledSlabs::Shrink(CacheId cache) { machine_.KmemCacheShrink(cache); }

VirtualAddress CalledSlabs::Allocate(ByteCount size, GfpMask gfp) { return OrNoObject(machine_.Kmalloc(size, gfp)); }

Kmalloc::Reallocated CalledSlabs::Reallocate(VirtualAddress address, ByteCount size, GfpMask gfp) {
  const Machine::Reallocated moved = machine_.Krealloc(address, size, gfp);
  return {OrNoObject(moved.address), moved.refusal};
}

std::optional<SlabRefusal> CalledSlabs::Release(VirtualAddress address) { return machine_.Kfree(address); }

std::uint64_t CalledSlabs::Number(CacheId cache, const char* file) const {
  const std::string path = absl::StrCat("/sys/kernel/slab/", names_.at(cache), "/", file);
  std::uint64_t number = 0;
  MEMSIM_CHECK(absl::SimpleAtoi(machine_.machine().ReadProc(path).value_or(""), &number), cache.value());
  return number;
}

ByteCount CalledSlabs::ObjectSize(CacheId cache) const { return ByteCount(Number(cache, "object_size")); }

std::uint64_t CalledSlabs::Alignment(CacheId cache) const { return Number(cache, "align"); }

std::uint64_t CalledSlabs::HeldObjects(CacheId cache) const { return machine_.machine().CacheObjects(cache); }

std::string CalledSlabs::Contents() const {
  std::string contents;
  for (const char* file : {"slabinfo", "buddyinfo", "meminfo"}) {
    contents += machine_.machine().ReadProc(file).value_or("");
  }
  return contents;
}

bool CalledSlabs::MayBeShortOf(ByteCount size) const { return size > kPageSize || memory_is_short_(); }

}  // namespace memsim

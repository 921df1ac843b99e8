#include "server/kernel/process/address_spaces.h"

#include <utility>

#include "server/base/check.h"

namespace memsim {

ErrnoOr<AddressSpaceId> AddressSpaces::Create() {
  const VirtualAddress object = environment_.slabs.Alloc(KernelCache::kMmStruct, kGfpKernel);
  if (object == kNoObject) return Errno::kNoMem;
  auto space = std::make_unique<AddressSpace>(environment_);
  if (space->page_tables().AllocateRoot()) return entries_.Add({std::move(space), 1, object});
  environment_.slabs.Free(KernelCache::kMmStruct, object);
  return Errno::kNoMem;
}

void AddressSpaces::Put(AddressSpaceId id) {
  Entry& entry = entries_[id];
  MEMSIM_CHECK(entry.users > 0, id.value());
  if (--entry.users != 0) return;
  entry.space.reset();
  environment_.slabs.Free(KernelCache::kMmStruct, entry.object);
  entry.object = kNoObject;
  entries_.Remove(id);
}

ByteCount AddressSpaces::HostMemory() const {
  ByteCount bytes = entries_.HostMemory();
  for (const Entry& entry : entries_.values()) {
    if (entry.space != nullptr) bytes += entry.space->HostMemory();
  }
  return bytes;
}

void AddressSpaces::DigestTo(Digest& digest) const {
  digest.Add(entries_.values().size());
  for (const Entry& entry : entries_.values()) {
    digest.Add(entry.users);
    digest.Add(entry.object);
    if (entry.space != nullptr) entry.space->DigestTo(digest);
  }
  for (const AddressSpaceId id : entries_.free_ids()) digest.Add(id);
}

void AddressSpaces::CheckInvariants() const {
  entries_.CheckInvariants();
  for (const Entry& entry : entries_.values()) {
    MEMSIM_CHECK((entry.users == 0) == (entry.space == nullptr), entry.users);
    if (entry.space != nullptr) entry.space->CheckInvariants();
  }
}

}  // namespace memsim

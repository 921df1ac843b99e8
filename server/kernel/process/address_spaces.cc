#include "server/kernel/process/address_spaces.h"

#include <utility>

#include "server/base/check.h"

namespace memsim {

ErrnoOr<AddressSpaceId> AddressSpaces::Create() {
  auto space = std::make_unique<AddressSpace>(environment_);
  if (!space->page_tables().AllocateRoot()) return Errno::kNoMem;
  AddressSpaceId id;
  if (free_.empty()) {
    entries_.emplace_back();
    id = AddressSpaceId(static_cast<std::uint32_t>(entries_.size()));
  } else {
    id = free_.back();
    free_.pop_back();
  }
  entry(id).space = std::move(space);
  entry(id).users = 1;
  return id;
}

void AddressSpaces::Put(AddressSpaceId id) {
  MEMSIM_CHECK(entry(id).users > 0, id.value());
  if (--entry(id).users != 0) return;
  entry(id).space.reset();
  free_.push_back(id);
}

ByteCount AddressSpaces::HostMemory() const {
  ByteCount bytes(entries_.capacity() * sizeof(Entry) + free_.capacity() * sizeof(AddressSpaceId));
  for (const Entry& entry : entries_) {
    if (entry.space != nullptr) bytes += entry.space->HostMemory();
  }
  return bytes;
}

void AddressSpaces::DigestTo(Digest& digest) const {
  digest.Add(entries_.size());
  for (const Entry& entry : entries_) {
    digest.Add(entry.users);
    if (entry.space != nullptr) entry.space->DigestTo(digest);
  }
  for (const AddressSpaceId id : free_) digest.Add(id);
}

void AddressSpaces::CheckInvariants() const {
  for (const Entry& entry : entries_) {
    MEMSIM_CHECK((entry.users == 0) == (entry.space == nullptr), entry.users);
    if (entry.space != nullptr) entry.space->CheckInvariants();
  }
}

}  // namespace memsim

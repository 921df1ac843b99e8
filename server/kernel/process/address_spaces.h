// The address spaces of the machine, and how many tasks use each (mm_users).

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_ADDRESS_SPACES_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_ADDRESS_SPACES_H_

#include <cstdint>
#include <memory>

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/id_table.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

class AddressSpaces {
 public:
  // The environment must outlive the address spaces.
  explicit AddressSpaces(VmEnvironment& environment) : environment_(environment) {}

  // An empty one with one user (mm_alloc). ENOMEM: no mm_struct, or no page for the root of its page
  // tables.
  ErrnoOr<AddressSpaceId> Create();
  // One user more, one user less; the last one takes the address space along (mmget, mmput).
  void Get(AddressSpaceId id) { ++entries_[id].users; }
  void Put(AddressSpaceId id);

  // REQUIRES: the address space has a user.
  AddressSpace& operator[](AddressSpaceId id) { return *entries_[id].space; }
  const AddressSpace& operator[](AddressSpaceId id) const { return *entries_[id].space; }
  std::uint32_t users(AddressSpaceId id) const { return entries_[id].users; }

  // How many there are.
  std::size_t size() const { return entries_.size(); }
  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  struct Entry {
    std::unique_ptr<AddressSpace> space;
    std::uint32_t users = 0;
    // The mm_struct, as an object of a slab cache.
    VirtualAddress object;
  };

  VmEnvironment& environment_;
  IdTable<AddressSpaceId, Entry> entries_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_ADDRESS_SPACES_H_

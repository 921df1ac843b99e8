// Objects of the kernel that tasks share and count: fs_struct, sighand_struct, signal_struct. Nothing of what they hold
// is simulated but that they are there.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_SHARED_OBJECTS_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_SHARED_OBJECTS_H_

#include <cstdint>

#include "server/base/check.h"
#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// 0: none.
using SharedObjectId = Unit<struct SharedObjectIdTag, std::uint32_t>;

class SharedObjects {
 public:
  // slabs outlive the objects.
  explicit SharedObjects(SlabCaches& slabs) : slabs_(slabs) {}

  // One with one user. None: no memory.
  SharedObjectId Create(KernelCache cache) {
    const VirtualAddress object = slabs_.Alloc(cache, kGfpKernel);
    return object == kNoObject ? SharedObjectId() : objects_.Add({cache, object, 1});
  }
  SharedObjectId Get(SharedObjectId id) {
    ++objects_[id].users;
    return id;
  }
  // Leaves id none. Nothing if it is that already.
  void Put(SharedObjectId& id) {
    if (id == SharedObjectId()) return;
    Entry& entry = objects_[id];
    MEMSIM_CHECK(entry.users > 0, id.value());
    if (--entry.users == 0) {
      slabs_.Free(entry.cache, entry.object);
      objects_.Remove(id);
    }
    id = SharedObjectId();
  }

  ByteCount HostMemory() const { return objects_.HostMemory(); }
  void DigestTo(Digest& digest) const {
    for (const Entry& entry : objects_.values()) {
      digest.Add(entry.object);
      digest.Add(entry.users);
    }
    for (const SharedObjectId id : objects_.free_ids()) digest.Add(id);
  }

 private:
  struct Entry {
    KernelCache cache;
    VirtualAddress object;
    std::uint32_t users = 0;
  };

  SlabCaches& slabs_;
  IdTable<SharedObjectId, Entry> objects_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_SHARED_OBJECTS_H_

// get_unmapped_area, and the gaps that it looks at.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_ROOM_SEARCH_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_ROOM_SEARCH_H_

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/placement_trail.h"

namespace memsim {

struct RoomSearch {
  // EINVAL, EBADF, ENOMEM, EPERM.
  ErrnoOr<VirtualAddress> address;
  PlacementTrail trail;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_ROOM_SEARCH_H_

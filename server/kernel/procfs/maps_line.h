// One line of /proc/PID/maps.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/file/inode.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vm_flags.h"

namespace memsim {

struct MapsLine {
  VirtualRange range;
  VmFlags flags = 0;
  // Where the mapping begins in its file; 0 for what is no file.
  ByteCount offset;
  DeviceNumber device;
  std::uint64_t inode_number = 0;
  // Empty: none.
  absl::string_view name;
};

// Appends the line, its end included (show_vma_header_prefix of fs/proc/task_mmu.c).
void AppendMapsLine(const MapsLine& line, std::string& text);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_

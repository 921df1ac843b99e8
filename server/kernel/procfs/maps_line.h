// One line of /proc/PID/maps, as which a mapping also begins in smaps.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/file/inode.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vm_flags.h"
#include "server/kernel/vm/vma.h"

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

// The line of a mapping of an address space that is laid out like this (show_map_vma).
void AppendMapsLineOf(const FileSystem& files, const AddressLayout& layout, const Vma& vma, std::string& text);

// The name that the line of a mapping ends with; empty: none.
std::string NameInMaps(const FileSystem& files, const AddressLayout& layout, const Vma& vma);

// The page that every program can call into, above all others. It is no process's mapping, so Linux adds it at the end
// (get_gate_vma).
inline constexpr MapsLine kVsyscallLine = {{VirtualAddress(0xffffffffff600000), VirtualAddress(0xffffffffff601000)},
                                           kVmExec,
                                           ByteCount(0),
                                           {},
                                           0,
                                           "[vsyscall]"};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_MAPS_LINE_H_

// Where a new mapping goes: get_unmapped_area and the searches below it (mm/mmap.c, mm/vma.c,
// arch/x86/kernel/sys_x86_64.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_UNMAPPED_AREA_H_
#define MEMSIM_SERVER_KERNEL_VM_UNMAPPED_AREA_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/capability.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/placement_trail.h"

namespace memsim {

// What decides about the alignment of a place.
enum class PlacementKind : std::uint8_t {
  // Any page will do.
  kPages,
  // Private anonymous memory: at a multiple of 2 MiB if its size is one and there is no hint.
  kAnonymous,
  // A file on a file system that knows huge pages: from 2 MiB on, address and offset agree modulo 2 MiB.
  kHugeFile,
};

struct PlacementRequest {
  // With MAP_FIXED the place, else a hint. Page-aligned unless MAP_FIXED, where an unaligned one is refused.
  VirtualAddress address;
  // Whole pages, not 0.
  ByteCount length;
  // In bytes, for kHugeFile.
  ByteCount offset;
  // MAP_*.
  std::uint64_t map_flags = 0;
  PlacementKind kind = PlacementKind::kPages;
  // Who wants to see what is tried. Null: nobody.
  PlacementTrail* trail = nullptr;
};

// Where the search starts upwards, without randomness (mmap_legacy_base): a third of the address space.
inline constexpr VirtualAddress kLegacyBase = PageAlignUp(VirtualAddress(kTaskSize.value() / 3));

// The address. ENOMEM: no room; EINVAL: a fixed address that is not page-aligned; EPERM: one below vm.mmap_min_addr,
// which is for CAP_SYS_RAWIO alone.
ErrnoOr<VirtualAddress> GetUnmappedArea(AddressSpace& space, CapabilitySet capabilities,
                                        const PlacementRequest& request);

// mmap_min_addr: the lowest address for hints of mmap and for stacks, whatever the sysctl allows to be mapped.
VirtualAddress MmapMinimum(const AddressSpace& space);

// round_hint_to_min: a hint too low to be mapped becomes the lowest that can be; 0 stays 0. Page-aligned, downwards.
VirtualAddress RoundHintToMinimum(const AddressSpace& space, VirtualAddress hint);

// Where the search for room starts, downwards (mmap_base): below the stack's room for growth. random_pages is 0 without
// ASLR.
VirtualAddress MmapBase(ByteCount stack_limit, ByteCount stack_random_max, PageCount random_pages);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_UNMAPPED_AREA_H_

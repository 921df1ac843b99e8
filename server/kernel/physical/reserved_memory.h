// How much memory the kernel keeps from boot: what MemTotal lacks to the memory installed.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_RESERVED_MEMORY_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_RESERVED_MEMORY_H_

#include <optional>

#include "server/base/units.h"

namespace memsim {

struct ReservedMemory {
  // The first MiB, which x86 keeps for the BIOS, the real-mode trampoline and the legacy hole.
  PageCount first_mebibyte;
  // The kernel's text, data and bss.
  PageCount kernel_image;
  // What memblock hands out downwards from the end of memory: the struct pages (nr_memmap_boot_pages), and hash tables.
  PageCount memmap;
  PageCount hash_tables;

  PageCount top_of_memory() const { return memmap + hash_tables; }
  PageCount total() const { return first_mebibyte + kernel_image + top_of_memory(); }

  friend bool operator==(const ReservedMemory&, const ReservedMemory&) = default;
};

inline constexpr PageCount kFirstMebibyte{256};

// The default, from the number of frames installed: struct pages (64 bytes a frame) and the dentry and inode hash
// tables by Linux's own formulas, exactly; the kernel's image estimated as that of a distribution's kernel, or an
// eighth of the memory where that is less.
ReservedMemory DefaultReservedMemory(PageCount installed);

// The same parts for a total that was asked for: image and struct pages as by default as far as it goes, the rest as if
// it were hash tables. A total below the first MiB has that part alone.
ReservedMemory SplitReservedMemory(PageCount installed, PageCount total);

// The size of a table of alloc_large_system_hash: buckets of 8 bytes, one for 2^scale bytes of memory, rounded up to a
// power of two, at most a sixteenth of the memory; beyond 64 GiB the scale grows by one for each factor of four.
PageCount SystemHashPages(PageCount installed, std::uint32_t scale);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_RESERVED_MEMORY_H_

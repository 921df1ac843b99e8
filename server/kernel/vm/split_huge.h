// Huge pages become small ones: first what maps them (__split_huge_pmd), then they themselves (split_folio).

#ifndef MEMSIM_SERVER_KERNEL_VM_SPLIT_HUGE_H_
#define MEMSIM_SERVER_KERNEL_VM_SPLIT_HUGE_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// A table with an entry for each page takes the place of a huge entry, and the page stays one. base: PMD-aligned.
// REQUIRES: there is a huge entry.
void SplitHugeEntry(AddressSpace& space, VirtualAddress base);

// The same of the huge entry that has the address inside, if there is one (split_huge_pmd_if_needed): from now on what
// lies below the address can go another way than what lies above.
void SplitHugeAt(AddressSpace& space, VirtualAddress address);

// Each page of a huge page becomes one of its own, those that nothing maps go, and those that no program ever stored to
// give way to the zero page (RMP_USE_SHARED_ZEROPAGE). frame: any of its frames. REQUIRES: only this address space maps
// it.
void SplitHugePage(AddressSpace& space, PageFrameNumber frame);

// Readies a part of a mapping for what is done page by page and may not touch the rest of a huge page: those that lie
// in it in part only are split, unless another address space may map them too. kPartly (MADV_FREE, MADV_COLD): those
// that are mapped whole inside of the part stay. kAll (MADV_PAGEOUT): they are split too, as shrink_folio_list does
// with what it finds no swap for.
enum class SplitInside : std::uint8_t { kPartly, kAll };
void SplitHugePagesIn(AddressSpace& space, VirtualRange part, SplitInside which);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_SPLIT_HUGE_H_

// For the proof of a machine's invariants: huge pages are mapped as often as their books say.

#ifndef MEMSIM_SERVER_KERNEL_VM_HUGE_PAGE_CHECK_H_
#define MEMSIM_SERVER_KERNEL_VM_HUGE_PAGE_CHECK_H_

#include <cstdint>
#include <map>
#include <utility>

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/huge_pages.h"

namespace memsim {

class HugePageCheck {
 public:
  HugePageCheck(const HugePages& huge, const PageAllocator& pages) : huge_(huge), pages_(pages) {}

  // Counts what an address space maps. Every one of the machine must come once.
  void Add(const AddressSpace& space);
  // Aborts unless what came is all that there is.
  void Finish() const;

 private:
  const HugePages& huge_;
  const PageAllocator& pages_;
  // By first frame: huge entries.
  std::map<PageFrameNumber, std::uint32_t> huge_entries_;
  // By frame: entries of tables.
  std::map<PageFrameNumber, std::uint32_t> entries_;
  // By first frame: the address spaces that map it.
  std::map<PageFrameNumber, std::map<AddressSpaceNumber, std::uint32_t>> spaces_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_HUGE_PAGE_CHECK_H_

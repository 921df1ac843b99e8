// The ways to serve a fault, each in its own file: anonymous_fault.cc, file_fault.cc, copy_on_write.cc, huge_fault.cc,
// stack_growth.cc.

#ifndef MEMSIM_SERVER_KERNEL_VM_FAULT_HANDLERS_H_
#define MEMSIM_SERVER_KERNEL_VM_FAULT_HANDLERS_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/fault_retry.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// vm_fault_t.
enum class FaultOutcome : std::uint8_t {
  kMinor,
  // It caused input.
  kMajor,
  // It waited for a page, but caused no input.
  kWaited,
  kBusError,
  // Nobody may touch the place.
  kGuard,
  kOutOfMemory
};

// What keeps the mapping as it is while a fault is served.
enum class FaultLock : std::uint8_t { kVmaLock, kMmapLock };

// A fault inside a mapping that allows the access.
struct Fault {
  AddressSpace& space;
  Vma& vma;
  // Page-aligned.
  VirtualAddress address;
  bool write;
  FaultLock lock;
  FaultRetry retry;
  LeafTable& table;
  // The table was made for this fault.
  bool fresh_table;

  int index() const { return PageTables::LeafIndex(address); }
  Pte entry() const { return table.entries[index()]; }
};

// do_anonymous_page: the zero page for a load, a page of its own for a store.
FaultOutcome HandleAnonymousFault(Fault& fault);
// do_fault: a page of the file, or a private copy of one.
FaultOutcome HandleFileFault(Fault& fault);
// do_wp_page: a store to a page that is mapped read-only.
FaultOutcome HandleWriteProtectFault(Fault& fault);

// What came of a fault at an address without a table. kRetry: it must be tried again with mmap_lock (VM_FAULT_RETRY);
// kFallBack: it goes on page by page, with a table (VM_FAULT_FALLBACK).
enum class HugeFaultOutcome : std::uint8_t { kServed, kOutOfMemory, kRetry, kFallBack };
// create_huge_pmd, wp_huge_pmd: by a huge entry, where there is one or may be one. REQUIRES: there is no table.
HugeFaultOutcome HandleHugeFault(AddressSpace& space, Vma& vma, VirtualAddress address, bool write, FaultLock lock);

// Sets an entry of the fault's table under its lock, with the books that go with it, and the flush if it was another
// page's.
void SetEntry(Fault& fault, int index, Pte pte);

// A fresh page of the mapping's own, mapped at the fault's address in place of what was there. zero: kGfpZero, or 0 for
// a copy of another page. False: no memory.
bool MapNewAnonymousPage(Fault& fault, GfpMask zero);

// anon_vma_prepare: gives the mapping an anon_vma if it has none, a mergeable neighbour's if there is one. False: no
// memory.
bool PrepareAnonVma(AddressSpace& space, Vma& vma);
// vmf_anon_prepare: the same in a fault, which looks at the neighbours, for which the whole address space must hold
// still.
bool PrepareAnonVmaInFault(AddressSpace& space, Vma& vma, FaultLock lock);

// expand_stack: grows the mapping downwards to hold the address. False: SIGSEGV.
bool ExpandStack(AddressSpace& space, const VmCaller& caller, Vma& vma, VirtualAddress address);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_FAULT_HANDLERS_H_

// What a program's own loads and stores do with the bytes of its memory.

#ifndef MEMSIM_SERVER_KERNEL_VM_LOAD_STORE_H_
#define MEMSIM_SERVER_KERNEL_VM_LOAD_STORE_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// A row of bytes on its way, from low to high addresses as rep movsb moves them.
struct TransferProgress {
  VirtualAddress next;
  // How many bytes are through.
  ByteCount done;
  // Set when an access ended in one; the row ends there.
  std::optional<Signal> signal;
};

// Loads all bytes, or stores them, but those that are through. Each page is accessed as Touch does it, and its bytes
// are moved before the next page is. Memory of which nobody knows what it holds (the pages of vdso and vvar, images and
// files that only a name is known of) is all zeros.
TouchStatus LoadBytes(AddressSpace& space, const VmCaller& caller, absl::Span<char> bytes, TransferProgress& progress);
TouchStatus StoreBytes(AddressSpace& space, const VmCaller& caller, absl::string_view bytes,
                       TransferProgress& progress);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_LOAD_STORE_H_

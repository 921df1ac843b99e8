// FAULT_FLAG_ALLOW_RETRY: what becomes of a fault on a page that must be read.

#ifndef MEMSIM_SERVER_KERNEL_VM_FAULT_RETRY_H_
#define MEMSIM_SERVER_KERNEL_VM_FAULT_RETRY_H_

#include <cstdint>

namespace memsim {

enum class FaultRetry : std::uint8_t {
  // It waits for the page with its lock held: one major fault.
  kForbidden,
  // It gives up its lock, waits, and is served from its start as one that was tried before (FAULT_FLAG_TRIED): a major
  // fault too.
  kTriedAgain,
  // It gives up its lock, and who asked for the page starts over and finds it there: a minor fault.
  kStartedOver,
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_FAULT_RETRY_H_

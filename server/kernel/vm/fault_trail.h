// What the kernel does on the way of an access, step by step, for whoever wants to see it (explain).
//
// Nobody listens as a rule: then a step is one comparison.

#ifndef MEMSIM_SERVER_KERNEL_VM_FAULT_TRAIL_H_
#define MEMSIM_SERVER_KERNEL_VM_FAULT_TRAIL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/units.h"

namespace memsim {

// clang-format off

// X(symbol, name in Linux 6.18, how deep it is called at least)
#define MEMSIM_KERNEL_FUNCTIONS(X)                                 \
  X(kSchedule, "__schedule", 0)                                    \
  X(kExcPageFault, "exc_page_fault", 0)                            \
  X(kDoUserAddrFault, "do_user_addr_fault", 1)                     \
  X(kLockVmaUnderRcu, "lock_vma_under_rcu", 2)                     \
  X(kLockMmAndFindVma, "lock_mm_and_find_vma", 2)                  \
  X(kExpandStack, "expand_stack", 3)                               \
  X(kBadAreaNosemaphore, "bad_area_nosemaphore", 2)                \
  X(kBadAreaAccessError, "bad_area_access_error", 2)               \
  X(kHandleMmFault, "handle_mm_fault", 2)                          \
  X(kDoHugePmdAnonymousPage, "do_huge_pmd_anonymous_page", 3)      \
  X(kDoHugePmdWpPage, "do_huge_pmd_wp_page", 3)                    \
  X(kHugePmdSetAccessed, "huge_pmd_set_accessed", 3)               \
  X(kSplitHugePmd, "__split_huge_pmd", 4)                          \
  X(kHandlePteFault, "handle_pte_fault", 3)                        \
  X(kHandlePteMarker, "handle_pte_marker", 4)                      \
  X(kPtepSetAccessFlags, "ptep_set_access_flags", 4)               \
  X(kDoAnonymousPage, "do_anonymous_page", 4)                      \
  X(kDoFault, "do_fault", 4)                                       \
  X(kDoReadFault, "do_read_fault", 5)                              \
  X(kDoCowFault, "do_cow_fault", 5)                                \
  X(kDoSharedFault, "do_shared_fault", 5)                          \
  X(kDoFaultAround, "do_fault_around", 6)                          \
  X(kVmOpsFault, "__do_fault", 6)                                  \
  X(kDoPageMkwrite, "do_page_mkwrite", 6)                          \
  X(kDoWpPage, "do_wp_page", 4)                                    \
  X(kWpPageShared, "wp_page_shared", 5)                            \
  X(kWpPageReuse, "wp_page_reuse", 5)                              \
  X(kWpPageCopy, "wp_page_copy", 5)                                \
  X(kAnonVmaPrepare, "__anon_vma_prepare", 6)                      \
  X(kFolioPrealloc, "folio_prealloc", 6)                           \
  X(kSetPte, "set_ptes", 6)                                        \
  X(kFaultRetry, "VM_FAULT_RETRY", 2)                              \
  X(kDoSigbus, "do_sigbus", 2)                                     \
  X(kPagefaultOutOfMemory, "pagefault_out_of_memory", 2)

// clang-format on

enum class KernelFunction : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, depth) symbol,
  MEMSIM_KERNEL_FUNCTIONS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
};

struct KernelFunctionInfo {
  absl::string_view name;
  std::uint32_t depth;
};
inline constexpr KernelFunctionInfo kKernelFunctionInfo[] = {
#define MEMSIM_INFO(symbol, name, depth) {name, depth},
    MEMSIM_KERNEL_FUNCTIONS(MEMSIM_INFO)
#undef MEMSIM_INFO
};
constexpr const KernelFunctionInfo& InfoOf(KernelFunction function) {
  return kKernelFunctionInfo[static_cast<std::size_t>(function)];
}

// Why an access ended as it did.
enum class AccessVerdict : std::uint8_t {
  kNoFault,
  kServed,
  kNotCanonical,
  kKernelAddress,
  kHole,
  kInStackGuardGap,
  kStackLimit,
  kGuardRegion,
  kNotAllowed,
  kProtectionKey,
  kBeyondFile,
  kOutOfMemory,
};

struct FaultTrail {
  struct Step {
    KernelFunction function;
    // When it began.
    Nanoseconds at;
  };
  // An access that finds no memory is tried again when somebody was killed for it, as often as there are processes.
  static constexpr std::size_t kMaxSteps = 256;

  void Add(KernelFunction function, Nanoseconds now) {
    if (steps.size() < kMaxSteps) steps.push_back({function, now});
  }

  std::vector<Step> steps;
  AccessVerdict verdict = AccessVerdict::kNoFault;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_FAULT_TRAIL_H_

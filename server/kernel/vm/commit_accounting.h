// Promised memory: Committed_AS and the overcommit policies (__vm_enough_memory of mm/util.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_COMMIT_ACCOUNTING_H_
#define MEMSIM_SERVER_KERNEL_VM_COMMIT_ACCOUNTING_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/observe/counter.h"

namespace memsim {

class CommitAccounting {
 public:
  // All must outlive the accounting. The sysctls may change: what is promised from then on follows them.
  CommitAccounting(PageCount total_ram, const Sysctls& sysctls, Counters& counters)
      : total_ram_(total_ram), sysctls_(sysctls), counters_(counters) {}

  // Who may have what is kept for administrators: CAP_SYS_ADMIN.
  enum class Reserve : std::uint8_t { kKept, kAdministrators };
  // Promises pages to a process of total_vm pages. False, and nothing is promised: ENOMEM by the policy in force.
  bool Charge(PageCount pages, PageCount total_vm, Reserve reserve);
  // REQUIRES: pages were charged.
  void Uncharge(PageCount pages) { counters_.Add(Counter::kCommittedAs, -static_cast<std::int64_t>(pages.value())); }

  // CommitLimit of /proc/meminfo.
  PageCount CommitLimit() const;

 private:
  const PageCount total_ram_;
  const Sysctls& sysctls_;
  Counters& counters_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_COMMIT_ACCOUNTING_H_

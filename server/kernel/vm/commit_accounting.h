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
  // What the policies compare with, fixed at boot.
  struct Limits {
    PageCount total_ram;
    PageCount user_reserve;
    PageCount admin_reserve;
  };

  // All must outlive the accounting.
  CommitAccounting(const Limits& limits, const Sysctls& sysctls, Counters& counters)
      : limits_(limits), sysctls_(sysctls), counters_(counters) {}

  // Who may have what is kept for administrators: CAP_SYS_ADMIN.
  enum class Reserve : std::uint8_t { kKept, kAdministrators };
  // Promises pages to a process of total_vm pages. False, and nothing is promised: ENOMEM by the policy in force.
  bool Charge(PageCount pages, PageCount total_vm, Reserve reserve);
  // REQUIRES: pages were charged.
  void Uncharge(PageCount pages) { counters_.Add(Counter::kCommittedAs, -static_cast<std::int64_t>(pages.value())); }

  // CommitLimit of /proc/meminfo.
  PageCount CommitLimit() const;

 private:
  Limits limits_;
  const Sysctls& sysctls_;
  Counters& counters_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_COMMIT_ACCOUNTING_H_

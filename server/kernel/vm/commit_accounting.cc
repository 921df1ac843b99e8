#include "server/kernel/vm/commit_accounting.h"

#include <algorithm>

namespace memsim {

PageCount CommitAccounting::CommitLimit() const {
  if (sysctls_.overcommit_kbytes != 0) return PageCount(sysctls_.overcommit_kbytes / 4);
  return limits_.total_ram * sysctls_.overcommit_ratio / 100;
}

bool CommitAccounting::Charge(PageCount pages, PageCount total_vm) {
  counters_.Add(Counter::kCommittedAs, static_cast<std::int64_t>(pages.value()));
  bool enough = true;
  switch (sysctls_.overcommit_memory) {
    case OvercommitPolicy::kAlways:
      break;
    case OvercommitPolicy::kHeuristic:
      // Only a single request that could never be met is refused.
      enough = pages <= limits_.total_ram;
      break;
    case OvercommitPolicy::kNever: {
      // Every task is root, so admin_reserve_kbytes are not kept from it.
      const std::int64_t reserve =
          static_cast<std::int64_t>(std::min(total_vm.value() / 32, limits_.user_reserve.value()));
      const std::int64_t allowed = static_cast<std::int64_t>(CommitLimit().value()) - reserve;
      enough = counters_.Get(Counter::kCommittedAs) < allowed;
      break;
    }
  }
  if (!enough) Uncharge(pages);
  return enough;
}

}  // namespace memsim

#include "server/kernel/vm/commit_accounting.h"

#include <algorithm>

namespace memsim {

PageCount CommitAccounting::CommitLimit() const {
  if (sysctls_.overcommit_kbytes != 0) return PageCount(sysctls_.overcommit_kbytes / 4);
  return limits_.total_ram * sysctls_.overcommit_ratio / 100;
}

bool CommitAccounting::Charge(PageCount pages, PageCount total_vm, Reserve reserve) {
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
      const std::uint64_t for_others = std::min(total_vm.value() / 32, limits_.user_reserve.value());
      const std::uint64_t for_administrators = reserve == Reserve::kAdministrators ? 0 : limits_.admin_reserve.value();
      enough = counters_.Get(Counter::kCommittedAs) < static_cast<std::int64_t>(CommitLimit().value()) -
                                                          static_cast<std::int64_t>(for_others + for_administrators);
      break;
    }
  }
  if (!enough) Uncharge(pages);
  return enough;
}

}  // namespace memsim

#include "server/kernel/vm/commit_accounting.h"

#include <algorithm>

namespace memsim {

PageCount CommitAccounting::CommitLimit() const {
  if (sysctls_.overcommit_kbytes != 0) return PageCount(sysctls_.overcommit_kbytes / 4);
  // A negative ratio is nobody's wish, but a large number.
  return total_ram_ * static_cast<std::uint64_t>(std::int64_t{sysctls_.overcommit_ratio}) / 100;
}

bool CommitAccounting::Charge(PageCount pages, PageCount total_vm, Reserve reserve) {
  counters_.Add(Counter::kCommittedAs, static_cast<std::int64_t>(pages.value()));
  bool enough = true;
  switch (sysctls_.overcommit_memory) {
    case OvercommitPolicy::kAlways:
      break;
    case OvercommitPolicy::kHeuristic:
      // Only a single request that could never be met is refused.
      enough = pages <= total_ram_;
      break;
    case OvercommitPolicy::kNever: {
      const std::uint64_t for_others = std::min(total_vm.value() / 32, sysctls_.user_reserve_kbytes.value_or(0) / 4);
      const std::uint64_t for_administrators =
          reserve == Reserve::kAdministrators ? 0 : sysctls_.admin_reserve_kbytes.value_or(0) / 4;
      enough = counters_.Get(Counter::kCommittedAs) < static_cast<std::int64_t>(CommitLimit().value()) -
                                                          static_cast<std::int64_t>(for_others + for_administrators);
      break;
    }
  }
  if (!enough) Uncharge(pages);
  return enough;
}

}  // namespace memsim

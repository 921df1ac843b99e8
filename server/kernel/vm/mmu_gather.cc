#include "server/kernel/vm/mmu_gather.h"

#include <algorithm>

namespace memsim {

void MmuGather::Extend(VirtualRange range) {
  if (changed_.empty()) {
    changed_ = range;
  } else {
    changed_ = {std::min(changed_.start, range.start), std::max(changed_.end, range.end)};
  }
}

void MmuGather::FlushTlb() {
  if (changed_.empty()) return;
  // Where only tables went, there is an entry for each of them.
  if (scope_ == Scope::kRange) {
    space_.FlushTlbRange(changed_.size(), entries_ ? TlbStride::kPage : TlbStride::kTable);
  }
  changed_ = VirtualRange();
  entries_ = false;
  dirty_files_ = false;
}

void MmuGather::FlushAll() {
  FlushTlb();
  FreePages();
  if (tables_.empty()) return;
  space_.page_tables().FreeFrames(tables_);
  tables_.clear();
}

void MmuGather::FreePages() {
  if (gathered_ == 0) return;
  VmEnvironment& environment = space_.environment();
  if (anonymous_ != 0) {
    environment.counters.Add(Counter::kNrAnonPages, -anonymous_);
    // An anonymous page that nothing maps is about to be freed.
    environment.counters.Add(Counter::kNrInactiveAnon, lazy_free_ - anonymous_);
    environment.counters.Add(Counter::kNrInactiveFile, -lazy_free_);
  }
  if (file_ != 0) environment.counters.Add(Counter::kNrMapped, -file_);
  if (!unused_.empty()) environment.pages.FreeSinglePages(unused_);
  unused_.clear();
  anonymous_ = lazy_free_ = file_ = 0;
  gathered_ = 0;
}

}  // namespace memsim

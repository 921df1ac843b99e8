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

void MmuGather::RemoveLargePages(PageFrameNumber frame, std::uint32_t count) {
  // A page, and with more of them their number, take a place each (__tlb_remove_folio_pages).
  gathered_ += count > 1 && gathered_ + 1 < kMaxPages ? 2 : 1;
  const bool last = space_.environment().huge.RemovePageMappings(frame, count, space_.number());
  if (last) huge_.push_back(HugePages::HeadOf(frame));
}

void MmuGather::RemoveHugePage(PageFrameNumber head) {
  ++gathered_;
  if (space_.environment().huge.RemoveHugeMapping(head, space_.number())) huge_.push_back(head);
}

void MmuGather::FlushTlb() {
  if (changed_.empty()) return;
  // Where only tables and huge entries went, there is an entry for each of them.
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
  for (const PageFrameNumber head : huge_) environment.huge.Free(head);
  huge_.clear();
  anonymous_ = lazy_free_ = file_ = 0;
  gathered_ = 0;
}

}  // namespace memsim
